"""A change of 60 objects of an I/O module that fails at every one of its writes, in every way.

The device ends as it began, or the report says exactly what differs. The journal is on disk meanwhile, and says
the same after a crash; `tests/rig/test_configuration_crash.py` has the crash.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deltaq_master.configuration.applying import carry_out, recover
from deltaq_master.configuration.identity import Identity, read_identity
from deltaq_master.configuration.journal import DiskJournal, Head, read_journal
from deltaq_master.configuration.planning import plan
from deltaq_master.configuration.sidecar import Origin
from deltaq_master.configuration.sources import with_words
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.ordering import Difference
from deltaq_master.errors import ChangeError
from deltaq_master.link.bus.network import Network, open_network
from deltaq_master.link.device.device import Device, on_bus
from deltaq_master.link.device.handling import Handling, Progress

EDS = Path(__file__).parent.parent / "eds" / "cia401.eds"
NODE = 5
OBJECTS = 60
WANTED = {Address(0x2100, sub): (500 + 3 * sub).to_bytes(2, "little") for sub in range(1, OBJECTS + 1)}
ALREADY = {Address(0x2100, 7): b"\x4d\x00", Address(0x2100, 50): b"\x09\x00"}
"""Written before the change, so that what it held is not what it has after power-on."""
FAULTS = ("write-abort-at", "write-lost-at", "write-unanswered-at", "write-wrong-at", "write-reboot-at")
SILENCE = "write-silence-at"
PLACES = [(fault, place) for fault in (*FAULTS, SILENCE) for place in range(1, OBJECTS + 1)]
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return load(EDS, NODE)


@contextmanager
def module(dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch, fault: str = "") -> Iterator[Device]:
    """The module on a bus of its own, with what was written to it before, and no waiting at its end."""
    monkeypatch.setattr(Network, "NOTIFIER_CYCLE", 0.01)
    channel = f"configuration {next(NUMBERS)}"
    words = f"{EDS}@{NODE}/{fault}" if fault else f"{EDS}@{NODE}"
    with (
        open_network("sim", channel, charger="no", device=words) as network,
        on_bus(network, dictionary) as device,
    ):
        assert device.nmt.wait_heard(2.0)  # it has booted
        for address, data in ALREADY.items():
            device.node.sdo.download(address.index, address.sub, data)
        yield device


def held(device: Device) -> dict[Address, bytes]:
    return {address: device.node.sdo.upload(address.index, address.sub) for address in WANTED}


def before(dictionary: Dictionary) -> dict[Address, bytes]:
    return {address: dictionary[address].default_bytes or b"" for address in WANTED} | ALREADY


def journal_in(folder: Path) -> DiskJournal:
    head = Head(
        node=NODE,
        bus="test",
        identity=Identity(),
        eds=Origin("", ""),
        begun="2026-01-01",
        job="apply of a test",
    )
    return DiskJournal(folder / "apply.journal", head)


def change(device: Device, journal: DiskJournal) -> None:
    source = with_words(None, WANTED.items())
    made = plan(device.node, source, read_identity(device.node.sdo))
    assert len(made.steps) == OBJECTS
    device.node.sdo.RESPONSE_TIMEOUT = 0.06
    carry_out(made, device.node, Handling(journal, patience=0.3))


def check_one(
    fault: str, place: int, dictionary: Dictionary, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_in(folder)
    at = place + len(ALREADY)
    with module(dictionary, monkeypatch, f"{fault}:{at}") as device:
        with pytest.raises(ChangeError) as caught:
            change(device, journal)
        error = caught.value
        if fault == SILENCE:
            assert [found.address for found in error.differences if isinstance(found, Difference)] == list(
                WANTED
            )[:place]
            assert "not answered" in str(error)
            assert read_journal(journal.path).writes == place
            journal.path.unlink()
            return
        assert error.undone, str(error)
        device.node.sdo.RESPONSE_TIMEOUT = 0.5
        assert held(device) == before(dictionary)
        assert not journal.path.exists()


@pytest.mark.parametrize("fault", [*FAULTS, SILENCE])
def test_a_few_positions(
    fault: str, dictionary: Dictionary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {1, OBJECTS, *random.Random(fault).sample(range(2, OBJECTS), 2)}
    for place in sorted(places):
        check_one(fault, place, dictionary, tmp_path, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize(("fault", "place"), PLACES)
def test_every_position(
    fault: str, place: int, dictionary: Dictionary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_one(fault, place, dictionary, tmp_path, monkeypatch)


def test_without_a_fault_it_is_done_and_a_second_time_nothing(
    dictionary: Dictionary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_in(tmp_path)
    with module(dictionary, monkeypatch) as device:
        change(device, journal)
        device.node.sdo.RESPONSE_TIMEOUT = 0.5
        assert held(device) == WANTED
        assert not journal.path.exists()
        again = plan(device.node, with_words(None, WANTED.items()), Identity())
        assert (again.steps, again.unchanged) == ((), OBJECTS)


@pytest.mark.parametrize("place", [1, 2, 31, OBJECTS])
def test_what_a_journal_says_is_enough_to_undo(
    place: int, dictionary: Dictionary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal as it is before the K-th write, with that write made or not: the rest of the program is gone."""
    journal = journal_in(tmp_path)
    kept = tmp_path / "kept.journal"

    def crash(progress: Progress) -> None:
        if progress.done == place - 1:
            # As after a crash: the first line whole, the writes so far, and a last line that was torn.
            kept.write_bytes(journal.path.read_bytes() + b'{"write": ')

    with module(dictionary, monkeypatch) as device:
        source = with_words(None, WANTED.items())
        made = plan(device.node, source, Identity())
        handling = Handling(journal, lambda p: crash(p) if p.stage == "write" else None)
        carry_out(made, device.node, handling)
        unfinished = read_journal(kept)
        assert unfinished.writes == place
        assert recover(unfinished, device.node, Identity()) == ()
        assert held(device) == before(dictionary)


@pytest.mark.parametrize("place", [1, 30, OBJECTS])
def test_stop_undoes_it(
    place: int, dictionary: Dictionary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = itertools.count(1)
    journal = journal_in(tmp_path)
    with module(dictionary, monkeypatch) as device:
        made = plan(device.node, with_words(None, WANTED.items()), Identity())
        with pytest.raises(KeyboardInterrupt):
            carry_out(made, device.node, Handling(journal, stop=lambda: next(seen) > place))
        assert held(device) == before(dictionary)
        assert not journal.path.exists()


@pytest.mark.parametrize("place", [0, 1, 30, OBJECTS])
def test_a_full_disk_undoes_it(
    place: int, dictionary: Dictionary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    lines = itertools.count()
    write = os.write

    def full(number: int, data: bytes) -> int:
        if data.startswith(b"{") and next(lines) >= place:
            write(number, data[:5])
            raise OSError(28, "No space left on device")
        return write(number, data)

    journal = journal_in(tmp_path)
    with module(dictionary, monkeypatch) as device:
        made = plan(device.node, with_words(None, WANTED.items()), Identity())
        monkeypatch.setattr(os, "write", full)
        with pytest.raises((ChangeError, OSError), match="No space left on device") as caught:
            carry_out(made, device.node, Handling(journal))
        assert "free some room, or name another place with --journal" in str(caught.value)
        assert isinstance(caught.value, ChangeError) == (place > 0)
        assert held(device) == before(dictionary)
        assert not journal.path.exists()
