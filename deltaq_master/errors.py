"""One tree of errors: ours (nothing was sent) apart from theirs (the bus or a device).

    DeltaqError
    ├── OurError                 the caller's doing; nothing went on the bus because of it
    │   ├── UsageError           an argument, option or setting that cannot be used
    │   │   └── FileError        the same, in a file: path, line and key are known
    │   ├── LimitError           a set-point outside a limit, or not a number
    │   ├── RefusedError         a rule forbids it: guarded object, foreign master, local algorithm
    │   └── CallError            the right call at the wrong moment or in the wrong thread
    └── TheirError               the bus's or a device's doing
        ├── BusError             no such interface or channel, no rights, bus lost
        └── NodeError            one device
            ├── SilentError      nothing heard of it in time
            ├── SdoError         a transfer failed
            │   ├── SdoAbortError     the server aborted, with a code
            │   ├── SdoTimeoutError   no answer within the deadline
            │   └── SdoAnswerError    an answer that breaks the protocol
            ├── ChangeError      a change of its objects failed, and was undone or not
            └── BootError        it answered, but is not what may be used

Every error carries its facts as attributes and prints one sentence that a technician can act on.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath


class DeltaqError(Exception):
    """Root of everything that this package raises on purpose."""


class OurError(DeltaqError):
    """The caller's doing: nothing was sent because of it."""


class TheirError(DeltaqError):
    """The bus's or a device's doing."""


class UsageError(OurError):
    """An argument, option or setting that cannot be used; `remedy` says what can."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}" if remedy else problem)


class FileError(UsageError):
    """A file that cannot be used, with its line (1-based, 0 if unknown) and key where known."""

    def __init__(
        self,
        path: str | PathLike[str],
        problem: str,
        *,
        line: int = 0,
        key: str = "",
        remedy: str = "",
    ) -> None:
        self.path = fspath(path)
        self.line = line
        self.key = key
        place = f"{self.path}:{line}" if line else self.path
        super().__init__(f"{place}: {f'{key}: ' if key else ''}{problem}", remedy)


class LimitError(OurError):
    """A set-point outside a limit, or not a number; `source` says whose limit it is."""

    def __init__(self, name: str, asked: float, limit: str, unit: str, source: str) -> None:
        self.name = name
        self.asked = asked
        self.limit = limit
        self.unit = unit
        self.source = source
        shown = f"{asked:g}" if float(f"{asked:g}") == asked else repr(float(asked))
        super().__init__(f"{name} {f'{shown} {unit}'.rstrip()} is not {limit} ({source}); nothing was sent")


class RefusedError(OurError):
    """A rule forbids it; `remedy` names the word of the user that would allow it, if any."""

    def __init__(self, action: str, reason: str, remedy: str = "") -> None:
        self.action = action
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{action} refused: {reason}" + (f"; {remedy}" if remedy else ""))


class CallError(OurError):
    """The right call at the wrong moment or in the wrong thread."""


class BusError(TheirError):
    """A bus that cannot be opened, or was lost."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}" if remedy else problem)


class NodeError(TheirError):
    """One device's doing."""

    def __init__(self, node_id: int, problem: str, remedy: str = "") -> None:
        self.node_id = node_id
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"node {node_id}: {problem}" + (f"; {remedy}" if remedy else ""))


class SilentError(NodeError):
    """Nothing was heard of a node within `waited` seconds."""

    def __init__(self, node_id: int, waited: float, problem: str, remedy: str = "") -> None:
        self.waited = waited
        super().__init__(node_id, problem, remedy)


class SdoError(NodeError):
    """An SDO transfer that failed; `evidence` is what was sent and heard meanwhile."""

    def __init__(
        self, node_id: int, index: int, sub: int, problem: str, evidence: Sequence[str] = ()
    ) -> None:
        self.index = index
        self.sub = sub
        self.evidence = tuple(evidence)
        super().__init__(node_id, f"{index:04X}h:{sub:02X} {problem}")


class SdoAbortError(SdoError):
    """The server (or our client) aborted the transfer with `code` (CiA 301, SDO abort codes)."""

    def __init__(
        self,
        node_id: int,
        index: int,
        sub: int,
        code: int,
        meaning: str,
        evidence: Sequence[str] = (),
    ) -> None:
        self.code = code
        self.meaning = meaning
        text = f"{code >> 16:04X} {code & 0xFFFF:04X}h"
        super().__init__(node_id, index, sub, f"aborted: {meaning} ({text})", evidence)


class SdoTimeoutError(SdoError):
    """No answer in time, after `attempts` requests."""

    def __init__(
        self,
        node_id: int,
        index: int,
        sub: int,
        attempts: int,
        waited: float,
        evidence: Sequence[str] = (),
    ) -> None:
        self.attempts = attempts
        self.waited = waited
        tries = "request" if attempts == 1 else "requests"
        problem = f"not answered: {attempts} {tries}, {waited:.1f} s"
        super().__init__(node_id, index, sub, problem, evidence)


class SdoAnswerError(SdoError):
    """An answer that breaks the protocol: too short, wrong toggle, wrong length."""


class ChangeError(NodeError):
    """A change of several objects that failed; `differences` are what could not be undone, none if all was."""

    def __init__(self, node_id: int, reason: str, differences: Sequence[object] = ()) -> None:
        self.reason = reason
        self.differences = tuple(differences)
        left = "; ".join(map(str, self.differences))
        ending = f"could not be undone: {left}" if left else "undone: it holds what it held before"
        super().__init__(node_id, f"the change failed: {reason}; {ending}")

    @property
    def undone(self) -> bool:
        """True if the device was read back and holds what it held before."""
        return not self.differences


class BootError(NodeError):
    """The device answered, but may not be used as it is; `refusals` are the sentences."""

    def __init__(self, node_id: int, refusals: Sequence[str]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(node_id, "boot refused: " + "; ".join(self.refusals))
