"""`deltaq report verify`: whether a sealed report is as it was sealed, and if not, where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import Settings
from deltaq_master.cli.talk import show, show_json
from deltaq_master.errors import FileError

if TYPE_CHECKING:
    from deltaq_master.session_report.seal import Checked

SCHEMA = "deltaq.report-verify/1"


def verify(chosen: Settings, path: Path, key: Path | None) -> int:
    """Check a file against its seal. Raises FileError."""
    from deltaq_master.session_report.key_file import read_key
    from deltaq_master.session_report.seal import check

    secret = None if key is None else read_key(key)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    found = check(data, secret)
    if chosen.json:
        told = {
            "entries": found.entries,
            "entry": found.entry,
            "title": found.title,
            "text": found.text,
            "further": found.further,
        }
        show_json({"schema": SCHEMA, "standing": found.standing.name.lower(), **told})
    else:
        show(f"{path}: {found}")
    return code_of(found)


def code_of(found: Checked) -> ExitCode:
    """The exit code of a check."""
    from deltaq_master.session_report.seal import Standing

    match found.standing:
        case Standing.VALID:
            return ExitCode.DONE
        case Standing.ALTERED:
            return ExitCode.FAILED
        case _:
            return ExitCode.INCOMPLETE
