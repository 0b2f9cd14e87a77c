"""Files of values: what they say, whose they are, and what makes them useless."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deltaq_master.configuration.comparison import compare, to_read
from deltaq_master.configuration.identity import Identity
from deltaq_master.configuration.snapshot import Snapshot, write
from deltaq_master.configuration.sources import Source, defaults_of, read_file, with_words
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.dcf import write_dcf
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import FileError, UsageError
from deltaq_master.protocol.guard import Policy

HEARTBEAT, VENDOR, VOLTAGE, TYPE = Address(0x1017), Address(0x1018, 1), Address(0x2101), Address(0x1029, 1)
TAKEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WHO = Identity(0x1A3, 0x110, 5, 7, 9, "ICL 1", None, "1.0")


def snapshot(dictionary: Dictionary) -> Snapshot:
    values = {HEARTBEAT: b"\xf4\x01", VENDOR: b"\x10\x01\0\0", TYPE: b"\x01"}
    return Snapshot(
        dictionary, WHO, values, {VOLTAGE: b"\0\x47"}, {Address(0x2302): "no"}, {Address(0x2243): "silent"}
    )


def test_a_snapshot_comes_back_with_all_that_is_known_of_it(dictionary: Dictionary, tmp_path: Path) -> None:
    path = tmp_path / "a.dcf"
    write(path, snapshot(dictionary), TAKEN, bitrate=500_000)
    text = path.read_text()
    assert "[DeviceComissioning]\nNodeID=10\nNodeName=ICL 1\nBaudrate=500\n" in text
    found = read_file(path, dictionary)
    assert found.values == snapshot(dictionary).values
    assert found.further == {VOLTAGE: b"\0\x47"}
    assert (found.identity, found.node_id) == (WHO, 10)
    assert found.notes == ("1 objects could not be read when a.dcf was taken",)
    assert (found.absent, found.failures) == ({Address(0x2302): "no"}, {Address(0x2243): "silent"})
    assert found.sidecar is not None
    assert found.sidecar.taken == "2026-01-02T03:04:05+00:00"
    with pytest.raises(UsageError, match="add --overwrite"):
        write(path, snapshot(dictionary), TAKEN)


def test_no_byte_may_be_missing_or_changed(dictionary: Dictionary, tmp_path: Path) -> None:
    path = tmp_path / "a.dcf"
    write(path, snapshot(dictionary), TAKEN)
    data = path.read_bytes()
    for broken in (data[: len(data) // 2], data[:-1], data.replace(b"0x01F4", b"0x01F5")):
        path.write_bytes(broken)
        with pytest.raises(FileError, match=r"is not the file that a\.dcf\.json was written for"):
            read_file(path, dictionary)
    path.write_bytes(data)
    read_file(path, dictionary)
    beside = tmp_path / "a.dcf.json"
    whole = beside.read_text()
    for text in (whole[:-10], whole.replace("2101h:00", "2101"), whole.replace("00 47", "xx"), "{}"):
        beside.write_text(text)
        with pytest.raises(FileError, match="is no whole sidecar of a snapshot"):
            read_file(path, dictionary)


def test_what_no_dcf_can_hold_is_in_the_sidecar(dictionary: Dictionary, tmp_path: Path) -> None:
    taken = snapshot(dictionary)
    odd = Snapshot(dictionary, WHO, {**taken.values, TYPE: b"\x01\x02"}, {})
    sidecar = write(tmp_path / "a.dcf", odd, TAKEN)
    assert list(sidecar.left_out) == ["1029h:01"]
    assert sidecar.further == {"1029h:01": "01 02"}


def test_a_dcf_says_itself_whose_it_is(dictionary: Dictionary, tmp_path: Path) -> None:
    path = tmp_path / "a.dcf"
    path.write_text(write_dcf(dictionary, {HEARTBEAT: b"\xf4\x01"}))
    found = read_file(path, dictionary)
    assert (found.identity.vendor, found.identity.product, found.node_id) == (0x110, None, 10)
    assert found.notes == ("a.dcf has no sidecar: nothing says whether it is whole",)
    path.write_text(write_dcf(dictionary, {VENDOR: b"\x11\x01\0\0", Address(0x1018, 2): bytes(4)}))
    found = read_file(path, dictionary)
    assert (found.identity.vendor, found.identity.product) == (0x111, 0)


def test_a_dcf_without_a_node_id_and_with_much_to_remark(dictionary: Dictionary, tmp_path: Path) -> None:
    path = tmp_path / "a.dcf"
    text = write_dcf(dictionary, {HEARTBEAT: b"\xf4\x01"}).replace("NodeID=10", "NodeName=x")
    path.write_text(
        text.replace("[Comments]", "[Strange1]\na=1\n[Strange2]\n[Strange3]\n[Strange4]\n[Comments]")
    )
    found = read_file(path, dictionary)
    assert (found.node_id, found.values) == (None, {HEARTBEAT: b"\xf4\x01"})
    assert len(found.notes) == 5
    assert found.notes[3] == "a.dcf has 1 more of such lines"


def test_a_concise_dcf_says_what_is_written_last(dictionary: Dictionary, tmp_path: Path) -> None:
    path = tmp_path / "a.CDC"
    path.write_bytes(bytes.fromhex("02 00 00 00 17 10 00 02 00 00 00 01 00 17 10 00 02 00 00 00 F4 01"))
    found = read_file(path, dictionary)
    assert found.values == {HEARTBEAT: b"\xf4\x01"}
    assert found.notes == (
        "a.CDC has no sidecar: nothing says which device it is for, and whether it is whole",
    )


@pytest.mark.parametrize(("name", "text"), [("a.eds", ""), ("a.dcf", "nothing\n"), ("a.cdc", "x")])
def test_files_without_values(dictionary: Dictionary, tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text or dictionary.path.read_text())
    with pytest.raises(FileError, match=name):
        read_file(path, dictionary)


def test_words_of_the_call_go_before_the_file() -> None:
    source = Source("a.dcf", {HEARTBEAT: b"\x01\0", TYPE: b"\0"}, WHO)
    found = with_words(source, [(HEARTBEAT, b"\x02\0")])
    assert found.values == {HEARTBEAT: b"\x02\0", TYPE: b"\0"}
    assert found.named == frozenset({HEARTBEAT})
    assert found.identity == WHO


# --- comparing --------------------------------------------------------------------------------------------


def rows(found: object) -> list[str]:
    return [str(row.address) for row in found]  # type: ignore[attr-defined]


def test_two_files_differ_also_in_what_one_of_them_says(dictionary: Dictionary) -> None:
    a = Source("a", {HEARTBEAT: b"\x01\0", TYPE: b"\0", Address(0x5FFF): b"\0"})
    b = Source("b", {HEARTBEAT: b"\x02\0", Address(0x5FFF): b"\x01", VOLTAGE: b"\0\0"})
    found = compare(a, b, dictionary, Policy())
    assert rows(found.rows) == ["1017h:00", "1029h:01", "5FFFh:00"]
    assert (found.alike, found.one_sided, found.incomplete) == (0, 0, ())
    assert "2101h:00" in rows(compare(a, b, dictionary, Policy(), everything=True).rows)


def test_a_device_is_compared_with_what_a_file_says(dictionary: Dictionary) -> None:
    file = Source("a", {HEARTBEAT: b"\x01\0", TYPE: b"\0"}, further={VOLTAGE: b"\0\0"})
    assert to_read(file, dictionary, Policy(), everything=False) == [HEARTBEAT, TYPE]
    assert to_read(file, dictionary, Policy(), everything=True) == [HEARTBEAT, TYPE, VOLTAGE]
    device = Source("d", {HEARTBEAT: b"\x01\0", Address(0x1F80): bytes(4)}, is_file=False)
    found = compare(device, file, dictionary, Policy())
    assert (rows(found.rows), found.alike, found.one_sided) == ([], 1, 2)
    absent = Source("d", {HEARTBEAT: b"\x01\0"}, is_file=False, absent={TYPE: "no such object"})
    found = compare(absent, file, dictionary, Policy())
    assert (rows(found.rows), found.rows[0].reason) == (["1029h:01"], "no such object")
    failed = Source("d", {HEARTBEAT: b"\x02\0"}, is_file=False, failures={TYPE: "silent"})
    found = compare(failed, file, dictionary, Policy())
    assert (rows(found.rows), rows(found.incomplete)) == (["1017h:00"], ["1029h:01"])


def test_commands_and_process_data_are_no_configuration(dictionary: Dictionary) -> None:
    a = defaults_of(dictionary)
    b = Source("b", {address: bytes(len(data)) for address, data in a.values.items()}, is_file=False)
    command = Address(0x2E00)
    assert str(command) in rows(compare(a, b, dictionary, Policy()).rows)
    assert str(command) not in rows(compare(a, b, dictionary, Policy(commands=frozenset({command}))).rows)
    assert "6081h:00" not in rows(compare(a, b, dictionary, Policy()).rows)
