"""Faults at the K-th SDO write: what counts, what each of them does, and what a repetition meets."""

from __future__ import annotations

import pytest

from tests.unit.simulator.virtual_wire import STATE, Make, Wire

# 1017h:00, heartbeat period: 500, 750 and 800 ms.
TO_500 = "2B 17 10 00 F4 01 00 00"
TO_750 = "2B 17 10 00 EE 02 00 00"
TO_800 = "2B 17 10 00 20 03 00 00"
CONFIRMED = "60 17 10 00 00 00 00 00"
READ = "40 17 10 00 00 00 00 00"
TIMED_OUT = "80 17 10 00 00 00 04 05"
"""The client gives up: 0504 0000h."""


def _wire(wire: Make, fault: str) -> Wire:
    bus = wire(fault=fault)
    bus.run(0.3)
    return bus


def _said(bus: Wire, request: str) -> list[str]:
    return [frame.data.hex(" ").upper() for frame in bus.send(0x60A, request)]


def _period(bus: Wire) -> int:
    """1017h in milliseconds."""
    (answer,) = bus.send(0x60A, READ)
    assert answer.data[:4].hex(" ") == "4b 17 10 00"
    return int.from_bytes(answer.data[4:6], "little")


def test_abort(wire: Make) -> None:
    """The second write alone gets a general error, and is not carried out."""
    bus = _wire(wire, "write-abort-at:2")
    assert _said(bus, TO_500) == [CONFIRMED]
    assert _said(bus, TO_750) == ["80 17 10 00 00 00 00 08"]
    assert _period(bus) == 500
    assert _said(bus, TO_750) == [CONFIRMED]
    assert _period(bus) == 750


def test_lost(wire: Make) -> None:
    """Neither the request nor its repetition; after the client's abort the same bytes are another write."""
    bus = _wire(wire, "write-lost-at:1")
    assert _said(bus, TO_500) == []
    bus.run(3)
    assert _said(bus, TO_500) == []
    assert _said(bus, TIMED_OUT) == []
    assert _period(bus) == 1000
    assert _said(bus, TO_500) == [CONFIRMED]
    assert _period(bus) == 500


def test_lost_ends_with_the_client_s_abort(wire: Make) -> None:
    bus = _wire(wire, "write-lost-at:1")
    assert _said(bus, TO_500) == []
    _said(bus, TIMED_OUT)
    assert _said(bus, TO_500) == [CONFIRMED]


def test_lost_ends_with_another_request(wire: Make) -> None:
    bus = _wire(wire, "write-lost-at:1")
    assert _said(bus, TO_500) == []
    assert _said(bus, TO_800) == [CONFIRMED]
    assert _said(bus, TO_500) == [CONFIRMED]


def test_unanswered(wire: Make) -> None:
    """It is carried out all the same."""
    bus = _wire(wire, "write-unanswered-at:1")
    assert _said(bus, TO_500) == []
    assert _said(bus, TO_500) == []
    assert _said(bus, TIMED_OUT) == []
    assert _period(bus) == 500
    assert _said(bus, TO_750) == [CONFIRMED]


def test_unanswered_is_a_refusal_too(wire: Make) -> None:
    """1000h is constant: the abort does not come either."""
    bus = _wire(wire, "write-unanswered-at:1")
    assert _said(bus, "23 00 10 00 01 00 00 00") == []


def test_wrong(wire: Make) -> None:
    """500 is 1F4h: with its lowest bit turned over 1F5h, 501. The device lives by what it has stored."""
    bus = _wire(wire, "write-wrong-at:2")
    assert _said(bus, TO_750) == [CONFIRMED]
    assert _said(bus, TO_500) == [CONFIRMED]
    assert _period(bus) == 501
    bus.heard.clear()
    bus.run(1.1)
    first, second = (frame.time for frame in bus.all(STATE))
    assert second - first == pytest.approx(0.501)
    assert _said(bus, TO_500) == [CONFIRMED]
    assert _period(bus) == 500


def test_wrong_is_refused_like_any_write(wire: Make) -> None:
    bus = _wire(wire, "write-wrong-at:1")
    assert _said(bus, "23 00 10 00 01 00 00 00") == ["80 00 10 00 02 00 01 06"]


def test_reboot(wire: Make) -> None:
    """What was written before is forgotten; the repetition finds a device that has just started."""
    bus = _wire(wire, "write-reboot-at:2")
    assert _said(bus, TO_500) == [CONFIRMED]
    bus.heard.clear()
    assert _said(bus, TO_750) == []
    bus.run(0.3)
    assert [(frame.cob_id, frame.data) for frame in bus.heard] == [(STATE, b"\0")]
    assert _period(bus) == 1000
    assert _said(bus, TO_750) == [CONFIRMED]
    assert _period(bus) == 750


def test_reboot_and_the_repetition(wire: Make) -> None:
    bus = _wire(wire, "write-reboot-at:1,write-abort-at:2")
    assert _said(bus, TO_750) == []
    assert _said(bus, TO_750) == []
    bus.run(0.3)
    assert _said(bus, TO_750) == [CONFIRMED]
    assert _said(bus, TO_500) == ["80 17 10 00 00 00 00 08"]


def test_count_goes_on_over_a_reboot(wire: Make) -> None:
    bus = _wire(wire, "write-abort-at:2")
    assert _said(bus, TO_500) == [CONFIRMED]
    bus.send(0, "81 0A")
    bus.run(0.3)
    assert _said(bus, TO_500) == ["80 17 10 00 00 00 00 08"]


