"""The simulated charger as a python-can interface, as any python-can program meets it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import can
import pytest

from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import BusError, UsageError
from deltaq_master.simulator import bus as simulated
from deltaq_master.simulator.bus import SimulatedBus, SimulatorOptionError, serve
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.options import Options

PATIENCE = 5.0
"""Seconds after which a test gives up; nothing normal takes that long."""

DEVICE_TYPE = bytes.fromhex("40 00 10 00 00 00 00 00")
ANSWER = bytes.fromhex("43 00 10 00 A3 01 00 00")

_channels = count()


@pytest.fixture
def channel() -> str:
    """A wire of the test's own."""
    return f"test {next(_channels)}"


def message(cob_id: int, data: bytes = b"", *, extended: bool = False, remote: bool = False) -> can.Message:
    return can.Message(arbitration_id=cob_id, data=data, is_extended_id=extended, is_remote_frame=remote)


def expect(bus: can.BusABC, cob_id: int) -> can.Message:
    """The next message with this COB-ID."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        heard = bus.recv(0.1)
        if heard is not None and heard.arbitration_id == cob_id:
            return heard
    raise AssertionError(f"{cob_id:X}h was not heard")


def waiting(bus: SimulatedBus) -> list[can.Message]:
    """What is in the bus's queue now, but for heartbeats: they come when their time is there."""
    return [heard for heard in iter(lambda: bus.recv(0), None) if heard.arbitration_id not in (0x70A, 0x70C)]


def test_entry_point_is_found_by_name(channel: str) -> None:
    with can.Bus(interface="deltaq_sim", channel=channel) as bus:
        assert isinstance(bus, SimulatedBus)
        assert str(bus) == f"deltaq_sim channel {channel!r}"


def test_channel_has_a_default_and_bit_rate_is_tolerated() -> None:
    with can.Bus(interface="deltaq_sim", bitrate=500000, fd=False) as bus:
        assert str(bus) == "deltaq_sim channel 'deltaq'"
        assert bus.channel == "deltaq"  # type: ignore[attr-defined]
        expect(bus, 0x70A)


def test_answer_is_there_when_send_returns(channel: str) -> None:
    with SimulatedBus(channel) as bus:
        expect(bus, 0x70A)
        bus.send(message(0x60A, DEVICE_TYPE))
        (answer,) = waiting(bus)
        assert (answer.arbitration_id, bytes(answer.data)) == (0x58A, ANSWER)
        assert answer.is_rx
        assert not answer.is_extended_id
        assert answer.channel == channel


def test_heartbeats_come_by_themselves_in_real_time(channel: str) -> None:
    with SimulatedBus(channel) as bus:
        boot_up, first = expect(bus, 0x70A), expect(bus, 0x70A)
        assert (bytes(boot_up.data), bytes(first.data)) == (b"\0", b"\x7f")
        assert first.timestamp - boot_up.timestamp == pytest.approx(1.0, abs=1e-3)
        assert time.time() - first.timestamp < 1.0


def test_buses_of_one_channel_share_one_charger(channel: str) -> None:
    with SimulatedBus(channel) as one, SimulatedBus(channel) as other:
        expect(one, 0x70A)
        expect(other, 0x70A)  # the next heartbeat: it came after the boot-up message
        waiting(one)
        one.send(message(0x60A, DEVICE_TYPE))
        (answer,) = waiting(one)
        request, same = waiting(other)
        assert (request.arbitration_id, bytes(request.data), request.is_rx) == (0x60A, DEVICE_TYPE, True)
        assert bytes(same.data) == bytes(answer.data) == ANSWER
        assert request.timestamp <= same.timestamp == answer.timestamp


def test_channels_are_apart(channel: str) -> None:
    with SimulatedBus(channel) as one, SimulatedBus(channel + " other", node=12) as other:
        expect(one, 0x70A)
        expect(other, 0x70C)
        other.send(message(0x701, b"\x05"))
        assert waiting(one) == []


@pytest.mark.parametrize("own", [False, True])
def test_own_messages_are_heard_only_if_wanted(channel: str, own: bool) -> None:
    with SimulatedBus(channel, receive_own_messages=own) as bus:
        expect(bus, 0x70A)
        bus.send(message(0x123, b"\x01\x02"))
        heard = waiting(bus)
        assert len(heard) == own
        for mine in heard:
            assert not mine.is_rx
            assert bytes(mine.data) == b"\x01\x02"


