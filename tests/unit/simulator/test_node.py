"""Boot-up, NMT, heartbeat, SDO and live PDO mapping of the simulated node, frame by frame."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import UsageError
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator.charger import SimulatedCharger
from deltaq_master.simulator.model import Model
from deltaq_master.simulator.options import Options
from tests.unit.simulator.virtual_wire import (
    EMCY,
    HEARTBEAT,
    NMT,
    READY_1_84V_10A,
    RPDO1,
    STATE,
    TPDO1,
    TPDO2,
    TPDO3,
    Make,
    Wire,
)


def _times(bus: Wire, cob_id: int) -> list[float]:
    return [round(frame.time, 6) for frame in bus.all(cob_id)]


def test_waits_in_pre_operational_with_its_heartbeat_alone(wire: Make) -> None:
    """CAP1, CAP2: `70A 7F` every second until it is started; boot-up before it (CiA 301)."""
    bus = wire()
    bus.run(5.0)
    assert [frame.data for frame in bus.heard] == [b"\0", b"\x7f", b"\x7f", b"\x7f", b"\x7f"]
    assert {frame.cob_id for frame in bus.heard} == {STATE}
    assert _times(bus, STATE) == [0.2, 1.2, 2.2, 3.2, 4.2]


def test_a_read_that_comes_while_it_starts_is_answered_after_the_boot_up_message(wire: Make) -> None:
    """A choice: whoever opens the simulated bus and reads at once gets an answer."""
    bus = wire()
    bus.run(0.05)
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == []
    bus.run(0.2)
    assert [(frame.cob_id, frame.data.hex(" ")) for frame in bus.heard] == [
        (STATE, "00"),
        (0x58A, "43 00 10 00 a3 01 00 00"),
    ]


def test_a_charger_without_power_keeps_no_request(wire: Make) -> None:
    bus = wire(ac="0", ac_off="dark")
    bus.send(0x60A, "40 00 10 00 00 00 00 00")
    bus.run(2.0)
    assert bus.heard == []


def test_grid_does_not_drift(wire: Make) -> None:
    """An hour later the heartbeat is where it would have been without one missing."""
    bus = wire()
    bus.run(3600.5)
    assert len(bus.heard) == 3601
    assert bus.heard[-1].time == pytest.approx(3600.2, abs=1e-9)


def test_operational_shows_at_the_next_heartbeat_only(wire: Make) -> None:
    bus = wire()
    bus.run(1.3)
    bus.send(NMT, "01 0A")
    bus.run(0.8)
    assert bus.last(STATE) == b"\x7f"
    assert _times(bus, TPDO1) == [1.4, 1.6, 1.8, 2.0]
    bus.run(0.2)
    assert bus.last(STATE) == b"\x05"


def test_periods_are_the_measured_ones(wire: Make) -> None:
    """TPDO1 200 ms; TPDO2, TPDO3 and heartbeat 1000 ms, in the order of CAP2."""
    bus = wire()
    bus.run(0.5)
    bus.send(NMT, "01 00")
    bus.run(10.0)
    assert len(bus.all(TPDO1)) == 50
    assert _times(bus, TPDO2) == _times(bus, TPDO3) == [n + 0.2 for n in range(1, 11)]
    at_two = [frame.cob_id for frame in bus.heard if round(frame.time, 6) == 2.2]
    assert at_two == [STATE, TPDO2, TPDO3, TPDO1]
    assert {len(frame.data) for frame in bus.heard if frame.cob_id != STATE} == {8}


@pytest.mark.parametrize("command", ["01", "01 0B", "01 0B 00", "99 0A", ""])
def test_other_commands_change_nothing(wire: Make, command: str) -> None:
    bus = wire()
    bus.run(0.5)
    bus.send(NMT, command)
    bus.run(1.0)
    assert bus.last(STATE) == b"\x7f"


def test_stopped_node_keeps_its_heartbeat_alone(wire: Make) -> None:
    bus = wire()
    bus.remote()
    bus.send(NMT, "02 0A")
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == []
    bus.heard.clear()
    bus.run(2.0)
    assert [frame.data for frame in bus.heard] == [b"\x04", b"\x04"]
    bus.send(NMT, "80 0A")
    bus.run(1.0)
    assert bus.last(STATE) == b"\x7f"
    assert bus.number(0x1000) == 0x1A3


def test_started_twice_is_started_once(wire: Make) -> None:
    bus = wire()
    bus.remote()
    bus.run(0.05)
    bus.send(NMT, "01 0A")
    bus.heard.clear()
    bus.run(1.0)
    assert len(bus.all(TPDO1)) == 5


@pytest.mark.parametrize(("command", "remembers"), [("81 0A", False), ("82 0A", True)])
def test_reset_boots_again(wire: Make, command: str, remembers: bool) -> None:
    """Reset communication spares what is not about communication (CiA 301)."""
    bus = wire()
    bus.remote()
    assert bus.write(0x1017, 0, b"\xf4\x01") == 0
    assert bus.write(0x6081, 0, b"\x2a") == 0
    bus.end(HEARTBEAT)
    bus.heard.clear()
    bus.send(NMT, command)
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == []
    bus.run(0.9)
    assert [(frame.cob_id, frame.data) for frame in bus.heard] == [(STATE, b"\0")]
    bus.run(0.4)
    assert bus.last(STATE) == b"\x7f"
    assert bus.number(0x1017) == 1000
    assert (bus.number(0x6081) == 0x2A) is remembers


def test_heartbeat_period_can_be_written(wire: Make) -> None:
    bus = wire()
    bus.run(1.2)
    bus.write(0x1017, 0, b"\xfa\x00")
    bus.heard.clear()
    bus.run(1.0)
    assert _times(bus, STATE) == [1.45, 1.7, 1.95, 2.2]
    bus.write(0x1017, 0, b"\x00\x00")
    bus.heard.clear()
    bus.run(3.0)
    assert bus.heard == []


def test_other_kinds_of_frames_are_not_for_it(wire: Make) -> None:
    """29-bit, remote, error and FD frames with our numbers; other nodes' requests."""
    bus = wire()
    bus.run(0.5)
    for flag in ("extended", "remote", "error", "fd"):
        assert bus.send(0x60A, "40 00 10 00 00 00 00 00", **{flag: True}) == []
        bus.send(NMT, "01 0A", **{flag: True})
    assert bus.send(0x60B, "40 00 10 00 00 00 00 00") == []
    assert bus.send(0x58A, "43 00 10 00 A3 01 00 00") == []
    bus.run(1.0)
    assert bus.last(STATE) == b"\x7f"


