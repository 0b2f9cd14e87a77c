"""A seal over a file in pieces: a chain of hashes, one entry per piece, and an HMAC over its last link.

It stands at the end of the file, a canonical JSON line per entry, so that whatever byte of the file is altered,
piece or seal, the entry is known that it belongs to. Only who has the key can make a seal; what the hashes say
without the key shows mistakes, and no forger.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple

from deltaq_master.protocol.recorded_values import line

SCHEMA: Final = "deltaq.seal/1"
SHORTEST_KEY: Final = 32
"""Bytes."""
MARK: Final = "the key's mark"
"""Title of the last line of a seal."""
LINE_ALTERED: Final = "its line in the seal is not as it was sealed"


class Piece(NamedTuple):
    """A part of a file, and what it is: plain ASCII without `<`."""

    title: str
    data: bytes


class Form(NamedTuple):
    """Where a seal stands in a file: between these two, which end the file."""

    opening: bytes
    closing: bytes
    announcement: bytes
    """Stands in the first piece of a sealed file: who takes the seal away leaves it, or is seen to alter that."""


PAGE_END: Final = b"</body>\n</html>\n"
PAGE: Final = Form(
    b'<script type="application/jsonl" id="deltaq-seal">\n',
    b"</script>\n" + PAGE_END,
    b'<meta name="deltaq-seal" content="at the end">',
)
"""In an HTML page."""
LINES: Final = Form(b'{"kind":"seal"}\n', b'{"kind":"sealed"}\n', b'"sealed":true')
"""In JSON lines."""


class Standing(Enum):
    """What can be said of a file."""

    VALID = "valid"
    INTACT = "intact by its own hashes; without the key nobody knows who sealed it"
    ALTERED = "altered"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check."""

    standing: Standing
    entries: int = 0
    entry: int | None = None
    """The first entry that is not as it was sealed, from 1 on; None where there is none, or it has no number."""
    title: str = ""
    """What that entry is."""
    text: str = ""
    """What is wrong, in a sentence."""
    further: tuple[int, ...] = ()
    """Other entries that are not as they were."""

    def __str__(self) -> str:
        if self.standing is not Standing.ALTERED:
            return self.standing.value if not self.text else f"{self.standing.value}: {self.text}"
        place = f" at entry {self.entry} of {self.entries} ({self.title})" if self.entry is not None else ""
        more = f"; entries {', '.join(map(str, self.further))} too" if self.further else ""
        return f"altered{place}: {self.text}{more}"


def sealed(pieces: Sequence[Piece], form: Form, key: bytes) -> bytes:
    """A file of these pieces with its seal. Raises ValueError for a key under 32 bytes."""
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a key has at least {SHORTEST_KEY} bytes")
    link = _first()
    lines = []
    for number, piece in enumerate(pieces, 1):
        told = {
            "entry": number,
            "title": piece.title,
            "length": len(piece.data),
            "sha256": hashlib.sha256(piece.data).hexdigest(),
        }
        link = _next(link, told)
        lines.append(line({**told, "link": link}))
    lines.append(line(_tag(link, len(pieces), key)))
    body = b"".join(piece.data for piece in pieces)
    return body + form.opening + "".join(f"{each}\n" for each in lines).encode("ascii") + form.closing


def check(data: bytes, key: bytes | None) -> Checked:
    """Whether a file is as it was sealed; without a key as far as its hashes tell."""
    place, form = max((data.rfind(form.opening), form) for form in (PAGE, LINES))
    if place < 0:
        if any(form.announcement in data for form in (PAGE, LINES)):
            return _broken("the opening of its seal is not as it was, or the seal was taken away")
        return Checked(Standing.UNSIGNED, text="it has no seal")
    if not data.endswith(form.closing) or len(data) - len(form.closing) < place + len(form.opening):
        return _broken("what follows the seal is not as it was")
    text = data[place + len(form.opening) : len(data) - len(form.closing)]
    return _Check(data[:place], text, key).result()


def _broken(text: str) -> Checked:
    return Checked(Standing.ALTERED, text=text)


