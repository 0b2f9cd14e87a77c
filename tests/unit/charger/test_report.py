"""TPDOs into reports, by whatever mapping the charger has."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltaq_master.charger.report import (
    IDLE_READING,
    UNKNOWN_READING,
    Report,
    ReportDecoder,
    Returned,
    Supply,
    heard_on,
)
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Access, DataType, Entry
from deltaq_master.dictionary.mapping import PdoDump, PdoKind, PdoMapping, PdoRecord, defaults
from deltaq_master.units import units_of

CURRENT, VOLTAGE, STATUS = 0x2002_0010, 0x2101_0010, 0x2006_0010
VOLTAGE_100MV, VOLTAGE_10MV, VOLTAGE_Q10 = 0x2105_0010, 0x2103_0010, 0x2100_0010
ELAPSED, AH, WH = 0x2005_0110, 0x2009_0120, 0x200A_0110
ERROR, AC, SOC = 0x2060_0020, 0x2200_0010, 0x6080_0008
FILL = 0x2FFA_0208


class Objects:
    """A hand-made dictionary: address, type and factor."""

    def __init__(self, objects: Iterable[tuple[int, int, DataType, float | None]]) -> None:
        self._entries = {
            Address(index, sub): Entry(Address(index, sub), "", kind, Access.RO, True, factor=factor)
            for index, sub, kind, factor in objects
        }

    @property
    def indices(self) -> Collection[int]:
        return {address.index for address in self._entries}

    def get(self, address: Address) -> Entry | None:
        return self._entries.get(address)


U8, U16, U32 = DataType.UNSIGNED8, DataType.UNSIGNED16, DataType.UNSIGNED32
PLAIN = (
    (0x2002, 0, U16, 1 / 256),
    (0x2101, 0, U16, 1 / 256),
    (0x2103, 0, U16, 0.01),
    (0x2105, 0, U16, 0.1),
    (0x2100, 0, U16, 1 / 1024),
    (0x2006, 0, U16, None),
    (0x2005, 1, U16, 10.0),
    (0x2009, 1, U32, 0.125),
    (0x200A, 1, U16, 1.0),
    (0x2060, 0, U32, None),
    (0x2200, 0, U16, 1 / 16),
    (0x6080, 0, U8, None),
    (0x2FFA, 2, U8, None),
)


def tpdo(
    words: Collection[int], number: int = 1, cob_word: int | None = 0x18A, **changes: object
) -> PdoRecord:
    mapping = PdoMapping.of(words, Objects(changes.pop("objects", PLAIN)))  # type: ignore[arg-type]
    count = changes.pop("count", len(words))
    assert isinstance(count, int)
    return PdoRecord(PdoKind.TPDO, number, cob_word, 0xFF, None, None, count, tuple(words), mapping)


def decoder(*words: int, **changes: object) -> ReportDecoder:
    return ReportDecoder(PdoDump((tpdo(words, **changes),), "a test"))  # type: ignore[arg-type]


def decode(data: str, *words: int, **changes: object) -> Report | None:
    return decoder(*words, **changes).decode(0x18A, bytes.fromhex(data), Report())


@pytest.fixture
def shipped(dictionary: Dictionary) -> ReportDecoder:
    return ReportDecoder(defaults(dictionary))


def test_shipped_mapping_is_heard(shipped: ReportDecoder) -> None:
    assert shipped.cob_ids == {0x18A, 0x28A, 0x38A}


# From captures of this unit, one (1270h) from the test data of a public program, and two made up.
@pytest.mark.parametrize(
    ("data", "current", "voltage", "status"),
    [
        ("7C 13 46 4E 70 00 00 00", 19.484375, 78.2734375, 0x0070),
        ("7B 13 46 4E 50 00 00 00", 19.48046875, 78.2734375, 0x0050),
        ("F7 00 D1 0D 70 12 00 00", 0.96484375, 13.81640625, 0x1270),
        # The most frequent one of tests/replay/icl1500-85-heartbeat-and-rpdo.trc.
        ("74 13 45 4E 70 00 00 00", 19.453125, 78.26953125, 0x0070),
        ("FF FF FF FF FF FF 00 00", None, None, 0xFFFF),
        ("FE FF 00 00 00 00 00 00", 255.9921875, 0.0, 0),
    ],
)
def test_tpdo1(
    shipped: ReportDecoder, data: str, current: float | None, voltage: float | None, status: int
) -> None:
    report = shipped.decode(0x18A, bytes.fromhex(data), Report())
    assert report == Report(current, voltage, ChargerStatus.of(status))
    assert report.status is ChargerStatus.of(status)


def test_tpdo3(shipped: ReportDecoder) -> None:
    report = shipped.decode(0x38A, bytes.fromhex("00 00 00 00 B1 07 FF 00"), Report())
    assert report == Report(supply=Supply(error=0, ac_voltage=123.0625, soc=None))
    other = shipped.decode(0x38A, bytes.fromhex("30 81 80 20 FF FF 51 00"), Report())
    assert other == Report(supply=Supply(error=0x20808130, ac_voltage=None, soc=81))


def test_tpdo2(shipped: ReportDecoder) -> None:
    report = shipped.decode(0x28A, bytes.fromhex("00 00 4B 00 00 00 00 00"), Report())
    assert report is not None
    assert report.returned.ah == 9.375
    assert report.returned.elapsed == 0
    assert report.returned.wh == 0
    unknown = shipped.decode(0x28A, bytes.fromhex("FF FF FF FF FF FF FF FF"), Report())
    assert unknown == Report()


def test_scales_that_are_unresolved_are_the_eds_s(shipped: ReportDecoder, dictionary: Dictionary) -> None:
    elapsed, wh = dictionary[Address(0x2005, 1)].scale, dictionary[Address(0x200A, 1)].scale
    report = shipped.decode(0x28A, bytes.fromhex("07 00 00 00 00 00 09 00"), Report())
    assert report is not None
    assert elapsed is not None
    assert wh is not None
    assert report.returned.elapsed == 7 * elapsed.factor
    assert report.returned.wh == 9 * wh.factor


def test_other_parts_are_kept(shipped: ReportDecoder) -> None:
    last = Report()
    for cob_id, data in (
        (0x18A, "7C 13 46 4E 70 00 00 00"),
        (0x38A, "00 00 00 00 B1 07 32 00"),
        (0x28A, "00 00 08 00 00 00 00 00"),
        (0x18A, "7B 13 47 4E 50 00 00 00"),
    ):
        report = shipped.decode(cob_id, bytes.fromhex(data), last)
        assert report is not None
        last = report
    assert last == Report(
        19.48046875, 78.27734375, ChargerStatus.of(0x50), Supply(0, 123.0625, 50), Returned(0.0, 1.0, 0.0)
    )


@pytest.mark.parametrize("length", [0, 1, 7, 9])
@pytest.mark.parametrize("cob_id", [0x18A, 0x28A, 0x38A])
def test_wrong_length_is_nothing(shipped: ReportDecoder, cob_id: int, length: int) -> None:
    assert shipped.decode(cob_id, bytes(length), Report()) is None


@pytest.mark.parametrize("cob_id", [0x181, 0x20A, 0x48A, 0x70A])
def test_foreign_cob_id_is_nothing(shipped: ReportDecoder, cob_id: int) -> None:
    assert shipped.decode(cob_id, bytes(8), Report()) is None


def test_another_order_of_slots() -> None:
    assert decode("70 12 46 4E 7C 13", STATUS, VOLTAGE, CURRENT) == Report(
        19.484375, 78.2734375, ChargerStatus.of(0x1270)
    )


def test_fill_between_the_slots() -> None:
    assert decode("AA 7C 13 BB 46 4E 70 12", FILL, CURRENT, FILL, VOLTAGE, STATUS) == Report(
        19.484375, 78.2734375, ChargerStatus.of(0x1270)
    )


def test_slots_that_lie_across_bytes() -> None:
    # A 4-bit object that the dictionary does not know lies in front: the rest is moved by half a byte.
    assert decode("C5 37 61 E4 04 07 02", 0x5000_0004, CURRENT, VOLTAGE, STATUS, 0x5000_0104) == Report(
        19.484375, 78.2734375, ChargerStatus.of(0x2070)
    )


def test_all_in_one_tpdo_and_nothing_else() -> None:
    data = bytes.fromhex("46 4E B1 07 4B 00 00 00")
    report = decoder(VOLTAGE, AC, AH).decode(0x18A, data, Report(current=1.0))
    assert report == Report(1.0, 78.2734375, None, Supply(ac_voltage=123.0625), Returned(ah=9.375))


def test_what_is_not_mapped_stays_none() -> None:
    assert decode("46 4E", VOLTAGE) == Report(voltage=78.2734375)


@pytest.mark.parametrize(
    ("word", "data", "volts"), [(VOLTAGE_100MV, "0F 03", 78.3), (VOLTAGE_10MV, "94 1E", 78.28)]
)
def test_voltage_by_another_name(word: int, data: str, volts: float) -> None:
    report = decode(data, word)
    assert report is not None
    assert report.voltage == pytest.approx(volts)


def test_of_two_names_the_finer_one_counts() -> None:
    assert decode("0F 03 46 4E", VOLTAGE_100MV, VOLTAGE) == Report(voltage=78.2734375)


def test_2100h_cannot_tell_this_charger_s_voltage() -> None:
    assert decoder(VOLTAGE_Q10).cob_ids == frozenset()


def test_the_first_of_two_slots_counts() -> None:
    assert decode("46 4E 00 00", VOLTAGE, VOLTAGE) == Report(voltage=78.2734375)


@pytest.mark.parametrize(
    ("index", "kind", "factor"),
    [
        (0x2002, U16, None),
        (0x2002, DataType.REAL32, 1.0),
        (0x2006, U8, None),
        (0x2006, U32, None),
        (0x2060, U16, None),
        (0x6080, U16, None),
    ],
)
def test_an_object_without_scale_or_of_another_type_is_left_out(
    index: int, kind: DataType, factor: float | None
) -> None:
    word = index << 16 | (kind.bits or 0)
    assert decoder(word, objects=[(index, 0, kind, factor)]).cob_ids == frozenset()


def test_an_unknown_object_is_left_out() -> None:
    assert decoder(CURRENT, VOLTAGE, STATUS, objects=[]).cob_ids == frozenset()


def test_another_length_than_the_object_s_is_left_out() -> None:
    assert decode("46 4E 7C", VOLTAGE, 0x2002_0008) == Report(voltage=78.2734375)


def test_signed_current_takes_no_fast_path() -> None:
    objects = [(0x2002, 0, DataType.INTEGER16, 1 / 256), *PLAIN[1:]]
    report = decode("00 FF 46 4E 70 00", CURRENT, VOLTAGE, STATUS, objects=objects)
    assert report == Report(-1.0, 78.2734375, ChargerStatus.of(0x70))
    report = decode("00 80 46 4E 70 00", CURRENT, VOLTAGE, STATUS, objects=objects)
    assert report == Report(None, 78.2734375, ChargerStatus.of(0x70))


@pytest.mark.parametrize(
    ("cob_word", "count", "words"),
    [
        (0x8000_018A, 3, (CURRENT, VOLTAGE, STATUS)),
        (0x2000_018A, 3, (CURRENT, VOLTAGE, STATUS)),
        (None, 3, (CURRENT, VOLTAGE, STATUS)),
        (0x18A, 4, (CURRENT, VOLTAGE, STATUS)),
        (0x18A, 0, ()),
        (0x18A, 2, (CURRENT, 0x2101_0000)),
        (0x18A, 5, (CURRENT, VOLTAGE, STATUS, AC, FILL)),
        (0x18A, 1, (FILL,)),
    ],
    ids=[
        "disabled",
        "29 bits",
        "unknown",
        "not whole",
        "empty",
        "no bits",
        "over 64 bits",
        "nothing of ours",
    ],
)
def test_what_cannot_be_heard_is_left_out(cob_word: int | None, count: int, words: tuple[int, ...]) -> None:
    record = tpdo(words, cob_word=cob_word, count=count)
    assert ReportDecoder(PdoDump((record,), "")).cob_ids == frozenset()
    assert heard_on(record) == (0x18A if words == (FILL,) else None)


def test_remote_frame_bit_does_no_harm() -> None:
    assert decoder(CURRENT, cob_word=0x4000_018A).cob_ids == {0x18A}


def test_of_two_tpdos_on_one_cob_id_the_first_is_taken() -> None:
    dump = PdoDump((tpdo([VOLTAGE]), tpdo([CURRENT, AC], number=2)), "")
    assert ReportDecoder(dump).decode(0x18A, bytes.fromhex("46 4E"), Report()) == Report(voltage=78.2734375)


def test_rpdos_are_not_reports() -> None:
    record = tpdo([CURRENT])
    commanded = PdoRecord(PdoKind.RPDO, 1, 0x20A, 0xFF, None, None, 1, record.words, record.mapping)
    assert ReportDecoder(PdoDump((commanded,), "")).cob_ids == frozenset()


FAST, GENERAL = decoder(CURRENT, VOLTAGE, STATUS), decoder(STATUS, CURRENT, VOLTAGE)


# No deadline: what is asked is the same answer, and a busy machine may take its time.
@settings(deadline=None)
@given(current=st.integers(0, 0xFFFF), voltage=st.integers(0, 0xFFFF), status=st.integers(0, 0xFFFF))
def test_fast_path_says_the_same_as_the_general_one(current: int, voltage: int, status: int) -> None:
    fast = FAST.decode(0x18A, struct.pack("<HHH", current, voltage, status), Report())
    assert fast == GENERAL.decode(0x18A, struct.pack("<HHH", status, current, voltage), Report())


def test_current_is_untrusted_while_idle_or_unknown() -> None:
    assert Report(19.48).idle
    assert Report(19.48).current_untrusted == UNKNOWN_READING
    idle = Report(19.48, 78.27, ChargerStatus.of(0x0070))
    assert idle.idle
    assert idle.current_untrusted == IDLE_READING
    charging = Report(10.0, 78.27, ChargerStatus.of(0x1170))
    assert not charging.idle
    assert charging.current_untrusted == ""


def test_units_travel_with_the_fields() -> None:
    assert units_of(Report) == {"current": "A", "voltage": "V", "status": "", "supply": "", "returned": ""}
    assert units_of(Supply) == {"error": "", "ac_voltage": "V", "soc": "%"}
    assert units_of(Returned) == {"elapsed": "s", "ah": "Ah", "wh": "Wh"}


def test_reports_are_values() -> None:
    assert hash(Report(1.0)) == hash(Report(1.0))
    with pytest.raises(AttributeError):
        Report().current = 1.0  # type: ignore[misc]