def test_silence(wire: Make) -> None:
    bus = _wire(wire, "write-silence-at:1")
    assert _period(bus) == 1000
    assert _said(bus, TO_500) == []
    bus.heard.clear()
    assert _said(bus, READ) == []
    bus.run(5)
    assert bus.heard == []


def test_equal_writes_that_are_answered_are_two(wire: Make) -> None:
    bus = _wire(wire, "write-abort-at:2")
    assert _said(bus, TO_500) == [CONFIRMED]
    assert _said(bus, TO_500) == ["80 17 10 00 00 00 00 08"]


def test_refused_writes_count(wire: Make) -> None:
    bus = _wire(wire, "write-abort-at:2")
    assert _said(bus, "23 00 10 00 01 00 00 00") == ["80 00 10 00 02 00 01 06"]
    assert _said(bus, TO_500) == ["80 17 10 00 00 00 00 08"]


def test_reads_do_not_count(wire: Make) -> None:
    """Expedited, segmented (1008h) and block (1008h)."""
    bus = _wire(wire, "write-abort-at:1")
    assert _period(bus) == 1000
    assert bus.read(0x1008) == b"ICL1500-85"
    assert _said(bus, "A0 08 10 00 7F 00 00 00") == ["C6 08 10 00 0A 00 00 00"]
    bus.send(0x60A, "80 08 10 00 00 00 00 08")
    assert _said(bus, TO_500) == ["80 17 10 00 00 00 00 08"]


def test_a_repetition_of_a_late_answer_does_not_count(wire: Make) -> None:
    """The client asks again after 100 ms; the answers come after 200."""
    bus = _wire(wire, "sdo-slow:200,write-abort-at:2")
    assert _said(bus, TO_500) == []
    bus.run(0.1)
    assert _said(bus, TO_500) == []
    bus.run(0.3)
    assert [frame.data.hex(" ").upper() for frame in bus.all(0x58A)] == [CONFIRMED] * 2
    bus.heard.clear()
    bus.send(0x60A, TO_500)
    bus.run(0.3)
    assert bus.last(0x58A).hex(" ") == "80 17 10 00 00 00 00 08"


def test_a_repetition_of_a_lost_answer_does_not_count(wire: Make) -> None:
    bus = _wire(wire, "sdo-lossy:100,write-abort-at:2")
    assert _said(bus, TO_500) == []
    assert _said(bus, TO_500) == []
    assert _said(bus, TO_750) == []
    bus = _wire(wire, "sdo-lossy:100,write-silence-at:3")
    for request in (TO_500, TO_500, TO_750, TO_750):
        _said(bus, request)
    bus.heard.clear()
    bus.run(1)
    assert bus.all(STATE)
    _said(bus, TO_800)
    bus.heard.clear()
    bus.run(5)
    assert not bus.all(STATE)


def test_writes_to_a_dead_object_count(wire: Make) -> None:
    bus = _wire(wire, "sdo-dead:0x1029,write-abort-at:2")
    assert _said(bus, "2F 29 10 01 00 00 00 00") == []
    assert _said(bus, "2F 29 10 01 00 00 00 00") == []
    assert _said(bus, TO_500) == ["80 17 10 00 00 00 00 08"]


# --- writes of several requests: 1017h, segmented and block --------------------------------------------------

BEGIN = "21 17 10 00 02 00 00 00"
SEGMENT = "0B F4 01 00 00 00 00 00"
"""The last one, of two bytes."""
BLOCK_BEGIN = "C2 17 10 00 02 00 00 00"
BLOCK_SEGMENT = "81 F4 01 00 00 00 00 00"
BLOCK_END = "D5 00 00 00 00 00 00 00"


def test_segmented_write_counts_once(wire: Make) -> None:
    bus = _wire(wire, "write-abort-at:2")
    assert _said(bus, BEGIN) == [CONFIRMED]
    assert _said(bus, SEGMENT) == ["20 00 00 00 00 00 00 00"]
    assert _period(bus) == 500
    assert _said(bus, BEGIN) == ["80 17 10 00 00 00 00 08"]


def test_segmented_write_without_its_last_answer(wire: Make) -> None:
    """The client gives up with a time-out and begins again: that is the same write, and as dumb."""
    bus = _wire(wire, "write-unanswered-at:1,write-abort-at:2")
    for _ in range(2):
        assert _said(bus, BEGIN) == [CONFIRMED]
        assert _said(bus, SEGMENT) == []
        assert _said(bus, TIMED_OUT) == []
    assert _period(bus) == 500
    assert _said(bus, BEGIN) == ["80 17 10 00 00 00 00 08"]


def test_segmented_write_that_the_client_takes_back(wire: Make) -> None:
    """Any other abort ends the write."""
    bus = _wire(wire, "write-abort-at:2")
    assert _said(bus, BEGIN) == [CONFIRMED]
    assert _said(bus, "80 17 10 00 00 00 00 08") == []
    assert _said(bus, BEGIN) == ["80 17 10 00 00 00 00 08"]


@pytest.mark.parametrize(("fault", "period"), [("write-wrong-at:1", 501), ("write-unanswered-at:1", 500)])
def test_block_write(wire: Make, fault: str, period: int) -> None:
    bus = _wire(wire, fault)
    assert _said(bus, BLOCK_BEGIN) == ["A4 17 10 00 7F 00 00 00"]
    assert _said(bus, BLOCK_SEGMENT) == ["A2 01 7F 00 00 00 00 00"]
    assert _said(bus, BLOCK_END) == (["A1 00 00 00 00 00 00 00"] if period == 501 else [])
    assert _period(bus) == period
    assert _said(bus, BLOCK_BEGIN) == ["A4 17 10 00 7F 00 00 00"]
