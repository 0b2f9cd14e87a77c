"""Which objects of its EDS a device has: read off a device that holds a few."""

from __future__ import annotations

from pathlib import Path

from deltaq_master.dictionary.address import Address
from deltaq_master.scanner.inventory import Held, inventory, readable
from tests.wire.sdo_peer import Objects, client_on, device, fresh_channel, plain_network

NO_ANSWER_IN = 0.02


def read(tmp_path: Path, held: dict[tuple[int, int], bytes], **faults: object) -> dict[str, Held]:
    channel = fresh_channel()
    entries = [entry for entry in readable(device(tmp_path)) if entry.address.index >= 0x2000]
    with (
        Objects(channel, held) as server,
        plain_network(channel) as network,
        client_on(network, NO_ANSWER_IN if faults else 2.0) as client,
    ):
        for name, value in faults.items():
            setattr(server, name, value)
        rows = {str(row.address): row for row in inventory(client, entries)}
        assert server.written == []
    assert len(rows) == len(entries)
    return rows


def test_values_have_the_units_of_the_eds(tmp_path: Path) -> None:
    rows = read(tmp_path, {(0x2001, 0): b"\xf6\xff", (0x2006, 0): b"\x50\x00", (0x2005, 2): b"\x34\x12"})
    # -10 x 0.5 and 80 / 16.
    assert rows["2001h:00"] == Held(Address(0x2001), "Signed", -5.0, "°C", -10, "-5.0 °C")
    assert (rows["2006h:00"].value, rows["2006h:00"].unit, rows["2006h:00"].shown) == (5.0, "A", "5.0 A")
    assert (rows["2005h:02"].name, rows["2005h:02"].shown) == ("Group.Two", "1234h")


def test_what_the_device_has_not_is_absent_and_no_problem(tmp_path: Path) -> None:
    absent = read(tmp_path, {(0x2000, 0): b"\x07"})["2001h:00"]
    assert (absent.absent, absent.problem, absent.value, absent.raw) == (True, "", None, None)
    assert absent.shown == "absent"
    assert absent.note == "aborted: the device has no such object (0602 0000h)"


def test_bytes_that_do_not_fit_the_eds_are_shown_as_they_are(tmp_path: Path) -> None:
    odd = read(tmp_path, {(0x2008, 0): b"\x01\x02"})["2008h:00"]
    assert (odd.value, odd.raw, odd.shown, odd.problem) == ("01 02", "01 02", "01 02", "")
    assert "UNSIGNED32 of 4 bytes, not of 2" in odd.note


def test_an_object_that_refuses_hides_no_other(tmp_path: Path) -> None:
    rows = read(tmp_path, {(0x2000, 0): b"\x07", (0x2001, 0): bytes(2)}, aborts={(0x2000, 0): 0x0800_0022})
    refused = rows["2000h:00"]
    assert (refused.shown, refused.absent) == ("not read", False)
    assert refused.problem.startswith("aborted: not possible in the device's present state")
    assert rows["2001h:00"].shown == "0.0 °C"


def test_a_device_that_falls_silent_is_not_asked_on(tmp_path: Path) -> None:
    rows = read(tmp_path, {(0x2000, 0): b"\x07"}, silent={(0x2001, 0), (0x2002, 0)})
    assert rows["2000h:00"].shown == "7"
    assert rows["2001h:00"].problem.startswith("not answered")
    assert rows["2009h:00"].problem == "not asked for: the device had stopped answering"
