"""The reports that the golden files hold: the notes' mapping, in all five forms.

`python -m tests.unit.audit.golden_reports` writes them anew; what changed is then read, line by line.
"""

from __future__ import annotations

import json
from pathlib import Path

from deltaq_master.audit.findings import Severity
from deltaq_master.audit.places import places
from deltaq_master.audit.report_html import html
from deltaq_master.audit.report_json import document
from deltaq_master.audit.report_junit import junit
from deltaq_master.audit.report_sarif import sarif
from deltaq_master.audit.report_text import text_of
from deltaq_master.audit.stamp import Stamp
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from tests.unit.audit.looking import report

FOLDER = Path(__file__).parent / "golden"
STAMP = Stamp("0.0.0", "2026-01-31T12:00:00Z")


def reports(dictionary: Dictionary) -> dict[str, bytes]:
    """Each golden file by its name."""
    found = report(dictionary)
    where = places(dictionary.path.name, dictionary.path.read_text(encoding="ascii"))

    def plain(value: dict[str, object]) -> bytes:
        return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()

    return {
        "notes.txt": (text_of(found) + "\n").encode(),
        "notes.json": plain(document(found, STAMP, Severity.INFO)),
        "notes.junit.xml": junit(found, STAMP, Severity.INFO),
        "notes.sarif": plain(sarif(found, STAMP, where)),
        "notes.html": html(found, STAMP),
    }


if __name__ == "__main__":
    for name, data in reports(load(eds_path(), 10)).items():
        (FOLDER / name).write_bytes(data)
