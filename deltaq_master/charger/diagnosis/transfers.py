"""SDO transfers as a listener sees them: what objects hold, what was written, and what was refused."""

from __future__ import annotations

from collections.abc import Callable

from deltaq_master.charger import objects
from deltaq_master.charger.diagnosis.facts import Facts
from deltaq_master.charger.diagnosis.known import READ, WRITTEN, Held
from deltaq_master.charger.diagnosis.streams import Stream, written
from deltaq_master.charger.startup import CONSUMERS
from deltaq_master.dictionary.address import Address
from deltaq_master.protocol import aborts
from deltaq_master.protocol.sdo_frames import SdoChannel, SdoFrame, SdoKind

STATUS_BYTES = 2
TOLD = (SdoKind.VALUE, SdoKind.WRITE_TAKEN, SdoKind.ABORT)
"""Answers that end a transfer of up to four bytes; longer ones are texts, which say nothing here."""


class Transfers:
    """Follower of one charger's SDO frames, whoever its client is."""

    def __init__(
        self,
        facts: Facts,
        remapped: Callable[[], None],
        status: Callable[[int, float], None],
        witnessed: Callable[[float], bool],
        overruled: Callable[[], None],
    ) -> None:
        """`remapped` is called when a PDO has become another one, `status` with each 2006h that was read.

        `overruled` is called when a write has set what an RPDO may set again with its next frame.
        """
        self._facts = facts
        self._remapped = remapped
        self._status = status
        self._witnessed = witnessed
        self._overruled = overruled
        self._channel = SdoChannel()
        self._awaited = False
        """True while a request was not answered yet."""
        self._writing: tuple[Address, bytes, str] | None = None
        """The object of a write that was not answered yet, its bytes, and the frame."""

    def request(self, stream: Stream, data: bytes, _time: float, _sent: bool) -> None:
        """Take a frame of the client."""
        frame = self._channel.request(data)
        self._awaited = True
        self._writing = None
        if frame.kind is SdoKind.WRITE and frame.address is not None:
            self._writing = frame.address, self._sized(frame), written(stream.cob_id, data)

    def answer(self, stream: Stream, data: bytes, time: float, sent: bool) -> None:
        """Take a frame of the charger."""
        facts, frame = self._facts, self._channel.answer(data)
        address, awaited = frame.address, self._awaited
        self._awaited = False
        if frame.kind not in TOLD or address is None or sent:
            return
        if not awaited:
            # An answer that nobody asked for is no evidence of this device's objects.
            facts.unasked_answers += 1
            return
        shown = written(stream.cob_id, data)
        if frame.kind is SdoKind.VALUE:
            self._tell(address, Held(self._sized(frame), time, READ, shown))
        elif frame.kind is SdoKind.ABORT:
            self._refused(address, frame.code or 0, time, shown)
        elif self._writing is not None and self._writing[0] == address:
            self._tell(address, Held(self._writing[1], time, WRITTEN, self._writing[2]))
        self._writing = None

    def _tell(self, address: Address, held: Held) -> None:
        facts = self._facts
        if facts.known.tell(address, held):
            self._remapped()
        if address.index == CONSUMERS.index:
            facts.consumers_changed()
        entry = facts.dictionary.get(address)
        if held.source == WRITTEN and entry is not None:
            facts.asked.by_write(entry, held.seen, self._witnessed(held.time))
            self._overruled()
        elif address == objects.STATUS and len(held.data) == STATUS_BYTES:
            self._status(held.seen.raw, held.time)

    def _refused(self, address: Address, code: int, time: float, frame: str) -> None:
        facts = self._facts
        if self._writing is None:
            facts.known.refuse(address, code)
            return
        facts.refusals.append((time, address, code, frame))
        facts.chronicle.note(
            time,
            f"a write of {address} was refused: {aborts.meaning(code)} ({code >> 16:04X} {code & 0xFFFF:04X}h)",
        )

    def _sized(self, frame: SdoFrame) -> bytes:
        """The bytes of a value; where the frame does not tell how many, the EDS does."""
        entry = self._facts.dictionary.get(frame.address) if frame.address is not None else None
        size = entry.data_type.size if entry is not None else None
        return frame.data if frame.sized or size is None else frame.data[:size]