def test_other_kinds_of_frames_pass(channel: str) -> None:
    """29-bit and remote frames reach the other bus as they are, and nothing answers."""
    with SimulatedBus(channel) as one, SimulatedBus(channel) as other:
        expect(other, 0x70A)
        one.send(message(0x18FF50E5, b"\xab", extended=True))
        one.send(can.Message(arbitration_id=0x60B, is_remote_frame=True, dlc=1, is_extended_id=False))
        wide, remote = waiting(other)
        assert (wide.arbitration_id, wide.is_extended_id, bytes(wide.data)) == (0x18FF50E5, True, b"\xab")
        assert (remote.arbitration_id, remote.is_remote_frame, remote.dlc) == (0x60B, True, 1)


def test_can_fd_is_refused(channel: str) -> None:
    with SimulatedBus(channel) as bus, pytest.raises(can.CanOperationError, match="no CAN FD frame"):
        bus.send(can.Message(arbitration_id=1, is_fd=True, is_extended_id=False, data=bytes(12)))


def test_receivers_do_not_share_their_data(channel: str) -> None:
    with SimulatedBus(channel) as one, SimulatedBus(channel) as two, SimulatedBus(channel) as three:
        for bus in (one, two, three):
            expect(bus, 0x70A)
        mine = message(0x123, b"\x01")
        one.send(mine)
        mine.data[0] = 9
        (heard,) = waiting(two)
        heard.data[0] = 8
        (other,) = waiting(three)
        assert bytes(other.data) == b"\x01"


def test_filters(channel: str) -> None:
    with SimulatedBus(channel, can_filters=[{"can_id": 0x58A, "can_mask": 0x7FF}]) as bus:
        assert bus.recv(0.3) is None
        bus.send(message(0x60A, DEVICE_TYPE))
        heard = bus.recv(0)
        assert heard is not None
        assert heard.arbitration_id == 0x58A


def test_first_bus_chooses_the_options(channel: str) -> None:
    """The same or none may follow; different ones may not; after the last bus all begins anew."""
    with SimulatedBus(channel, speed=400, soc="50"):
        with SimulatedBus(channel), SimulatedBus(channel, soc=50, speed="400"):
            pass
        with pytest.raises(SimulatorOptionError, match="runs the simulator on channel"):
            SimulatedBus(channel, speed=10)
        with pytest.raises(SimulatorOptionError):
            SimulatedBus(channel, speed=400)
    with SimulatedBus(channel, speed=10) as bus:
        assert bus.measure().soc == pytest.approx(20)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sped": 400}, "simulator option 'sped' is unknown; did you mean 'speed'?"),
        ({"speed": "fast"}, "option speed='fast' cannot be used"),
        ({"fault": "silense@3"}, "fault 'silense' is unknown; did you mean 'silence'?"),
    ],
)
def test_options_that_cannot_be_used(channel: str, options: dict[str, Any], sentence: str) -> None:
    """An error of ours, and one that python-can programs expect."""
    with pytest.raises(UsageError) as ours:
        can.Bus(interface="deltaq_sim", channel=channel, **options)
    assert sentence in str(ours.value)
    assert isinstance(ours.value, can.CanInitializationError)
    assert ours.value.remedy


def test_options_may_be_words_numbers_and_booleans(channel: str) -> None:
    with SimulatedBus(channel, soc=50.5, ac="230", auto_operational=True, zero_edge="refused") as bus:
        assert bus.measure().soc == pytest.approx(50.5)
        assert bytes(expect(bus, 0x70A).data) == b"\0"
        assert bytes(expect(bus, 0x70A).data) == b"\x05"


def test_measure_is_the_truth_of_the_pack(channel: str) -> None:
    with SimulatedBus(channel, fault="over-voltage:5") as bus:
        measured = bus.measure()
        assert measured.voltage == pytest.approx(71.0)
        assert (measured.current, measured.temperature) == (0, 25)


def test_closed_bus_says_so(channel: str) -> None:
    bus = SimulatedBus(channel)
    bus.shutdown()
    bus.shutdown()
    for use in (lambda: bus.send(message(0x701, b"\x05")), lambda: bus.recv(0), bus.measure):
        with pytest.raises(can.CanOperationError, match="is closed"):
            use()


def test_closing_wakes_who_is_waiting(channel: str) -> None:
    bus = SimulatedBus(channel, can_filters=[{"can_id": 0x7FF, "can_mask": 0x7FF}])
    ended: list[Exception] = []

    def wait() -> None:
        try:
            bus.recv()
        except can.CanOperationError as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    bus.shutdown()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(ended) == 1


