"""Several writes to one device as one change: all of them, or, proven by reading, none.

The objects are known before the first write. After the last one every word is read back. On an abort, a
time-out, another value read back, a restart of the device or an exception in between (Ctrl-C), the device is
made what it was: its objects are read, what differs is written in reverse order, and read again. A device that
restarts meanwhile is waited for. What cannot be undone is said, object by object; a PDO of which a part cannot
be put back stays disabled, and all the others are put back.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import (
    PDO_PARAMETERS,
    Difference,
    Step,
    Values,
    order,
    unknown,
    with_fixed_counts,
)
from deltaq_master.errors import (
    ChangeError,
    DeltaqError,
    NodeError,
    SdoAbortError,
    TheirError,
    UsageError,
)
from deltaq_master.link.device.handling import Handling, Journal, Progress, Watch
from deltaq_master.link.device.restoring import put_back, said
from deltaq_master.link.device.undisturbed import undisturbed
from deltaq_master.link.sdo.reading import Reader
from deltaq_master.protocol.aborts import AbortCode

if TYPE_CHECKING:
    from deltaq_master.link.sdo.worker import TransferClient

__all__ = ["Handling", "Journal", "Progress", "Transaction", "Watch", "change"]

UNDO_ROUNDS: Final = 3
"""How often it is tried to make a device what it was, before it is reported as it is."""
WAIT: Final = 0.1
"""Pause before a device that could not be asked is asked again [s]."""


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
        """`before` holds what `ordering.needed` names; of the rest only PDO parameters are looked at.

        Raises UsageError where it does not, and for mapping parameters with fewer fixed slots than wanted.
        """
        missing = unknown(wanted, before)
        if missing:
            problem = f"{', '.join(map(str, missing))} of node {node_id} cannot be changed unless known"
            raise UsageError(problem, "read it first, or leave it out")
        self._client = client
        self._node_id = node_id
        self._fixed = frozenset(fixed)
        # Other objects that the caller has read may change by themselves.
        self._before = {a: data for a, data in before.items() if a in wanted or a.index in PDO_PARAMETERS}
        self._wanted = with_fixed_counts(wanted, before, self._fixed)
        self._handling = handling or Handling()
        self.steps = order(self._wanted, self._before, self._fixed)
        """The writes, in their order."""
        self._at: Step | None = None
        self._touched: set[Address] | None = None
        """What may have been written; None if that is not known, as after a crash."""
        self._suspect: set[Address] = set()
        """What was seen to differ while undoing: a restart changes what nobody wrote."""

    def run(self) -> None:
        """Carry it out. Raises ChangeError if it failed; whatever else ends it (Ctrl-C) is raised when undone."""
        if not self.steps:
            return
        journal = self._handling.journal
        if journal is not None:
            try:
                journal.begin(self._before, self._wanted, self._fixed)
            except OSError as error:
                if isinstance(error, DeltaqError):
                    raise  # it says by itself what to do
                reason = f"its journal cannot be begun: {said(error)}; nothing was written"
                raise ChangeError(self._node_id, reason) from error
        self._touched = set()
        try:
            self._write(journal)
            self._check()
        except BaseException as error:  # noqa: BLE001  Ctrl-C too: whatever ends it, the device is made what it was
            with undisturbed():
                self._back_out(error)
        problem = self._end_journal()
        if problem:
            raise NodeError(
                self._node_id, f"the change was made, but {problem}", "remove it, and do not undo it"
            )

    def undo(self) -> tuple[Difference, ...]:
        """Make the device what it was; what it then still holds otherwise, nothing where it was undone.

        It is waited for a device that does not answer, for `Handling.patience` from its last answer on.
        """
        if self._touched is not None and not self._touched:
            return ()
        until = time.monotonic() + self._handling.patience
        refused: dict[Address, str] = {}
        rounds = UNDO_ROUNDS
        while True:
            held, unread, lost = self._look()
            if lost:
                if time.monotonic() >= until:
                    return self._left(lost)
                time.sleep(WAIT)
                continue
            left = tuple(
                Difference(address, data, held.get(address), unread.get(address) or refused.get(address, ""))
                for address, data in self._before.items()
                if held.get(address) != data
            )
            if not left or rounds == 0:
                return left
            rounds -= 1
            self._suspect.update(difference.address for difference in left)
            put_back(self._client, order(self._before, held, self._fixed, backwards=True), refused)
            until = time.monotonic() + self._handling.patience

    # --- there --------------------------------------------------------------------------------------------

    def _write(self, journal: Journal | None) -> None:
        assert self._touched is not None
        for number, step in enumerate(self.steps):
            self._at = step
            self._tell(Progress("write", number, len(self.steps), step))
            if journal is not None:
                try:
                    journal.writing(step, number)
                except OSError as error:
                    raise _FailedError(_of_journal("its journal cannot be written", error)) from error
            self._touched.add(step.address)
            self._client.download(step.address.index, step.address.sub, step.data)
        self._at = None

    def _check(self) -> None:
        """Read every word back; once more if the device restarted meanwhile."""
        expected = self._before | self._wanted
        for _ in range(UNDO_ROUNDS):
            restarts = self._restarts()
            wrong = []
            for number, (address, data) in enumerate(expected.items()):
                self._tell(Progress("check", number, len(expected)))
                found = self._client.upload(address.index, address.sub)
                if found != data:
                    wrong.append(Difference(address, data, found))
            if wrong:
                raise _FailedError(f"it confirmed every write, and reads back: {'; '.join(map(str, wrong))}")
            if self._restarts() == restarts:
                return
        raise _FailedError("it restarts again and again")

    def _tell(self, progress: Progress) -> None:
        """Say how far it has come, and hear whether to go on."""
        if self._handling.stop is not None and self._handling.stop():
            raise KeyboardInterrupt
        if self._handling.watch is not None:
            self._handling.watch(progress)

    def _restarts(self) -> int:
        return 0 if self._handling.restarts is None else self._handling.restarts()

    # --- and back -----------------------------------------------------------------------------------------

    def _back_out(self, error: BaseException) -> None:
        """Undo, and raise what is to be said of it."""
        failed = self._at
        left = self.undo()
        problem = "" if left else self._end_journal()
        if not isinstance(error, TheirError | OSError) and not left and not problem:
            raise error
        reason = said(error)
        if failed is not None:
            reason = f"at {failed.why or failed.address}: {reason}"
        if problem:
            reason += f" (and {problem})"
        raise ChangeError(self._node_id, reason, left) from error

    def _end_journal(self) -> str:
        """End the journal; what is wrong with it where that fails."""
        if self._handling.journal is not None:
            try:
                self._handling.journal.end()
            except (OSError, DeltaqError) as error:
                return _of_journal("its journal cannot be ended", error)
        return ""

    def _look(self) -> tuple[Values, dict[Address, str], str]:
        """What the device holds now, what could not be read and why, and why nothing could ('' if it could)."""
        for _ in range(UNDO_ROUNDS):
            restarts = self._restarts()
            reader = Reader(self._client)
            try:
                reader.read(self._before)
            except DeltaqError as error:
                return {}, {}, str(error)
            held = {address: data for address, data in reader.found.items() if data is not None}
            if reader.gone or not held:
                return {}, {}, next(iter(reader.failures.values()), "it has none of the objects any more")
            if self._restarts() == restarts:
                break
        return held, reader.absent | reader.failures, ""

    def _left(self, reason: str) -> tuple[Difference, ...]:
        """All that may be otherwise, for a device that cannot be asked any more."""
        touched = self._touched if self._touched is not None else {step.address for step in self.steps}
        suspect = touched | self._suspect
        return tuple(Difference(a, data, None, reason) for a, data in self._before.items() if a in suspect)


class _FailedError(TheirError):
    """The device confirmed every write, and holds something else; or the journal's disk is full."""


