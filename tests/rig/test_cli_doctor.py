"""`deltaq doctor`, `deltaq info --bus` and tools/check_bus.py, where there is no CAN controller: the lab has some."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import can
import pytest

from deltaq_master.cli import main
from deltaq_master.link.bus import interfaces
from tools import check_bus

CHANNEL = "doctor"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CAN_INTERFACE", "CAN_CHANNEL", "CAN_BITRATE", "CAN_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wire() -> Iterator[can.BusABC]:
    """Another bus on the channel, which hears whatever is sent."""
    with can.Bus(interface="deltaq_sim", channel=CHANNEL) as bus:
        yield bus


def heard(wire: can.BusABC) -> set[int]:
    found = set()
    while (message := wire.recv(0)) is not None:
        found.add(message.arbitration_id)
    return found


def test_a_sound_bus_is_listened_to_and_nothing_is_sent(
    capsys: pytest.CaptureFixture[str], wire: can.BusABC
) -> None:
    assert main(["-i", "sim", "-c", CHANNEL, "doctor", "--listen", "1.5s"]) == 0
    said = capsys.readouterr().out
    assert "ok       permission   sim doctor can be opened" in said
    assert "heard: 10 (the charger, pre-operational)" in said
    assert "waits of 10 ms were late by up to" in said
    assert heard(wire) == {0x70A}


def test_another_master_is_wrong(capsys: pytest.CaptureFixture[str], wire: can.BusABC) -> None:
    frame = can.Message(arbitration_id=0x701, data=b"\x05", is_extended_id=False)
    timer = threading.Timer(0.5, wire.send, (frame,))
    timer.start()
    assert main(["--json", "-i", "sim", "-c", CHANNEL, "doctor", "--listen", "1.5s"]) == 1
    timer.join()
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "deltaq.doctor/1"
    (who,) = (check for check in found["checks"] if check["subject"] == "who")
    assert who["verdict"] == "wrong"
    assert who["mend"] == "end that program before you charge"


def test_an_interface_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-i", "socketcan", "-c", "can97", "doctor"]) == 1
    first = capsys.readouterr().out
    assert "wrong    interface    there is no can97" in first
    assert check_bus.main(["can97"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == first.splitlines()[0]


def test_the_tool_takes_one_interface() -> None:
    assert check_bus.main([]) == 2
    assert check_bus.main(["can97", "--fast"]) == 2


def test_without_a_name_it_says_what_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 2
    assert "no CAN interface is named; deltaq -i socketcan -c can0 doctor" in capsys.readouterr().err


def test_the_settings_of_python_can_name_the_bus(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAN_INTERFACE", "deltaq_sim")
    monkeypatch.setenv("CAN_CHANNEL", CHANNEL)
    assert main(["doctor", "--listen", "1.2s"]) == 0
    assert "(CAN_INTERFACE, CAN_CHANNEL)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("-i", "sim"), 2, "is set by its option -b alone"),
        (("-i", "socketcan", "-c", "can97"), 3, "there is no CAN controller can97"),
    ],
)
def test_no_bit_rate_is_tried_where_that_cannot_be(
    words: tuple[str, ...], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "doctor", "--find-bitrate"]) == code
    assert sentence in capsys.readouterr().err


def test_no_bit_rate_is_tried_on_a_bus_in_use(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(name: str, *flags: str, modes: tuple[str, ...] = ()) -> dict[str, object]:
        data = {"ctrlmode_supported": modes}
        info = {"info_kind": "can", "info_data": data}
        return {"ifname": name, "flags": flags, "link_type": "can", "linkinfo": info}

    text = json.dumps([link("can97", "UP", modes=("LISTEN-ONLY",)), link("can98")])
    monkeypatch.setattr(interfaces, "interfaces", lambda: tuple(interfaces.parsed(text)))
    for name, sentence in (("can97", "is up, and may be in use"), ("can98", "has no listen-only mode")):
        assert main(["-i", "socketcan", "-c", name, "doctor", "--find-bitrate"]) == 1
        assert sentence in capsys.readouterr().err


def test_what_this_way_to_the_bus_can_do(capsys: pytest.CaptureFixture[str], wire: can.BusABC) -> None:
    assert main(["-i", "sim", "-c", CHANNEL, "info", "--bus"]) == 0
    said = capsys.readouterr().out
    assert "filters          none: every frame reaches this program" in said
    assert "cyclic frames    by this program" in said
    assert "after a loss     not opened again: the command ends" in said
    assert "50 SDO reads of 1000h" in said
    assert (
        "queue            its length is not known: the interface does not tell it; how many wait there is not"
        in said
    )
    # SDO requests and answers alone: no heartbeat, no NMT.
    assert heard(wire) <= {0x60A, 0x58A, 0x70A}


def test_it_says_so_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "-i", "sim", "info", "--bus"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "deltaq.bus/1"
    assert found["abilities"]["interface"] == "SimulatedBus"
    assert not found["abilities"]["lease"]
    assert 0 < found["measured"]["median"] <= found["measured"]["longest"]
    assert found["interface"] is None
    assert found["waiting"] is None


def test_a_silent_device_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-i", "sim", "-n", "11", "info", "--bus"]) == 3
    captured = capsys.readouterr()
    assert "node 11: it answers no SDO request" in captured.err
    # What is known without it is shown all the same.
    assert "interface        SimulatedBus" in captured.out
    assert "round trip       not measured: nothing answers" in captured.out
