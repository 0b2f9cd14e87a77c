"""Any frame of any bus in words."""

from __future__ import annotations

import random

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Access, DataType, Entry
from deltaq_master.dictionary.mapping import PdoDump, PdoKind, PdoMapping, PdoRecord
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.fields import Field
from deltaq_master.protocol.services import Decoded, Service
from deltaq_master.protocol.traffic import ServiceDecoder


def frame(cob_id: int, data: str = "", **kind: bool) -> Frame:
    return Frame(cob_id, bytes.fromhex(data), 0.0, **kind)


def decode(cob_id: int, data: str = "", **kind: bool) -> Decoded:
    return ServiceDecoder().decode(frame(cob_id, data, **kind))


@pytest.mark.parametrize(
    ("cob_id", "data", "said"),
    [
        (0x000, "01 0A", "node 10 NMT: start node 10"),
        (0x000, "02 0A", "node 10 NMT: stop node 10"),
        (0x000, "80 0A", "node 10 NMT: set node 10 pre-operational"),
        (0x000, "81 0A", "node 10 NMT: reset node 10"),
        (0x000, "82 00", "NMT: reset the communication of all nodes"),
        (0x000, "05 0A", "node 10 NMT: unknown command 05h for node 10"),
        (0x000, "01", "NMT: length 1 where 2 is due: 01"),
        (0x080, "", "SYNC: without counter"),
        (0x080, "07", "SYNC: counter = 7"),
        (0x080, "07 00", "SYNC: length 2 where 1 is due: 07 00"),
        # 1984-01-01 and 15 218 days, 3 600 500 ms after midnight; the upper 4 bits of the time are reserved.
        (0x100, "74 F0 36 F0 72 3B", "TIME: 2025-08-31 01:00:00.500"),
        (0x100, "74 F0", "TIME: length 2 where 6 is due: 74 F0"),
        (0x70A, "00", "node 10 heartbeat: boot-up"),
        (0x70A, "7F", "node 10 heartbeat: pre-operational"),
        (0x70A, "05", "node 10 heartbeat: operational"),
        (0x77F, "04", "node 127 heartbeat: stopped"),
        (0x70A, "06", "node 10 heartbeat: unknown state 06h"),
        (0x70A, "05 00", "node 10 heartbeat: length 2 where 1 is due: 05 00"),
        (0x70A, "", "node 10 heartbeat: length 0 where 1 is due: no data"),
        (
            0x08A,
            "00 00 00 00 00 00 00 00",
            "node 10 EMCY: error code = 0000h (error reset or no error), error register = 00h",
        ),
        (
            0x08A,
            "30 81 01 20 80 00 00 00",
            "node 10 EMCY: error code = 8130h (life guard or heartbeat error), error register = 01h, "
            "manufacturer's data = 20 80 00 00 00",
        ),
        (
            0x08A,
            "30 81",
            "node 10 EMCY: error code = 8130h (life guard or heartbeat error) [length 2 where 8 is due]",
        ),
        (0x08A, "30", "node 10 EMCY: no error code: 30 [length 1 where 8 is due]"),
        (0x181, "01 02", "node 1 TPDO1: 01 02 [mapping not known]"),
        (0x20A, "01", "node 10 RPDO1: 01 [mapping not known]"),
        (0x28A, "", "node 10 TPDO2: no data [mapping not known]"),
        (0x30A, "01", "node 10 RPDO2: 01 [mapping not known]"),
        (0x38A, "01", "node 10 TPDO3: 01 [mapping not known]"),
        (0x40A, "01", "node 10 RPDO3: 01 [mapping not known]"),
        (0x48A, "01", "node 10 TPDO4: 01 [mapping not known]"),
        (0x50A, "01", "node 10 RPDO4: 01 [mapping not known]"),
        (0x60A, "40 00 10 00 00 00 00 00", "node 10 SDO request: read 1000h:00"),
        (0x58A, "43 00 10 00 A3 01 00 00", "node 10 SDO answer: 1000h:00 is A3 01 00 00"),
        (0x60A, "40 00 10", "node 10 SDO request: length 3 where 8 is due: 40 00 10"),
        (0x7E5, "04 01 00 00 00 00 00 00", "LSS: master: switch state of all nodes, 01 00 00 00 00 00 00"),
        (0x7E4, "11 00 00 00 00 00 00 00", "LSS: slave: configure node-ID, 00 00 00 00 00 00 00"),
        (0x7E5, "43 01 00 00 00 00 00 00", "LSS: master: switch state of one node, 01 00 00 00 00 00 00"),
        (0x7E5, "FF 01 00 00 00 00 00 00", "LSS: master: unknown command FFh, 01 00 00 00 00 00 00"),
        (0x7E5, "04", "LSS: length 1 where 8 is due: 04"),
        (0x001, "AB", "other: no service of CANopen at 001h: AB"),
        (0x101, "", "other: no service of CANopen at 101h: no data"),
        (0x180, "00", "other: no service of CANopen at 180h: 00"),
        (0x580, "00", "other: no service of CANopen at 580h: 00"),
        (0x6E0, "00", "other: no service of CANopen at 6E0h: 00"),
        (0x700, "05", "other: no service of CANopen at 700h: 05"),
        (0x7FF, "00", "other: no service of CANopen at 7FFh: 00"),
    ],
)
def test_services(cob_id: int, data: str, said: str) -> None:
    assert str(decode(cob_id, data)) == said


