"""Messages of the journal, byte for byte as systemd.io/JOURNAL_NATIVE_PROTOCOL writes them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deltaq_master.service.journal import Journal, Priority, encoded
from deltaq_master.service.mark import Mark


def test_a_message_is_key_and_value_by_line() -> None:
    assert encoded({"MESSAGE": "armed", "PRIORITY": "6"}) == b"MESSAGE=armed\nPRIORITY=6\n"


def test_a_value_of_several_lines_has_its_length_before_it() -> None:
    assert encoded({"MESSAGE": "a\nb"}) == b"MESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n"


def test_a_message_reaches_the_socket_with_its_fields(tmp_path: Path) -> None:
    place = tmp_path / "journal"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(place))
        journal = Journal(place, DELTAQ_CHANNEL="can0")
        journal.tell("charging", Priority.NOTICE, DELTAQ_VOLTAGE=78.4, DELTAQ_AH=None, DELTAQ_CAUSE="")
        journal.close()
        assert heard.recv(4096).decode().splitlines() == [
            "MESSAGE=charging",
            "PRIORITY=5",
            "SYSLOG_IDENTIFIER=deltaq",
            "DELTAQ_CHANNEL=can0",
            "DELTAQ_VOLTAGE=78.4",
        ]


def test_without_a_journal_it_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(tmp_path / "nobody")
    journal.tell("charging")
    journal.close()
    assert capsys.readouterr().out == "charging\n"


def test_the_mark_outlives_a_run_that_did_not_clear_it(tmp_path: Path) -> None:
    environment = {"RUNTIME_DIRECTORY": str(tmp_path)}
    first = Mark(environment)
    assert not first.found
    first.set()
    crashed = Mark(environment)
    assert crashed.found
    crashed.clear()
    assert not Mark(environment).found


def test_without_a_folder_there_is_no_mark() -> None:
    mark = Mark({})
    mark.set()
    mark.clear()
    assert not mark.found