def test_identity(wire: Make) -> None:
    bus = wire()
    bus.run(0.5)
    assert bus.number(0x1000) == 0x000001A3
    assert bus.number(0x1018, 1) == 0x110
    assert bus.read(0x1008) == b"ICL1500-85"
    assert bus.read(0x100A) == b"001.008.00000#00008"
    assert bus.number(0x1016, 1) == 0x000107D0
    assert bus.number(0x1016, 2) == 0x002107D0
    assert bus.number(0x1017) == 1000
    assert bus.number(0x1014) == 0x8A
    assert bus.number(0x1200, 1) == 0x60A
    assert bus.number(0x1200, 2) == 0x58A
    assert [bus.number(0x1600, sub) for sub in range(7)] == [
        6,
        0x2FFA0108,
        0x60810008,
        0x42010008,
        0x22760010,
        0x60700010,
        0x60000008,
    ]


def test_another_node_id_moves_every_cob_id(dictionary: Dictionary) -> None:
    """The EDS is loaded for a node-ID; a charger that is another one would send on foreign COB-IDs."""
    with pytest.raises(UsageError, match="simulated charger is node 12, its EDS was loaded for 10"):
        SimulatedCharger(Options(node=12), dictionary, 0.0)


def test_master_named_by_1016h_is_an_option(wire: Make) -> None:
    bus = wire(master="5")
    bus.run(0.5)
    assert bus.number(0x1016, 1) == 0x000507D0
    bus.send(HEARTBEAT, "05")
    bus.run(0.1)
    assert not bus.all(EMCY)
    bus.send(0x705, "05")
    bus.run(0.1)
    assert bus.last(EMCY) == bytes(8)


def test_second_consumer_entry_counts_too(wire: Make) -> None:
    """1016h:02 names node 21h (E31)."""
    bus = wire()
    bus.run(0.5)
    bus.send(0x721, "05")
    bus.run(0.1)
    assert len(bus.all(EMCY)) == 1
    bus.send(HEARTBEAT, "05")
    bus.run(2.05)
    # One of two is left, and then none.
    assert [frame.data[3] for frame in bus.all(EMCY)] == [0, 0x1E]


