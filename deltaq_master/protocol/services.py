"""What a frame says that needs no knowledge of the device: every service of CANopen but SDO and mapped PDOs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from deltaq_master.protocol import emcy
from deltaq_master.protocol.emcy import Emergency
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.fields import Field
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NMT_COB_ID, NmtCommand, NmtState, heartbeat_state


class Service(StrEnum):
    """What a frame belongs to."""

    NMT = "NMT"
    SYNC = "SYNC"
    TIME = "TIME"
    EMCY = "EMCY"
    TPDO = "TPDO"
    RPDO = "RPDO"
    SDO_REQUEST = "SDO request"
    SDO_ANSWER = "SDO answer"
    HEARTBEAT = "heartbeat"
    LSS = "LSS"
    OTHER = "other"
    """No service of CANopen that is known here."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one frame says."""

    service: Service
    node_id: int | None
    """Node that it is from or for, 0 for all nodes, None where it names none."""
    text: str
    fields: tuple[Field, ...] = ()
    number: int = 0
    """Number of the PDO, 0 for other services."""
    notes: tuple[str, ...] = ()
    """What is wrong with this frame, or not known about it."""
    observations: tuple[str, ...] = ()
    """What was noticed with this frame and is said once."""

    @property
    def title(self) -> str:
        """'TPDO1', 'heartbeat'."""
        return f"{self.service}{self.number or ''}"

    def __str__(self) -> str:
        node = f"node {self.node_id} " if self.node_id else ""
        return f"{node}{self.title}: {self.text}" + "".join(f" [{note}]" for note in self.notes)


_NMT_WORDS: dict[int, str] = {
    NmtCommand.START: "start {}",
    NmtCommand.STOP: "stop {}",
    NmtCommand.PRE_OPERATIONAL: "set {} pre-operational",
    NmtCommand.RESET_NODE: "reset {}",
    NmtCommand.RESET_COMMUNICATION: "reset the communication of {}",
}

_LSS_WORDS = {
    0x04: "switch state of all nodes",
    0x11: "configure node-ID",
    0x13: "configure bit timing",
    0x15: "activate bit timing",
    0x17: "store configuration",
    **dict.fromkeys(range(0x40, 0x44), "switch state of one node"),
    0x44: "state of one node switched",
    **dict.fromkeys(range(0x46, 0x4C), "identify nodes by range"),
    0x4C: "identify nodes without node-ID",
    0x4F: "a node identifies itself",
    0x50: "a node without node-ID identifies itself",
    0x51: "fast scan",
    **dict.fromkeys(range(0x5A, 0x5E), "inquire identity"),
    0x5E: "inquire node-ID",
}

_TIME_ORIGIN = datetime(1984, 1, 1)
"""Day 0 of TIME_OF_DAY (CiA 301)."""


def unusual(frame: Frame) -> Decoded:
    """A frame that is no 11-bit data frame of classic CAN."""
    data = hexadecimal(frame.data)
    if frame.error:
        return Decoded(Service.OTHER, None, f"error frame of the CAN controller: {data}")
    if frame.extended:
        return Decoded(
            Service.OTHER, None, f"29-bit identifier {frame.cob_id:08X}h, no service of CANopen: {data}"
        )
    if frame.fd:
        return Decoded(Service.OTHER, None, f"CAN FD frame {frame.cob_id:03X}h, not classic CANopen: {data}")
    if frame.cob_id >> 7 == HEARTBEAT_BASE >> 7 and (node_id := frame.cob_id & 0x7F):
        return Decoded(Service.HEARTBEAT, node_id, "remote frame: asks for the state (node guarding)")
    return Decoded(Service.OTHER, None, f"remote frame: asks for {frame.cob_id:03X}h")


def unmapped(service: Service, node_id: int, number: int, data: bytes) -> Decoded:
    """A PDO whose mapping is not known."""
    return Decoded(service, node_id, hexadecimal(data), (), number, ("mapping not known",))


