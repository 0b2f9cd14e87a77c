"""Exit codes, and which error has which."""

from __future__ import annotations

from enum import IntEnum

from deltaq_master.errors import BusError, DeltaqError, LimitError, SilentError, UsageError


class ExitCode(IntEnum):
    """How a command ended, for scripts."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    DONE = 0, "done; a charge that was stopped by its time or Ah limit, or by SIGTERM, is done too"
    FAILED = 1, "refused, or a fault: the sentence on stderr says which"
    USAGE = 2, "a wrong word on the command line, in the environment or in a file"
    NO_DEVICE = 3, "no bus, or nobody there under this node-ID"
    INCOMPLETE = 4, "only a part could be read"
    LIMITS = 5, "outside limits: nothing was sent"
    INTERRUPTED = 130, "Ctrl-C; if anything was driven, it was off before the command ended"


def exit_code(error: DeltaqError) -> ExitCode:
    """The exit code of an error."""
    match error:
        case LimitError():
            return ExitCode.LIMITS
        case UsageError():
            return ExitCode.USAGE
        case BusError() | SilentError():
            return ExitCode.NO_DEVICE
        case _:
            return ExitCode.FAILED
