"""PDO profiles: the documented form, each way to get it wrong with its line, DCF and EDS, and the shipped ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dump import PdoKind, assemble, defaults, reading_plan
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.pdo_profile import (
    PdoProfile,
    PdoWanted,
    profile_of,
    profile_of_dump,
    read_profile,
    values_of,
)
from deltaq_master.dictionary.shipped import eds_path, profile_paths
from deltaq_master.errors import FileError, UsageError

WHOLE = """\
name = "A layout"
source = "[C] a document"

[RPDO1]
cob_id = "$NODEID+0x200"
enabled = true
rtr = false
transmission_type = 255
inhibit_time_100us = 100
event_timer_ms = 500
map = ["0x2FFA:01", "Charge Current Requested", "0x5FFF:01/8", "0x2FFA:01 #2", "0x6000/4", "5h"]

[TPDO512]
"""


@pytest.fixture(scope="module")
def eds() -> Dictionary:
    return load(eds_path(), 10)


def one(text: str, eds: Dictionary) -> PdoWanted:
    return profile_of(text, "a.toml", eds).pdos[0]


def test_a_whole_profile(eds: Dictionary) -> None:
    profile = profile_of(WHOLE.replace("TPDO512", "TPDO8"), "some/layout.toml", eds)
    assert profile == PdoProfile(
        "A layout",
        "[C] a document",
        (
            PdoWanted(
                PdoKind.RPDO,
                1,
                0x20A,
                True,
                False,
                255,
                100,
                500,
                (0x2FFA0108, 0x60700010, 0x5FFF0108, 0x2FFA0108, 0x60000004, 0x00050008),
            ),
            PdoWanted(PdoKind.TPDO, 8),
        ),
    )
    assert [(p.name, p.communication_index, p.mapping_index) for p in profile.pdos] == [
        ("RPDO1", 0x1400, 0x1600),
        ("TPDO8", 0x1807, 0x1A07),
    ]


def test_the_documented_profile(eds: Dictionary) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "pdo-remap.md").read_text("utf-8")
    block = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert block is not None
    profile = profile_of(block[1], "my.toml", eds)
    assert [pdo.name for pdo in profile.pdos] == ["RPDO1", "TPDO2"]
    assert profile.pdos[0].words == (0x2FFA0108, 0x60000008, 0x5FFF0108, 0x2FFA0108)
    wrong = block[1].replace("0x2FFA:01 #2", "0x6000")
    with pytest.raises(FileError, match=r"my\.toml:10: RPDO1\.map: '0x6000': 6000h:00 is named 2 times"):
        profile_of(wrong, "my.toml", eds)


def test_an_empty_profile_has_the_name_of_its_file(eds: Dictionary) -> None:
    assert profile_of("", "some/layout.toml", eds) == PdoProfile("layout", "", ())


def test_a_cob_id_is_a_number_or_a_sum(eds: Dictionary) -> None:
    for text, cob_id in (("0x20A", 0x20A), ('"0x20A"', 0x20A), ("522", 0x20A), ('"$nodeid + 0x180"', 0x18A)):
        assert one(f"[TPDO1]\ncob_id = {text}", eds).cob_id == cob_id


def test_a_pdo_without_slots(eds: Dictionary) -> None:
    assert one("[RPDO1]\nmap = []", eds).words == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("names = 1", "a.toml:1: names: no such key; did you mean 'name'?"),
        ("[RPD1]", "a.toml:1: RPD1: no such key; did you mean 'RPDO1'?"),
        ("[RPDO0]", "a.toml:1: RPDO0: no such key; did you mean 'RPDO1'?"),
        ("[RPDO513]", "a.toml:1: RPDO513: no such key; did you mean 'RPDO1'?"),
        ("[colour]", "a.toml:1: colour: no such key; there are name, source, RPDO1, TPDO1"),
        ("name = 3", "a.toml:1: name: 3 is no text"),
        ("source = []", "a.toml:1: source: [] is no text"),
        ("RPDO1 = 3", "a.toml:1: RPDO1: 3 is no table; write [RPDO1], and its keys below"),
        ("[RPDO9]", "a.toml:1: RPDO9: ICL1500-85.eds has no RPDO9 (1408h)"),
        ("[RPDO1]\ncobid = 1", "a.toml:2: RPDO1.cobid: no such key; did you mean 'cob_id'?"),
        ("[RPDO1]\nenabled = 1", "a.toml:2: RPDO1.enabled: 1 is neither true nor false"),
        ('[RPDO1]\nrtr = "no"', "a.toml:2: RPDO1.rtr: 'no' is neither true nor false"),
        (
            "[RPDO1]\ntransmission_type = 256",
            "a.toml:2: RPDO1.transmission_type: 256 is no whole number within 0 to 255",
        ),
        (
            "[RPDO1]\nevent_timer_ms = true",
            "a.toml:2: RPDO1.event_timer_ms: True is no whole number within 0 to 65535",
        ),
        (
            "[TPDO1]\ninhibit_time_100us = -1",
            "a.toml:2: TPDO1.inhibit_time_100us: -1 is no whole number within 0 to 65535",
        ),
        (
            '[RPDO1]\ncob_id = "twenty"',
            "a.toml:2: RPDO1.cob_id: 'twenty' is no COB-ID; write 0x20A or '$NODEID+0x200'",
        ),
        (
            "[RPDO1]\ncob_id = 0x8000020A",
            "a.toml:2: RPDO1.cob_id: 2147484170 is no whole number within 0 to 2047; "
            "bits 31 and 30 are 'enabled' and 'rtr'; 29-bit COB-IDs are not supported",
        ),
        (
            "[RPDO1]\nmap = 3",
            'a.toml:2: RPDO1.map: 3 is no list; write ["0x6070:00", "Battery Status"]',
        ),
        (
            "[RPDO1]\nmap = [3]",
            "a.toml:2: RPDO1.map: 3 is no object; write a name or an address in quotes",
        ),
        (
            '[RPDO1]\nmap = [""]',
            "a.toml:2: RPDO1.map: '' is no object; write a name or an address in quotes",
        ),
        (
            '[RPDO1]\nmap = ["Battery Stats"]',
            "a.toml:2: RPDO1.map: no object is named 'Battery Stats' in ICL1500-85.eds; "
            "did you mean 'Battery Status' or",
        ),
        (
            '[RPDO1]\nmap = ["0x5FFF:01"]',
            "a.toml:2: RPDO1.map: 5FFFh:01: its length is not known from the EDS; "
            "write its length in bits: 0x5FFF:01/8",
        ),
        ('[RPDO1]\nmap = ["0x100A"]', "100Ah:00: its length is not known from the EDS"),
        ('[RPDO1]\nmap = ["0x6000/0"]', "a.toml:2: RPDO1.map: '0x6000/0': a slot has 1 to 64 bits"),
        ('[RPDO1]\nmap = ["0x6000/65"]', "a.toml:2: RPDO1.map: '0x6000/65': a slot has 1 to 64 bits"),
        (
            '[RPDO1]\nmap = ["0x6000", "Battery Status"]',
            "a.toml:2: RPDO1.map: 'Battery Status': 6000h:00 is named 2 times; "
            "if that is meant, write Battery Status #2",
        ),
        (
            '[RPDO1]\nmap = ["0x6000", "0x6000 #3"]',
            "a.toml:2: RPDO1.map: '0x6000 #3': 6000h:00 is named 2 times; if that is meant, write 0x6000 #2",
        ),
        (
            '[RPDO1]\nmap = ["0x6000 #2"]',
            "a.toml:2: RPDO1.map: '0x6000 #2': there is no slot of 6000h:00 before it; write no '#'",
        ),
        (
            '[RPDO1]\nmap = ["0x6060", "0x6060 #2", "0x6000"]',
            "a.toml:2: RPDO1.map: it is 72 bits long; a CAN frame holds 64",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(eds: Dictionary, text: str, sentence: str) -> None:
    with pytest.raises(FileError, match=re.escape(sentence)):
        profile_of(text, "a.toml", eds)


def test_a_name_with_a_stroke_in_it(eds: Dictionary) -> None:
    assert one('[TPDO3]\nmap = ["Current Displayed Error/Fault", "0x2002/16 #1"]', eds).words == (
        0x20600020,
        0x20020010,
    )


# --- values -----------------------------------------------------------------------------------------------


def values(pdo: PdoWanted, present: str = "") -> dict[str, str]:
    held: dict[Address, bytes | None] = {Address(0x1400, 1): bytes.fromhex(present)} if present else {}
    found = values_of(PdoProfile("x", "", (pdo,)), held)
    return {str(address): data.hex(" ").upper() for address, data in found.items()}


def test_all_that_is_said_becomes_objects() -> None:
    pdo = PdoWanted(PdoKind.RPDO, 1, 0x20A, True, True, 254, 16, 500, (0x60700010, 0x60000008))
    assert values(pdo) == {
        "1400h:01": "0A 02 00 00",
        "1400h:02": "FE",
        "1400h:03": "10 00",
        "1400h:05": "F4 01",
        "1600h:00": "02",
        "1600h:01": "10 00 70 60",
        "1600h:02": "08 00 00 60",
    }


def test_what_is_not_said_is_no_object() -> None:
    assert values(PdoWanted(PdoKind.RPDO, 1)) == {}
    assert values(PdoWanted(PdoKind.RPDO, 1, words=())) == {"1600h:00": "00"}


@pytest.mark.parametrize(
    ("pdo", "word"),
    [
        (PdoWanted(PdoKind.RPDO, 1, cob_id=0x30A), "0A 03 00 C0"),
        (PdoWanted(PdoKind.RPDO, 1, enabled=True), "0A 02 00 40"),
        (PdoWanted(PdoKind.RPDO, 1, enabled=False), "0A 02 00 C0"),
        (PdoWanted(PdoKind.RPDO, 1, rtr=True), "0A 02 00 80"),
        (PdoWanted(PdoKind.RPDO, 1, rtr=False), "0A 02 00 C0"),
        (PdoWanted(PdoKind.RPDO, 1, 0x30A, True, True), "0A 03 00 00"),
    ],
)
def test_what_is_not_said_of_a_cob_id_stays(pdo: PdoWanted, word: str) -> None:
    assert values(pdo, "0A 02 00 C0") == {"1400h:01": word}


def test_29_bits_become_11() -> None:
    assert values(PdoWanted(PdoKind.RPDO, 1, cob_id=0x30A), "FF FF FF 3F") == {"1400h:01": "0A 03 00 00"}


def test_a_cob_id_that_is_needed_and_not_known() -> None:
    with pytest.raises(UsageError, match="1400h:01 is not known; read it first"):
        values(PdoWanted(PdoKind.RPDO, 1, enabled=True))


# --- out of a dump, a DCF, an EDS -------------------------------------------------------------------------


def test_a_dump_as_a_profile(eds: Dictionary) -> None:
    profile = profile_of_dump(defaults(eds), "as shipped")
    assert (profile.name, profile.source) == ("as shipped", "EDS defaults")
    assert len(profile.pdos) == 16
    assert profile.pdos[8] == PdoWanted(
        PdoKind.TPDO, 1, 0x18A, True, True, 255, 0, 200,
        (0x20020010, 0x21010010, 0x20060010, 0x2FFA0208, 0x2FFA0208),
    )  # fmt: skip
    assert values_of(profile, {})[Address(0x1402, 1)] == bytes.fromhex("0A 04 00 80")


def test_what_a_dump_does_not_know_is_not_said(eds: Dictionary) -> None:
    found: dict[Address, bytes | None] = {}
    for address in reading_plan(eds, found):
        entry = eds.get(address)
        found[address] = None if entry is None else entry.default_bytes
    found[Address(0x1600, 4)] = None
    found[Address(0x1400, 1)] = bytes.fromhex("0A 02 00 20")
    found[Address(0x1401, 1)] = None
    first, second = profile_of_dump(assemble(eds, found, "node 10"), "x").pdos[:2]
    assert first == PdoWanted(PdoKind.RPDO, 1, transmission=255, event_timer_ms=0)
    assert (second.cob_id, second.enabled, second.rtr) == (None, None, None)
    assert second.words is not None


def test_an_eds_as_a_profile(eds: Dictionary) -> None:
    profile = read_profile(eds_path(), eds)
    assert (profile.name, profile.source) == ("ICL1500-85", "ICL1500-85.eds")
    assert values_of(profile, {}) == values_of(profile_of_dump(defaults(eds), ""), {})


def dcf(folder: Path, node_id: int = 10, **changes: str) -> Path:
    """The shipped EDS as a DCF, with ParameterValues of its sections (`_1400sub5="500"`)."""
    text = eds_path().read_text()
    for name, value in changes.items():
        section = f"[{name.lstrip('_')}]\n"
        assert section in text
        text = text.replace(section, f"{section}ParameterValue={value}\n")
    path = folder / "device.dcf"
    path.write_text(f"{text}\n[DeviceComissioning]\nNodeID={node_id}\nBaudrate=500\n")
    return path


def test_a_dcf_as_a_profile(eds: Dictionary, tmp_path: Path) -> None:
    profile = read_profile(dcf(tmp_path, _1400sub5="500", _1400sub1="0x80000222"), eds)
    assert profile.pdos[0].event_timer_ms == 500
    assert (profile.pdos[0].cob_id, profile.pdos[0].enabled) == (0x222, False)
    assert profile.source == "device.dcf"


def test_a_dcf_of_another_node(eds: Dictionary, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="it is made for node-ID 11, and node 10 is meant; take the file of"):
        read_profile(dcf(tmp_path, 11), eds)


def test_a_dcf_of_another_device(eds: Dictionary, tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r"it is for another device: its 1018h:01 is 272, 999 is expected; take a file"
    ):
        read_profile(eds_path(), load(dcf(tmp_path, _1018sub1="999"), 10))


def test_a_dcf_that_maps_more_than_it_says(eds: Dictionary, tmp_path: Path) -> None:
    path = dcf(tmp_path, _1600sub0="8")
    path.write_text(re.sub(r"(\[1600sub7\][^\[]*?)DefaultValue=0x00000000\n", r"\1", path.read_text()))
    with pytest.raises(FileError, match=r"\[1600sub7\]: RPDO1 maps 8 objects, and 6 of them are given"):
        read_profile(path, eds)


def test_files_that_cannot_be_used(eds: Dictionary, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.toml: cannot be read: No such file"):
        read_profile(tmp_path / "none.toml", eds)
    with pytest.raises(FileError, match=r"none\.dcf: cannot be read: No such file"):
        read_profile(tmp_path / "none.dcf", eds)
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b'name = "\xff"')
    with pytest.raises(FileError, match="is no UTF-8 text; TOML is UTF-8"):
        read_profile(odd, eds)
    odd.write_bytes(b"\xef\xbb\xbfname = 'with a mark'")
    assert read_profile(odd, eds).name == "with a mark"


# --- what ships -------------------------------------------------------------------------------------------


def test_the_shipped_profiles_are_the_layouts_that_are_known(eds: Dictionary) -> None:
    """Words by hand from the facts on the frames of each program."""
    maps = {
        name: {pdo.name: pdo.words for pdo in read_profile(path, eds).pdos if pdo.words is not None}
        for name, path in profile_paths().items()
    }
    as_found = {
        "RPDO1": (0x2FFA0108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008),
        "RPDO2": (0x2FFA0108, 0x2FFA0108, 0x20020010, 0x21010010, 0x60100010),
        "TPDO1": (0x20020010, 0x21010010, 0x20060010, 0x2FFA0208, 0x2FFA0208),
        "TPDO2": (0x20050110, 0x20090120, 0x200A0110),
        "TPDO3": (0x20600020, 0x22000010, 0x60800008, 0x2FFA0208),
    }
    commands = {
        "RPDO1": (0x60100010, 0x60000008),
        "RPDO2": (0x60100010, 0x60000008, 0x60600020),
        "RPDO3": (0x60700010, 0x60810008),
    }
    reports = {
        "TPDO1": (0x60010008,),
        "TPDO2": (0x60010008, 0x60520010),
        "TPDO3": (0x60010008, 0x60520010, 0x60800008),
    }
    assert maps == {
        "cia-419": commands | reports,
        "davewl": {"RPDO1": (0x60000008, 0x60810008, 0x22760010, 0x60700010, 0x2FFA0108, 0x2FFA0108)},
        "delta-q-standard": commands | {"RPDO4": ()},
        "ennoid-bms": {"RPDO3": (0x60700010, 0x60000008, 0x22710020)},
        "icl1500-85": as_found,
    }


def test_every_shipped_profile_names_its_sources_and_how_sure_they_are(eds: Dictionary) -> None:
    for path in profile_paths().values():
        profile = read_profile(path, eds)
        assert re.search(r"\[[CIU]\]", profile.source)
        assert all(pdo.cob_id is None or pdo.cob_id & 0x7F == 10 for pdo in profile.pdos)


def test_as_found_is_what_the_eds_says_of_the_unit(eds: Dictionary) -> None:
    known = values_of(profile_of_dump(defaults(eds), ""), {})
    for address, data in values_of(read_profile(profile_paths()["icl1500-85"], eds), known).items():
        assert known[address] == data
