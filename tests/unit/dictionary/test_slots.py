"""The mapping model: slots of known and unknown objects, and the frames of this charger."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import DUMMIES, PdoMapping
from deltaq_master.errors import UsageError

Build = Callable[[str], Dictionary]

OBJECTS = {
    "2FFA": "",
    "2FFAsub1": "ParameterName=ZeroRxFilling\nDataType=0x0005",
    "2FFAsub2": "ParameterName=ZeroTxFilling\nDataType=0x0005",
    "4201": "ParameterName=External Override 0\nDataType=0x0005",
    "2276": "ParameterName=Voltage Request\nDataType=0x0006",
    "6070": "ParameterName=Charge Current Requested\nDataType=0x0006",
    "6000": "ParameterName=Battery Status\nDataType=0x0005",
    "6081": "ParameterName=Battery State of Charge\nDataType=0x0005",
    "2002": "ParameterName=Charging Current\nDataType=0x0006",
    "2101": "ParameterName=Battery Voltage\nDataType=0x0006",
    "2006": "ParameterName=Extended Charge Status\nDataType=0x0006",
    "6010": "ParameterName=Temperature\nDataType=0x0003",
    "2300": "ParameterName=Nibble\nDataType=0x0002",
    "2301": "ParameterName=Switch\nDataType=0x0001",
    "2302": "ParameterName=Counter\nDataType=0x001B",
    "2303": "ParameterName=Ratio\nDataType=0x0008",
    "2304": "ParameterName=Text\nDataType=0x0009",
}


@pytest.fixture
def known(build: Build) -> Callable[..., Dictionary]:
    """Dictionary of the objects above, without those named."""

    def known(*missing: str) -> Dictionary:
        body = ""
        for name, keys in OBJECTS.items():
            if name[:4] not in missing:
                head = keys or "ParameterName=Zero-Filling\nObjectType=0x9\nSubNumber=2"
                body += f"[{name}]\n{head}\nAccessType=rww\nPDOMapping=1\n"
        return build(body)

    return known


# RPDO1 as read from this charger by SDO (the owner's notes), typed by hand from 1600h:01 to :06.
RPDO1 = (0x2FFA0108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008)
# 82.0 V, 10 A, SOC 76 %, ready: section 5 of the facts.
REQUEST = bytes.fromhex("00 4C 00 00 52 A0 00 01")
# TPDO1 and its first frame in the first recording: 19.484 A, 78.273 V, 0070h.
TPDO1 = (0x20020010, 0x21010010, 0x20060010, 0x2FFA0208, 0x2FFA0208)
IDLE = bytes.fromhex("7C 13 46 4E 70 00 00 00")


def test_rpdo1_of_this_charger(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of(RPDO1, known())
    assert [(slot.name, slot.bits, slot.offset, slot.opaque) for slot in mapping.slots] == [
        ("Zero-Filling.ZeroRxFilling", 8, 0, False),
        ("Battery State of Charge", 8, 8, False),
        ("External Override 0", 8, 16, False),
        ("Voltage Request", 16, 24, False),
        ("Charge Current Requested", 16, 40, False),
        ("Battery Status", 8, 56, False),
    ]
    assert (mapping.bits, mapping.length, mapping.words) == (64, 8, RPDO1)
    filler, soc, override, voltage, current, ready = mapping.codec.decode(REQUEST)
    assert (filler, soc, override, ready) == (0, 76, 0, 1)
    assert voltage / 256 == 82.0
    assert current / 16 == 10.0
    assert mapping.codec.encode((0, 76, 0, 82 * 256, 10 * 16, 1)) == REQUEST


def test_objects_that_the_eds_lacks_move_nothing(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of(RPDO1, known("2FFA", "4201", "2276"))
    assert [(slot.name, slot.offset, slot.opaque) for slot in mapping.slots] == [
        ("2FFAh:01", 0, True),
        ("Battery State of Charge", 8, False),
        ("4201h:00", 16, True),
        ("2276h:00", 24, True),
        ("Charge Current Requested", 40, False),
        ("Battery Status", 56, False),
    ]
    assert mapping.words == RPDO1
    assert mapping.codec.decode(REQUEST) == (0, 76, 0, 0x5200, 0x00A0, 1)
    assert mapping.codec.encode((0, 76, 0, 0x5200, 0x00A0, 1)) == REQUEST
    assert all(slot.entry is None for slot in mapping.slots if slot.opaque)


def test_tpdo1_of_this_charger(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of(TPDO1, known())
    current, voltage, status, *fill = mapping.codec.decode(IDLE)
    assert round(current / 256, 3) == 19.484
    assert round(voltage / 256, 3) == 78.273
    assert (status, fill) == (0x0070, [0, 0])


def test_the_same_object_twice(known: Callable[..., Dictionary]) -> None:
    filler = Address(0x2FFA, 2)
    mapping = PdoMapping.of(TPDO1, known())
    assert [(slot.name, slot.number, slot.offset) for slot in mapping.slots_of(filler)] == [
        ("Zero-Filling.ZeroTxFilling", 1, 48),
        ("Zero-Filling.ZeroTxFilling #2", 2, 56),
    ]
    with pytest.raises(UsageError) as caught:
        mapping.slot(filler)
    assert str(caught.value) == (
        "2FFAh:02 is mapped 2 times; take one by its position: "
        "3 (Zero-Filling.ZeroTxFilling, from bit 48), 4 (Zero-Filling.ZeroTxFilling #2, from bit 56)"
    )
    assert mapping.slot(Address(0x2101)) is mapping.slots[1]
    assert mapping.slots_of(Address(0x6000)) == ()
    with pytest.raises(UsageError, match="6000h:00 is not mapped in this PDO"):
        mapping.slot(Address(0x6000))


def test_an_unknown_object_twice_is_numbered_too(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of((0x50000008, 0x50000010, 0x50000008), known())
    assert [slot.name for slot in mapping.slots] == ["5000h:00", "5000h:00 #2", "5000h:00 #3"]


def test_signed_where_the_object_is_at_any_bit(known: Callable[..., Dictionary]) -> None:
    # 4 bits of an INTEGER8, 16 bits from bit 4 on, 4 bits more: -8, -40 °C in eighths (FEC0h), 3
    mapping = PdoMapping.of((0x23000004, 0x60100010, 0x23000004), known())
    assert [slot.offset for slot in mapping.slots] == [0, 4, 20]
    assert mapping.codec.decode(bytes.fromhex("08 EC 3F")) == (-8, -320, 3)
    assert mapping.codec.encode((-8, -320, 3)) == bytes.fromhex("08 EC 3F")
    assert [slot.signed for slot in mapping.slots] == [True, True, True]
    # another length than the object's: its bits are kept, and not interpreted
    assert [slot.opaque for slot in mapping.slots] == [True, False, True]


def test_booleans_are_one_bit(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of((0x23010001, 0x23010001, 0x23010001, 0x00050008), known())
    assert [slot.opaque for slot in mapping.slots] == [False, False, False, False]
    # 1, 0, 1, then a dummy of 5Ah from bit 3 on: 5Ah << 3 | 101b = 2D5h
    assert mapping.codec.decode(bytes.fromhex("D5 02")) == (1, 0, 1, 0x5A)


def test_64_bits_in_one_slot(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of((0x23020040,), known())
    assert mapping.codec.decode(bytes.fromhex("10 32 54 76 98 BA DC FE")) == (0xFEDCBA9876543210,)


def test_reals_and_texts_are_their_bits(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of((0x23030020, 0x23040020), known())
    ratio, text = mapping.codec.decode(bytes.fromhex("00 00 C0 BF 49 43 4C 00"))
    assert struct.unpack("<f", struct.pack("<I", ratio)) == (-1.5,)
    assert text == 0x004C4349  # "ICL", as an unsigned integer
    assert [slot.opaque for slot in mapping.slots] == [False, True]  # a text has no length of its own


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (0x00010001, "Dummy0001"),
        (0x00020008, "Dummy0002"),
        (0x00030010, "Dummy0003"),
        (0x00040020, "Dummy0004"),
        (0x00050008, "Dummy0005"),
        (0x00060010, "Dummy0006"),
        (0x00070020, "Dummy0007"),
        (0x00100018, "Dummy0010"),
        (0x00150040, "Dummy0015"),
        (0x00180028, "Dummy0018"),
        (0x001B0040, "Dummy001B"),
    ],
)
def test_dummies_are_known_whatever_the_eds_says(
    known: Callable[..., Dictionary], word: int, name: str
) -> None:
    dictionary = known()
    (slot,) = PdoMapping.of((word,), dictionary).slots
    assert (slot.name, slot.opaque, slot.word) == (name, False, word)
    assert dictionary.get(slot.address) is None


def test_no_other_data_type_is_a_dummy(known: Callable[..., Dictionary]) -> None:
    assert len(DUMMIES) == 11
    for word in (0x00080020, 0x00050108, 0x00050010):  # REAL32; a sub-index; another length
        (slot,) = PdoMapping.of((word,), known()).slots
        assert slot.opaque


def test_over_64_bits_it_is_shown_and_cannot_be_packed(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of((0x23020040, 0x60000008), known())
    assert (mapping.bits, mapping.length, len(mapping.slots)) == (72, 9, 2)
    with pytest.raises(UsageError, match="mapped to 72 bits"):
        _ = mapping.codec


def test_no_bits_at_all(known: Callable[..., Dictionary]) -> None:
    assert PdoMapping.of((), known()).codec.decode(b"") == ()
    mapping = PdoMapping.of((0x23000000,), known())  # an INTEGER8 of no bits
    with pytest.raises(UsageError, match="Nibble is mapped with 0 bits"):
        _ = mapping.codec


def test_the_codec_is_made_once(known: Callable[..., Dictionary]) -> None:
    mapping = PdoMapping.of(RPDO1, known())
    assert mapping.codec is mapping.codec
    assert mapping == PdoMapping.of(RPDO1, known())
    assert hash(mapping) == hash(PdoMapping.of(RPDO1, known()))


def test_words_of_nothing_at_the_end_are_no_slots(dictionary: Dictionary) -> None:
    # A device with four fixed slots that maps two objects: the rest holds 0.
    padded = PdoMapping.of((0x60810008, 0x60000008, 0, 0), dictionary)
    assert padded == PdoMapping.of((0x60810008, 0x60000008), dictionary)
    assert padded.codec.decode(bytes.fromhex("4C 01")) == (0x4C, 1)
    # Between others it is a slot of no bits, which nobody may pack.
    assert len(PdoMapping.of((0x60810008, 0, 0x60000008), dictionary).slots) == 3
