"""Several writes to one device as one change: all of them, or, proven by reading, none.

The objects are known before the first write. After the last one every word is read back. On an abort, a
time-out, another value read back, or an exception in between (Ctrl-C), the device is made what it was: its
objects are read, what differs is written in reverse order, and read again. A device that restarts meanwhile is
waited for. What cannot be undone is said, object by object.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import Difference, Step, Values, order, with_fixed_counts
from deltaq_master.errors import ChangeError, SdoAbortError, TheirError
from deltaq_master.protocol.aborts import AbortCode

if TYPE_CHECKING:
    from deltaq_master.link.worker import TransferClient

UNDO_ROUNDS: Final = 3
"""How often it is tried to make a device what it was, before it is reported as it is."""
PATIENCE: Final = 10.0
"""How long a device that does not answer is waited for before a change of it counts as not undone [s]."""
WAIT: Final = 0.1
"""Pause before a device that could not be asked is asked again [s]."""


class Journal(Protocol):
    """Keeps on disk what is needed to undo a change after this program is gone."""

    def begin(self, before: Values, wanted: Values, fixed: Collection[int]) -> None:
        """A change is about to begin; raises what the disk raises, and then nothing is written to the device."""

    def writing(self, step: Step, number: int) -> None:
        """A write is about to be made; raises what the disk raises, and then the change is undone."""

    def end(self) -> None:
        """The device holds what was wanted, or what it held before: there is nothing left to undo."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change has come."""

    stage: str
    """`write`, `check` or `undo`."""
    done: int
    total: int
    step: Step | None = None
    """The write that comes next, None in the other stages."""


Watch = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Handling:
    """How a change is accompanied; what is not given is not done."""

    journal: Journal | None = None
    watch: Watch | None = None
    """Called before each write and read; what it raises undoes the change."""
    stop: Callable[[], bool] | None = None
    """Asked before each write: True undoes the change, as Ctrl-C does."""
    patience: float = PATIENCE
    """[s]"""


class Transaction:
    """One change of one device, from `before` to `wanted`."""

    def __init__(
        self,
        client: TransferClient,
        node_id: int,
        before: Values,
        wanted: Values,
        fixed: Collection[int] = (),
        handling: Handling | None = None,
    ) -> None:
        """`before` holds every object of `wanted`, and what `ordering.needed` names besides.

        Raises UsageError for mapping parameters with fewer fixed slots than wanted.
        """
        self._client = client
        self._node_id = node_id
        self._fixed = frozenset(fixed)
        self._before = dict(before)
        self._wanted = with_fixed_counts(wanted, before, self._fixed)
        self._handling = handling or Handling()
        self.steps = order(self._wanted, self._before, self._fixed)
        """The writes, in their order."""
        self._at: Step | None = None

    def run(self) -> None:
        """Carry it out. Raises ChangeError if it failed; whatever else ends it (Ctrl-C) is raised when undone."""
        if not self.steps:
            return
        journal = self._handling.journal
        if journal is not None:
            journal.begin(self._before, self._wanted, self._fixed)
        try:
            self._write(self.steps, "write", journal)
            self._check()
        except BaseException as error:  # noqa: BLE001  Ctrl-C too: whatever ends it, the device is made what it was
            self._back_out(error)
        if journal is not None:
            journal.end()

    def undo(self) -> tuple[Difference, ...]:
        """Make the device what it was; what it then still holds otherwise, nothing where it was undone."""
        patient_until = time.monotonic() + self._handling.patience
        rounds = UNDO_ROUNDS
        reason = ""
        while True:
            try:
                present = self._read(self._before, "undo")
            except TheirError as error:
                if time.monotonic() >= patient_until:
                    return tuple(self._left(str(error)))
                time.sleep(WAIT)
                continue
            differing = any(present[address] != data for address, data in self._before.items())
            if not differing or rounds == 0:
                return tuple(
                    Difference(address, data, present[address], reason)
                    for address, data in self._before.items()
                    if present[address] != data
                )
            rounds -= 1
            try:
                self._write(order(self._before, present, self._fixed, backwards=True), "undo", None)
            except TheirError as error:
                reason = str(error)

    # --- inside -------------------------------------------------------------------------------------------

    def _write(self, steps: Collection[Step], stage: str, journal: Journal | None) -> None:
        stop = self._handling.stop
        for number, step in enumerate(steps):
            self._at = step
            if stage == "write" and stop is not None and stop():
                raise KeyboardInterrupt
            self._tell(Progress(stage, number, len(steps), step))
            if journal is not None:
                journal.writing(step, number)
            self._client.download(step.address.index, step.address.sub, step.data)
        self._at = None

    def _check(self) -> None:
        expected = self._before | self._wanted
        held = self._read(expected, "check")
        wrong = [Difference(a, data, held[a]) for a, data in expected.items() if held[a] != data]
        if wrong:
            raise _ReadBackError(self._node_id, "; ".join(map(str, wrong)))

    def _read(self, addresses: Collection[Address], stage: str) -> dict[Address, bytes]:
        found = {}
        for number, address in enumerate(addresses):
            self._tell(Progress(stage, number, len(addresses)))
            found[address] = self._client.upload(address.index, address.sub)
        return found

    def _tell(self, progress: Progress) -> None:
        # While undoing nobody may interfere any more.
        if self._handling.watch is not None and progress.stage != "undo":
            self._handling.watch(progress)

    def _back_out(self, error: BaseException) -> None:
        """Undo, and raise what is to be said of it."""
        failed = self._at
        left = self.undo()
        journal = self._handling.journal
        if journal is not None and not left:
            journal.end()
        if not isinstance(error, TheirError | OSError) and not left:
            raise error
        reason = str(error) or type(error).__name__
        if failed is not None:
            reason = f"at {failed.why or failed.address}: {reason}"
        raise ChangeError(self._node_id, reason, left) from error

    def _left(self, reason: str) -> list[Difference]:
        """All that was to change, for a device that cannot be asked any more."""
        touched = {step.address for step in self.steps}
        return [Difference(a, data, None, reason) for a, data in self._before.items() if a in touched]


class _ReadBackError(TheirError):
    """The device confirmed every write, and holds something else."""

    def __init__(self, node_id: int, what: str) -> None:
        super().__init__(f"node {node_id} confirmed it, and read back {what}")


def change(
    client: TransferClient,
    node_id: int,
    before: Values,
    wanted: Values,
    handling: Handling | None = None,
) -> tuple[Step, ...]:
    """Carry out a change; a device that turns out not to let the number of slots change is changed without that.

    Answers with the writes that were made. Raises ChangeError, and UsageError for too few fixed slots.
    """
    fixed: frozenset[int] = frozenset()
    while True:
        transaction = Transaction(client, node_id, before, wanted, fixed, handling)
        try:
            transaction.run()
        except ChangeError as error:
            index = _fixed_by(error)
            if index is None or index in fixed:
                raise
            fixed |= {index}
        else:
            return transaction.steps


def _fixed_by(error: ChangeError) -> int | None:
    """Mapping parameters whose number of slots the device calls read-only, None if it failed otherwise."""
    cause = error.__cause__
    if not error.undone or not isinstance(cause, SdoAbortError) or cause.code != AbortCode.READ_ONLY:
        return None
    return cause.index if cause.sub == 0 and cause.index & 0x200 else None
