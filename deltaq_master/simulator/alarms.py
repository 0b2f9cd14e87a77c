"""Alarms and faults: the active ones, EMCY, 1001h, 1003h and 2060h (G, CAP1, DBC)."""

from __future__ import annotations

import struct
from functools import partial
from typing import NamedTuple

from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.nmt import NmtState
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.objects import Abort, Code
from deltaq_master.simulator.options import Options

ALARM, FAULT = 0x80, 0xC0
"""Classes in byte 4 of an EMCY: alarm "E" [C], fault "F" (G)."""
GENERIC = 0x01
"""1001h with an error: 01h on the wire (CAP1) [C]."""
RESET_DELAY = 0.005
"""From the first heartbeat to the error reset: 4.5 to 13.6 ms (CAP1/CAP2) [C]."""

HEARTBEAT_LOST, COMMAND_LOST, COMMAND_LOST_IDLE = 0x1E, 0x20, 0x44
COMMUNICATION = (HEARTBEAT_LOST, COMMAND_LOST, COMMAND_LOST_IDLE)
PDO_LENGTH = 0x2E

# Alarms whose CiA error code is not 9000h (G). 0Bh has none: 0000h would read as an error reset.
_CODES = {
    **dict.fromkeys((0x05, 0x09, 0x0A, 0x0E, 0x0F, 0x14, 0x18, 0x1C, 0x1F), 0x1000),
    **dict.fromkeys((0x21, 0x22, 0x23, 0x27, 0x29, 0x52, 0x57, 0x58, 0x5E), 0x1000),
    **dict.fromkeys((0x20, 0x39, 0x3A, 0x3C, 0x44, *range(0x61, 0x69)), 0x8130),
    **dict.fromkeys((0x25, 0x2A, 0x54), 0x6000),
    PDO_LENGTH: 0x8210,
}
FAULT_CODE = 0x5000


class Alarm(NamedTuple):
    """One active alarm or fault."""

    id: int
    kind: int
    """ALARM or FAULT."""
    code: int
    """CiA error code."""


class Alarms:
    """Active alarms and the history of a charger."""

    def __init__(self, node: Node, options: Options) -> None:
        self._node = node
        self._swapped = options.error_order == "msw"
        self._codes = {**_CODES, HEARTBEAT_LOST: options.heartbeat_code}
        self._active: dict[int, Alarm] = {}
        self._history: list[int] = []
        cells = node.objects.cells
        cells[Address(0x1001)].live = lambda: GENERIC if self._active else 0
        history = cells[Address(0x1003)]
        history.live = lambda: len(self._history)
        history.guard = lambda data: Abort(Code.INVALID) if data[0] else None
        history.effect = lambda _: self._history.clear()
        for address, cell in cells.items():
            if address.index == 0x1003 and address.sub:
                cell.live = partial(self._past, address.sub)
        if options.current_error == "shown":
            cells[Address(0x2060)].live = lambda: self._word(self._latest) if self._active else 0

    @property
    def _latest(self) -> Alarm:
        return list(self._active.values())[-1]

    def _past(self, sub: int) -> int:
        return self._history[sub - 1] if sub <= len(self._history) else 0

    def _word(self, alarm: Alarm) -> int:
        """Error as 2060h and 1003h have it; which word comes first is [U] (DBC, G)."""
        if self._swapped:
            return alarm.code << 16 | alarm.id << 8 | alarm.kind
        return alarm.id << 24 | alarm.kind << 16 | alarm.code

    def has(self, kind: int) -> bool:
        """True while one of this class is active."""
        return any(alarm.kind == kind for alarm in self._active.values())

    @property
    def active(self) -> bool:
        """True while anything is active."""
        return bool(self._active)

    @property
    def own(self) -> bool:
        """True while something is active that is not about communication."""
        return any(alarm.id not in COMMUNICATION for alarm in self._active.values())

    def begin(self, id_: int, kind: int = ALARM) -> None:
        """An alarm or fault becomes active: EMCY, once."""
        if id_ not in self._active:
            code = FAULT_CODE if kind == FAULT else self._codes.get(id_, 0x9000)
            alarm = self._active[id_] = Alarm(id_, kind, code)
            self._history = [self._word(alarm), *self._history[:9]]
            self._send(alarm)

    def end(self, *ids: int) -> None:
        """These are over; the error reset is sent when none is left."""
        ended = [self._active.pop(id_) for id_ in ids if id_ in self._active]
        if ended and not self._active:
            self._send(None)

    def link_found(self) -> None:
        """The master's heartbeat has appeared: communication alarms are over.

        The error reset comes even if there was none (CAP1, CAP2) [C]; what still stands is said again, so
        that a master which came later knows it [I].
        """
        for id_ in COMMUNICATION:
            self._active.pop(id_, None)
        self._node.schedule.after("emcy", RESET_DELAY, self._tell)

    def started(self) -> None:
        """The node is up: what is already active is said."""
        if self._active:
            self._tell()

    def reset(self) -> None:
        """Power-on: nothing is active, nothing remembered."""
        self._node.schedule.cancel("emcy")
        self._active.clear()
        self._history.clear()

    def _tell(self) -> None:
        for alarm in self._active.values():
            self._send(alarm)
        if not self._active:
            self._send(None)

    def _send(self, alarm: Alarm | None) -> None:
        if self._node.state in (NmtState.PRE_OPERATIONAL, NmtState.OPERATIONAL):
            data = struct.pack("<HBBB3x", alarm.code, GENERIC, alarm.id, alarm.kind) if alarm else bytes(8)
            self._node.send(0x80 + self._node.id, data)
