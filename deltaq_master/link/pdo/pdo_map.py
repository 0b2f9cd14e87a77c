"""One PDO of a device: canopen's `PdoMap`, with every slot where the device has it.

What canopen drops, moves or cuts stays here what it is: an object that the EDS does not know is opaque bits,
the same object twice is two slots, and bits are packed by the codec of `dictionary/mapping.py`. `data` is a
copy per frame that never changes, so a value is never half of one frame and half of the next.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import canopen
from canopen.objectdictionary import ODVariable
from canopen.pdo import base

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import MAX_BITS, PdoDump, PdoKind, PdoMapping, PdoRecord, defaults
from deltaq_master.errors import CallError, UsageError
from deltaq_master.link.pdo.lookup import Key, NotMappedError, matching, only
from deltaq_master.link.pdo.parameters import read_dump, save_parameters
from deltaq_master.link.pdo.variable import PdoVariable, variable_of

if TYPE_CHECKING:
    from deltaq_master.link.device.node import Node

logger = logging.getLogger(__name__)

MAX_POSITION = 63
"""Integers up to here are positions in a PDO, larger ones are objects; CiA 301 maps at most 64."""


class PdoMap(base.PdoMap):
    """One PDO. `map[0]` is the first slot, `map[0x6070]` and `map["Battery Status"]` are objects.

    An object that is mapped twice is found by position or as `... #2` alone. An RPDO holds what we would send:
    it is not subscribed by itself, so that another master's frame does not become ours.
    """

    map: list[PdoVariable]  # type: ignore[assignment]

    def __init__(self, pdo_node: Any, com_record: Any, map_array: Any) -> None:
        self._image = b""
        self._writing = threading.Lock()
        self._subscribed: tuple[canopen.Network, int] | None = None
        self.mapping = PdoMapping(())
        """Its slots, as the device (or `add_variable`) has them."""
        self.problems: tuple[str, ...] = ()
        """Why it cannot be used as it is; empty if it can."""
        self.owner = ""
        """Who sends this PDO ('' = whoever calls `transmit`); see `claim`."""
        self.short_frames = 0
        """Frames ignored because they are shorter than the mapping."""
        self.interval: float | None = None
        """Time between the last two frames [s]; `period` is what was configured, and never inferred."""
        super().__init__(pdo_node, com_record, map_array)  # type: ignore[no-untyped-call]
        self.kind, self.number = PdoKind.at(com_record.od.index)

    @property
    def name(self) -> str:
        """Name in canopen's form, `RxPDO1_node10`, by where its parameters are and not by its COB-ID."""
        direction = "Rx" if self.kind is PdoKind.RPDO else "Tx"
        return f"{direction}PDO{self.number}_node{self._node.id}"

    def __repr__(self) -> str:
        place = "without COB-ID" if self.cob_id is None else f"at {self.cob_id:03X}h"
        return f"<{type(self).__name__} {self.name} {place}>"

    @property
    def _node(self) -> Node:
        return cast("Node", self.pdo_node.node)

    # --- slots --------------------------------------------------------------------------------------------

    def __getitem__(self, key: Key) -> PdoVariable:
        """A slot: position (0 to 63), index, name, or address ('0x2FFA:01').

        Raises UsageError (and KeyError) where there is none, UsageError with the positions of several.
        """
        if isinstance(key, int) and 0 <= key <= MAX_POSITION:
            if key >= len(self.map):
                raise NotMappedError(f"{self.name} has {len(self.map)} slots, none at position {key}")
            return self.map[key]
        return only(self.find(key), key, self.name, self.map)

    def __iter__(self) -> Iterator[PdoVariable]:
        return iter(self.map)

    def find(self, key: Key) -> list[PdoVariable]:
        """All slots of an object, by name, index or address; none where it is not mapped."""
        return matching(self.map, key)

    def clear(self) -> None:
        """Forget all slots here; the device is not asked."""
        self._lay_out(PdoMapping(()), [], b"")

    def add_variable(
        self, index: int | str, subindex: int | str = 0, length: int | None = None
    ) -> PdoVariable:
        """Add a slot here; the device is not asked (`save` writes it).

        Raises UsageError for an object whose length is not known, and over 64 bits.
        """
        entry = self._node.object_dictionary[index]
        if not isinstance(entry, ODVariable):
            entry = entry[subindex]
        address = Address(entry.index, entry.subindex)
        known = self._node.dictionary.get(address)
        bits = length or (known.bits if known is not None else None)
        if bits is None:
            raise UsageError(f"{address} has no fixed length", "give its length in bits")
        word = address.index << 16 | address.sub << 8 | bits
        mapping = PdoMapping.of((*self.mapping.words, word), self._node.dictionary)
        if mapping.bits > MAX_BITS:
            raise UsageError(
                f"{self.name} would be {mapping.bits} bits long", f"a CAN frame holds {MAX_BITS}"
            )
        added = variable_of(self._node.object_dictionary, mapping.slots[-1], len(self.map), self)
        self._lay_out(mapping, [*self.map, added], self._image)
        return added

    def _lay_out(self, mapping: PdoMapping, variables: list[PdoVariable], image: bytes) -> None:
        with self._writing:
            self.map = variables
            self.mapping = mapping
            self.length = mapping.bits
            self._image = image.ljust(mapping.length, b"\0")

    # --- values -------------------------------------------------------------------------------------------

    @property  # type: ignore[override]
    def data(self) -> bytes:
        """The last frame (TPDO), or the frame to send (RPDO): bytes that never change under the reader."""
        return self._image

    @data.setter
    def data(self, data: bytes) -> None:
        self._free("change")
        self._image = bytes(data)

    def raws(self) -> tuple[int, ...]:
        """Raw integers of all slots, out of one frame; reading slot by slot may meet the next frame.

        Raises UsageError for a mapping over 64 bits.
        """
        mapping = self.mapping
        return mapping.codec.decode(self._image[: mapping.length].ljust(mapping.length, b"\0"))

    def put(self, position: int, raw: int) -> None:
        """Change one slot, and the frame that is being sent, if there is one; LimitError if it cannot hold it."""
        self._free("change")
        with self._writing:
            raws = list(self.raws())
            raws[position] = raw
            self._image = self.mapping.codec.encode(raws)
        self.update()

    # --- receiving ----------------------------------------------------------------------------------------

    def on_message(self, can_id: int, data: bytes | bytearray, timestamp: float) -> None:
        """Take a frame (receive thread); one that is too short is counted and ignored."""
        if can_id != self.cob_id or self._task is not None:
            return
        if len(data) < self.mapping.length:
            self.short_frames += 1
            return
        with self.receive_condition:
            self._image = bytes(data)
            self.interval = None if self.timestamp is None else timestamp - self.timestamp
            self.timestamp = timestamp
            self.is_received = True
            self.receive_condition.notify_all()
        for callback in tuple(self.callbacks):
            try:
                callback(self)
            except Exception:
                # A callback may raise anything, and the next one must get the frame all the same.
                logger.exception("callback %r of %s raised", callback, self.name)

    def subscribe(self) -> None:
        """Receive this PDO, if it is enabled, sound, and the node is on a network."""
        self.unsubscribe()
        if self.enabled and not self.problems and self.cob_id is not None and self._node.has_network():
            network = self.pdo_node.network
            network.subscribe(self.cob_id, self.on_message)
            self._subscribed = network, self.cob_id

    def unsubscribe(self) -> None:
        """Receive this PDO no more; may be called again."""
        if self._subscribed is not None:
            network, cob_id = self._subscribed
            self._subscribed = None
            if self.on_message in network.subscribers.get(cob_id, ()):
                network.unsubscribe(cob_id, self.on_message)

    # --- sending ------------------------------------------------------------------------------------------

    def claim(self, owner: str) -> None:
        """Let one sender alone change and send this PDO; CallError if another has it, or `start` runs."""
        if self._task is not None:
            raise CallError(f"{self.name} is being sent by start(); stop() it first")
        self._free("claim")
        self.owner = owner

    def release(self) -> None:
        """Let whoever calls change and send this PDO."""
        self.owner = ""

    def check_free(self, action: str) -> None:
        """Raise CallError while it is claimed, or being sent by `start`."""
        self._free(action)
        if self._task is not None:
            raise CallError(f"cannot {action} {self.name}: start() sends it; stop() it first")

    def _free(self, action: str) -> None:
        if self.owner:
            raise CallError(
                f"cannot {action} {self.name}: {self.owner} sends it, whole and from one request;"
                " ask there, or end that first"
            )

    def _sound(self, action: str) -> None:
        if self.problems or self.cob_id is None:
            reason = "; ".join(self.problems) or "no COB-ID is known"
            raise CallError(f"cannot {action} {self.name}: {reason}")

    def transmit(self) -> None:
        """Send it once. Raises CallError while it is claimed, or where it is not fit to be sent."""
        self._free("transmit")
        self._sound("transmit")
        super().transmit()

    def start(self, period: float | None = None) -> None:
        """Send it every `period` seconds until `stop`, whatever happens to the caller; CallError as `transmit`.

        The frames go on with old set-points if the program hangs, on SocketCAN from within the kernel. To
        charge, use the master's pump.
        """
        self._free("start")
        self._sound("start")
        super().start(period)

    def update(self) -> None:
        """Hand the present data to the frames that `start` sends; CallError while it is claimed."""
        self._free("update")
        super().update()

    # --- parameters ---------------------------------------------------------------------------------------

    def install(self, record: PdoRecord) -> None:
        """Take over what is known about this PDO of the device; a TPDO is received from now on."""
        self.unsubscribe()
        self.problems = record.problems
        self.cob_id = record.cob_id
        self.enabled = record.enabled
        self.rtr_allowed = not record.no_rtr
        self.trans_type = record.transmission
        self.inhibit_time = record.inhibit_100us
        self.event_timer = record.event_timer_ms
        self.timestamp = self.interval = None
        od = self._node.object_dictionary
        slots = enumerate(record.mapping.slots)
        self._lay_out(record.mapping, [variable_of(od, slot, place, self) for place, slot in slots], b"")
        if self.kind is PdoKind.TPDO:
            self.subscribe()

    def read(self, from_od: bool = False) -> None:
        """Read its parameters by SDO (or from the EDS) and install them; what failed is in `problems`."""
        node = self._node
        self.install(self.record_in(defaults(node.dictionary) if from_od else read_dump(node, self)))

    def record_in(self, dump: PdoDump) -> PdoRecord:
        """This PDO in a dump."""
        return dump.rpdo(self.number) if self.kind is PdoKind.RPDO else dump.tpdo(self.number)

    def save(self) -> None:
        """Make the device hold these parameters, read back; a PDO without a COB-ID is left alone.

        It is one change: a failure is undone and raised as ChangeError. Raises CallError while it is claimed or
        not known whole, and what a transfer raises that reads what the device has; nothing was written then.
        """
        self._free("save")
        if self.cob_id is None:
            return
        self._sound("save")
        save_parameters(self._node, self)
        self.read()
