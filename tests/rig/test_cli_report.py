"""`deltaq report` through its door: pages, pictures, tables and seals of the recordings in tests/replay."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import random
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from lxml.html import HtmlElement

from deltaq_master.cli import main
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.link.record.parts import Rotation
from deltaq_master.session_report.curves_figure import figure, points
from deltaq_master.session_report.gathering import Maker, gather
from deltaq_master.session_report.page import page, pieces
from deltaq_master.session_report.seal import PAGE, Standing, check
from deltaq_master.session_report.session import Session
from tests.rig.recorded_rig import RecordedRig, recorder

REPLAY = Path(__file__).parents[1] / "replay"
COMPLETE = "charge-to-complete.log"
FAULT = "fault-ac-lost.log"
CAPTURE = "icl1500-85-heartbeat-and-rpdo.trc"
KEY = b"0123456789abcdef0123456789abcdef"
STUB = "/* what draws the curves */"

Text = pytest.CaptureFixture[str]
Copy = Callable[[str], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A recording or a log, in a folder of its own."""

    def copied(name: str) -> Path:
        for path in REPLAY.glob(f"{name}*"):
            shutil.copy(path, tmp_path / path.name)
        return tmp_path / name

    return copied


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return load(eds_path(), 10)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.write_bytes(KEY + b"\n")
    path.chmod(0o600)
    return path


def session_of(name: str, dictionary: Dictionary) -> Session:
    return gather(REPLAY / name, dictionary, Maker("deltaq test"))


def read(path: Path) -> HtmlElement:
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    found: HtmlElement = html.document_fromstring(path.read_bytes(), parser=parser)
    return found


def headings(document: HtmlElement) -> list[str]:
    return [each.text_content() for each in document.iter("h1", "h2")]


def section(document: HtmlElement, heading: str) -> HtmlElement:
    (found,) = [each for each in document.iter("section") if heading in headings(each)]
    return found


def flipped(data: bytes, place: int, bit: int) -> bytes:
    altered = bytearray(data)
    altered[place] ^= 1 << bit
    return bytes(altered)


# --- the page ---------------------------------------------------------------------------------------------


def test_outcome_and_cause_come_first(copy: Copy, capsys: Text) -> None:
    log = copy(FAULT)
    assert main(["report", str(log)]) == 0
    told = capsys.readouterr()
    assert told.out == "fault: the charger detects no AC\n"
    place = log.with_name(f"{FAULT}.html")
    assert told.err == f"note: written to {place}\n"
    document = read(place)
    main_part = document.find("body/main")
    assert main_part is not None
    first = main_part[0]
    assert (first.tag, first[0].tag, first[1].get("class")) == ("section", "h1", "verdict bad")
    assert first[1].text == "fault: the charger detects no AC"
    assert "Next: plug the charger in" in first[2].text_content()
    assert ", ".join(headings(document)[1:]) == (
        "Curves, Events, The charge, Diagnosis, Causes, the likeliest first, Preconditions, What happened, Notes, "
        "Identity, Configuration and other objects, as they were read or written, PDO maps, Frames, "
        "About this report"
    )


def test_the_page_says_what_was_on_the_bus(copy: Copy) -> None:
    log = copy(FAULT)
    assert main(["report", f"{log}.jsonl"]) == 0
    document = read(log.with_name(f"{FAULT}.html"))
    identity = section(document, "Identity").text_content()
    assert "00D4A081h" in identity
    maps = [each.text_content() for each in section(document, "PDO maps").iter("h3")]
    assert maps[0] == ("RPDO1, COB-ID 20Ah, transmission type FFh, event timer off, as the charger told it")
    frames = section(document, "Frames").text_content()
    assert "node 10 TPDO1" in frames
    assert "The bit rate is not in the log" in frames
    events = [row.text_content() for row in section(document, "Events").iter("tr")]
    assert "2.800000causethe charger detects no AC" in events
    about = section(document, "About this report").text_content()
    assert hashlib.sha256(log.read_bytes()).hexdigest() in about
    assert "not sealed" in about