class _Check:
    """One check of a file whose seal was found."""

    def __init__(self, body: bytes, seal: bytes, key: bytes | None) -> None:
        self._body = body
        self._key = key
        *lines, rest = seal.split(b"\n")
        # A last line without its end counts as one, and is not as it was.
        self._whole = not rest
        *self._entries, self._last = [*lines, rest] if rest or not lines else lines
        self._count = len(self._entries)

    def result(self) -> Checked:
        """What came of it: the seal's own lines first, then the pieces, then who made it."""
        found: list[dict[str, Any]] = []
        link = _first()
        for number, written in enumerate(self._entries, 1):
            told = _entry(written)
            if told is None or told["entry"] != number or told["link"] != (link := _next(link, told)):
                title = told["title"] if told is not None else "not to be read"
                return self._altered(number, title, LINE_ALTERED)
            found.append(told)
        last = self._mark()
        if last is None:
            return self._altered(self._count + 1, MARK, LINE_ALTERED)
        problem = self._problem(last, link)
        wrong = list(self._pieces(found))
        if wrong:
            number, begin, end = wrong[0]
            text = f"bytes {begin} to {end} of the file are not as they were sealed"
            further = tuple(number for number, _, _ in wrong[1:])
            text += f", and {problem}" if problem else ""
            return self._altered(number, found[number - 1]["title"], text, further)
        if problem:
            return self._altered(self._count + 1, MARK, problem)
        return Checked(Standing.INTACT if self._key is None else Standing.VALID, self._count)

    def _pieces(self, found: Iterable[dict[str, Any]]) -> Iterable[tuple[int, int, int]]:
        begin = 0
        number = 0
        for told in found:
            number, end = told["entry"], begin + told["length"]
            if hashlib.sha256(self._body[begin:end]).hexdigest() != told["sha256"]:
                yield number, begin, end
            begin = end
        if begin < len(self._body) and number:
            yield number, begin, len(self._body)

    def _mark(self) -> dict[str, Any] | None:
        """The last line, None if it is not in its form."""
        told = _canonical(self._last)
        if not self._whole or told is None or told.keys() != {"entries", "hmac", "key", "schema"}:
            return None
        return told if told["schema"] == SCHEMA else None

    def _problem(self, told: dict[str, Any], link: str) -> str:
        """What is wrong with the mark of the key, '' if nothing is."""
        if told["entries"] != self._count:
            return f"{told['entries']} entries were sealed"
        own = told if self._key is None else _tag(link, self._count, self._key)
        if told == own:
            return ""
        if told["hmac"] == own["hmac"] or told["key"] == own["key"]:
            return "the mark is not the one that this key makes: the seal was altered"
        return "it was not sealed with this key"

    def _altered(self, number: int, title: str, text: str, further: tuple[int, ...] = ()) -> Checked:
        return Checked(Standing.ALTERED, self._count + 1, number, title, text, further)


def _first() -> str:
    return hashlib.sha256(SCHEMA.encode("ascii")).hexdigest()


def _next(link: str, told: dict[str, Any]) -> str:
    """The next link of the chain: over the one before and the entry, without its own link."""
    entry = line({name: value for name, value in told.items() if name != "link"})
    return hashlib.sha256(f"{link}\n{entry}".encode("ascii")).hexdigest()


def _tag(link: str, count: int, key: bytes) -> dict[str, Any]:
    told = {"schema": SCHEMA, "entries": count, "key": key_name(key)}
    mark = hmac.new(key, f"{link}\n{line({'schema': SCHEMA, 'entries': count})}".encode("ascii"), "sha256")
    return {**told, "hmac": mark.hexdigest()}


def key_name(key: bytes) -> str:
    """A name by which a key is known again, and from which it cannot be told."""
    return hmac.new(key, b"deltaq key name", "sha256").hexdigest()[:16]


def _canonical(written: bytes) -> dict[str, Any] | None:
    """A line of the seal, None for one that is not in its one form."""
    try:
        text = written.decode("ascii")
        told = json.loads(text)
    except ValueError:
        return None
    return told if isinstance(told, dict) and line(told) == text else None


_ENTRY: Final = {"entry": int, "title": str, "length": int, "sha256": str, "link": str}


def _entry(written: bytes) -> dict[str, Any] | None:
    told = _canonical(written)
    if told is None or told.keys() != _ENTRY.keys():
        return None
    right = all(type(told[name]) is kind for name, kind in _ENTRY.items())
    return told if right and told["length"] >= 0 else None
