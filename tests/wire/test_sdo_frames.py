"""Which answer belongs to which request: bytes typed by hand from CiA 301."""

from __future__ import annotations

import pytest

from deltaq_master.link.sdo import frames


def data(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("40 70 60 00 00 00 00 00", "4B 70 60 00 A0 00 00 00"),
        ("40 70 60 00 00 00 00 00", "41 70 60 00 09 00 00 00"),
        ("2B 70 60 00 A0 00 00 00", "60 70 60 00 00 00 00 00"),
        ("60 00 00 00 00 00 00 00", "00 31 32 33 34 35 36 37"),
        ("70 00 00 00 00 00 00 00", "1B 38 39 00 00 00 00 00"),
        ("00 31 32 33 34 35 36 37", "20 00 00 00 00 00 00 00"),
        ("1B 38 39 00 00 00 00 00", "30 00 00 00 00 00 00 00"),
        ("A4 08 10 00 7F 00 00 00", "C6 08 10 00 09 00 00 00"),
        ("A4 08 10 00 7F 00 00 00", "41 08 10 00 09 00 00 00"),
        ("C6 08 10 00 09 00 00 00", "A4 08 10 00 7F 00 00 00"),
        ("D5 C3 31 00 00 00 00 00", "A1 00 00 00 00 00 00 00"),
    ],
)
def test_the_answer(request_: str, answer: str) -> None:
    assert frames.answers(data(request_), data(answer))
    assert frames.toggles(data(request_), data(answer))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("40 70 60 00 00 00 00 00", "4B 71 60 00 A0 00 00 00"),  # another index
        ("40 70 60 00 00 00 00 00", "4B 70 60 01 A0 00 00 00"),  # another sub-index
        ("40 70 60 00 00 00 00 00", "60 70 60 00 00 00 00 00"),  # a write
        ("2B 70 60 00 A0 00 00 00", "4B 70 60 00 A0 00 00 00"),  # a read
        ("2B 70 60 00 A0 00 00 00", "20 70 60 00 00 00 00 00"),  # a segment
        ("60 00 00 00 00 00 00 00", "20 00 00 00 00 00 00 00"),  # a segment written
        ("00 31 32 33 34 35 36 37", "00 31 32 33 34 35 36 37"),  # a segment read
        ("A4 08 10 00 7F 00 00 00", "C1 08 10 00 00 00 00 00"),  # the end of a block read
        ("A4 08 10 00 7F 00 00 00", "A4 08 10 00 7F 00 00 00"),  # a block write
        ("A4 08 10 00 7F 00 00 00", "C6 08 10 01 09 00 00 00"),  # another sub-index
        ("C6 08 10 00 09 00 00 00", "A1 08 10 00 00 00 00 00"),  # the end of a block write
        ("C6 08 10 00 09 00 00 00", "A2 08 10 00 00 00 00 00"),  # a block acknowledged
        ("C6 08 10 00 09 00 00 00", "C6 08 10 00 09 00 00 00"),  # a block read
        ("D5 C3 31 00 00 00 00 00", "A4 C3 31 00 00 00 00 00"),  # the beginning of a block write
        ("D5 C3 31 00 00 00 00 00", "A2 01 7F 00 00 00 00 00"),  # a block acknowledged
    ],
)
def test_another_answer(request_: str, answer: str) -> None:
    assert not frames.answers(data(request_), data(answer))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("60 00 00 00 00 00 00 00", "10 31 32 33 34 35 36 37"),
        ("70 00 00 00 00 00 00 00", "00 31 32 33 34 35 36 37"),
        ("00 31 32 33 34 35 36 37", "30 00 00 00 00 00 00 00"),
        ("1B 38 39 00 00 00 00 00", "20 00 00 00 00 00 00 00"),
    ],
)
def test_the_answer_with_the_wrong_toggle_bit(request_: str, answer: str) -> None:
    assert frames.answers(data(request_), data(answer))
    assert not frames.toggles(data(request_), data(answer))


@pytest.mark.parametrize("begins", ["40", "21", "23", "2F", "A0", "A4", "C0", "C2", "C4", "C6"])
def test_requests_that_begin_a_transfer(begins: str) -> None:
    assert frames.initiates(data(begins))


@pytest.mark.parametrize("goes_on", ["00", "10", "60", "70", "A1", "A2", "A3", "C1", "D5", "DD", "80"])
def test_requests_that_do_not(goes_on: str) -> None:
    assert not frames.initiates(data(goes_on))


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ("", "0 bytes instead of 8"),
        ("43 00 10", "3 bytes instead of 8"),
        ("80 70 60 05 31 00 09 06", "abort of 6070h:05"),
        ("60 70 60 00 00 00 00 00", "about 6070h:00"),
        ("4B 70 60 00 A0 00 00 00", "about 6070h:00"),
        ("00 31 32 33 34 35 36 37", "not the answer that was awaited"),
    ],
)
def test_what_a_frame_is_about(heard: str, words: str) -> None:
    assert frames.about(data(heard)) == words
