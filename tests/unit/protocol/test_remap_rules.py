"""What may not be mapped, and what may but is said: each rule against the shipped EDS."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import assemble, reading_plan
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.pdo_profile import PdoProfile, profile_of, read_profile, values_of
from deltaq_master.dictionary.shipped import eds_path, profile_paths
from deltaq_master.protocol.cob_ids import restricted
from deltaq_master.protocol.remap_rules import objections

SERVICES = {0x08A: "EMCY", 0x080: "SYNC"}


@pytest.fixture(scope="module")
def eds() -> Dictionary:
    return load(eds_path(), 10)


def said(eds: Dictionary, profile: PdoProfile) -> tuple[list[str], list[str]]:
    """What is forbidden, and what is only said."""
    found: dict[Address, bytes | None] = {}
    for address in reading_plan(eds, found):
        entry = eds.get(address)
        found[address] = None if entry is None else entry.default_bytes
    after = assemble(eds, {**found, **values_of(profile, found)}, "planned")
    objected = tuple(objections(profile, after, SERVICES))
    return [o.text for o in objected if o.forbidden], [o.text for o in objected if not o.forbidden]


def judge(eds: Dictionary, text: str) -> tuple[list[str], list[str]]:
    return said(eds, profile_of(text, "a.toml", eds))


def test_the_layout_of_this_unit_is_allowed_and_its_odd_slots_are_said(eds: Dictionary) -> None:
    assert said(eds, read_profile(profile_paths()["icl1500-85"], eds)) == (
        [],
        [
            "RPDO2 slot 3 (Charging Current) is meant for TPDOs: its access is rwr in the EDS",
            "RPDO2 slot 4 (Battery Voltage Q8.8) is meant for TPDOs: its access is rwr in the EDS",
        ],
    )


@pytest.mark.parametrize("name", ["cia-419", "davewl", "delta-q-standard", "ennoid-bms"])
def test_the_other_shipped_layouts_are_allowed(eds: Dictionary, name: str) -> None:
    assert said(eds, read_profile(profile_paths()[name], eds)) == ([], [])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[RPDO1]\nmap = ["0x1017"]',
            "RPDO1 slot 1 (Producer Heartbeat Time) cannot be mapped (PDOMapping=0 in the EDS)",
        ),
        (
            '[RPDO1]\nmap = ["0x6000", "0x6001"]',
            "RPDO1 slot 2 (Charger Status) cannot be received: its access is ro in the EDS",
        ),
        ('[TPDO1]\nmap = ["5h"]', "TPDO1 slot 1 (Dummy0005) is a dummy, which only RPDOs may map (CiA 301)"),
        ("[RPDO1]\ntransmission_type = 0xF1", "RPDO1: transmission type F1h is reserved (CiA 301)"),
        ("[TPDO1]\ntransmission_type = 0xFB", "TPDO1: transmission type FBh is reserved (CiA 301)"),
        ("[RPDO1]\ntransmission_type = 0xFC", "RPDO1: transmission type FCh is for TPDOs (CiA 301)"),
        ("[RPDO1]\ncob_id = 0x701", "RPDO1: COB-ID 701h is kept for other services (CiA 301)"),
        ("[RPDO1]\ncob_id = 0x08A", "RPDO1: COB-ID 08Ah is the device's EMCY"),
        ("[RPDO1]\ncob_id = 0x30A", "RPDO1 and RPDO2 would both have COB-ID 30Ah"),
        (
            "[RPDO1]\ncob_id = 0x444\n[RPDO2]\ncob_id = 0x444",
            "RPDO1 and RPDO2 would both have COB-ID 444h",
        ),
        ("[RPDO1]\ncob_id = 0x18A", "RPDO1 and TPDO1 would both have COB-ID 18Ah"),
    ],
)
def test_what_is_forbidden(eds: Dictionary, text: str, sentence: str) -> None:
    assert judge(eds, text)[0] == [sentence]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[RPDO1]\nmap = ["0x5FFF:01/8"]',
            "RPDO1 slot 1 (5FFFh:01) is not in the EDS: 8 bits that nobody here can read or set",
        ),
        (
            '[TPDO1]\nmap = ["0x6000"]',
            "TPDO1 slot 1 (Battery Status) is meant for RPDOs: its access is rww in the EDS",
        ),
        (
            '[RPDO1]\nmap = ["0x6000/4"]',
            "RPDO1 slot 1 (Battery Status) is mapped with 4 bits, and the object has 8",
        ),
        ("[RPDO1]\nmap = []", "RPDO1 is enabled and maps nothing"),
        (
            '[RPDO3]\nenabled = true\nmap = ["0x6070"]',
            "6070h:00 is in RPDO3 and stays in RPDO1: the device takes both",
        ),
    ],
)
def test_what_is_done_and_said(eds: Dictionary, text: str, sentence: str) -> None:
    assert judge(eds, text) == ([], [sentence])


@pytest.mark.parametrize(
    "text",
    [
        '[RPDO1]\nmap = ["5h", "0x6000", "5h #2"]',
        "[TPDO1]\ntransmission_type = 0xFC",
        "[TPDO1]\ntransmission_type = 240",
        # A COB-ID is nobody's while its PDO is off.
        "[RPDO1]\nenabled = false\ncob_id = 0x18A",
        "[RPDO1]\nenabled = false\nmap = []",
        # Both are in the profile, whose author has seen it.
        '[RPDO1]\nmap = ["0x6000"]\n[RPDO2]\nmap = ["0x6000"]',
        '[RPDO3]\nenabled = true\nmap = ["5h"]',
    ],
)
def test_what_is_as_it_should_be(eds: Dictionary, text: str) -> None:
    assert judge(eds, text) == ([], [])


def test_a_text_in_a_pdo_has_no_length_of_its_own(eds: Dictionary) -> None:
    forbidden, notes = judge(eds, '[TPDO1]\nmap = ["0x100A/64"]')
    assert "100Ah" in forbidden[0] or "Manufacturer" in forbidden[0]
    assert notes[0].endswith("is mapped with 64 bits, and the object has no fixed length")


def test_a_pdo_of_a_dcf_may_be_too_long(eds: Dictionary) -> None:
    profile = profile_of('[TPDO1]\nmap = ["0x2060", "0x2009:01"]', "a.toml", eds)
    words = (*(profile.pdos[0].words or ()), 0x60010008)
    too_long = PdoProfile("x", "", (type(profile.pdos[0])(profile.pdos[0].kind, 1, words=words),))
    assert said(eds, too_long)[0] == ["TPDO1 would be 72 bits long, and a CAN frame holds 64"]


def test_a_pdo_that_is_enabled_as_it_is_mapped_is_looked_at(eds: Dictionary) -> None:
    assert judge(eds, "[RPDO2]\nenabled = true")[1]
    assert judge(eds, "[RPDO2]\nenabled = false") == ([], [])


def test_a_slot_that_maps_nothing_is_passed_over(eds: Dictionary) -> None:
    wanted = profile_of('[RPDO1]\nmap = ["0x6000"]', "a.toml", eds).pdos[0]
    padded = type(wanted)(wanted.kind, 1, words=(0x60000008, 0))
    assert said(eds, PdoProfile("x", "", (padded,))) == ([], [])


def test_29_bit_cob_ids_are_not_compared(eds: Dictionary) -> None:
    profile = profile_of("[RPDO1]\nrtr = true", "a.toml", eds)
    found: dict[Address, bytes | None] = {Address(0x1400, 1): bytes.fromhex("0A 02 00 20")}
    assert tuple(objections(profile, assemble(eds, found, "x"), SERVICES)) == ()


def test_restricted_cob_ids() -> None:
    """CiA 301, restricted CAN-IDs."""
    for cob_id in (0x000, 0x001, 0x07F, 0x101, 0x180, 0x581, 0x5FF, 0x601, 0x67F, 0x6E0, 0x701, 0x7FF):
        assert restricted(cob_id), f"{cob_id:03X}h"
    for cob_id in (0x080, 0x100, 0x181, 0x580, 0x600, 0x680, 0x6DF):
        assert not restricted(cob_id), f"{cob_id:03X}h"
