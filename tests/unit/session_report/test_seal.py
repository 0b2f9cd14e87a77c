"""The seal: whatever byte is altered, the file is not valid, and the entry is known."""

from __future__ import annotations

import random

import pytest

from deltaq_master.session_report.seal import (
    LINES,
    PAGE,
    Form,
    Piece,
    Standing,
    check,
    key_name,
    sealed,
)

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
PAGE_PIECES = (
    Piece("head", b"<!DOCTYPE html><html><head>" + PAGE.announcement + b"</head><body>\n"),
    Piece("outcome", "<p>84 V, 10 A, 20 °C</p>\n".encode()),
    Piece("curve ah", b'<script type="application/json">{"x":[1,2]}</script>\n'),
)
LINE_PIECES = (Piece("schema", b'{"schema":1'), Piece("sealed", b',"sealed":true'), Piece("end", b"}\n"))
FORMS = pytest.mark.parametrize(
    ("pieces", "form"), [(PAGE_PIECES, PAGE), (LINE_PIECES, LINES)], ids=["page", "lines"]
)


def entry_at(data: bytes, pieces: tuple[Piece, ...], form: Form, place: int) -> int | None:
    """The entry that a byte belongs to, None for what frames the seal."""
    end = 0
    for number, piece in enumerate(pieces, 1):
        end += len(piece.data)
        if place < end:
            return number
    end += len(form.opening)
    if place < end:
        return None
    for number, written in enumerate(data[end : -len(form.closing)].splitlines(keepends=True), 1):
        end += len(written)
        if place < end:
            return number
    return None


@FORMS
def test_what_was_not_touched_is_valid(pieces: tuple[Piece, ...], form: Form) -> None:
    data = sealed(pieces, form, KEY)
    assert data.startswith(b"".join(piece.data for piece in pieces))
    assert data.endswith(form.closing)
    found = check(data, KEY)
    assert (found.standing, found.entries, str(found)) == (Standing.VALID, 3, "valid")


@FORMS
def test_a_seal_is_the_same_each_time(pieces: tuple[Piece, ...], form: Form) -> None:
    assert sealed(pieces, form, KEY) == sealed(pieces, form, KEY)
    assert sealed(pieces, form, KEY) != sealed(pieces, form, OTHER)


@FORMS
def test_every_bit_is_guarded_and_located(pieces: tuple[Piece, ...], form: Form) -> None:
    data = sealed(pieces, form, KEY)
    for place in range(len(data)):
        for bit in range(8):
            altered = bytearray(data)
            altered[place] ^= 1 << bit
            found = check(bytes(altered), KEY)
            assert found.standing is Standing.ALTERED, (place, bit)
            assert found.entry == entry_at(data, pieces, form, place), (place, bit, found)


@FORMS
def test_other_bytes_and_bytes_more_or_less_are_found(pieces: tuple[Piece, ...], form: Form) -> None:
    data, dice = sealed(pieces, form, KEY), random.Random(4)
    for _ in range(2000):
        place, byte = dice.randrange(len(data)), dice.randrange(256)
        for altered in (
            data[:place] + bytes((byte,)) + data[place + 1 :],
            data[:place] + bytes((byte,)) + data[place:],
            data[:place] + data[place + 1 :],
            data[:place],
        ):
            if altered != data:
                assert check(altered, KEY).standing in (Standing.ALTERED, Standing.UNSIGNED)
                # Only with its announcement and its opening gone does it look as if it had never been sealed.
                if check(altered, KEY).standing is Standing.UNSIGNED:
                    assert len(altered) == place


@FORMS
def test_without_the_key_nothing_is_proven(pieces: tuple[Piece, ...], form: Form) -> None:
    data = sealed(pieces, form, KEY)
    assert check(data, None).standing is Standing.INTACT
    forged = sealed(pieces, form, OTHER)
    assert check(forged, None).standing is Standing.INTACT
    found = check(forged, KEY)
    assert (found.standing, found.entry, found.text) == (
        Standing.ALTERED,
        4,
        "it was not sealed with this key",
    )


@FORMS
def test_a_chain_that_was_made_anew_is_found_by_its_mark(pieces: tuple[Piece, ...], form: Form) -> None:
    """Who alters a piece and makes all hashes fit, but has no key, keeps the old mark or makes a wrong one."""
    altered = (pieces[0], Piece(pieces[1].title, pieces[1].data.replace(b"1", b"2") + b" "), pieces[2])
    forged = sealed(altered, form, OTHER)
    *_, old = sealed(pieces, form, KEY)[: -len(form.closing)].splitlines()
    *kept, _ = forged[: -len(form.closing)].splitlines()
    data = b"\n".join((*kept, old, b"")) + form.closing
    found = check(data, KEY)
    assert (found.standing, found.entry, found.title) == (Standing.ALTERED, 4, "the key's mark")
    assert "the seal was altered" in found.text


def test_two_altered_pieces_are_both_named() -> None:
    data = sealed(PAGE_PIECES, PAGE, KEY).replace(b"84 V", b"85 V").replace(b"[1,2]", b"[1,3]")
    found = check(data, KEY)
    assert (found.entry, found.title, found.further) == (2, "outcome", (3,))
    assert str(found).startswith("altered at entry 2 of 4 (outcome): bytes ")
    assert str(found).endswith("; entries 3 too")


def test_a_seal_that_was_taken_away_is_missed() -> None:
    data = sealed(PAGE_PIECES, PAGE, KEY)
    found = check(data[: data.index(PAGE.opening)], KEY)
    assert (found.standing, found.entry) == (Standing.ALTERED, None)
    assert "taken away" in found.text


@pytest.mark.parametrize("data", [b"", b"<html></html>", b'{"schema": 1}\n', bytes(range(256))])
def test_what_was_never_sealed_is_unsigned(data: bytes) -> None:
    assert check(data, KEY).standing is Standing.UNSIGNED


def test_a_short_key_is_none() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        sealed(PAGE_PIECES, PAGE, bytes(31))


def test_the_name_of_a_key_does_not_show_it() -> None:
    assert key_name(KEY) != key_name(OTHER)
    assert KEY.hex()[:8] not in key_name(KEY)
    assert KEY.hex() not in sealed(PAGE_PIECES, PAGE, KEY).decode()
