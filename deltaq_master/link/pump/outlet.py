"""How the frames of a pump reach the bus: one by one, or repeated by a kernel that can; and what is told if not."""

from __future__ import annotations

from collections.abc import Callable

from deltaq_master.errors import BusError, CallError
from deltaq_master.link.bus.gate import Repeating
from deltaq_master.protocol.events import BusLost


class Outlet:
    """Sends for one pump, in its thread.

    `send(cob_id, data)` puts a frame on the bus or raises BusError; `lost` is told of a bus that takes none, once
    per loss: machines may answer with frames, which would fail and be reported in turn.
    """

    def __init__(self, send: Callable[[int, bytes], None], lost: Callable[[BusLost], None]) -> None:
        self._send_frame = send
        self._tell = lost
        self._lost = False
        self.repeating: Repeating | None = None
        """Where cyclic frames go to be repeated on a lease; None sends one frame for each renewal."""
        self.refused = 0
        """Frames and renewals that the bus did not take."""

    def send(self, cob_id: int, data: bytes) -> None:
        """Send a frame once."""
        self._attempt(self._send_frame, cob_id, data)

    def renew(self, cob_id: int, data: bytes, period: float, due: float) -> None:
        """Send a frame of a cyclic message that was `due` [s], or have it repeated for a few periods [s]."""
        if self.repeating is None:
            self._attempt(self._send_frame, cob_id, data)
        else:
            self._attempt(self.repeating.renew, cob_id, data, period, due)

    def cease(self, cob_id: int | None = None) -> None:
        """End what the kernel repeats, all of it without a COB-ID; elsewhere nothing goes on by itself."""
        if self.repeating is not None:
            self.repeating.cease(cob_id)

    def _attempt(self, action: Callable[..., None], *arguments: object) -> None:
        try:
            action(*arguments)
        except (BusError, CallError) as error:  # CallError: the network was closed under a running pump
            self.refused += 1
            if not self._lost:
                self._lost = True
                self._tell(BusLost(str(error)))
        else:
            self._lost = False