def _nmt(data: bytes) -> Decoded:
    if len(data) != 2:
        return Decoded(Service.NMT, None, wrong_length(data, 2))
    command, node_id = data
    who = f"node {node_id}" if node_id else "all nodes"
    words = _NMT_WORDS.get(command, f"unknown command {command:02X}h for {{}}")
    return Decoded(Service.NMT, node_id, words.format(who), (Field("command", command),))


def _sync(data: bytes) -> Decoded:
    if len(data) > 1:
        return Decoded(Service.SYNC, None, wrong_length(data, 1))
    fields = tuple(Field("counter", count) for count in data)
    return Decoded(Service.SYNC, None, listed(fields) or "without counter", fields)


def _time(data: bytes) -> Decoded:
    if len(data) != 6:
        return Decoded(Service.TIME, None, wrong_length(data, 6))
    after_midnight = int.from_bytes(data[:4], "little") & 0x0FFF_FFFF
    days = int.from_bytes(data[4:], "little")
    when = _TIME_ORIGIN + timedelta(days=days, milliseconds=after_midnight)
    text = when.isoformat(sep=" ", timespec="milliseconds")
    return Decoded(Service.TIME, None, text, (Field("time", text),))


def emergency_message(node_id: int, data: bytes) -> Decoded:
    """An EMCY of any length."""
    emergency = Emergency.parse(data)
    notes = (f"length {len(data)} where {emcy.LENGTH} is due",) if emergency.short else ()
    if emergency.code is None:
        return Decoded(Service.EMCY, node_id, f"no error code: {hexadecimal(data)}", (), 0, notes)
    meaning = emcy.meaning(emergency.code)
    fields = [Field("error code", emergency.code, "", meaning, None, 16)]
    if emergency.register is not None:
        fields.append(Field("error register", f"{emergency.register:02X}h"))
    if any(emergency.data):
        fields.append(Field("manufacturer's data", hexadecimal(emergency.data)))
    return Decoded(Service.EMCY, node_id, listed(fields), tuple(fields), 0, notes)


def heartbeat(node_id: int, data: bytes) -> Decoded:
    """A heartbeat, boot-up message or answer to node guarding."""
    if len(data) != 1:
        return Decoded(Service.HEARTBEAT, node_id, wrong_length(data, 1))
    state = heartbeat_state(data)
    toggled = "toggle bit set: an answer to node guarding" if data[0] & 0x80 else ""
    if state is None:
        text = f"unknown state {data[0]:02X}h"
    else:
        text = "boot-up" if state is NmtState.INITIALISING else state.word
    return Decoded(Service.HEARTBEAT, node_id, text, (Field("state", text, "", toggled),))


def _lss(side: str, data: bytes) -> Decoded:
    if len(data) != 8:
        return Decoded(Service.LSS, None, wrong_length(data, 8))
    words = _LSS_WORDS.get(data[0], f"unknown command {data[0]:02X}h")
    return Decoded(Service.LSS, None, f"{side}: {words}, {hexadecimal(data[1:])}")


BROADCASTS: dict[int, Callable[[bytes], Decoded]] = {
    NMT_COB_ID: _nmt,
    0x080: _sync,
    0x100: _time,
    0x7E5: lambda data: _lss("master", data),
    0x7E4: lambda data: _lss("slave", data),
}
"""Services that one COB-ID serves for all nodes."""


def listed(fields: Iterable[Field]) -> str:
    """The fields in one line, without those that only fill a frame up."""
    return ", ".join(str(field) for field in fields if field.told)


def wrong_length(data: bytes, due: int) -> str:
    """What to say of a frame that is too short or too long for its service."""
    return f"length {len(data)} where {due} is due: {hexadecimal(data)}"


def hexadecimal(data: bytes) -> str:
    """Bytes as they are written in logs: '74 13 45'."""
    return data.hex(" ").upper() or "no data"
