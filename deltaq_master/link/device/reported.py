"""The truth about a node's NMT state: what it reported, apart from what we commanded."""

from __future__ import annotations

import threading

from deltaq_master.link import clock
from deltaq_master.link.bus.network import Network
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import (
    HEARTBEAT_BASE,
    NMT_COB_ID,
    NmtCommand,
    NmtState,
    command_data,
    heartbeat_state,
)


class ReportedNmt:
    """NMT of one node, seen from the master: commands go out, and only the device's own word comes back.

    canopen's `node.nmt` sets its state when a command is sent, whether or not anybody is there.
    """

    def __init__(self, network: Network, node_id: int) -> None:
        self._network = network
        self._node_id = node_id
        self._changed = threading.Condition()
        self._heard: tuple[NmtState, float] | None = None
        self._commanded: NmtCommand | None = None
        self._asked: float | None = None
        network.gate.subscribe_frames(self._on_frame, frozenset({HEARTBEAT_BASE + node_id}))

    def close(self) -> None:
        """Listen no more."""
        self._network.gate.unsubscribe_frames(self._on_frame)

    @property
    def reported(self) -> NmtState | None:
        """State in the last heartbeat or boot-up message; None before the first one."""
        return self._heard[0] if self._heard else None

    @property
    def age(self) -> float | None:
        """Seconds since it was reported; None before the first word of the device."""
        return clock.now() - self._heard[1] if self._heard else None

    @property
    def commanded(self) -> NmtCommand | None:
        """The last command sent from here; None if there was none."""
        return self._commanded

    def command(self, command: NmtCommand) -> None:
        """Send an NMT command to this node; what comes of it is seen in `reported`. Raises BusError."""
        begun = clock.now()
        self._network.send_frame(NMT_COB_ID, command_data(command, self._node_id))
        self._commanded, self._asked = command, begun

    def wait_for(self, states: frozenset[NmtState], timeout: float) -> bool:
        """Wait until the device reports one of these states; False if it did not within `timeout` [s].

        What it said since the last command counts, since this call if there was none.
        """
        begun = clock.now() if self._asked is None else self._asked
        with self._changed:
            return self._changed.wait_for(
                lambda: self._heard is not None and self._heard[1] >= begun and self._heard[0] in states,
                timeout,
            )

    def wait_heard(self, timeout: float) -> bool:
        """Wait until the device was heard at all; False if it was not within `timeout` [s]."""
        with self._changed:
            return self._changed.wait_for(lambda: self._heard is not None, timeout)

    def _on_frame(self, frame: Frame) -> None:
        if frame.cob_id != HEARTBEAT_BASE + self._node_id or not frame.plain or frame.sent:
            return
        state = heartbeat_state(frame.data)
        if state is not None:
            with self._changed:
                self._heard = state, frame.time
                self._changed.notify_all()
