"""`deltaq replay`: a recording made again, and compared byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.record import digest, versions
from deltaq_master.cli.settings import Settings, is_charger, settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import FileError, UsageError

if TYPE_CHECKING:
    from deltaq_master.charger.diagnosis import Explanation
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.link.record.reading import Recording
    from deltaq_master.replay.replaying import Replayed

SCHEMA = "deltaq.replay/1"


def replay(
    context: typer.Context,
    log: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A recording (its log or its .jsonl), or any log that python-can reads."
        ),
    ],
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Write what was decided now, a canonical JSON line each."
        ),
    ] = None,
) -> int:
    """Make the decisions of a recording again, and say whether they are the same.

    The same machines get the same events at the same times; what they decide is
    compared with the recording byte for byte, and every frame that they were
    given is looked up in the log. The first difference is shown as a diff. A log
    without decisions beside it goes through the decoder and the diagnosis.
    Nothing is opened but the files, and nothing is sent.

    \b
    Examples:
      deltaq -i socketcan -c can0 --record ride.asc charge --battery pack.toml
      deltaq replay ride.asc
      deltaq replay ride.trc --write here.jsonl
      deltaq --json replay ride.asc | jq .same

    Exit codes: 0 the same; 1 different; 2 a broken file, or one that lacks what is
    needed.
    """
    from deltaq_master.link.record.reading import Recording, is_recording

    chosen = settings(context)
    with _kept(write) as keep:
        if is_recording(log):
            return _recording(chosen, Recording(log), keep)
        return _log(chosen, log, keep)


@contextmanager
def _kept(path: Path | None) -> Iterator[Callable[[str], None]]:
    """Where canonical lines go: into a file, or nowhere. Raises FileError."""
    if path is None:
        yield lambda _: None
        return
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="ascii", newline="\n") as file:
            yield lambda text: print(text, file=file)
        unfinished.replace(path)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _log(chosen: Settings, log: Path, keep: Callable[[str], None]) -> int:
    """Replay a log alone."""
    from deltaq_master.link.bus.logs import read_log
    from deltaq_master.replay.findings import Findings

    findings = Findings(_charger_eds(chosen), chosen.master_id, keep)
    for frame in read_log(log):
        findings.take(frame)
    explanation = findings.explain()
    if chosen.json:
        show_json({**_findings(explanation), "frames": findings.frames, "sha256": findings.digest})
        return ExitCode.DONE
    show(f"{findings.frames} frames; there are no recorded decisions to compare with")
    _show_findings(explanation)
    show(f"SHA-256 of all findings: {findings.digest}")
    return ExitCode.DONE


def _charger_eds(chosen: Settings) -> Dictionary:
    dictionary = chosen.dictionary()
    if not is_charger(dictionary):
        raise UsageError(
            f"{dictionary.path.name} is not a battery charger's (CiA 419), and only those are replayed",
            "deltaq monitor decodes the traffic of any device",
        )
    return dictionary


def _findings(explanation: Explanation) -> dict[str, Any]:
    from deltaq_master.replay.findings import causes

    return {"schema": SCHEMA, "verdict": explanation.verdict, "causes": causes(explanation)}


def _show_findings(explanation: Explanation) -> None:
    show(f"diagnosis: {explanation.verdict}")
    for found in explanation.causes:
        show(f"  {found.id}: {found.sentence}")


def _recording(chosen: Settings, recording: Recording, keep: Callable[[str], None]) -> int:
    """Replay a recording, and compare."""
    from deltaq_master.dictionary.eds import load
    from deltaq_master.dictionary.shipped import eds_path
    from deltaq_master.replay.replaying import Replaying, differing_versions

    if not recording.whole:
        raise FileError(
            recording.log,
            f"is part {recording.header.get('part')} of a recording, and a charge is made again from its beginning",
            remedy="name the first part; if it is gone (--record-keep), deltaq explain tells what can be told",
        )
    eds = chosen.eds or eds_path()
    for text in differing_versions(recording.header, versions()):
        say(f"note: {text}")
    then = recording.header.get("eds")
    if isinstance(then, dict) and then.get("sha256") != digest(eds):
        say(f"note: it was recorded with another {then.get('name')} than {eds}: --eds names the one it was")
    replayed = Replaying(recording, lambda node_id: load(eds, node_id), keep).run()
    for text in replayed.notes:
        say(f"note: {text}")
    findings_differ = _compare_findings(chosen, recording, replayed, keep)
    same = replayed.same and not findings_differ
    if chosen.json:
        show_json({"schema": SCHEMA, "same": same, **_told(replayed)})
    else:
        _show(replayed, same)
    return ExitCode.DONE if same else ExitCode.FAILED


def _compare_findings(
    chosen: Settings, recording: Recording, replayed: Replayed, keep: Callable[[str], None]
) -> bool:
    """Diagnose the recorded frames again; True if an `explain` would find other causes now."""
    from deltaq_master.replay.findings import Findings, causes, recorded_causes

    report, now = replayed.reports.get("explanation", (None, 0.0))
    recorded = recorded_causes(report)
    begun = recording.header.get("begun")
    if recorded is None or not isinstance(begun, float):
        return False
    told = recording.header.get("settings")
    told = told if isinstance(told, dict) else {}
    then = replace(
        chosen,
        node_id=told.get("node_id", chosen.node_id),
        master_id=told.get("master_id", chosen.master_id),
    )
    charge = next((charge for charge in replayed.charges if charge.cause is not None), None)
    until = now if charge is None or charge.cause is None else charge.cause.time
    accepted = None if charge is None else charge.replay.plan.accepted
    findings = Findings(_charger_eds(then), then.master_id, keep, accepted)
    for frame in recording.frames():
        if frame.time > until + recording.rounding:
            break
        findings.take(frame._replace(time=frame.time - begun))
    again = causes(findings.explain(until - begun))
    if again == recorded:
        return False
    words = (
        f"the diagnosis named {', '.join(recorded) or 'no cause'}, and now {', '.join(again) or 'no cause'}"
    )
    if replayed.charges:
        # During a charge it is asked by another thread, and may have seen a frame more or less.
        say(f"note: {words}")
        return False
    show(f"different: {words}")
    return True


def _told(replayed: Replayed) -> dict[str, Any]:
    return {
        "charges": len(replayed.charges),
        "steps": replayed.steps,
        "different": sum(charge.difference.steps for charge in replayed.charges),
        "missing_frames": replayed.unseen,
        "diff": [row for charge in replayed.charges for row in charge.difference.text],
        "ends": [_end(charge.view) for charge in replayed.charges],
    }


def _end(view: Any) -> str:
    """How a charge ended, in words."""
    if view is None or view.outcome is None:
        return "under way"
    return f"{view.outcome.value}: {view.cause.text}" if view.cause else str(view.outcome.value)


def _show(replayed: Replayed, same: bool) -> None:
    for charge in replayed.charges:
        show(f"a charge of {charge.steps} steps, {_end(charge.view)}")
        for row in charge.difference.text:
            show(row)
        if charge.difference.steps:
            show(f"{charge.difference.steps} of {charge.steps} steps are not the same; the first is shown")
    for text in replayed.missing:
        show(f"not in the log: {text}")
    if replayed.unseen:
        show(
            f"{replayed.unseen} frames that were decided on are not in the log as they were: one was altered"
        )
    decided = f"{replayed.steps} steps" if replayed.charges else "no charge in it, nothing was decided"
    show(f"the same: {decided}" if same else "different")
