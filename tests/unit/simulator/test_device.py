"""A simulated device over any EDS: a CiA 401 I/O module and a CiA 404 gauge, frame by frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from deltaq_master.dictionary.eds import load
from tests.unit.simulator.generic_wire import GAUGE, IO, Bus, device

START = "01 05"


def _up(path: Path = IO, faults: str = "") -> Bus:
    bus = Bus(device(path, faults=faults))
    bus.run(0.3)
    return bus


def test_it_says_what_every_canopen_device_says() -> None:
    """Boot-up, then a heartbeat every second, and TPDOs once it is started."""
    bus = Bus(device())
    bus.run(1.5)
    assert [(frame.time, frame.cob_id, frame.data) for frame in bus.heard] == [
        (0.2, 0x705, b"\0"),
        (1.2, 0x705, b"\x7f"),
    ]
    assert bus.send(0, START) == []
    bus.run(1.05)
    assert bus.times(0x185) == [1.6, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5]
    assert bus.times(0x285) == [1.7, 2.2]
    assert {frame.cob_id for frame in bus.heard} == {0x705, 0x185, 0x285}


def test_identity_is_that_of_its_eds() -> None:
    bus = _up()
    assert bus.send(0x605, "40 00 10 00 00 00 00 00") == ["585 43 00 10 00 91 01 0F 00"]
    assert bus.send(0x605, "40 18 10 01 00 00 00 00") == ["585 43 18 10 01 F1 07 00 00"]
    assert bus.send(0x605, "40 18 10 02 00 00 00 00") == ["585 43 18 10 02 01 04 00 00"]
    assert bus.send(0x605, "40 05 10 00 00 00 00 00") == ["585 80 05 10 00 00 00 02 06"]


def test_serial_number_where_the_eds_has_none() -> None:
    """A choice: two devices of one kind differ."""
    bus = Bus(device(serial=0x1234))
    bus.run(0.3)
    assert bus.send(0x605, "40 18 10 04 00 00 00 00") == ["585 43 18 10 04 34 12 00 00"]


def test_serial_number_of_the_eds(tmp_path: Path) -> None:
    text = IO.read_text(encoding="ascii")
    numbered = tmp_path / "numbered.eds"
    numbered.write_text(
        text.replace("ParameterName=Serial number\n", "ParameterName=Serial number\nDefaultValue=7\n"),
        encoding="ascii",
    )
    bus = Bus(device(numbered, serial=0x1234))
    bus.run(0.3)
    assert bus.send(0x605, "40 18 10 04 00 00 00 00") == ["585 43 18 10 04 07 00 00 00"]


def test_rpdo_sets_outputs_around_its_filler() -> None:
    """RPDO1: outputs 1, a dummy byte, outputs 2."""
    bus = _up()
    bus.send(0, START)
    bus.send(0x205, "AA FF 55")
    assert bus.send(0x605, "40 00 62 01 00 00 00 00") == ["585 4F 00 62 01 AA 00 00 00"]
    assert bus.send(0x605, "40 00 62 02 00 00 00 00") == ["585 4F 00 62 02 55 00 00 00"]
    # Another length is ignored, without a word.
    assert bus.send(0x205, "00 00") == []
    assert bus.send(0x605, "40 00 62 01 00 00 00 00") == ["585 4F 00 62 01 AA 00 00 00"]


def test_rpdo_is_ignored_in_pre_operational() -> None:
    bus = _up()
    bus.send(0x205, "AA FF 55")
    assert bus.send(0x605, "40 00 62 01 00 00 00 00") == ["585 4F 00 62 01 00 00 00 00"]


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("08 00 05 00", "60 01 16 01 00 00 00 00"),
        ("10 00 03 00", "60 01 16 01 00 00 00 00"),
        ("10 00 05 00", "80 01 16 01 41 00 04 06"),
        ("20 00 04 00", "80 01 16 01 00 00 02 06"),
        ("08 01 00 60", "80 01 16 01 41 00 04 06"),
        ("08 00 01 10", "80 01 16 01 41 00 04 06"),
        ("08 01 00 62", "60 01 16 01 00 00 00 00"),
    ],
    ids=["U8", "I16", "wrong length", "I32 is off", "input", "read-only", "output"],
)
def test_what_an_rpdo_may_be_mapped_to(word: str, answer: str) -> None:
    """Fillers are those of [DummyUsage]: 2, 3, 5, 6 and 7."""
    bus = _up()
    assert bus.send(0x605, "23 01 14 01 05 03 00 80") == ["585 60 01 14 01 00 00 00 00"]
    assert bus.send(0x605, "2F 01 16 00 00 00 00 00") == ["585 60 01 16 00 00 00 00 00"]
    assert bus.send(0x605, f"23 01 16 01 {word}") == [f"585 {answer}"]


def test_a_tpdo_takes_no_filler() -> None:
    """A choice: CiA 301 lets devices refuse it."""
    bus = _up()
    bus.send(0x605, "23 00 18 01 85 01 00 C0")
    bus.send(0x605, "2F 00 1A 00 00 00 00 00")
    assert bus.send(0x605, "23 00 1A 01 08 00 05 00") == ["585 80 00 1A 01 00 00 02 06"]


def test_limits_access_and_text() -> None:
    bus = _up()
    assert bus.send(0x605, "2B 00 21 01 E9 03 00 00") == ["585 80 00 21 01 31 00 09 06"]
    assert bus.send(0x605, "2B 00 21 01 E8 03 00 00") == ["585 60 00 21 01 00 00 00 00"]
    assert bus.send(0x605, "2B 00 21 41 00 00 00 00") == ["585 80 00 21 41 11 00 09 06"]
    assert bus.send(0x605, "40 04 20 00 00 00 00 00") == ["585 80 04 20 00 01 00 01 06"]
    assert bus.send(0x605, "40 00 20 00 00 00 00 00") == ["585 41 00 20 00 07 00 00 00"]
    assert bus.send(0x605, "60 00 00 00 00 00 00 00") == ["585 01 75 6E 6E 61 6D 65 64"]


def test_reset_gives_power_on_values() -> None:
    bus = _up()
    bus.send(0x605, "2B 00 21 01 E8 03 00 00")
    bus.send(0, "81 05")
    bus.run(0.3)
    assert bus.send(0x605, "40 00 21 01 00 00 00 00") == ["585 4B 00 21 01 0A 00 00 00"]


@pytest.mark.parametrize(("behaviour", "state"), [("00", "7F"), ("01", "05"), ("02", "04")])
def test_lost_heartbeat(behaviour: str, state: str) -> None:
    """It watches node 1 for 500 ms, and then goes where 1029h:01 says."""
    bus = _up()
    bus.send(0x605, "23 16 10 01 F4 01 01 00")
    bus.send(0x605, f"2F 29 10 01 {behaviour} 00 00 00")
    bus.send(0, START)
    bus.send(0x701, "05")
    bus.run(0.4)
    bus.send(0x701, "05")
    bus.run(0.4)
    bus.heard.clear()
    bus.run(2)
    assert [frame.data.hex().upper() for frame in bus.heard if frame.cob_id == 0x705][-1] == state


# --- mapping parameters as arrays, with a fixed number of slots ----------------------------------------------


def test_array_with_a_read_only_count() -> None:
    """Words may be written while the PDO is disabled, 0 maps nothing, the count reads 4."""
    bus = _up(GAUGE)
    assert bus.send(0x605, "40 00 1A 00 00 00 00 00") == ["585 4F 00 1A 00 04 00 00 00"]
    assert bus.send(0x605, "40 00 1A 03 00 00 00 00") == ["585 43 00 1A 03 00 00 00 00"]
    assert bus.send(0x605, "2F 00 1A 00 00 00 00 00") == ["585 80 00 1A 00 02 00 01 06"]
    assert bus.send(0x605, "23 00 1A 02 08 01 50 61") == ["585 80 00 1A 02 00 00 01 06"]
    assert bus.send(0x605, "23 00 18 01 85 01 00 80") == ["585 60 00 18 01 00 00 00 00"]
    assert bus.send(0x605, "23 00 1A 02 08 01 50 61") == ["585 60 00 1A 02 00 00 00 00"]
    assert bus.send(0x605, "23 00 18 01 85 01 00 00") == ["585 60 00 18 01 00 00 00 00"]
    bus.send(0, START)
    bus.run(0.2)
    assert [len(frame.data) for frame in bus.heard if frame.cob_id == 0x185] == [5]


def test_too_many_bits_are_found_when_the_pdo_is_enabled() -> None:
    """A choice: 4 x 32 bits may stand in the slots of a disabled PDO."""
    bus = _up(GAUGE)
    bus.send(0x605, "23 00 18 01 85 01 00 80")
    assert bus.send(0x605, "23 00 1A 03 20 01 30 91") == ["585 60 00 1A 03 00 00 00 00"]
    assert bus.send(0x605, "23 00 18 01 85 01 00 00") == ["585 80 00 18 01 42 00 04 06"]
    assert bus.send(0x605, "23 00 1A 03 00 00 00 00") == ["585 60 00 1A 03 00 00 00 00"]
    assert bus.send(0x605, "23 00 18 01 85 01 00 00") == ["585 60 00 18 01 00 00 00 00"]


def test_fixed_counts_as_a_fault() -> None:
    """The EDS says rw, the device refuses; slots beyond those that were mapped read 0."""
    bus = _up(faults="fixed-counts")
    assert bus.send(0x605, "40 00 16 00 00 00 00 00") == ["585 4F 00 16 00 08 00 00 00"]
    assert bus.send(0x605, "40 00 16 04 00 00 00 00") == ["585 43 00 16 04 00 00 00 00"]
    assert bus.send(0x605, "23 00 14 01 05 02 00 80") == ["585 60 00 14 01 00 00 00 00"]
    assert bus.send(0x605, "2F 00 16 00 00 00 00 00") == ["585 80 00 16 00 02 00 01 06"]
    assert bus.send(0x605, "23 00 16 02 08 02 00 62") == ["585 60 00 16 02 00 00 00 00"]
    assert bus.send(0x605, "23 00 16 03 00 00 00 00") == ["585 60 00 16 03 00 00 00 00"]
    assert bus.send(0x605, "23 00 14 01 05 02 00 00") == ["585 60 00 14 01 00 00 00 00"]
    bus.send(0, START)
    bus.send(0x205, "AA 55")
    assert bus.send(0x605, "40 00 62 02 00 00 00 00") == ["585 4F 00 62 02 55 00 00 00"]
    # It outlives a reset: the device is built so.
    bus.send(0, "81 05")
    bus.run(0.3)
    assert bus.send(0x605, "40 00 16 00 00 00 00 00") == ["585 4F 00 16 00 08 00 00 00"]


def test_fixed_counts_later_on_take_the_mapping_of_that_moment() -> None:
    """RPDO1 with one slot left at 2 s: the words behind it are not mapped any more."""
    bus = _up(faults="fixed-counts@boot+2")
    bus.send(0x605, "23 00 14 01 05 02 00 80")
    bus.send(0x605, "2F 00 16 00 00 00 00 00")
    assert bus.send(0x605, "2F 00 16 00 01 00 00 00") == ["585 60 00 16 00 00 00 00 00"]
    bus.run(2)
    assert bus.send(0x605, "40 00 16 00 00 00 00 00") == ["585 4F 00 16 00 08 00 00 00"]
    assert bus.send(0x605, "40 00 16 01 00 00 00 00") == ["585 43 00 16 01 08 01 00 62"]
    assert bus.send(0x605, "40 00 16 02 00 00 00 00") == ["585 43 00 16 02 00 00 00 00"]


def test_arrays_that_may_be_written(tmp_path: Path) -> None:
    """1600h as an ARRAY (ObjectType 8) instead of a RECORD, count and all."""
    text = IO.read_text(encoding="ascii")
    arrays = tmp_path / "arrays.eds"
    spoilt = text.replace("mapping\nObjectType=0x9", "mapping\nObjectType=0x8")
    assert spoilt.count("ObjectType=0x8") == text.count("ObjectType=0x8") + 8
    arrays.write_text(spoilt, encoding="ascii")
    assert load(arrays, 5).warnings == ()
    bus = _up(arrays)
    bus.send(0x605, "23 00 14 01 05 02 00 80")
    assert bus.send(0x605, "2F 00 16 00 00 00 00 00") == ["585 60 00 16 00 00 00 00 00"]
    assert bus.send(0x605, "23 00 16 01 08 02 00 62") == ["585 60 00 16 01 00 00 00 00"]
    assert bus.send(0x605, "2F 00 16 00 01 00 00 00") == ["585 60 00 16 00 00 00 00 00"]
    assert bus.send(0x605, "23 00 14 01 05 02 00 00") == ["585 60 00 14 01 00 00 00 00"]
    bus.send(0, START)
    bus.send(0x205, "55")
    assert bus.send(0x605, "40 00 62 02 00 00 00 00") == ["585 4F 00 62 02 55 00 00 00"]


# --- faults --------------------------------------------------------------------------------------------------


def test_faults_that_any_device_may_have() -> None:
    assert _up(faults="sdo-abort:0x06010000").send(0x605, "40 00 10 00 00 00 00 00") == [
        "585 80 00 10 00 00 00 01 06"
    ]
    slow = _up(faults="sdo-slow:100")
    assert slow.send(0x605, "40 00 10 00 00 00 00 00") == []
    assert [(round(frame.time, 6), frame.cob_id) for frame in slow.run(0.2)] == [(0.4, 0x585)]
    assert _up(faults="no-object:0x1018").send(0x605, "40 18 10 01 00 00 00 00") == [
        "585 80 18 10 01 00 00 02 06"
    ]
    assert _up(faults="wrong-identity:0x1A3,wrong-vendor:0x110").send(0x605, "40 18 10 01 00 00 00 00") == [
        "585 43 18 10 01 10 01 00 00"
    ]
    rebooted = Bus(device(faults="reboot@boot+3"))
    rebooted.run(3.5)
    assert rebooted.times(0x705) == [0.2, 1.2, 2.2, 3.2]
    assert [frame.data for frame in rebooted.heard][-1] == b"\0"
    silent = Bus(device(faults="silence"))
    assert silent.run(5) == []
    noisy = Bus(device(faults="babble:100@boot+1"))
    noisy.run(1.095)
    assert len(noisy.times(0x001)) == 10


def test_write_faults_of_any_device() -> None:
    """2100h:01 = 500; the power-on value is 10."""
    bus = _up(faults="write-abort-at:2")
    assert bus.send(0x605, "2B 00 21 01 F4 01 00 00") == ["585 60 00 21 01 00 00 00 00"]
    assert bus.send(0x605, "2B 00 21 02 F4 01 00 00") == ["585 80 00 21 02 00 00 00 08"]
    bus = _up(faults="write-reboot-at:2")
    bus.send(0x605, "2B 00 21 01 F4 01 00 00")
    assert bus.send(0x605, "2B 00 21 02 F4 01 00 00") == []
    bus.run(0.3)
    assert bus.send(0x605, "40 00 21 01 00 00 00 00") == ["585 4B 00 21 01 0A 00 00 00"]


def test_values_from_power_on() -> None:
    """Unchecked: a mapping word that no write could bring; what it does to the frames, too."""
    faults = (
        "value:0x1018:03=0x10003,value:0x1A00:01=0x10180120,value:0x1017=500,value:0x2000=1,value:0x4000=1"
    )
    bus = _up(faults=faults)
    assert bus.send(0x605, "40 18 10 03 00 00 00 00") == ["585 43 18 10 03 03 00 01 00"]
    assert bus.send(0x605, "40 00 1A 01 00 00 00 00") == ["585 43 00 1A 01 20 01 18 10"]
    bus.send(0, START)
    bus.run(1.0)
    assert bus.times(0x705) == [0.2, 0.7, 1.2]
    assert {frame.data.hex() for frame in bus.heard if frame.cob_id == 0x185} == {"f107000000"}
    # It is there after a reset, too, and a text is no number.
    bus.send(0, "81 05")
    bus.run(0.3)
    assert bus.send(0x605, "40 18 10 03 00 00 00 00") == ["585 43 18 10 03 03 00 01 00"]
    assert bus.send(0x605, "40 00 20 00 00 00 00 00") == ["585 41 00 20 00 07 00 00 00"]


def test_a_value_that_comes_later_takes_effect_at_once() -> None:
    bus = _up(faults="value:0x1800:05=1000@boot+2")
    bus.send(0, START)
    bus.run(3.6)
    assert bus.times(0x185)[-4:] == [1.8, 1.9, 2.2, 3.2]
