"""The device of a `config` verb, who it is, and how far a job with it has come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deltaq_master.cli.settings import Settings, policy_of
from deltaq_master.errors import SdoTimeoutError

if TYPE_CHECKING:
    from pathlib import Path

    from deltaq_master.configuration.identity import Identity
    from deltaq_master.configuration.journal import DiskJournal
    from deltaq_master.dictionary.address import Address
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.link.device.device import Device
    from deltaq_master.link.device.transaction import Progress
    from deltaq_master.protocol.guard import Policy
    from deltaq_master.protocol.nmt import NmtState

STAGES = {"write": "writing", "check": "reading back"}
SHOWN_EVERY = 16
"""Of so many objects one is shown as progress: a terminal is slower than a bus."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The device that answers, and what is known of it."""

    device: Device
    dictionary: Dictionary
    policy: Policy
    identity: Identity

    def state(self) -> NmtState | None:
        """Its NMT state, waited for if it was not heard yet; None if it says nothing."""
        from deltaq_master.link.device.device import HEARTBEAT_WAIT

        nmt = self.device.nmt
        if nmt.reported is None:
            nmt.wait_heard(HEARTBEAT_WAIT)
        return nmt.reported


@contextmanager
def subject(chosen: Settings) -> Iterator[Subject]:
    """The device that is meant, asked who it is. Raises SilentError for one that is not there."""
    from deltaq_master.configuration.identity import read_identity

    dictionary = chosen.dictionary()
    with chosen.device(dictionary) as device:
        try:
            identity = read_identity(device.node.sdo)
        except SdoTimeoutError as error:
            raise device.missing(error) or error from error
        yield Subject(device, dictionary, policy_of(dictionary), identity)


def bus_name(chosen: Settings) -> str:
    """The bus as the journals call it."""
    return "-".join(filter(None, (chosen.interface, chosen.channel))) or "default"


def journal_of(chosen: Settings, about: Subject, job: str, path: Path | None) -> DiskJournal:
    """The journal of a change of this device; `job` says what it is: `apply of charger.dcf`."""
    return journal_for(chosen, about.dictionary, about.identity, job, path)


def journal_for(
    chosen: Settings, dictionary: Dictionary, identity: Identity, job: str, path: Path | None
) -> DiskJournal:
    """The journal of a change of the device with this identity."""
    from deltaq_master.configuration.journal import DiskJournal, Head, journal_path
    from deltaq_master.configuration.snapshot import origin_of

    bus = bus_name(chosen)
    head = Head(
        node=chosen.node_id,
        bus=bus,
        identity=identity,
        eds=origin_of(dictionary),
        begun=now().isoformat(timespec="seconds"),
        job=job,
    )
    return DiskJournal(path or journal_path(bus, chosen.node_id, identity), head)


def now() -> datetime:
    """The time of day, for files."""
    return datetime.now(UTC)


class Shown:
    """Progress on stderr: a line that is written over in a terminal, a line for each stage elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._stage = ""
        self._read = 0

    def reading(self, _: Address) -> None:
        """One more object of a device was read."""
        self._read += 1
        if self._live and self._read % SHOWN_EVERY == 0:
            self._line(f"reading: {self._read}")

    def changing(self, progress: Progress) -> None:
        """A change goes on."""
        stage = STAGES[progress.stage]
        if self._live:
            what = progress.step.why or str(progress.step.address) if progress.step else ""
            self._line(f"{stage} {progress.done + 1} of {progress.total} {what}".rstrip())
        elif stage != self._stage:
            print(f"{stage} {progress.total} objects", file=sys.stderr, flush=True)
        self._stage = stage

    def end(self) -> None:
        """Leave the line for what comes next."""
        if self._live and (self._read or self._stage):
            self._line("")

    @staticmethod
    def _line(text: str) -> None:
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


class Interrupt:
    """A signal that ends a change in order: it is undone."""

    def __init__(self) -> None:
        self.name = ""
        """The first signal that came, '' for none."""

    def asked(self, name: str) -> None:
        """Take a signal; a second one changes nothing."""
        self.name = self.name or name

    def stop(self) -> bool:
        """Asked before each write and each reading back."""
        return bool(self.name)