def test_consumer_time_can_be_written(wire: Make) -> None:
    bus = wire()
    bus.run(0.5)
    bus.write(0x1016, 1, bytes.fromhex("E8 03 01 00"))
    bus.send(HEARTBEAT, "05")
    bus.run(1.013)
    assert len(bus.all(EMCY)) == 1
    bus.run(0.002)
    assert bus.last(EMCY).hex(" ") == "30 81 01 1e 80 00 00 00"
    bus.write(0x1016, 1, bytes.fromhex("00 00 01 00"))
    bus.send(HEARTBEAT, "05")
    bus.run(0.1)
    assert len(bus.all(EMCY)) == 2


def test_unfinished_sdo_transfer_times_out(wire: Make) -> None:
    bus = wire()
    bus.run(0.5)
    bus.ask("40 0A 10 00 00 00 00 00")
    bus.run(1.9)
    assert not bus.all(0x58A)[1:]
    bus.run(0.2)
    assert bus.last(0x58A).hex(" ") == "80 0a 10 00 00 00 04 05"


def test_finished_sdo_transfer_does_not(wire: Make) -> None:
    bus = wire()
    bus.run(0.5)
    bus.read(0x100A)
    bus.heard.clear()
    bus.run(3.0)
    assert not bus.all(0x58A)


# --- PDO mapping, live ---------------------------------------------------------------------------------------


def _remap(bus: Wire, communication: int, cob_id: int, *words: int) -> list[int]:
    """The order of CiA 301: disable, count 0, words, count, enable; abort codes."""
    mapping = communication + 0x200
    codes = [
        bus.write(communication, 1, (cob_id | 1 << 31).to_bytes(4, "little")),
        bus.write(mapping, 0, b"\0"),
    ]
    codes += [bus.write(mapping, sub, word.to_bytes(4, "little")) for sub, word in enumerate(words, 1)]
    codes.append(bus.write(mapping, 0, bytes((len(words),))))
    codes.append(bus.write(communication, 1, cob_id.to_bytes(4, "little")))
    return codes


def test_tpdo_follows_its_mapping_parameters(wire: Make) -> None:
    """TPDO1 becomes AC voltage and battery voltage: 122 V is 7A0h/16, 71.0 V is 4700h/256."""
    bus = wire()
    bus.remote()
    assert set(_remap(bus, 0x1800, 0x18A, 0x22000010, 0x21010010)) == {0}
    bus.run(0.3)
    assert bus.last(TPDO1).hex(" ") == "a0 07 00 47"


def test_tpdo_moves_to_another_cob_id_and_period(wire: Make) -> None:
    bus = wire()
    bus.remote()
    assert _remap(bus, 0x1801, 0x2FA, 0x22000010)[-1] == 0
    assert bus.write(0x1801, 5, b"\xf4\x01") == 0
    bus.heard.clear()
    bus.run(2.0)
    assert len(bus.all(0x2FA)) == 4
    assert not bus.all(TPDO2)
    assert bus.write(0x1801, 5, b"\0\0") == 0
    bus.heard.clear()
    bus.run(2.0)
    assert not bus.all(0x2FA)


def test_fourth_tpdo_can_be_enabled(wire: Make) -> None:
    """It is off on this unit; its mapping is the vendor's: 2002h, 2100h, 2006h."""
    bus = wire()
    bus.remote()
    assert not bus.all(0x48A)
    assert bus.write(0x1803, 1, bytes.fromhex("8A 04 00 00")) == 0
    bus.run(1.0)
    # 2100h ends at 64 V.
    assert bus.last(0x48A).hex(" ") == "7c 13 ff ff 70 00"


def test_rpdo_follows_its_mapping_parameters(wire: Make) -> None:
    """Ready first, then current: the frame of another configuration starts the charge."""
    bus = wire()
    bus.remote()
    assert set(_remap(bus, 0x1400, 0x20A, 0x60000008, 0x60700010)) == {0}
    bus.every(0.1, RPDO1, "00 00 00")
    bus.run(0.5)
    bus.every(0.1, RPDO1, "01 A0 00")
    bus.run(1.0)
    assert bus.indication == 1
    assert bus.number(0x6070) == 160


def test_pdo_tied_to_sync_is_not_used(wire: Make) -> None:
    """There is no SYNC here; a synchronous RPDO never takes effect."""
    bus = wire()
    bus.remote()
    assert bus.write(0x1400, 2, b"\x01") == 0
    assert bus.write(0x1800, 2, b"\x01") == 0
    bus.heard.clear()
    bus.send(RPDO1, READY_1_84V_10A)
    bus.run(1.0)
    assert bus.number(0x6070) == 0
    assert not bus.all(TPDO1)


