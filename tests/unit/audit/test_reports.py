"""The five forms of a report: golden files, published schemas, and texts that are nobody's markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from lxml import html as lxml_html

from deltaq_master.audit.baseline import accepting, baseline_of, read_baseline
from deltaq_master.audit.findings import Finding, Report, Severity
from deltaq_master.audit.places import Places, places
from deltaq_master.audit.report_html import html
from deltaq_master.audit.report_json import document
from deltaq_master.audit.report_junit import junit
from deltaq_master.audit.report_sarif import sarif
from deltaq_master.audit.report_text import text_of
from deltaq_master.audit.rules import RULES
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from tests.unit.audit.golden_reports import FOLDER, STAMP, reports
from tests.unit.audit.looking import report

DATA = Path(__file__).parents[1] / "data"
WHERE = Places("ICL1500-85.eds", {})
NASTY = "<b>&\"'\x07 " + "\ud800".encode("utf-8", "surrogatepass").decode("latin-1") + "]]>"


@pytest.fixture
def states(dictionary: Dictionary) -> dict[str, Report]:
    """Reports of every kind: findings, clean, accepted, incomplete, and with texts that no form likes."""
    found = report(dictionary)
    known = accepting(found, read_baseline(baseline_of(found, "").encode(), "known.json"), "known.json")
    partly = accepting(
        report(dictionary, {"1601:03": "10 00 10 60"}),
        read_baseline(baseline_of(found, "").encode(), "known.json"),
        "known.json",
    )
    nasty: list[Finding] = [
        replace(each, text=NASTY, expected=NASTY, found=NASTY, remedy=NASTY, evidence=(NASTY,))
        for each in found.findings
    ]
    return {
        "findings": found,
        "accepted": known,
        "partly accepted": partly,
        "incomplete": report(dictionary, failures={"1601:03": "not answered"}),
        "over 64 bits": report(
            dictionary, {"1A00:00": "07", "1A00:06": "20 00 F0 2F", "1A00:07": "01 00 F1 2F"}
        ),
        "nasty": replace(
            found, findings=tuple(nasty), device=replace(found.device, name=NASTY), notes=(NASTY,)
        ),
        "nothing mapped": report(dictionary, {"1600:00": "00"}),
        "a PDO that was not read": report(dictionary, failures={"1600": "dead", "1400:01": "dead"}),
    }


@pytest.mark.parametrize("name", ["notes.txt", "notes.json", "notes.junit.xml", "notes.sarif", "notes.html"])
def test_the_golden_reports(name: str, dictionary: Dictionary) -> None:
    assert reports(dictionary)[name].decode() == (FOLDER / name).read_bytes().decode()


STATES = (
    "findings",
    "accepted",
    "partly accepted",
    "incomplete",
    "over 64 bits",
    "nasty",
    "nothing mapped",
    "a PDO that was not read",
)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("level", list(Severity))
def test_junit_is_as_its_schema_wants(state: str, level: Severity, states: dict[str, Report]) -> None:
    schema = etree.XMLSchema(etree.parse(DATA / "junit-10.xsd"))
    schema.assertValid(etree.fromstring(junit(states[state], STAMP, level)))


@pytest.mark.parametrize("state", STATES)
def test_sarif_is_as_its_schema_wants(state: str, states: dict[str, Report]) -> None:
    schema = json.loads((DATA / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft4Validator(schema)
    # As it is in the file, not as it is in memory.
    validator.validate(json.loads(json.dumps(sarif(states[state], STAMP, WHERE))))


def test_the_schemas_refuse_what_is_wrong(states: dict[str, Report]) -> None:
    schema = etree.XMLSchema(etree.parse(DATA / "junit-10.xsd"))
    xml = junit(states["findings"], STAMP, Severity.INFO).replace(b"<testcase ", b"<testcave ")
    assert not schema.validate(etree.fromstring(xml.replace(b"</testcase>", b"</testcave>")))
    log: dict[str, Any] = sarif(states["findings"], STAMP, WHERE)
    log["runs"][0]["results"][0]["level"] = "grave"
    document_schema = json.loads((DATA / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    assert not jsonschema.Draft4Validator(document_schema).is_valid(json.loads(json.dumps(log)))


@pytest.mark.parametrize("state", STATES)
def test_the_page_is_one_file_without_script(state: str, states: dict[str, Report]) -> None:
    page = lxml_html.fromstring(html(states[state], STAMP))
    assert not page.xpath("//script | //link | //img | //iframe | //@src | //@href")
    assert not page.xpath("//b[text()='&']")
    assert "url(" not in page.findtext(".//style", "")
    assert "@import" not in page.findtext(".//style", "")
    assert page.xpath("string(//p[contains(@class, 'verdict')])").startswith("Node 10")


def test_the_page_shows_each_slot_at_its_bytes(dictionary: Dictionary) -> None:
    page = lxml_html.fromstring(html(report(dictionary), STAMP))
    grid = page.xpath("//h4[starts-with(., 'RPDO1,')]/following-sibling::div[1]/div[not(@class='byte')]")
    spans = [(cell.findtext("b"), cell.get("style")) for cell in grid]
    one, two = "grid-column: span 8", "grid-column: span 16"
    assert spans == [
        ("2FFAh:01", one),
        ("6081h:00", one),
        ("4201h:00", one),
        ("2276h:00", two),
        ("6070h:00", two),
        ("6000h:00", one),
    ]
    marked = page.xpath(
        "//h4[starts-with(., 'RPDO2,')]/following-sibling::div[1]/div[@class='warning']/b/text()"
    )
    assert marked == ["2002h:00", "2101h:00"]


def test_a_slot_goes_on_in_the_next_row(dictionary: Dictionary) -> None:
    changes = {"1A00:00": "06", "1A00:05": "04 02 FA 2F", "1A00:06": "10 00 08 20"}
    page = lxml_html.fromstring(html(report(dictionary, changes), STAMP))
    grid = page.xpath("//h4[starts-with(., 'TPDO1,')]/following-sibling::div[1]/div[not(@class='byte')]")
    last = [(cell.text_content()[:20], cell.get("style").split()[-1]) for cell in grid[-3:]]
    assert last == [("2008h:00byte 7.4-9.3", "4"), ("2008h:00 (continued)", "12"), ("not mapped", "52")]


def test_json_says_it_all(dictionary: Dictionary) -> None:
    found: dict[str, Any] = document(report(dictionary), STAMP, Severity.INFO)
    assert found["schema"] == "deltaq.pdo-audit/1"
    assert found["counts"] == {"error": 0, "warning": 3, "info": 1}
    assert (found["complete"], found["clean"]) == (True, False)
    first = found["findings"][1]
    assert (first["rule"], first["pdo"], first["slot"], first["object"]) == (
        "wrong-direction",
        "RPDO2",
        3,
        "1601h:03",
    )
    assert [rule["id"] for rule in found["rules"]] == [rule.id for rule in RULES]


def test_clean_is_what_level_and_completeness_say(dictionary: Dictionary, states: dict[str, Report]) -> None:
    assert document(states["accepted"], STAMP, Severity.INFO)["clean"] is True
    assert document(states["findings"], STAMP, Severity.ERROR)["clean"] is True
    unread = report(dictionary, failures={"2103": "not answered"})
    assert document(unread, STAMP, Severity.ERROR)["clean"] is False


def test_junit_fails_what_counts_and_tells_the_rest(states: dict[str, Report]) -> None:
    def outcome(state: str, level: Severity) -> dict[str, list[str]]:
        cases = etree.fromstring(junit(states[state], STAMP, level)).iter("testcase")
        return {str(case.get("name")): [str(child.tag) for child in case] for case in cases}

    every = outcome("findings", Severity.INFO)
    assert every["wrong-direction"] == every["duplicate-slot"] == ["failure"]
    assert every["complete"] == every["bit-length"] == []
    assert every["differs-from-dbc"] == ["skipped"]
    assert outcome("findings", Severity.WARNING)["duplicate-slot"] == ["system-out"]
    assert outcome("accepted", Severity.INFO)["wrong-direction"] == ["system-out"]
    assert outcome("incomplete", Severity.INFO)["complete"] == ["error"]
    suite = etree.fromstring(junit(states["findings"], STAMP, Severity.INFO)).find("testsuite")
    assert suite is not None
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("3", "0", "2")


def test_sarif_points_to_the_line_in_the_eds(dictionary: Dictionary) -> None:
    text = dictionary.path.read_text(encoding="ascii")
    log: dict[str, Any] = sarif(report(dictionary), STAMP, places(dictionary.path.name, text))
    results = log["runs"][0]["results"]
    place = results[1]["locations"][0]["physicalLocation"]
    assert text.splitlines()[place["region"]["startLine"] - 1] == "[1601sub3]"
    assert [result["level"] for result in results] == ["warning", "warning", "warning", "note"]
    assert results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "node 10/RPDO2/1601h:03"


def test_sarif_suppresses_what_is_accepted(states: dict[str, Report]) -> None:
    log: dict[str, Any] = sarif(states["accepted"], STAMP, WHERE)
    results = log["runs"][0]["results"]
    assert len(results) == 4
    assert all(result["suppressions"][0]["kind"] == "external" for result in results)


def test_places_in_an_eds() -> None:
    found = places("my device.eds", "; nothing\n[1601]\nX=1\n[1601Sub3]\n[16xx]\n[DeviceInfo]\n")
    assert found.uri == "my%20device.eds"
    assert [found.line(Address(*at)) for at in ((0x1601, 3), (0x1601, 4), (0x1602, 1))] == [4, 2, None]


@pytest.mark.parametrize("state", STATES)
def test_the_text_fits_a_terminal_and_ends_with_the_verdict(state: str, states: dict[str, Report]) -> None:
    text = text_of(states[state], 80)
    if state != "nasty":
        long = [line for line in text.splitlines() if len(line) > 80]
        assert not [line for line in long if not re.search(r"#|not applied", line)]
        assert text.replace("\n", " ").endswith(states[state].verdict)


def test_the_text_names_what_is_accepted_gone_and_missing(states: dict[str, Report]) -> None:
    partly = text_of(states["partly accepted"])
    assert "accepted  wrong-direction: RPDO2 slot 4, 1601h:04" in partly
    assert "no more there, though accepted in known.json: wrong-direction, 1601h:03" in partly
    assert "incomplete: RPDO2 slot 3 (1601h:03): not answered" in text_of(states["incomplete"])


@pytest.mark.parametrize(
    ("changes", "failures", "verdict"),
    [
        ({}, {}, "Node 10 (ICL1500-85) has 3 warnings and 1 remark."),
        ({"1600:02": "08 00 F0 2F"}, {}, "Node 10 (ICL1500-85) has 1 error, 3 warnings and 1 remark."),
        (
            {"1008": None},
            {"1400:05": "dead", "1601": "dead"},
            "Node 10 could not be audited completely: 2 things are missing.",
        ),
    ],
)
def test_the_verdict(
    changes: dict[str, str | None], failures: dict[str, str], verdict: str, dictionary: Dictionary
) -> None:
    assert report(dictionary, changes, failures=failures).verdict == verdict


def test_the_verdict_of_a_clean_device(states: dict[str, Report]) -> None:
    known = "Node 10 (ICL1500-85) is as it should be: no new finding, and 4 accepted before."
    assert states["accepted"].verdict == known
    assert (
        replace(states["accepted"], accepted=()).verdict
        == "Node 10 (ICL1500-85) is as it should be: no new finding."
    )
    both = replace(states["accepted"], missing=states["incomplete"].missing)
    assert both.verdict.endswith("1 thing is missing. So far no new finding, and 4 accepted before.")
