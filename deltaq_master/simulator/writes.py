"""The K-th SDO write of a device, which the fault script spoils: counted, so that every run spoils the same.

Every request that begins a download counts once, from the moment on at which the device joins the bus; a reboot
does not begin the count again. A repetition does not count: the same request again, before the transfer has
its last answer and with no other transfer in between. A client's abort ends the write, but for one: where more
than one request is needed (segmented, block), a time-out's abort is how a client begins to repeat it.
"""

from __future__ import annotations

from enum import StrEnum

from deltaq_master.simulator.objects import Code


class Spoil(StrEnum):
    """What happens to a write, and to its repetition."""

    NONE = ""
    ABORT = "write-abort-at"
    """Aborted with a general error."""
    LOST = "write-lost-at"
    """Neither carried out nor answered."""
    UNANSWERED = "write-unanswered-at"
    """Carried out; its last answer does not come."""
    WRONG = "write-wrong-at"
    """Confirmed, and another value stored."""
    REBOOT = "write-reboot-at"
    """The device starts again instead; a repetition after that is carried out."""
    SILENCE = "write-silence-at"
    """The cable is pulled instead, and stays so."""


class Writes:
    """Counts the downloads that a device is asked for."""

    def __init__(self, script: dict[int, Spoil]) -> None:
        self._script = script
        self.count = 0
        """Writes begun so far."""
        self._open: bytes | None = None
        """The request that began the last write, until its last answer has gone out."""
        self._spoil = Spoil.NONE

    def hear(self, request: bytes, begins: bool) -> Spoil:
        """Take a request, and whether it begins a transfer; what happens to its write."""
        command = request[:1]
        if begins and request == self._open:
            if self._spoil is Spoil.REBOOT:
                self._spoil = Spoil.NONE
        elif begins:
            self._open, self._spoil = None, Spoil.NONE
            if command[0] >> 5 in (1, 6):
                self.count += 1
                self._open, self._spoil = request, self._script.get(self.count, Spoil.NONE)
        elif command == b"\x80" and not self._restarted(request):
            self._open, self._spoil = None, Spoil.NONE
        return self._spoil

    def _restarted(self, abort: bytes) -> bool:
        if self._open is None or abort[4:] != Code.TIMED_OUT.to_bytes(4, "little"):
            return False
        return not (self._open[0] >> 5 == 1 and self._open[0] & 2)

    def done(self) -> None:
        """The last answer of the transfer has gone out."""
        self._open = None