def test_the_page_needs_nothing_else(copy: Copy) -> None:
    log = copy(CAPTURE)
    assert main(["report", str(log)]) == 0
    document = read(log.with_name(f"{CAPTURE}.html"))
    assert not [each for each in document.iter() if each.get("src") or each.get("href")]
    (policy,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    scripts = [each.text or "" for each in document.iter("script") if each.get("type") is None]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert len(scripts) == 2
    # No text inside the data can end its element.
    data = [each.text or "" for each in document.iter("script") if each.get("type") == "application/json"]
    assert len(data) > 5
    assert not [text for text in data if "<" in text]
    known = [each.get("id") for each in document.iter() if each.get("id")]
    assert len(known) == len(set(known))


def test_a_log_alone_says_what_is_not_known(copy: Copy, capsys: Text) -> None:
    log = copy(CAPTURE)
    assert main(["report", str(log)]) == 0
    assert "ready (6000h) was 1 from the first RPDO1 on" in capsys.readouterr().out
    document = read(log.with_name(f"{CAPTURE}.html"))
    missing = section(document, "What is not known").text_content()
    for text in ("no decisions were recorded", "the identity was not read", "assumed to be those of the EDS"):
        assert text in missing
    assert "The charge" not in headings(document)
    maps = [each.text_content() for each in section(document, "PDO maps").iter("h3")]
    assert all(title.endswith("assumed from the EDS") for title in maps)


def test_texts_of_a_device_are_no_markup(tmp_path: Path, dictionary: Dictionary) -> None:
    log = tmp_path / "<b>x&<!--.log"
    # 1008h is read in segments: </script><script>
    log.write_text(
        "(0.000000) can0 70A#7F\n"
        "(0.100000) can0 60A#4008100000000000\n"
        "(0.101000) can0 58A#4108100011000000\n"
        "(0.102000) can0 60A#6000000000000000\n"
        "(0.103000) can0 58A#003C2F7363726970\n"
        "(0.104000) can0 60A#7000000000000000\n"
        "(0.105000) can0 58A#10743E3C73637269\n"
        "(0.106000) can0 60A#6000000000000000\n"
        "(0.107000) can0 58A#0970743E00000000\n"
    )
    data = page(gather(log, dictionary, Maker("test")), STUB)
    document = html.document_fromstring(data)
    assert "</script><script>" in section(document, "Identity").text_content()
    assert next(each.text for each in document.iter("script") if each.get("type") is None) == STUB
    assert b"<b>x" not in data
    assert document.findtext("head/title") == "Charger node 10: <b>x&<!--.log"


# --- the curves -------------------------------------------------------------------------------------------


def test_the_figure_is_one_of_plotlys(dictionary: Dictionary) -> None:
    from plotly.graph_objects import Figure

    for name in (COMPLETE, FAULT, CAPTURE):
        session = session_of(name, dictionary)
        made = figure(session)
        for trace in made["data"]:
            if "meta" in trace:
                (curve,) = [each for each in session.curves if each.kind.id == trace["meta"]["curve"]]
                trace.update(points(curve))
        # It refuses whatever its JavaScript would not know.
        assert len(Figure(made).data) == len(made["data"])
        assert all(len(trace["x"]) == len(trace["y"]) > 0 for trace in made["data"])


def test_the_figure_has_bands_and_marks(dictionary: Dictionary) -> None:
    made = figure(session_of(FAULT, dictionary))
    strips = {trace["name"]: trace["y"] for trace in made["data"] if trace["type"] == "bar"}
    assert strips["charging"] == ["decided"]
    assert strips["charging, below 80 %"] == ["reported"]
    assert strips["fault"] == ["decided"]
    (cause,) = [trace for trace in made["data"] if trace["name"] == "cause"]
    assert cause["hovertext"] == ["cause at 2.800 s<br>the charger detects no AC"]
    kinds = [shape["type"] for shape in made["layout"]["shapes"]]
    assert (kinds.count("rect"), kinds.count("line")) == (5, 1)


@pytest.mark.parametrize("name", [COMPLETE, FAULT])
def test_the_current_is_believed_where_the_charge_believed_it(name: str, dictionary: Dictionary) -> None:
    session = session_of(name, dictionary)
    curves = {curve.kind.id: curve for curve in session.curves}
    lines = [json.loads(text) for text in (REPLAY / f"{name}.jsonl").read_text().splitlines()]
    wanted: list[float] = []
    current = None
    for line in lines:
        if line["kind"] != "step":
            continue
        for effect in line["effects"]:
            if effect.get("is") == "ChargeView":
                current = effect.get("current", current)
        if line["event"].get("cob_id") == 0x18A and current is not None:
            wanted.append(current)
    found = [value for value in curves["current"].values if value == value]
    assert found == wanted
    assert len(found) >= 5
    # 2002h shows 19.48 A while nothing flows: that is nowhere a current.
    assert curves["current_untrusted"].greatest == 19.484375
    assert (curves["current"].greatest or 0) < 5


def test_power_is_volts_times_believed_amperes(dictionary: Dictionary) -> None:
    curves = {curve.kind.id: curve for curve in session_of(FAULT, dictionary).curves}
    volts = dict(zip(curves["voltage"].times, curves["voltage"].values, strict=True))
    amperes = zip(curves["current"].times, curves["current"].values, strict=True)
    wanted = {time: volts[time] * value for time, value in amperes if value == value}
    power = zip(curves["power"].times, curves["power"].values, strict=True)
    assert {time: value for time, value in power if value == value} == wanted


def test_a_capture_has_no_believed_current(dictionary: Dictionary) -> None:
    session = session_of(CAPTURE, dictionary)
    curves = {curve.kind.id: curve for curve in session.curves}
    assert "current" not in curves
    assert "power" not in curves
    assert curves["current_untrusted"].last == 19.453125
    assert (curves["voltage_request"].last, curves["current_request"].last) == (82.0, 10.0)
    assert (curves["temperature_told"].last, curves["soc_told"].last) == (70.0, 76.0)
    assert [band.text for band in session.reported] == ["pre-operational", "inactive"]


def test_a_request_by_sdo_is_a_curve_too(dictionary: Dictionary) -> None:
    curves = {curve.kind.id: curve for curve in session_of("notes-sdo-attempt.log", dictionary).curves}
    # 84 V x 256 written to 2271h, which counts 1/1024 V.
    assert curves["voltage_request"].last == 21.0
    assert curves["current_request"].last == 10.0


# --- the charge, out of its lines -------------------------------------------------------------------------


def test_a_charge_is_told_as_it_was_decided(dictionary: Dictionary) -> None:
    session = session_of(FAULT, dictionary)
    (charge,) = session.charges
    assert (charge.outcome, charge.cause, charge.sentence) == (
        "fault",
        "ac-lost",
        "the charger detects no AC",
    )
    assert [band.text for band in charge.phases] == ["booting", "armed", "enabling", "charging", "fault"]
    assert (charge.caused, charge.off_confirmed, charge.unconfirmed) == (2.8, True, False)
    assert charge.target == "84.0 V, 10.0 A within 84.2 V and 12.0 A"
    assert session.explained_at == "at 2.800 s, when the charge ended"
    assert session.explanation.causes[0].id == "ac"


def test_a_recording_without_its_end_says_so(copy: Copy, dictionary: Dictionary) -> None:
    log = copy(FAULT)
    lines = Path(f"{log}.jsonl")
    kept = [text for text in lines.read_text().splitlines(keepends=True) if '"kind":"end"' not in text]
    lines.write_text("".join(kept[:60]) + kept[60][:20])
    session = gather(log, dictionary, Maker("test"))
    assert session.verdict == "The charge was under way when the recording ended."
    assert session.good is None
    assert any("has no end" in text for text in session.missing)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"kind":"step","machine":1', '"kind":"step","machine":2', "a step without its charge"),
        ('"type":"charge"', '"type":"other"', "does not know: 'other'"),
        ('"node_id":10,"plan"', '"node_id":null,"plan"', "without its beginning or its node-ID"),
        ('"effects":[', '"effects":3,"e":[', "a step without"),
    ],
)
def test_a_broken_line_is_named(copy: Copy, capsys: Text, old: str, new: str, said: str) -> None:
    log = copy(FAULT)
    lines = Path(f"{log}.jsonl")
    lines.write_text(lines.read_text().replace(old, new, 1))
    assert main(["report", str(log)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert re.search(r"jsonl:\d+: ", err)
    assert not list(log.parent.glob("*.html"))


# --- other forms ------------------------------------------------------------------------------------------


def test_the_same_recording_gives_the_same_bytes(copy: Copy) -> None:
    log = copy(COMPLETE)
    made = []
    for name in ("one", "two"):
        places = {form: log.with_name(f"{name}.{form}") for form in ("html", "png", "svg", "csv", "parquet")}
        options = [
            word for form, place in places.items() if form != "html" for word in (f"--{form}", str(place))
        ]
        assert main(["report", str(log), "-o", str(places["html"]), *options]) == 0
        made.append({form: place.read_bytes() for form, place in places.items()})
    assert made[0] == made[1]
    assert made[0]["png"].startswith(b"\x89PNG\r\n")
    assert made[0]["parquet"].startswith(b"PAR1")
    drawing = made[0]["svg"].decode()
    assert ET.fromstring(drawing).tag == "{http://www.w3.org/2000/svg}svg"
    for text in ("Voltage [V]", "Current [A]", "untrusted reading: no amperes", "armed"):
        assert text in drawing


def test_the_table_by_hand(copy: Copy) -> None:
    log = copy(FAULT)
    place = log.with_name("t.csv")
    assert main(["report", str(log), "-o", "-", "--csv", str(place)]) == 0
    with place.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["time_s", "voltage_V", "voltage_request_V"]
    times = [float(row["time_s"]) for row in rows]
    assert times == sorted(set(times))
    (row,) = [row for row in rows if row["time_s"] == "2.800000"]
    # 18A#C003004A40000000: 03C0h and 4A00h, both in 1/256; indication 0, so that no current is believed.
    told = (row["voltage_V"], row["current_A"], row["current_untrusted_A"], row["current_request_A"])
    assert told == ("74.0", "", "3.75", "0.0")
    assert row["phase"] == "fault"
    assert row["event"].startswith("cause: the charger detects no AC; outcome: fault")


def test_parquet_holds_what_csv_holds(copy: Copy) -> None:
    from pyarrow import parquet

    log = copy(COMPLETE)
    places = [log.with_name("t.csv"), log.with_name("t.parquet")]
    words = ["--csv", str(places[0]), "--parquet", str(places[1])]
    assert main(["report", str(log), *words]) == 0
    with places[0].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = parquet.read_table(places[1])
    assert table.column_names == list(rows[0])
    assert table.num_rows == len(rows)
    for name in table.column_names[:-3]:
        written = [float(row[name]) if row[name] else None for row in rows]
        assert table.column(name).to_pylist() == written
    assert table.column("event").to_pylist() == [row["event"] for row in rows]


def test_without_pyarrow_it_says_what_to_install(
    copy: Copy, capsys: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    log = copy(COMPLETE)
    assert main(["report", str(log), "--parquet", str(log.with_name("t.parquet"))]) == 2
    assert "pip install 'deltaq-master[parquet]'" in capsys.readouterr().err


def test_the_summary_is_for_programs(copy: Copy, capsys: Text) -> None:
    assert main(["--json", "-b", "250000", "report", str(copy(FAULT))]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["node"], told["good"]) == ("deltaq.report/1", 10, False)
    assert told["charges"][0]["cause"] == "ac-lost"
    assert told["frames"]["loads"][0]["bitrate"] == 250_000
    assert told["origin"]["begun"].endswith("Z")
    assert [each["id"] for each in told["curves"]][:2] == ["voltage", "voltage_request"]
    assert told["explanation"]["causes"][0]["id"] == "ac"


def test_the_page_goes_to_stdout(copy: Copy, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = copy(CAPTURE)
    assert main(["report", str(log), "-o", "-"]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"<!DOCTYPE html>")
    assert out.endswith(b"</html>\n")
    assert err == b""
    assert not list(log.parent.glob("*.html"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.log"], "cannot be opened"),
        (["a.log", "b.log"], "is not one file"),
        (["verify"], "is not one file"),
        (["verify", "a.html", "--csv", "x"], "--csv is not for verify"),
        (["verify", "a.html", "--new-key"], "--new-key is not for verify"),
        (["verify", "nothing.html"], "cannot be read"),
        (["a.log", "--key", "k"], "--key is for verify"),
        (["a.log", "--new-key"], "add --sign KEYFILE"),
    ],
)
def test_wrong_words_are_said(
    words: list[str], said: str, capsys: Text, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", *words]) == 2
    assert said in capsys.readouterr().err


def test_an_empty_log_is_no_session(tmp_path: Path, capsys: Text) -> None:
    log = tmp_path / "empty.log"
    log.write_text("")
    assert main(["report", str(log)]) == 2
    assert "has no frames" in capsys.readouterr().err


# --- the seal ---------------------------------------------------------------------------------------------


def test_a_sealed_page_is_valid_until_it_is_altered(copy: Copy, key: Path, capsys: Text) -> None:
    log = copy(COMPLETE)
    place = log.with_name("ride.html")
    assert main(["report", str(log), "-o", str(place), "--sign", str(key)]) == 0
    assert KEY.decode() not in capsys.readouterr().err
    assert KEY not in place.read_bytes()
    verify = ["report", "verify", str(place)]
    assert main([*verify, "--key", str(key)]) == 0
    assert capsys.readouterr().out == f"{place}: valid\n"
    assert main(verify) == 4
    assert "without the key nobody knows" in capsys.readouterr().out
    place.write_bytes(place.read_bytes().replace(b"<b>84.00 V</b>", b"<b>83.00 V</b>"))
    assert main([*verify, "--key", str(key)]) == 1
    assert re.search(r": altered at entry 2 of \d+ \(outcome\): bytes \d+ to \d+ ", capsys.readouterr().out)
    assert main(["--json", *verify, "--key", str(key)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["standing"]) == ("deltaq.report-verify/1", "altered")
    assert (told["entry"], told["title"]) == (2, "outcome")


def test_an_event_that_was_altered_is_named(copy: Copy, key: Path, capsys: Text) -> None:
    log = copy(FAULT)
    assert main(["report", str(log), "--sign", str(key)]) == 0
    place = log.with_name(f"{FAULT}.html")
    capsys.readouterr()
    data = place.read_bytes()
    row = data.index(b"<td>the charger detects no AC</td>")
    place.write_bytes(flipped(data, row + 10, 0))
    assert main(["report", "verify", str(place), "--key", str(key)]) == 1
    assert "(event 9, cause at 2.800000 s)" in capsys.readouterr().out


def test_an_unsealed_page_is_unsigned(copy: Copy, key: Path, capsys: Text) -> None:
    log = copy(CAPTURE)
    assert main(["report", str(log)]) == 0
    capsys.readouterr()
    assert main(["report", "verify", str(log.with_name(f"{CAPTURE}.html")), "--key", str(key)]) == 4
    assert "unsigned" in capsys.readouterr().out


def test_another_key_is_said(copy: Copy, key: Path, tmp_path: Path, capsys: Text) -> None:
    log = copy(CAPTURE)
    other = tmp_path / "other.key"
    assert main(["report", str(log), "--sign", str(other), "--new-key"]) == 0
    assert other.stat().st_mode & 0o777 == 0o600
    err = capsys.readouterr().err
    assert "a new key is in" in err
    assert other.read_text().strip() not in err
    assert main(["report", "verify", str(log.with_name(f"{CAPTURE}.html")), "--key", str(key)]) == 1
    assert "it was not sealed with this key" in capsys.readouterr().out
    assert main(["report", str(log), "--sign", str(other), "--new-key"]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_sealed_summary_is_two_kinds_of_lines(
    copy: Copy, key: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["--json", "report", str(copy(FAULT)), "--sign", str(key)]) == 0
    data, _ = capfdbinary.readouterr()
    first, *seal = [json.loads(text) for text in data.splitlines()]
    assert (first["schema"], first["sealed"]) == ("deltaq.report/1", True)
    assert [line.get("title") for line in seal[1:-3]] == sorted(first)
    place = tmp_path / "ride.json"
    place.write_bytes(data)
    verify = ["report", "verify", str(place), "--key", str(key)]
    assert main(verify) == 0
    place.write_bytes(data.replace(b'"ac-lost"', b'"ac-left"'))
    assert main(verify) == 1
    assert b"(charges)" in capfdbinary.readouterr()[0]


@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [
        (0o644, KEY, "chmod 600"),
        (0o600, b"short\n", "32 are the least"),
        (0o620, KEY, "others may read or change"),
    ],
)
def test_a_key_that_is_none_is_refused(
    copy: Copy, tmp_path: Path, capsys: Text, mode: int, content: bytes, said: str
) -> None:
    key = tmp_path / "k"
    key.write_bytes(content)
    key.chmod(mode)
    log = copy(CAPTURE)
    assert main(["report", str(log), "--sign", str(key)]) == 2
    assert said in capsys.readouterr().err
    assert main(["report", str(log), "--sign", str(tmp_path)]) == 2
    assert not list(tmp_path.glob("*.html"))


def located(session: Session, places: Callable[[int], Any]) -> int:
    """Flip bytes of a sealed page; each must be found, in the entry that it belongs to."""
    parts = tuple(pieces(session, STUB, KEY))
    data = page(session, STUB, KEY)
    ends, end = [], 0
    for part in parts:
        end += len(part.data)
        ends.append(end)
    begin = end + len(PAGE.opening)
    tried = 0
    for place, bit in places(len(data)):
        found = check(flipped(data, place, bit), KEY)
        assert found.standing is Standing.ALTERED, (place, bit)
        if place < end:
            number = next(number for number, each in enumerate(ends, 1) if place < each)
            assert (found.entry, found.title) == (number, parts[number - 1].title)
        elif begin <= place < len(data) - len(PAGE.closing):
            assert found.entry == data[begin:place].count(b"\n") + 1
        else:
            assert found.entry is None
        tried += 1
    return tried


def test_flipped_bytes_of_a_sealed_report_are_located(dictionary: Dictionary) -> None:
    dice = random.Random(45)

    def some(length: int) -> list[tuple[int, int]]:
        return [(dice.randrange(length), dice.randrange(8)) for _ in range(2000)]

    assert located(session_of(FAULT, dictionary), some) == 2000


@pytest.mark.long
def test_every_byte_of_a_sealed_report_is_located(dictionary: Dictionary) -> None:
    def every(length: int) -> list[tuple[int, int]]:
        return [(place, place % 8) for place in range(length)]

    assert located(session_of(FAULT, dictionary), every) > 30_000


# --- recordings in parts, and of another node -------------------------------------------------------------


def test_a_recording_in_parts_is_one_report(tmp_path: Path, dictionary: Dictionary) -> None:
    log = tmp_path / "ride.asc"
    with recorder(log, rotation=Rotation(size=20_000)) as into:
        RecordedRig(into, options={"speed": "1000", "soc": "99", "start-delay": "0"}).run()
    parts = sorted(tmp_path.glob("ride*.asc"))
    assert len(parts) >= 2
    whole = gather(log, dictionary, Maker("test"))
    assert (whole.missing, whole.statistics.frames) == ((), into.frames)
    assert len(whole.origin.files) == 2 * len(parts)
    assert [band.text for band in whole.charges[0].phases][:2] == ["booting", "armed"]
    later = gather(tmp_path / "ride.002.asc", dictionary, Maker("test"))
    assert later.missing[0] == "this begins with part 2 of the recording: what came before is not in it"
    assert later.verdict == whole.verdict
    assert later.statistics.frames < whole.statistics.frames


def test_whom_it_is_about_is_said_by_the_recording(copy: Copy, capsys: Text) -> None:
    log = copy(FAULT)
    lines = Path(f"{log}.jsonl")
    lines.write_text(lines.read_text().replace('"node_id":10},"versions"', '"node_id":11},"versions"', 1))
    assert main(["--json", "report", str(log)]) == 0
    assert json.loads(capsys.readouterr().out)["node"] == 11


def test_another_devices_eds_is_refused(copy: Copy, capsys: Text) -> None:
    eds = Path(__file__).parents[1] / "eds" / "cia401.eds"
    assert main(["--eds", str(eds), "report", str(copy(CAPTURE))]) == 2
    assert "not a battery charger's" in capsys.readouterr().err