@pytest.mark.parametrize(
    ("cob_id", "data", "kind", "said"),
    [
        (0x20000080, "00 08", "error", "other: error frame of the CAN controller: 00 08"),
        (0x18FF50E5, "01", "extended", "other: 29-bit identifier 18FF50E5h, no service of CANopen: 01"),
        (0x70A, "05", "extended", "other: 29-bit identifier 0000070Ah, no service of CANopen: 05"),
        (0x18A, "01", "fd", "other: CAN FD frame 18Ah, not classic CANopen: 01"),
        (0x70A, "", "remote", "node 10 heartbeat: remote frame: asks for the state (node guarding)"),
        (0x700, "", "remote", "other: remote frame: asks for 700h"),
        (0x18A, "", "remote", "other: remote frame: asks for 18Ah"),
    ],
)
def test_unusual_frames(cob_id: int, data: str, kind: str, said: str) -> None:
    assert str(decode(cob_id, data, **{kind: True})) == said


def test_answer_to_node_guarding_has_a_toggle_bit() -> None:
    decoded = decode(0x70A, "85")
    assert decoded.text == "operational"
    assert decoded.fields[0].note == "toggle bit set: an answer to node guarding"
    assert decode(0x70A, "05").fields[0].note == ""


def test_fields_of_an_emergency() -> None:
    names = [field.name for field in decode(0x08A, "30 81 01 20 80 00 00 00").fields]
    assert names == ["error code", "error register", "manufacturer's data"]
    assert decode(0x08A, "30 81").fields == (
        Field("error code", 0x8130, "", "life guard or heartbeat error", None, 16),
    )


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ((0x13,), "configure bit timing"),
        ((0x15,), "activate bit timing"),
        ((0x17,), "store configuration"),
        ((0x40, 0x41, 0x42, 0x43), "switch state of one node"),
        ((0x44,), "state of one node switched"),
        ((0x46, 0x47, 0x48, 0x49, 0x4A, 0x4B), "identify nodes by range"),
        ((0x4C,), "identify nodes without node-ID"),
        ((0x4F,), "a node identifies itself"),
        ((0x50,), "a node without node-ID identifies itself"),
        ((0x51,), "fast scan"),
        ((0x5A, 0x5B, 0x5C, 0x5D), "inquire identity"),
        ((0x5E,), "inquire node-ID"),
    ],
)
def test_lss_commands(commands: tuple[int, ...], words: str) -> None:
    for command in commands:
        said = decode(0x7E5, f"{command:02X} 00 00 00 00 00 00 00").text
        assert said == f"master: {words}, 00 00 00 00 00 00 00"


U8, U16, STRING = DataType.UNSIGNED8, DataType.UNSIGNED16, DataType.VISIBLE_STRING


ENTRIES = (
    Entry(Address(0x1008), "Device Name", STRING, Access.CONST),
    Entry(Address(0x6000), "Ready", U8, Access.RWW, True),
    Entry(Address(0x6070), "Set-point", U16, Access.RWW, True, factor=1 / 16, unit="A"),
    Entry(Address(0x6071), "Text", DataType.UNICODE_STRING, Access.RWW),
)


