"""PDO parameters out of the EDS and out of answers to SDO reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import (
    PdoDump,
    PdoKind,
    PdoRecord,
    assemble,
    defaults,
    reading_plan,
    remaining_parameters,
)
from deltaq_master.errors import UsageError

Build = Callable[[str], Dictionary]
Found = dict[Address, bytes | None]


def comm(index: str, cob: str, *, timers: str = "35") -> str:
    names = {"3": ("Inhibit time", "0x0006", "0x64"), "5": ("Event timer", "0x0006", "200")}
    body = f"""
[{index}]
ParameterName=PDO communication parameter
ObjectType=0x9
[{index}sub0]
ParameterName=Highest sub-index
DataType=0x0005
AccessType=ro
DefaultValue=5
[{index}sub1]
ParameterName=COB-ID
DataType=0x0007
AccessType=rw
DefaultValue={cob}
[{index}sub2]
ParameterName=Transmission type
DataType=0x0005
AccessType=rw
DefaultValue=0xFF
"""
    for sub in timers:
        name, kind, default = names[sub]
        body += f"[{index}sub{sub}]\nParameterName={name}\nDataType={kind}\nAccessType=rw\nDefaultValue={default}\n"
    return body


def mapped(index: str, *words: str, count: str = "") -> str:
    body = f"""
