"""One SDO channel to one server: one transfer at a time, strict answers, evidence for every failure.

canopen's client takes the next frame for the answer, whatever object it is about, and two threads take each
other's. Here a transfer owns the channel from its first request to its end, and only the answer that a
request awaits is taken; the rest is kept as evidence and waited past, within the same deadline.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NoReturn

import can
import canopen
import canopen.network
from canopen.sdo.client import SdoClient as CanopenClient

from deltaq_master.errors import BusError, CallError
from deltaq_master.link.bus.causes import cause_of
from deltaq_master.link.bus.network import SendError
from deltaq_master.link.sdo import frames
from deltaq_master.link.sdo.errors import SdoAborted, SdoBadAnswer, SdoTimedOut
from deltaq_master.protocol.aborts import AbortCode

MOST_EVIDENCE: Final = 32
"""Different frames that one transfer keeps as evidence."""


@dataclass(slots=True)
class Transfer:
    """One transfer: its object, the thread that it belongs to, and what was sent and heard in its course."""

    index: int
    sub: int
    thread: int = field(default_factory=threading.get_ident)
    frames: queue.SimpleQueue[bytes] = field(default_factory=queue.SimpleQueue)
    """What the server sent since the transfer began."""
    request: bytes = b""
    attempts: int = 0
    """How often the present request was sent."""
    heard: dict[str, int] = field(default_factory=dict)
    """What came in that was not the answer, and how often."""
    alive: bool = False
    """The node sent something."""

    def note(self, what: str) -> None:
        """Keep something as evidence; the same again is only counted."""
        if what in self.heard or len(self.heard) < MOST_EVIDENCE:
            self.heard[what] = self.heard.get(what, 0) + 1


def called_by_receiver(network: canopen.Network) -> bool:
    """True in the thread that receives frames: who waits for an answer there waits in vain."""
    known = getattr(network, "in_receive_thread", None)
    if known is not None:
        return bool(known())
    return threading.current_thread() in getattr(network.notifier, "_readers", ())


class SdoChannel(CanopenClient):
    """What canopen's client does frame by frame, under the same names, and who may do it when."""

    RESPONSE_TIMEOUT = 0.5
    """How long each request waits for its answer [s]; CiA 301 sets no number."""
    MAX_RETRIES = 2
    """Tries in all: of a request that begins a transfer, and of a whole transfer that lost a segment."""
    RETRY_DELAY = 0.005
    """Pause before a frame is offered again that the adapter did not take [s]."""

    def __init__(
        self, rx_cobid: int, tx_cobid: int, od: canopen.ObjectDictionary, node_id: int | None = None
    ) -> None:
        super().__init__(rx_cobid, tx_cobid, od)  # type: ignore[no-untyped-call]
        self.node_id = rx_cobid & 0x7F if node_id is None else node_id
        self._lock = threading.Lock()
        self._transfer: Transfer | None = None

    def on_response(self, _can_id: int, data: bytes | bytearray, _timestamp: float) -> None:
        """Take a frame from the server (receive thread); without a transfer it is nobody's."""
        transfer = self._transfer
        if transfer is not None:
            transfer.alive = True
            transfer.frames.put(bytes(data))

    def on_other(self, can_id: int, data: bytes | bytearray, _timestamp: float) -> None:
        """Take another frame of the node as evidence (receive thread): it lives, booted, has an error."""
        transfer = self._transfer
        if transfer is not None:
            transfer.alive = True
            transfer.note(f"heard {can_id:03X}h {bytes(data).hex(' ').upper()}")

    # --- the transfer that owns the channel ---------------------------------------------------------------

    @contextmanager
    def transfer(self, index: int, sub: int) -> Iterator[Transfer]:
        """Own the channel for one transfer; other threads wait.

        Raises CallError where an answer can never be taken: in the receive thread, off any network, and in a
        thread that still has a stream open on this channel.
        """
        transfer = self.begin(index, sub)
        try:
            yield transfer
        finally:
            self.end(transfer)

    def begin(self, index: int, sub: int) -> Transfer:
        """Own the channel until `end`; see `transfer`."""
        place = f"SDO transfer of {index:04X}h:{sub:02X} with node {self.node_id}"
        if self.network is canopen.network._UNINITIALIZED_NETWORK:
            raise CallError(f"{place}: the node is on no network; add it with network.add_node first")
        if called_by_receiver(self.network):
            raise CallError(
                f"{place}: called from a receive callback, where no answer can arrive;"
                " let the callback store what it saw, and make the call in another thread"
            )
        transfer = Transfer(index, sub)
        current = self._transfer
        if current is not None and current.thread == transfer.thread:
            raise CallError(
                f"{place}: this thread still has a stream open on {current.index:04X}h:{current.sub:02X};"
                " close it first"
            )
        self._lock.acquire()
        self._transfer = transfer
        return transfer

    def end(self, transfer: Transfer) -> None:
        """Give the channel up; once it is given up, nothing happens."""
        if self._transfer is transfer:
            self._transfer = None
            self._lock.release()

    def owned_by(self, transfer: Transfer) -> bool:
        """True until that transfer has ended."""
        return self._transfer is transfer

    def own(self, transfer: Transfer | None = None) -> Transfer:
        """The transfer of this thread (and that very one, if given); CallError if there is none."""
        current = self._transfer
        if (
            current is None
            or current.thread != threading.get_ident()
            or (transfer is not None and current is not transfer)
        ):
            raise CallError(
                f"SDO channel to node {self.node_id}: no transfer of this thread is open;"
                " a stream belongs to the thread that opened it, and ends with its first error"
            )
        return current

    # --- frames -------------------------------------------------------------------------------------------

    def send_request(self, request: bytes, deadline: float | None = None) -> None:
        """Send one frame; if the adapter does not take it (ENOBUFS), offer it again until the deadline.

        Raises BusError.
        """
        if deadline is None:
            deadline = time.monotonic() + self.RESPONSE_TIMEOUT
        if self.PAUSE_BEFORE_SEND:
            time.sleep(self.PAUSE_BEFORE_SEND)
        while True:
            try:
                self.network.send_message(self.rx_cobid, request)
            except can.CanError as error:
                if time.monotonic() + self.RETRY_DELAY >= deadline:
                    cause = cause_of(error, "the bus")
                    problem = f"SDO request to node {self.node_id} not sent: {cause.problem}"
                    raise SendError(problem, cause.remedy) from error
                time.sleep(self.RETRY_DELAY)
            else:
                return

    def read_response(self, deadline: float | None = None) -> bytes:
        """Next frame of 8 bytes from the server, until the deadline.

        Raises SdoAborted if it aborts this transfer, SdoTimedOut if nothing comes (nothing is sent then).
        """
        transfer = self.own()
        if deadline is None:
            deadline = time.monotonic() + self.RESPONSE_TIMEOUT
        while True:
            left = deadline - time.monotonic()
            try:
                data = transfer.frames.get(timeout=max(left, 0.0))
            except queue.Empty:
                raise self.lost() from None
            if len(data) != frames.FRAME_LENGTH:
                self.set_aside(data)
            elif data[0] != frames.ABORT:
                return data
            elif data[1:4] in (frames.multiplexer(transfer.index, transfer.sub), b"\x00\x00\x00"):
                # Some servers forget the object in their aborts; 0000h:00 is none, so it can only mean ours.
                code = int.from_bytes(data[4:8], "little")
                raise SdoAborted(self.node_id, transfer.index, transfer.sub, code, self.evidence())
            else:
                self.set_aside(data)
            if left <= 0:
                raise self.lost()

    def request_response(self, sdo_request: bytes) -> bytes:
        """Send a request and return the answer that it awaits; repeat it only if it begins a transfer.

        Raises SdoAborted, SdoTimedOut (after an abort of ours, 0504 0000h), SdoBadAnswer for a wrong toggle
        bit (0503 0000h), BusError.
        """
        transfer = self.own()
        transfer.request, transfer.attempts = bytes(sdo_request), 0
        begun = time.monotonic()
        first = frames.initiates(sdo_request)
        for _ in range(self.MAX_RETRIES if first else 1):
            deadline = time.monotonic() + self.RESPONSE_TIMEOUT
            self.send_request(sdo_request, deadline)
            transfer.attempts += 1
            try:
                while True:
                    answer = self.read_response(deadline)
                    if frames.answers(sdo_request, answer):
                        if not frames.toggles(sdo_request, answer):
                            self.refuse(AbortCode.TOGGLE, "answered with the wrong toggle bit")
                        return answer
                    self.set_aside(answer)
            except SdoTimedOut:
                continue
        self.abort(AbortCode.TIMED_OUT)
        raise self.lost(time.monotonic() - begun, segment=not first)

    def abort(self, abort_code: int = AbortCode.GENERAL) -> None:
        """Tell the server that the transfer of this thread is over."""
        self.abandon(self.own(), abort_code)

    def abandon(self, transfer: Transfer, abort_code: int) -> None:
        """Tell the server, from any thread, that a transfer is over; a frame not sent is evidence."""
        place = frames.multiplexer(transfer.index, transfer.sub)
        try:
            self.send_request(frames.frame(frames.ABORT, place + abort_code.to_bytes(4, "little")))
        except BusError as error:
            transfer.note(f"abort not sent: {error.problem}")
        else:
            transfer.note(f"aborted by us with {abort_code >> 16:04X} {abort_code & 0xFFFF:04X}h")

    def refuse(self, abort_code: int, problem: str) -> NoReturn:
        """Abort the transfer and raise SdoBadAnswer."""
        self.abort(abort_code)
        transfer = self.own()
        raise SdoBadAnswer(self.node_id, transfer.index, transfer.sub, problem, self.evidence())

    def lost(self, waited: float | None = None, *, segment: bool = False) -> SdoTimedOut:
        """The error for an answer that did not come."""
        transfer = self.own()
        return SdoTimedOut(
            self.node_id,
            transfer.index,
            transfer.sub,
            max(transfer.attempts, 1),
            self.RESPONSE_TIMEOUT if waited is None else waited,
            self.evidence(),
            lost_segment=segment,
            alive=transfer.alive,
        )

    # --- evidence -----------------------------------------------------------------------------------------

    def set_aside(self, data: bytes) -> None:
        """Keep a frame of the server that is not the answer."""
        self.own().note(f"heard {self.tx_cobid:03X}h {data.hex(' ').upper()}: {frames.about(data)}")

    def evidence(self) -> tuple[str, ...]:
        """What this transfer sent last and what it heard, a line each."""
        transfer = self.own()
        sent = (
            f"sent {self.rx_cobid:03X}h {transfer.request.hex(' ').upper()}, awaited on {self.tx_cobid:03X}h"
        )
        lines = [(sent, transfer.attempts), *list(transfer.heard.items())]
        return tuple(f"{line} ({times} times)" if times > 1 else line for line, times in lines)
