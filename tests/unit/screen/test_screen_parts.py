"""What the live screen is made of, without a terminal: curves, heartbeats and load, gauges, lines."""

from __future__ import annotations

import io
import math
import sys
from pathlib import Path

import pytest

from deltaq_master.charger.diagnosis import Subject
from deltaq_master.charger.diagnosis.findings import Finding, Rule, Standing
from deltaq_master.cli.screen import terminal
from deltaq_master.cli.screen.curve import POINTS, Curve, drawing
from deltaq_master.cli.screen.scene import (
    Gauge,
    bar_of,
    bus_line,
    columns_of,
    gauge_line,
    node_line,
    precondition,
    tally,
)
from deltaq_master.cli.screen.sight import Watching
from deltaq_master.cli.screen.traffic import Load, NodeHeard, Traffic, bits_of
from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.protocol.events import Frame

CHARGING = Frame(0x18A, bytes.fromhex("00 0A 00 50 70 11 00 00"), 1.0)
"""10 A, 80 V; AC, enabled, remote, indication 1, cycle 1."""
IDLE = Frame(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"), 1.0)
"""From the capture: 19.484 A while nothing flows."""
OPERATIONAL = Frame(0x70A, b"\x05", 0.5)


# --- curves -----------------------------------------------------------------------------------------------


def test_a_curve_of_a_day_keeps_its_mean_and_its_bound() -> None:
    curve = Curve("current", "A", 0.0, 1.0)
    for second in range(86_400):
        curve.take(float(second), 10.0 if second < 43_200 else 20.0)
    values = curve.values
    assert POINTS / 2 <= len(values) <= POINTS
    assert values[0] == 10.0
    assert values[-1] == 20.0
    known = [value for value in values if value is not None]
    assert math.isclose(sum(known) / len(known), 15.0, rel_tol=0.02)


def test_a_gap_is_no_value() -> None:
    curve = Curve("current", "A", 0.0, 1.0)
    curve.take(0.0, 4.0)
    curve.take(1.0, None)
    curve.take(3.5, 8.0)
    curve.take(3.9, 10.0)
    assert curve.values == (4.0, None, None, 9.0)
    assert curve.scale == (0.0, 9.0)
    assert curve.lines(9 + 4, 1) == ["current A▄  █         "]


def test_a_scale_is_never_narrower_than_what_is_worth_a_look() -> None:
    curve = Curve("voltage", "V", None, 1.0)
    assert curve.scale is None
    assert curve.lines(4, 2) == ["voltage V    ", "             "]
    curve.take(0.0, 78.2)
    curve.take(1.0, 78.4)
    assert curve.scale == pytest.approx((77.8, 78.8))
    top, bottom = curve.lines(4, 2)
    assert top.startswith("78.8 V   ")
    assert bottom.startswith("77.8     ")


def test_a_drawing_takes_its_width_and_its_height() -> None:
    assert drawing((0.0, 5.0, 10.0), 5, 2, 0.0, 10.0) == [" ▁█  ", "▁██  "]
    assert drawing(tuple(map(float, range(100))), 4, 1, 0.0, 99.0) == ["▂▄▅▇"]
    assert drawing((1.0,), 0, 2, 0.0, 1.0) == ["", ""]
    assert drawing((1.0, 1.0), 2, 1, 1.0, 1.0) == ["▁▁"]


# --- heartbeats and load ----------------------------------------------------------------------------------


def test_bits_of_frames() -> None:
    # By ISO 11898-1: 47 bits and the data; 34 of them and the data may be stuffed, one bit for each four.
    assert bits_of(Frame(0x18A, bytes(8), 0.0)) == 47 + 64 + 12
    assert bits_of(Frame(0x70A, b"\x05", 0.0)) == 47 + 8 + 5
    assert bits_of(Frame(0x18FEF100, bytes(8), 0.0, extended=True)) == 67 + 64 + 14.5
    assert bits_of(Frame(0x20, bytes(8), 0.0, error=True)) == 20


def test_the_load_is_of_the_last_whole_seconds() -> None:
    traffic = Traffic(125_000)
    for number in range(1000):
        traffic.take(Frame(0x18A, bytes(8), number / 100))
    assert traffic.load(0.9) is None
    # 100 frames of 123 bits a second.
    assert traffic.load(10.0) == Load(100 * 5 * 12_300 / (5 * 125_000), 100)
    # Half of the window has passed in silence.
    assert traffic.load(12.5) == Load(100 * 3 * 12_300 / (5 * 125_000), 60)
    assert traffic.frames == 1000


def test_nodes_by_their_heartbeats() -> None:
    traffic = Traffic(500_000)
    for number in range(5):
        traffic.take(Frame(0x70A, b"\x05", float(number)))
        traffic.take(Frame(0x701, b"\x05", float(number), sent=True))
    traffic.take(Frame(0x722, b"\x7f", 4.0))
    traffic.take(Frame(0x723, b"\x00\x00", 4.0))
    traffic.take(Frame(0x724, b"\x05", 4.0, remote=True))
    assert traffic.nodes(4.5) == (
        NodeHeard(1, "operational", True, 0.5, False),
        NodeHeard(10, "operational", False, 0.5, False),
        NodeHeard(0x22, "pre-operational", False, 0.5, False),
        NodeHeard(0x23, "", False, 0.5, False),
    )
    # Late after 2.5 of its own periods, each of a second; unknown ones after as much.
    assert [node.late for node in traffic.nodes(6.4)] == [False] * 4
    assert [node.late for node in traffic.nodes(6.6)] == [True] * 4


# --- lines ------------------------------------------------------------------------------------------------


def test_a_gauge_gives_its_bar_up_before_its_words() -> None:
    gauge = Gauge("voltage", "78.90 V", 0.5, "asked 84.00 V")
    assert gauge_line(gauge, 38).text == "voltage    78.90 V ██▌   asked 84.00 V"
    assert gauge_line(gauge, 34).text == "voltage    78.90 V asked 84.00 V"
    assert gauge_line(Gauge("power"), 38).text == "power            -"
    assert len(gauge_line(gauge, 12).text) <= 12


def test_bars_stay_within() -> None:
    assert [bar_of(share, 4) for share in (-1.0, 0.0, 0.5, 1.0, 7.0)] == [
        "    ",
        "    ",
        "██  ",
        "████",
        "████",
    ]


def finding(name: str, standing: Standing, suspicious: bool = False) -> Finding:
    return Finding(name, name, standing, "", (), Rule("", "", "[C]"), "", 1, suspicious)


def test_preconditions_have_marks_that_need_no_colour() -> None:
    rows = tuple(
        precondition(each)
        for each in (
            finding("ac", Standing.MET),
            finding("ready-edge", Standing.UNMET),
            finding("cycle-label", Standing.UNMET, suspicious=True),
            finding("full", Standing.UNKNOWN),
            finding("local", Standing.UNKNOWN, suspicious=True),
        )
    )
    assert [(each.mark, each.label) for each in rows] == [
        ("✓", "ac"),
        ("✗", "ready edge"),
        ("!", "cycle label"),
        ("?", "full"),
        ("?", "local"),
    ]
    assert tally(rows) == "1 of 5 met"
    assert columns_of(rows, 38) == [(rows[0], rows[3]), (rows[1], rows[4]), (rows[2],)]
    assert columns_of(rows, 20) == [(each,) for each in rows]
    assert columns_of((), 38) == []


def test_nodes_and_the_bus_in_words() -> None:
    late = NodeHeard(1, "operational", True, 8.3, True)
    assert node_line(late, "master").text == " 1 master  operational      8.3 s late"
    assert node_line(NodeHeard(10, "", False, 250.0), "charger").text == "10 charger unknown state    250 s"
    assert bus_line(Load(2.345, 30), 500_000, given=True) == "load 2.3 % of 500 kbit/s"
    assert bus_line(None, 125_000, given=False) == "125 kbit/s, assumed"


# --- a sight ----------------------------------------------------------------------------------------------


@pytest.fixture
def watching() -> Watching:
    return Watching(Subject(load(eds_path(), 10)), 500_000)


def test_a_reading_that_lies_is_untrusted(watching: Watching) -> None:
    for frame in (OPERATIONAL, IDLE):
        watching.take(frame)
    seen = watching.sight(1.1).measured
    assert seen.reading == pytest.approx(19.484, abs=0.001)
    assert seen.untrusted.startswith("untrusted")
    assert seen.voltage == pytest.approx(78.273, abs=0.001)
    assert not seen.charging
    assert "AC detected" in seen.status


def test_a_charge_is_measured_and_what_is_old_is_not_shown(watching: Watching) -> None:
    for frame in (OPERATIONAL, CHARGING):
        watching.take(frame)
    seen = watching.sight(1.1).measured
    assert (seen.reading, seen.untrusted, seen.voltage, seen.charging) == (10.0, "", 80.0, True)
    assert seen.ah is None
    # 2.5 s after its last TPDO nothing tells the present.
    gone = watching.sight(4.0).measured
    assert (gone.reading, gone.voltage, gone.status, gone.charging) == (None, None, (), False)


def test_what_is_asked_for_is_seen_in_the_rpdo(watching: Watching) -> None:
    # The example of the user's notes: 82.0 V, 10 A, 76 %, ready.
    for frame in (OPERATIONAL, IDLE, Frame(0x20A, bytes.fromhex("00 4C 00 00 52 A0 00 01"), 1.05)):
        watching.take(frame)
    seen = watching.sight(1.1).measured
    assert (seen.asked_voltage, seen.asked_current) == (82.0, 10.0)


# --- where a screen can be --------------------------------------------------------------------------------


class Stream(io.StringIO):
    """A stream that is, or is not, a terminal."""

    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal = terminal
        self._encoding = encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("out", "environment", "data", "said"),
    [
        (Stream(False), {"TERM": "xterm"}, False, "stdout is not a terminal"),
        (Stream(True), {"TERM": "dumb"}, False, "TERM is dumb"),
        (Stream(True, "iso-8859-1"), {}, False, "the terminal's text is iso-8859-1"),
        (Stream(True, "ANSI_X3.4-1968"), {}, False, "needs UTF-8"),
        (Stream(True, "UTF-8"), {}, True, "the battery readings are typed into this terminal"),
        (Stream(True, "utf8"), {"TERM": "xterm"}, False, "there is no controlling terminal"),
    ],
)
def test_where_no_screen_can_be_shown(
    out: Stream,
    environment: dict[str, str],
    data: bool,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stdin", Stream(True))
    monkeypatch.setattr(terminal, "CONTROLLING", str(tmp_path / "none"))
    assert said in terminal.hindrance(environment, data_on_stdin=data)