@pytest.mark.parametrize(
    ("index", "sub", "data", "code"),
    [
        # While the PDO is enabled neither words nor count nor COB-ID change.
        (0x1600, 0, "00", 0x06010000),
        (0x1600, 1, "08 00 00 60", 0x06010000),
        (0x1400, 1, "0B 02 00 00", 0x06090030),
        (0x1400, 1, "0A 02 00 20", 0x06090030),
        # Disabling is allowed, and so is writing what stands.
        (0x1400, 1, "0A 02 00 80", 0),
        (0x1400, 1, "0A 02 00 00", 0),
        (0x1800, 5, "64 00", 0),
    ],
)
def test_enabled_pdo_is_guarded(wire: Make, index: int, sub: int, data: str, code: int) -> None:
    bus = wire()
    bus.run(0.5)
    assert bus.write(index, sub, bytes.fromhex(data)) == code


@pytest.mark.parametrize(
    ("communication", "word", "code"),
    [
        (0x1400, 0x2F990008, 0x06020000),  # no object
        (0x1400, 0x2FFA0908, 0x06090011),  # no sub-index
        (0x1400, 0x10170010, 0x06040041),  # not mappable
        (0x1400, 0x20060010, 0x06040041),  # read only, received
        (0x1400, 0x60700008, 0x06040041),  # half of it
        (0x1800, 0x20060010, 0),
        (0x1800, 0x00000000, 0),
    ],
)
def test_words_are_checked(wire: Make, communication: int, word: int, code: int) -> None:
    bus = wire()
    bus.run(0.5)
    assert code in _remap(bus, communication, 0x20A if communication == 0x1400 else 0x18A, word)


def test_words_change_only_while_the_count_is_0(wire: Make) -> None:
    bus = wire()
    bus.run(0.5)
    bus.write(0x1400, 1, bytes.fromhex("0A 02 00 80"))
    assert bus.write(0x1600, 1, bytes.fromhex("08 00 00 60")) == 0x06010000


def test_more_than_64_bits_are_refused(wire: Make) -> None:
    bus = wire()
    bus.run(0.5)
    codes = _remap(bus, 0x1800, 0x18A, 0x20090120, 0x20090220, 0x60800008)
    assert codes == [0, 0, 0, 0, 0, 0x06040042, 0]


def test_more_objects_than_there_are_words_are_refused(wire: Make) -> None:
    bus = wire()
    bus.run(0.5)
    bus.write(0x1800, 1, bytes.fromhex("8A 01 00 80"))
    assert bus.write(0x1A00, 0, b"\x09") == 0x06040042


def test_count_is_checked_against_the_words(wire: Make) -> None:
    """A word of 0 maps nothing."""
    bus = wire()
    bus.run(0.5)
    bus.write(0x1400, 1, bytes.fromhex("0A 02 00 80"))
    assert bus.write(0x1600, 0, b"\x07") == 0x06020000


# --- another EDS ---------------------------------------------------------------------------------------------


def _shorter(whole: Dictionary, *missing: int) -> Model:
    """The shipped EDS without some objects, as one corrected from a real unit may be."""
    entries = (entry for entry in whole if entry.address.index not in missing)
    return Model(whole.node_id, tuple(entries), frozenset())


def test_objects_that_the_eds_lacks_are_lacking(dictionary: Dictionary) -> None:
    """An absent alias, an absent reading, an absent object in a TPDO (its bits are 0), no identity number."""
    bus = Wire(_shorter(dictionary, 0x2271, 0x2072, 0x2006, 0x2251, 0x1F80, 0x1029), {})
    bus.remote()
    assert bus.last(TPDO1).hex(" ") == "7c 13 00 47 00 00 00 00"
    assert bus.ask("40 71 22 00 00 00 00 00")[4:].hex() == "00000206"
    bus.end(HEARTBEAT)
    bus.run(4)
    # Without 1029h the state after a lost heartbeat is pre-operational (CiA 301).
    assert bus.last(STATE) == b"\x7f"


def test_deadline_is_when_the_next_frame_is_due(wire: Make) -> None:
    bus = wire()
    assert bus.charger.deadline == 0.2
    bus.run(0.5)
    assert bus.charger.deadline == 1.2
    bus.charger.receive(Frame(0x60A, bytes.fromhex("40 00 10 00 00 00 00 00"), 0.6), 0.6)
    assert bus.charger.deadline == 0.6
    (answer,) = bus.charger.advance(0.6)
    assert answer == Frame(0x58A, bytes.fromhex("43 00 10 00 A3 01 00 00"), 0.6)
    assert bus.charger.deadline == 1.2