[{index}]
ParameterName=PDO mapping parameter
ObjectType=0x9
[{index}sub0]
ParameterName=Number of objects
DataType=0x0005
AccessType=rw
DefaultValue={count or len(words)}
"""
    for sub, word in enumerate(words, 1):
        body += f"[{index}sub{sub:X}]\nParameterName=Object {sub}\nDataType=0x0007\nAccessType=rw\n"
        body += f"DefaultValue={word}\n"
    return body


OBJECTS = """
[2002]
ParameterName=Charging Current
DataType=0x0006
AccessType=rwr
PDOMapping=1
[6000]
ParameterName=Battery Status
DataType=0x0005
AccessType=rww
PDOMapping=1
"""
PAIRS = (
    OBJECTS
    + comm("1400", "$NODEID+0x200")
    + mapped("1600", "0x60000008", "0x2FFA0108")
    + comm("1801", "0x40000280+$NODEID")
    + mapped("1A01", "0x20020010")
)


@pytest.fixture
def pairs(build: Build) -> Dictionary:
    return build(PAIRS)


def test_defaults_of_the_eds(pairs: Dictionary) -> None:
    dump = defaults(pairs)
    assert dump.source == "EDS defaults"
    (receive,), (transmit,) = dump.rpdos, dump.tpdos
    assert dump.rpdo(1) is receive
    assert dump.tpdo(2) is transmit
    assert (receive.name, receive.number, receive.kind) == ("RPDO1", 1, PdoKind.RPDO)
    assert (receive.communication_index, receive.mapping_index) == (0x1400, 0x1600)
    assert (receive.cob_word, receive.cob_id, receive.enabled) == (0x20A, 0x20A, True)
    assert (receive.no_rtr, receive.extended, receive.complete) == (False, False, True)
    assert (receive.transmission, receive.inhibit_100us, receive.event_timer_ms) == (0xFF, None, 200)
    assert (receive.count, receive.words) == (2, (0x60000008, 0x2FFA0108))
    assert [slot.name for slot in receive.mapping.slots] == ["Battery Status", "2FFAh:01"]
    assert (transmit.name, transmit.communication_index, transmit.mapping_index) == ("TPDO2", 0x1801, 0x1A01)
    assert (transmit.cob_word, transmit.cob_id, transmit.no_rtr) == (0x4000028A, 0x28A, True)
    assert (transmit.inhibit_100us, transmit.event_timer_ms) == (100, 200)


def test_no_such_pdo(pairs: Dictionary) -> None:
    dump = defaults(pairs)
    with pytest.raises(UsageError, match="RPDO2 is not in EDS defaults"):
        dump.rpdo(2)
    with pytest.raises(UsageError, match="TPDO1 is not in EDS defaults"):
        dump.tpdo(1)


ANSWERS: Found = {
    Address(0x1400, 1): bytes.fromhex("0A 02 00 00"),
    Address(0x1400, 2): b"\xfe",
    Address(0x1400, 5): bytes.fromhex("F4 01"),
    Address(0x1600, 0): b"\x01",
    Address(0x1600, 1): bytes.fromhex("08 00 00 60"),
    Address(0x1801, 1): bytes.fromhex("8A 02 00 80"),
    Address(0x1801, 2): b"\xff",
    Address(0x1801, 3): bytes.fromhex("00 00"),
    Address(0x1801, 5): bytes.fromhex("C8 00"),
    Address(0x1A01, 0): b"\x02",
    Address(0x1A01, 1): bytes.fromhex("10 00 02 20"),
    Address(0x1A01, 2): bytes.fromhex("10 00 01 21"),
}


def read(dictionary: Dictionary, answers: Found) -> tuple[PdoDump, list[Address]]:
    """Read as a node is read: the first address that is not in yet, again and again."""
    found: Found = {}
    asked = []
    while (address := next(reading_plan(dictionary, found), None)) is not None:
        asked.append(address)
        found[address] = answers.get(address)
    return assemble(dictionary, found, "node 10"), asked


def test_a_device_is_read_in_order(pairs: Dictionary) -> None:
    dump, asked = read(pairs, ANSWERS)
    assert [str(address) for address in asked] == [
        *("1400h:01", "1400h:02", "1400h:05", "1600h:00", "1600h:01"),
        *("1801h:01", "1801h:02", "1801h:03", "1801h:05", "1A01h:00", "1A01h:01", "1A01h:02"),
    ]
    assert dump.source == "node 10"
    assert dump.rpdo(1).words == (0x60000008,)
    assert (dump.rpdo(1).transmission, dump.rpdo(1).event_timer_ms) == (0xFE, 500)
    assert dump.tpdo(2).words == (0x20020010, 0x21010010)
    assert (dump.tpdo(2).enabled, dump.tpdo(2).cob_id) == (False, 0x28A)
    assert all(record.complete for record in dump.records)


def test_one_loop_that_stores_each_answer_reads_everything(pairs: Dictionary) -> None:
    found: Found = {}
    for address in reading_plan(pairs, found):
        found[address] = ANSWERS[address]
    assert found == ANSWERS
    assert list(reading_plan(pairs, found)) == []


def test_what_no_dump_needs_can_be_read_as_well(pairs: Dictionary) -> None:
    # Sub-index 0 of the communication parameters says how many there are, and no PDO depends on it.
    known: Found = dict(ANSWERS)
    remaining = list(remaining_parameters(pairs, known))
    assert [str(address) for address in remaining] == ["1400h:00", "1400h:03", "1600h:02", "1801h:00"]
    known |= dict.fromkeys(remaining)
    assert list(remaining_parameters(pairs, known)) == []


def test_write_only_parameters_cannot_be_looked_at(build: Build) -> None:
    body = comm("1800", "0x18A", timers="").replace("AccessType=rw", "AccessType=wo", 1)
    dictionary = build(OBJECTS + body + mapped("1A00", "0x20020010"))
    assert Address(0x1800, 1) not in remaining_parameters(dictionary, {})


def test_timers_that_the_eds_lacks_are_not_read(build: Build) -> None:
    dictionary = build(OBJECTS + comm("1800", "0x18A", timers="") + mapped("1A00", "0x20020010"))
    dump, asked = read(dictionary, {})
    assert [str(address) for address in asked] == ["1800h:01", "1800h:02", "1A00h:00"]
    assert dump.tpdo(1).inhibit_100us is None


@pytest.mark.parametrize(
    ("lost", "problem"),
    [
        (Address(0x1801, 1), "1801h:01 (COB-ID) is not known"),
        (Address(0x1801, 2), "1801h:02 (transmission type) is not known"),
        (Address(0x1A01, 0), "1A01h:00 (number of mapped objects) is not known"),
        (Address(0x1A01, 1), "1A01h:01 (mapped object) is not known"),
    ],
)
def test_what_fails_is_a_problem_of_its_pdo_alone(pairs: Dictionary, lost: Address, problem: str) -> None:
    dump, _ = read(pairs, {**ANSWERS, lost: None})
    assert dump.tpdo(2).problems == (problem,)
    assert not dump.tpdo(2).complete
    assert dump.rpdo(1).complete


def test_words_end_before_the_first_that_is_not_known(pairs: Dictionary) -> None:
    dump, asked = read(pairs, {**ANSWERS, Address(0x1A01, 1): None})
    assert dump.tpdo(2).words == ()
    assert dump.tpdo(2).count == 2
    assert Address(0x1A01, 2) in asked


def test_unknown_cob_id_is_not_enabled(pairs: Dictionary) -> None:
    dump, _ = read(pairs, {**ANSWERS, Address(0x1400, 1): None})
    record = dump.rpdo(1)
    assert (record.cob_word, record.cob_id) == (None, None)
    assert (record.enabled, record.no_rtr, record.extended) == (False, False, False)


def test_timers_may_fail(pairs: Dictionary) -> None:
    dump, _ = read(pairs, {**ANSWERS, Address(0x1400, 5): None})
    assert dump.rpdo(1).event_timer_ms is None
    assert dump.rpdo(1).complete


def test_answers_of_another_length_are_none(pairs: Dictionary) -> None:
    wrong: Found = {
        Address(0x1400, 5): b"\0\0\0\0",
        Address(0x1600, 0): b"\x01\0",
        Address(0x1A01, 2): bytes.fromhex("10 00 01"),
    }
    dump, asked = read(pairs, ANSWERS | wrong)
    assert dump.rpdo(1).problems == (
        "1400h:05 (event timer) is 4 bytes long, not 2",
        "1600h:00 (number of mapped objects) is 2 bytes long, not 1",
    )
    assert dump.tpdo(2).problems == ("1A01h:02 (mapped object) is 3 bytes long, not 4",)
    assert dump.tpdo(2).words == (0x20020010,)
    assert Address(0x1600, 1) not in asked


def test_29_bit_cob_ids_are_not_supported(pairs: Dictionary) -> None:
    dump, _ = read(pairs, {**ANSWERS, Address(0x1400, 1): bytes.fromhex("BC 0A 00 20")})
    record = dump.rpdo(1)
    assert (record.extended, record.cob_id, record.cob_word) == (True, 0xABC, 0x20000ABC)
    assert record.problems == ("29-bit COB-ID 00000ABCh is not supported",)


@pytest.mark.parametrize("count", [65, 0xFE, 0xFF])
def test_multiplex_pdos_are_not_read_as_254_objects(pairs: Dictionary, count: int) -> None:
    dump, asked = read(pairs, {**ANSWERS, Address(0x1A01): bytes([count])})
    assert dump.tpdo(2).problems == (f"1A01h:00 is {count}: multiplex PDOs are not supported",)
    assert (dump.tpdo(2).count, dump.tpdo(2).words) == (count, ())
    assert Address(0x1A01, 1) not in asked


def test_64_objects_of_one_bit(pairs: Dictionary) -> None:
    answers = ANSWERS | {Address(0x1A01): b"\x40"}
    answers |= {Address(0x1A01, sub): bytes.fromhex("01 00 01 00") for sub in range(1, 65)}
    dump, _ = read(pairs, answers)
    assert dump.tpdo(2).mapping.codec.decode(b"\x01" + bytes(6) + b"\x80") == (1, *[0] * 62, 1)


def test_half_a_pair_is_completed(build: Build) -> None:
    dictionary = build(OBJECTS + comm("1400", "$NODEID+0x200") + mapped("1A00", "0x20020010"))
    dump = defaults(dictionary)
    assert dump.rpdo(1).cob_id == 0x20A
    assert dump.rpdo(1).problems == ("1600h:00 (number of mapped objects) is not known",)
    assert dump.tpdo(1).words == (0x20020010,)
    assert dump.tpdo(1).problems == (
        "1800h:01 (COB-ID) is not known",
        "1800h:02 (transmission type) is not known",
    )
    _, asked = read(dictionary, {})
    assert [str(address) for address in asked] == [
        *("1400h:01", "1400h:02", "1400h:05", "1600h:00"),
        *("1800h:01", "1800h:02", "1800h:03", "1800h:05", "1A00h:00"),
    ]


def test_records_are_values(pairs: Dictionary) -> None:
    assert defaults(pairs) == defaults(pairs)
    assert hash(defaults(pairs).rpdo(1)) == hash(defaults(pairs).rpdo(1))
    assert isinstance(defaults(pairs).rpdo(1), PdoRecord)
