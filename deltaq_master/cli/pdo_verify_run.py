"""How `deltaq pdo verify` works: look at the device, twice where a value may have moved, and write what was found."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from deltaq_master.audit.auditing import audit, further_objects, mapped_objects
from deltaq_master.audit.baseline import Baseline, accepting, baseline_of, read_baseline
from deltaq_master.audit.dbc_wanted import Dbc
from deltaq_master.audit.findings import Report, Severity
from deltaq_master.audit.places import places
from deltaq_master.audit.report_json import document
from deltaq_master.audit.rules_scales import SCALE_CONTRADICTED
from deltaq_master.audit.stamp import Stamp
from deltaq_master.cli.files import write_file
from deltaq_master.cli.settings import Settings, is_charger
from deltaq_master.cli.talk import say
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.pdo_profile import PdoProfile, read_profile
from deltaq_master.dictionary.shipped import profile_paths
from deltaq_master.errors import FileError
from deltaq_master.protocol.knowledge import Knowledge

if TYPE_CHECKING:
    from deltaq_master.link.device.device import Device
    from deltaq_master.protocol.observation import Observation


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of an audit on the command line."""

    profile: str | None
    dbc: Path | None
    level: Severity
    baseline: Path | None
    write_baseline: Path | None


@dataclass(frozen=True)
class Outcome:
    """An audit with all that its reports need."""

    report: Report
    stamp: Stamp
    level: Severity
    eds: Path

    def json(self) -> str:
        """`deltaq.pdo-audit/1`, on one line."""
        return json.dumps(document(self.report, self.stamp, self.level), ensure_ascii=False)

    def write(self, form: str, path: Path) -> None:
        """One report into a file, whole or not at all, or to stdout. Raises FileError."""
        write_file(path, self._bytes(form))

    def _bytes(self, form: str) -> bytes:
        if form == "junit":
            from deltaq_master.audit.report_junit import junit

            return junit(self.report, self.stamp, self.level)
        if form == "sarif":
            from deltaq_master.audit.report_sarif import sarif

            where = places(self.eds.name, self.eds.read_text("utf-8", errors="replace"))
            return (
                json.dumps(sarif(self.report, self.stamp, where), ensure_ascii=False, indent=1) + "\n"
            ).encode()
        from deltaq_master.audit.report_html import html

        return html(self.report, self.stamp)


def run(chosen: Settings, request: Request) -> Outcome:
    """Look at the device and judge it. Raises FileError for files, SilentError where nobody is there."""
    dictionary = chosen.dictionary()
    knowledge = knowledge_of(dictionary)
    profile = None if request.profile is None else _profile(request.profile, dictionary)
    dbc = _dbc(request.dbc)
    known = None if request.baseline is None else _known(request.baseline)

    def judged(observation: Observation) -> Report:
        return audit(
            observation,
            dictionary,
            knowledge=knowledge,
            profile=profile,
            dbc=dbc,
            master_id=chosen.master_id,
        )

    with chosen.device(dictionary) as device:
        report = judged(look(device, dictionary, knowledge))
        if any(finding.rule == SCALE_CONTRADICTED for finding in report.findings):
            # A value may have moved between its two readings; one that is never right is wrong again.
            report = report.confirmed_by(judged(look(device, dictionary, knowledge)), SCALE_CONTRADICTED)
    stamp = Stamp(version("deltaq-master"), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if known is not None and request.baseline is not None:
        report = accepting(report, known, request.baseline.name)
    if request.write_baseline is not None:
        report = _write_baseline(request.write_baseline, report, stamp, known)
    return Outcome(report, stamp, request.level, dictionary.path)


def knowledge_of(dictionary: Dictionary) -> Knowledge:
    """What is known of this kind of device; the charger's code is imported for a charger alone."""
    if is_charger(dictionary):
        from deltaq_master.charger.audit_knowledge import KNOWLEDGE

        return KNOWLEDGE
    return Knowledge()


def look(device: Device, dictionary: Dictionary, knowledge: Knowledge) -> Observation:
    """Read and listen once. Raises SilentError where the device neither answers nor says anything."""
    from deltaq_master.link.device.device import HEARTBEAT_WAIT, silent
    from deltaq_master.link.device.observing import observe
    from deltaq_master.link.sdo.reading import Reader
    from deltaq_master.protocol.sdo_frames import ANSWER_BASE

    node_id = device.node.id
    seen = observe(device, further_objects(dictionary, knowledge))
    answer = f"{ANSWER_BASE + node_id:03X}#"
    answered = any(frame.startswith(answer) for frames in seen.evidence.values() for frame in frames)
    heard = answered or seen.state is not None or device.nmt.reported is not None
    if not heard and not device.nmt.wait_heard(HEARTBEAT_WAIT):
        raise silent(node_id, HEARTBEAT_WAIT)
    # What a heard TPDO maps is known only now; each is read for a second opinion.
    reader = Reader(device.node.sdo)
    reader.read(mapped_objects(seen, dictionary))
    return replace(
        seen,
        values={**seen.values, **reader.found},
        absent={**seen.absent, **reader.absent},
        failures={**seen.failures, **reader.failures},
    )


def _profile(name: str, dictionary: Dictionary) -> PdoProfile:
    shipped = {} if Path(name).exists() else profile_paths()
    if name in shipped:
        return read_profile(shipped[name], dictionary)
    if not Path(name).exists():
        remedy = f"name a TOML file, a DCF, or one that is shipped: {', '.join(shipped)}"
        raise FileError(name, "is neither a file nor a shipped profile", remedy=remedy)
    return read_profile(name, dictionary)


def _dbc(path: Path | None) -> Dbc | None:
    if path is None:
        return None
    from deltaq_master.audit.dbc_wanted import read_dbc

    return read_dbc(path)


def _known(path: Path) -> Baseline:
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "write one with --write-baseline"
        raise FileError(path, f"cannot be read: {error.strerror}", remedy=remedy) from None
    return read_baseline(data, str(path))


def _write_baseline(path: Path, report: Report, stamp: Stamp, before: Baseline | None) -> Report:
    """The report with all of it accepted; an incomplete one is accepted by nobody."""
    if not report.complete:
        say(f"note: {path} is not written: an incomplete audit is no baseline")
        return report
    text = baseline_of(report, stamp.time, before)
    write_file(path, text.encode())
    say(f"note: {len(report.findings) + len(report.accepted)} findings are accepted in {path}")
    return accepting(report, read_baseline(text.encode(), str(path)), path.name)