class Device:
    """Node 5, by a dictionary of its own."""

    indices = frozenset(entry.address.index for entry in ENTRIES)

    def get(self, address: Address) -> Entry | None:
        return next((entry for entry in ENTRIES if entry.address == address), None)


def pdo(kind: PdoKind, number: int, cob_word: int | None, *words: int, count: int | None = None) -> PdoRecord:
    mapping = PdoMapping.of(words, Device())
    known = len(words) if count is None else count
    return PdoRecord(kind, number, cob_word, 0xFF, None, None, known, words, mapping)


DUMP = PdoDump(
    (
        pdo(PdoKind.RPDO, 1, 0x205, 0x6000_0008, 0x6070_0010, 0x0005_0008, 0x5555_0108),
        pdo(PdoKind.RPDO, 2, 0x305, 0x6070_0010, count=2),
        pdo(PdoKind.RPDO, 3, 0x8000_0405, 0x6070_0010),
        pdo(PdoKind.RPDO, 4, 0x205, 0x6070_0010),
        pdo(PdoKind.TPDO, 1, 0x1C0, 0x6070_0010, 0x6070_0010),
        pdo(PdoKind.TPDO, 2, 0x2000_0285, 0x6070_0010),
        pdo(PdoKind.TPDO, 3, None),
    ),
    "a test",
)


@pytest.fixture
def device() -> ServiceDecoder:
    return ServiceDecoder(5, Device(), DUMP)


@pytest.mark.parametrize(
    ("cob_id", "data", "said"),
    [
        (
            0x205,
            "01 A0 00 00 7F",
            "node 5 RPDO1: Ready = 1, Set-point = 10.0 A, 5555h:01 = 127 (not in the EDS)",
        ),
        (
            0x205,
            "01 A0 00",
            "node 5 RPDO1: length 3 where 5 is due: 01 A0 00 [not the length of its mapping]",
        ),
        (0x1C0, "A0 00 FF FF", "node 5 TPDO1: Set-point = 10.0 A, Set-point #2 = no valid value (FFFFh)"),
        (0x305, "A0 00", "node 5 RPDO2: A0 00 [mapping not known]"),
        (0x405, "A0 00", "node 5 RPDO3: A0 00 [mapping not known]"),
        (0x185, "A0 00", "node 5 TPDO1: A0 00 [mapping not known]"),
        (0x285, "A0 00", "node 5 TPDO2: A0 00 [mapping not known]"),
        (0x206, "A0 00", "node 6 RPDO1: A0 00 [mapping not known]"),
    ],
)
def test_pdos_of_the_dump(device: ServiceDecoder, cob_id: int, data: str, said: str) -> None:
    assert str(device.decode(frame(cob_id, data))) == said


def test_fields_of_a_pdo(device: ServiceDecoder) -> None:
    decoded = device.decode(frame(0x205, "01 A0 00 00 7F"))
    assert decoded.service is Service.RPDO
    assert decoded.number == 1
    assert decoded.fields == (
        Field("Ready", 1, "", "", Address(0x6000), 8),
        Field("Set-point", 10.0, "A", "", Address(0x6070), 16),
        Field("Dummy0005", 0, "", "", Address(0x0005), 8, told=False),
        Field("5555h:01", 0x7F, "", "not in the EDS", Address(0x5555, 1), 8),
    )


