"""What an alarm, an SDO abort code or an object means, from the tables that the diagnosis itself uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deltaq_master.cli.talk import show, show_json
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.charger.alarms import Alarm
    from deltaq_master.cli.settings import Settings
    from deltaq_master.dictionary.address import Address
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.dictionary.entry import Entry

SCHEMA = "deltaq.explain-word/1"
_DISPLAYED = re.compile(r"([EFH])-?(\d)-?(\d)-?(\d)", re.IGNORECASE)


def teach(chosen: Settings, kind: str, word: str) -> int:
    """Explain one alarm, abort code or object. Raises UsageError."""
    rows = {"alarm": _alarms, "abort": _abort, "object": _object}[kind](chosen, word)
    if chosen.json:
        show_json({"schema": SCHEMA, "kind": kind, "asked": word, "found": rows})
        return 0
    for place, row in enumerate(rows):
        if place:
            show("")
        for name, value in row.items():
            if value not in ("", None, [], ()):
                show(f"{name + ':':<12} {value}")
    return 0


def _number(word: str, most: int) -> int:
    try:
        number = int(word.removesuffix("h"), 16) if word.endswith("h") else int(word, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= most:
        raise UsageError(f"{word!r} is no number from 0 to {most:X}h", "write 0x20, 20h or 32")
    return number


def _alarms(_: Settings, word: str) -> list[dict[str, Any]]:
    from deltaq_master.charger.alarms import Alarm, catalogue

    displayed = _DISPLAYED.fullmatch(word.strip())
    if displayed:
        letter, digits = displayed[1].upper(), int("".join(displayed.groups()[1:]))
        found = [each for each in catalogue() if each.display[0] == letter and each.number == digits]
    else:
        number = _number(word, 0xFFFF_FFFF)
        found = [each for each in catalogue() if each.number == number]
        if number > 0xFFFF and (alarm := Alarm.from_word(number)) is not None:
            found = [alarm]
    if not found:
        raise UsageError(
            f"no alarm {word!r} is in the catalogue", "write its id (0x20) or what the display shows"
        )
    return [_alarm(each) for each in found]


def _alarm(alarm: Alarm) -> dict[str, Any]:
    kinds = {"E": "alarm", "F": "fault", "H": "high priority"}
    return {
        "alarm": f"{alarm.display} ({kinds.get(alarm.display[0], 'unknown class')}, id {alarm.number or 0:02X}h)",
        "means": alarm.text,
        "do": alarm.advice,
        "code": "" if alarm.code is None else f"{alarm.code:04X}h",
        "note": "expected after a master has ended its frames" if alarm.expected_after_stop else "",
        "remark": alarm.remark,
        "source": alarm.source,
    }


def _abort(_: Settings, word: str) -> list[dict[str, Any]]:
    from deltaq_master.protocol import aborts

    code = _number(word, 0xFFFF_FFFF)
    return [
        {
            "abort": f"{code >> 16:04X} {code & 0xFFFF:04X}h",
            "means": aborts.meaning(code),
            "do": aborts.advice(code),
            "source": "CiA 301" if code in {int(each) for each in aborts.AbortCode} else "not in CiA 301",
        }
    ]


def _object(chosen: Settings, word: str) -> list[dict[str, Any]]:
    from deltaq_master.dictionary.address import Address

    dictionary = chosen.dictionary()
    if Address.written(word) and ":" not in word:
        index = Address.parse(word).index
        entries = [entry for entry in dictionary if entry.address.index == index]
        if entries:
            return [_entry(dictionary, entry) for entry in entries]
    return [_entry(dictionary, dictionary.find(word))]


def _entry(dictionary: Dictionary, entry: Entry) -> dict[str, Any]:
    bounds = [entry.low, entry.high]
    limits = " to ".join("..." if bound is None else _shown(entry, bound) for bound in bounds)
    invalid = "" if entry.invalid is None or not entry.unit else f"{entry.invalid} means 'no valid value'"
    return {
        "object": f"{entry.address} {entry.full_name}",
        "means": entry.description,
        "type": entry.data_type.name,
        "access": entry.access.value,
        "counts": "" if entry.factor is None else f"{entry.factor:g} {entry.unit} for each 1",
        "limits": "" if bounds == [None, None] else limits,
        "default": "" if entry.default is None else _shown(entry, entry.default),
        "invalid": invalid,
        "writing": "refused unless it is named (ObjFlags)" if entry.refuse_write else "",
        "mapped in": ", ".join(_mapped(dictionary, entry.address)),
        "source": dictionary.path.name,
    }


def _shown(entry: Entry, raw: Any) -> str:
    value = entry.phys(raw)
    return f"{value:g} {entry.unit}".rstrip() if isinstance(value, int | float) else repr(value)


def _mapped(dictionary: Dictionary, address: Address) -> Iterator[str]:
    """PDOs of the EDS that carry an object; the device may have others."""
    from deltaq_master.dictionary.mapping import defaults

    for record in defaults(dictionary).records:
        if record.mapping.slots_of(address):
            yield record.name
