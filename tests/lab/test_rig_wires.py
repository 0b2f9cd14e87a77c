"""What the tests of tests/rig get here: a charger in another process, and the kernel between."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import can
import pytest

from deltaq_master import Master, UsageError
from deltaq_master.link.socketcan.socketcan import SocketCan
from tests.lab import interfaces
from tests.lab.rig_wires import TheirBus, Wires


def left() -> list[str]:
    """Interfaces of the rig that are there."""
    return [path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith("rig")]


def test_our_code_and_others_have_the_kernel_between_them_and_the_charger(rig_wires: Wires) -> None:
    with Master.open("deltaq_sim", "ours", soc=50) as master, can.Bus("ours", "deltaq_sim") as other:
        wire = rig_wires.seen[-1]
        assert isinstance(master.network.bus, SocketCan)
        assert isinstance(other, TheirBus)
        assert other.channel == master.network.bus.channel == wire.name
        assert master.charger().read("0x1000") == 0x0000_01A3
        assert wire.simulator.pid != os.getpid()
        assert interfaces.described(wire.name)["linkinfo"]["info_kind"] == "vcan"
        assert interfaces.frames_of(wire.name)[1] >= 2
        seen = {message.arbitration_id for message in iter(lambda: other.recv(0), None)}
        assert {0x60A, 0x58A} <= seen
        assert wire.name in left()
    assert wire.name not in left()
    with pytest.raises(ProcessLookupError):
        os.kill(wire.simulator.pid, 0)


def test_options_are_refused_as_inside_a_process(rig_wires: Wires) -> None:
    before = left()
    with pytest.raises(UsageError, match="'sped' is unknown; did you mean 'speed'"):
        Master.open("deltaq_sim", "refused", sped=4)
    with pytest.raises(UsageError, match=r"nowhere\.eds"):
        Master.open("deltaq_sim", "refused", device="nowhere.eds@5")
    with can.Bus("refused", "deltaq_sim", soc=50):
        with pytest.raises(UsageError, match="with other options"):
            Master.open("deltaq_sim", "refused", soc=51)
        Master.open("deltaq_sim", "refused").close()
    assert left() == before


def test_a_simulator_that_ends_badly_is_noticed(rig_wires: Wires) -> None:
    with can.Bus("killed", "deltaq_sim"):
        os.kill(rig_wires.seen[-1].simulator.pid, signal.SIGKILL)
    (trouble,) = rig_wires.trouble
    rig_wires.trouble.clear()
    assert "exit status -9" in trouble