def _of_journal(problem: str, error: Exception) -> str:
    """What is wrong with a journal; an error of ours names it by itself."""
    return str(error) if isinstance(error, DeltaqError) else f"{problem}: {said(error)}"


def change(
    client: TransferClient,
    node_id: int,
    before: Values,
    wanted: Values,
    handling: Handling | None = None,
    fixed: Collection[int] = (),
) -> tuple[Step, ...]:
    """Carry out a change; a device that turns out not to let the number of slots change is changed without that.

    `fixed` are the mapping parameters of which that is known beforehand. Answers with the writes that were
    made. Raises ChangeError, and UsageError as `Transaction`.
    """
    known = frozenset(fixed)
    while True:
        transaction = Transaction(client, node_id, before, wanted, known, handling)
        try:
            transaction.run()
        except ChangeError as error:
            index = _fixed_by(error)
            if index is None or index in known:
                raise
            known |= {index}
        else:
            return transaction.steps


def _fixed_by(error: ChangeError) -> int | None:
    """Mapping parameters whose number of slots the device calls read-only, None if it failed otherwise."""
    cause = error.__cause__
    if not error.undone or not isinstance(cause, SdoAbortError) or cause.code != AbortCode.READ_ONLY:
        return None
    address = Address(cause.index, cause.sub)
    return cause.index if address.sub == 0 and address.index in PDO_PARAMETERS else None