@pytest.mark.parametrize(
    ("cob_id", "data", "said"),
    [
        (0x605, "2F 00 60 00 01 00 00 00", "node 5 SDO request: write 6000h:00 Ready = 1"),
        (0x605, "22 00 60 00 01 00 00 00", "node 5 SDO request: write 6000h:00 Ready = 1"),
        (
            0x605,
            "23 00 60 00 01 00 00 00",
            "node 5 SDO request: write 6000h:00 Ready = 01 00 00 00 (4 bytes, unlike in the EDS)",
        ),
        (0x605, "22 08 10 00 41 42 00 00", "node 5 SDO request: write 1008h:00 Device Name = AB"),
        (
            0x605,
            "2F 71 60 00 41 00 00 00",
            "node 5 SDO request: write 6071h:00 Text = 41 (1 bytes, unlike in the EDS)",
        ),
        (0x585, "60 00 60 00 00 00 00 00", "node 5 SDO answer: 6000h:00 Ready taken"),
        (0x585, "4B 70 60 00 A0 00 00 00", "node 5 SDO answer: 6070h:00 Set-point is 10.0 A"),
        (0x585, "4B 70 60 00 FF FF 00 00", "node 5 SDO answer: 6070h:00 Set-point is no valid value (FFFFh)"),
        (0x585, "4B 72 60 00 FF FF 00 00", "node 5 SDO answer: 6072h:00 is FF FF"),
        (0x586, "4B 70 60 00 A0 00 00 00", "node 6 SDO answer: 6070h:00 is A0 00"),
        (
            0x585,
            "80 70 60 00 31 00 09 06",
            "node 5 SDO answer: 6070h:00 Set-point aborted: the value is too high (0609 0031h)",
        ),
        (
            0x585,
            "41 08 10 00 09 00 00 00",
            "node 5 SDO answer: 1008h:00 Device Name follows in segments, 9 bytes",
        ),
        (
            0x585,
            "40 08 10 00 00 00 00 00",
            "node 5 SDO answer: 1008h:00 Device Name follows in segments, length not told",
        ),
        (
            0x585,
            "01 49 43 4C 31 35 30 30",
            "node 5 SDO answer: segment of an object that was not named yet: "
            "49 43 4C 31 35 30 30 'ICL1500', the last one",
        ),
        (
            0x585,
            "00 01 02 03 04 05 06 07",
            "node 5 SDO answer: segment of an object that was not named yet: 01 02 03 04 05 06 07",
        ),
        (
            0x585,
            "00 00 00 00 00 00 00 00",
            "node 5 SDO answer: segment of an object that was not named yet: 00 00 00 00 00 00 00",
        ),
        (0x605, "FF 00 00 00 00 00 00 00", "node 5 SDO request: unknown command: FF 00 00 00 00 00 00 00"),
    ],
)
def test_sdo(device: ServiceDecoder, cob_id: int, data: str, said: str) -> None:
    assert str(device.decode(frame(cob_id, data))) == said


def test_each_server_has_its_own_channel(device: ServiceDecoder) -> None:
    device.decode(frame(0x605, "40 08 10 00 00 00 00 00"))
    device.decode(frame(0x606, "40 00 20 00 00 00 00 00"))
    said = str(device.decode(frame(0x585, "0F 00 00 00 00 00 00 00")))
    assert said == "node 5 SDO answer: segment of 1008h:00 Device Name: no data, the last one"


def test_fields_of_an_abort(device: ServiceDecoder) -> None:
    field = device.decode(frame(0x585, "80 70 60 00 31 00 09 06")).fields[0]
    assert field == Field("abort code", 0x0609_0031, "", "the value is too high", None, 32)


def test_annotations_are_told() -> None:
    def annotate(field: Field, service: Service) -> Field:
        return Field(field.name, field.value, field.unit, f"in {service}", field.address)

    decoder = ServiceDecoder(5, Device(), DUMP, annotate)
    assert decoder.decode(frame(0x1C0, "A0 00 A0 00")).text == (
        "Set-point = 10.0 A (in TPDO), Set-point #2 = 10.0 A (in TPDO)"
    )
    said = decoder.decode(frame(0x605, "2B 70 60 00 A0 00 00 00")).text
    assert said == "write 6070h:00 Set-point = 10.0 A (in SDO request)"
    unknown = decoder.decode(frame(0x605, "2B 72 60 00 A0 00 00 00"))
    assert unknown.text == "write 6072h:00 = A0 00"


def test_nothing_on_a_bus_is_refused(device: ServiceDecoder) -> None:
    draw = random.Random(4)
    for _ in range(20_000):
        cob_id = draw.choice((draw.randrange(0x800), 0x605, 0x585, 0x205, 0x1C0, 0x085))
        data = draw.randbytes(draw.randrange(9))
        decoded = device.decode(Frame(cob_id, data, 0.0, extended=draw.random() < 0.01))
        assert decoded.text