def test_charger_ends_with_the_last_bus(channel: str) -> None:
    before = threading.active_count()
    one, other = SimulatedBus(channel), SimulatedBus(channel)
    assert threading.active_count() == before + 1
    one.shutdown()
    expect(other, 0x70A)
    other.shutdown()
    assert threading.active_count() == before


def test_dark_charger_lets_the_bus_live(channel: str) -> None:
    """Nothing is due, ever; the buses hear each other."""
    with SimulatedBus(channel, ac=0, ac_off="dark") as one, SimulatedBus(channel) as other:
        assert other.recv(0.4) is None
        one.send(message(0x123))
        assert [heard.arbitration_id for heard in waiting(other)] == [0x123]


def test_available_configurations(channel: str) -> None:
    with SimulatedBus(channel):
        found = can.detect_available_configs("deltaq_sim")
    assert {"interface": "deltaq_sim", "channel": "deltaq"} in found
    assert {"interface": "deltaq_sim", "channel": channel} in found


def test_late_answers_come_by_the_thread(channel: str) -> None:
    """The thread that waits for the next heartbeat is woken for something earlier."""
    with SimulatedBus(channel, fault="sdo-slow:100") as bus:
        expect(bus, 0x70A)
        start = time.monotonic()
        bus.send(message(0x60A, DEVICE_TYPE))
        assert waiting(bus) == []
        assert bytes(expect(bus, 0x58A).data) == ANSWER
        assert 0.1 <= time.monotonic() - start < 0.9


def test_round_trip_is_fast(channel: str) -> None:
    """Less than 10 ms each in the mean, also on a busy machine: the interface adds no wait."""
    with SimulatedBus(channel) as bus:
        expect(bus, 0x70A)
        start = time.monotonic()
        for _ in range(200):
            bus.send(message(0x60A, DEVICE_TYPE))
            expect(bus, 0x58A)
        assert time.monotonic() - start < 2.0


def test_logger_of_python_can() -> None:
    """`python -m can.logger -i deltaq_sim`, without a channel, ended by SIGINT."""
    command = [sys.executable, "-m", "can.logger", "-i", "deltaq_sim", "-b", "500000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(2)
        process.communicate(timeout=PATIENCE)
    assert "Connected to SimulatedBus: deltaq_sim channel 'deltaq'" in lines[0]
    assert any("70a" in line for line in lines)


def test_program_that_forgets_its_bus_ends() -> None:
    program = "from deltaq_master.simulator.bus import SimulatedBus; bus = SimulatedBus(); bus.recv()"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=4 * PATIENCE, check=False
    )
    assert ended.returncode == 0


# --- served on another bus -----------------------------------------------------------------------------------


@pytest.fixture
def served(channel: str) -> Iterator[can.BusABC]:
    """A virtual bus of python-can on whose other end the charger is."""
    stop = threading.Event()
    with can.Bus(channel, "virtual") as near, can.Bus(channel, "virtual") as far:
        charger = SimulatedCharger(Options(), load(eds_path(), 10), time.monotonic())
        thread = threading.Thread(target=serve, args=(far, charger, stop))
        thread.start()
        yield near
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_served_on_any_bus(served: can.BusABC) -> None:
    assert bytes(expect(served, 0x70A).data) == b"\0"
    served.send(message(0x60A, DEVICE_TYPE))
    assert bytes(expect(served, 0x58A).data) == ANSWER
    assert bytes(expect(served, 0x70A).data) == b"\x7f"


class _Broken(can.BusABC):
    """Refuses every frame; its receiver dies after the first."""

    def __init__(self) -> None:
        self.refused = 0
        super().__init__("broken")

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        self.refused += 1
        raise can.CanOperationError("no buffer space")

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if self.refused:
            raise can.CanOperationError("the adapter is gone")
        return None, False


def test_served_on_a_bus_that_breaks() -> None:
    """A refused frame is lost; a lost receiver ends it with a sentence."""
    with _Broken() as broken:
        charger = SimulatedCharger(Options(), load(eds_path(), 10), time.monotonic() - 0.1)
        with pytest.raises(BusError, match="the simulator is on was lost: the adapter is gone"):
            serve(broken, charger, threading.Event())
        assert broken.refused == 1


def test_module_names_its_interface() -> None:
    assert can.interfaces.BACKENDS[simulated.INTERFACE] == ("deltaq_master.simulator.bus", "SimulatedBus")
