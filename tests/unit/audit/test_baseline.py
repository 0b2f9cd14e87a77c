"""Baselines: what is accepted, what is new, what is no more; and fingerprints, by which they are told apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deltaq_master.audit.baseline import accepting, baseline_of, read_baseline
from deltaq_master.audit.findings import Report
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import FileError
from deltaq_master.protocol.nmt import NmtState
from tests.unit.audit.looking import NOTES, report, rows


def known(found: Report) -> Any:
    return read_baseline(baseline_of(found, "2026-01-31T12:00:00Z").encode(), "known.json")


def test_everything_can_be_accepted(dictionary: Dictionary) -> None:
    found = report(dictionary)
    after = accepting(found, known(found), "known.json")
    assert (after.findings, rows(after.accepted), after.vanished) == ((), NOTES, ())


def test_what_is_new_stays_a_finding_and_what_is_gone_is_said(dictionary: Dictionary) -> None:
    after = accepting(report(dictionary, {"1601:03": "10 00 10 60"}), known(report(dictionary)), "known.json")
    assert rows(after.findings) == {("duplicate-slot", "warning", "RPDO2 slot 5", "1601h:05")}
    assert len(after.accepted) == 3
    assert len(after.vanished) == 1
    assert after.vanished[0].startswith("wrong-direction, 1601h:03: RPDO2 slot 3 receives 2002h:00")


def test_nothing_has_vanished_that_could_not_be_read(dictionary: Dictionary) -> None:
    unread = report(dictionary, failures={"1601:03": "not answered"})
    assert accepting(unread, known(report(dictionary)), "known.json").vanished == ()


def test_a_baseline_grows_and_keeps_its_reasons(dictionary: Dictionary) -> None:
    first = json.loads(baseline_of(report(dictionary), ""))
    first["accepted"][0]["reason"] = "measured on the unit"
    before = read_baseline(json.dumps(first).encode(), "known.json")
    more = accepting(report(dictionary, {"1800:02": "01"}), before, "known.json")
    assert len(more.findings) == 1
    second = json.loads(baseline_of(more, "", before))
    assert len(second["accepted"]) == 5
    reasons = {each["rule"]: each["reason"] for each in second["accepted"]}
    assert reasons["no-event-timer"] == "measured on the unit"
    again = accepting(more, read_baseline(json.dumps(second).encode(), "new.json"), "new.json")
    assert (len(again.findings), len(again.accepted)) == (0, 5)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no baseline: Input data was truncated"),
        (b"{}", "missing required field `schema`"),
        (b'{"schema": "deltaq.pdo-baseline/1", "accepted": [{"rule": "x"}]}', "missing required field"),
        (b'{"schema": "deltaq.pdo-baseline/1", "accepted": [], "more": 1}', "unknown field `more`"),
        (b'{"schema": "deltaq.pdo-baseline/2", "accepted": []}', "is a 'deltaq.pdo-baseline/2', not a"),
        (b"\xff\xfe", "is no baseline"),
    ],
)
def test_what_is_no_baseline(data: bytes, said: str) -> None:
    with pytest.raises(FileError, match=r"known\.json: ") as caught:
        read_baseline(data, "known.json")
    assert said in str(caught.value)


def test_a_fingerprint_is_of_the_value_too(dictionary: Dictionary) -> None:
    def prints(data: str) -> set[str]:
        return {each.fingerprint for each in report(dictionary, {"1800:05": data}).findings}

    assert prints("C9 00") == prints("C9 00")
    assert len(prints("C9 00") - prints("CA 00")) == 1


def test_a_fingerprint_is_not_of_what_moves(dictionary: Dictionary) -> None:
    def prints(volts: str) -> set[str]:
        sdo: dict[str, str | None] = {"2002": "7C 13", "2101": "00 47", "2006": "70 00"}
        options: dict[str, Any] = {
            "state": NmtState.OPERATIONAL,
            "frames": {0x18A: f"7C 13 {volts} 70 00 00 00"},
        }
        found = report(dictionary, sdo, **options).findings
        return {each.fingerprint for each in found if each.rule == "scale-contradicted"}

    assert prints("00 11") == prints("08 11")
    assert len(prints("00 11")) == 1


def test_a_second_look_takes_away_what_it_does_not_show(dictionary: Dictionary) -> None:
    first = report(dictionary, {"2103": "C6 02", "2105": "01 00"})
    second = report(dictionary, {"2103": "C7 02"})
    kept = first.confirmed_by(second, "scale-contradicted").findings
    assert {each.object for each in kept if each.rule == "scale-contradicted"} == {"2103h:00"}
    assert rows(kept) >= NOTES
