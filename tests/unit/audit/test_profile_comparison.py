"""The audit against a profile: what it says goes before the EDS, and what it does not say does not."""

from __future__ import annotations

from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import PdoKind
from deltaq_master.dictionary.wanted_pdos import PdoProfile, PdoWanted
from tests.unit.audit.looking import new, report

RPDO, TPDO = PdoKind.RPDO, PdoKind.TPDO


def profile(*pdos: PdoWanted) -> PdoProfile:
    return PdoProfile("wanted", "by hand", pdos)


def test_a_profile_that_is_met(dictionary: Dictionary) -> None:
    wanted = profile(PdoWanted(TPDO, 1, 0x18A, True, True, 0xFF, 0, 200))
    assert new(dictionary, {}, profile=wanted) == set()
    assert report(dictionary, profile=wanted).compared[1] == "profile wanted (by hand)"


def test_what_the_profile_wants_is_no_difference_from_the_eds(dictionary: Dictionary) -> None:
    wanted = profile(PdoWanted(TPDO, 1, event_timer_ms=100))
    assert new(dictionary, {"1800:05": "64 00"}, profile=wanted) == set()
    assert new(dictionary, {}, profile=wanted) == {("differs-from-profile", "warning", "TPDO1", "1800h:05")}


def test_flags_that_the_profile_does_not_say_are_those_of_the_eds(dictionary: Dictionary) -> None:
    wanted = profile(PdoWanted(TPDO, 4, cob_id=0x48A))
    assert new(dictionary, {}, profile=wanted) == set()
    assert new(dictionary, {"1803:01": "8A 04 00 00"}, profile=wanted) == {
        ("differs-from-profile", "warning", "TPDO4", "1803h:01")
    }


def test_a_pdo_that_the_profile_has_on_is_off(dictionary: Dictionary) -> None:
    wanted = profile(PdoWanted(TPDO, 4, enabled=True))
    assert new(dictionary, {}, profile=wanted) == {("disabled", "warning", "TPDO4", "1803h:01")}
    (off,) = [each for each in report(dictionary, profile=wanted).findings if each.rule == "disabled"]
    assert "the profile wanted has it enabled" in off.text


def test_slots_behind_those_of_the_profile_do_not_matter(dictionary: Dictionary) -> None:
    wanted = profile(PdoWanted(TPDO, 3, words=(0x20600020, 0x22000010)))
    assert new(dictionary, {}, profile=wanted) == {("differs-from-profile", "warning", "TPDO3", "1A02h:00")}
    assert new(dictionary, {"1A02:00": "02", "1A02:03": "00 00 00 00"}, profile=wanted) == set()


def test_a_defect_that_the_profile_has_too_hides_no_difference(dictionary: Dictionary) -> None:
    # 2103h and 2101h are both rwr: the profile is no better than the device.
    words = (0x2FFA0108, 0x2FFA0108, 0x20020010, 0x21030010, 0x60100010)
    wanted = profile(PdoWanted(RPDO, 2, words=words))
    assert new(dictionary, {}, profile=wanted) == {
        ("differs-from-profile", "warning", "RPDO2 slot 4", "1601h:04")
    }


def test_a_pdo_that_the_eds_does_not_have(dictionary: Dictionary) -> None:
    wanted = profile(PdoWanted(RPDO, 9, event_timer_ms=500))
    (finding,) = [each for each in report(dictionary, profile=wanted).findings if each.pdo == "RPDO9"]
    assert (finding.rule, finding.object, finding.found) == (
        "differs-from-profile",
        "1408h:05",
        "not in the EDS",
    )
