"""The PDOs of a device: `node.rpdo`, `node.tpdo` and `node.pdo`, filled from what the device said."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from canopen.pdo import PDO, RPDO, TPDO, base

from deltaq_master.dictionary.dump import TO_MAPPING
from deltaq_master.dictionary.mapping import PdoDump, PdoKind, defaults
from deltaq_master.link.device.remap import RemapPlan, plan_remap, remap
from deltaq_master.link.pdo.lookup import Key, NotMappedError, only, written
from deltaq_master.link.pdo.parameters import read_dump
from deltaq_master.link.pdo.pdo_map import PdoMap
from deltaq_master.link.pdo.variable import PdoVariable

if TYPE_CHECKING:
    from deltaq_master.link.device.node import Node

__all__ = [
    "AllPdos",
    "NotMappedError",
    "PdoMap",
    "PdoVariable",
    "ReceivePdos",
    "RemapPlan",
    "TransmitPdos",
    "plan_remap",
    "read_dump",
    "remap",
]

MAX_NUMBER = 512
"""PDOs of one direction are numbered 1 to 512; larger integers are indices."""

_PREDEFINED = {PdoKind.RPDO: 0x200, PdoKind.TPDO: 0x180}
"""COB-IDs of PDO 1 to 4 in the predefined connection set, less 100h each and the node-ID."""


class PdoMaps(base.PdoMaps):
    """The PDOs of one direction, by their number from 1 on."""

    def __init__(self, kind: PdoKind, pdos: Pdos) -> None:
        node = pdos.node
        first = kind.first_communication_index
        self.maps = {}
        for index in node.object_dictionary:
            if not first <= index < first + TO_MAPPING:
                continue
            pdo = PdoMap(pdos, node.sdo[index], node.sdo[index + TO_MAPPING])
            if pdo.number <= 4:
                pdo.predefined_cob_id = _PREDEFINED[kind] + (pdo.number - 1) * 0x100 + node.id
            self.maps[pdo.number] = pdo


class Pdos(base.PdoBase):
    """What the three containers share. `pdos[1]` and `pdos[0x1600]` are PDOs, anything else is an object."""

    map: dict[int, PdoMap] | PdoMaps  # type: ignore[assignment]
    node: Node
    words = "PDOs"

    @property
    def all(self) -> tuple[PdoMap, ...]:
        """All PDOs of the container."""
        return tuple(self.map.values())

    def __getitem__(self, key: Key) -> PdoMap | PdoVariable:
        """A PDO by its number or the index of its parameters, or the slot of an object.

        A disabled PDO is looked at only if no enabled one has the object. Raises UsageError (and KeyError)
        where nothing is found, UsageError with the places where more than one slot is.
        """
        if _means_pdo(key):
            return self.numbered(key)
        slots = [slot for pdo in self.all if pdo.enabled for slot in pdo]
        return only(self.find(key), key, f"the {self.words} of node {self.node.id}", slots)

    def __contains__(self, key: object) -> bool:
        """True for what `[]` finds, once or more often."""
        if _means_pdo(key):
            return self._pdo(key) is not None
        return isinstance(key, Key) and bool(self.find(key))

    def find(self, key: Key) -> list[PdoVariable]:
        """All slots of an object in enabled PDOs; in disabled ones if there is none."""
        for enabled in (True, False):
            found = [slot for pdo in self.all if pdo.enabled is enabled for slot in pdo.find(key)]
            if found:
                return found
        return []

    def numbered(self, key: int) -> PdoMap:
        """A PDO by its number, or by the index of its communication or mapping parameters; else UsageError."""
        pdo = self._pdo(key)
        if pdo is None:
            asked = str(key) if key <= MAX_NUMBER else written(key)
            raise NotMappedError(f"node {self.node.id} has no PDO {asked} among its {self.words}")
        return pdo

    def _pdo(self, key: int) -> PdoMap | None:
        for number, pdo in self.map.items():
            if key in (number, pdo.com_record.od.index, pdo.map_array.od.index):
                return pdo
        return None

    def read(self, from_od: bool = False) -> PdoDump:
        """Read all of them by SDO (or from the EDS) and install them; what failed is in their `problems`.

        Raises BusError and CallError alone.
        """
        node = self.node
        dump = defaults(node.dictionary) if from_od else read_dump(node, *self.all)
        records = tuple(pdo.record_in(dump) for pdo in self.all)
        for pdo, record in zip(self.all, records, strict=True):
            pdo.install(record)
        return PdoDump(records, dump.source)

    def stop(self) -> None:
        """End all frames that `start` sends."""
        for pdo in self.all:
            pdo.stop()


class ReceivePdos(Pdos, RPDO):
    """What the device receives: `node.rpdo`."""

    words = "RPDOs"

    def __init__(self, node: Node) -> None:
        base.PdoBase.__init__(self, node)
        self.map = PdoMaps(PdoKind.RPDO, self)


class TransmitPdos(Pdos, TPDO):
    """What the device transmits: `node.tpdo`."""

    words = "TPDOs"

    def __init__(self, node: Node) -> None:
        base.PdoBase.__init__(self, node)
        self.map = PdoMaps(PdoKind.TPDO, self)


class AllPdos(Pdos, PDO):
    """Both, by the index of their mapping parameters: `node.pdo[0x1600]`, `node.pdo[0x1A00]`."""

    def __init__(self, node: Node, rpdo: ReceivePdos, tpdo: TransmitPdos) -> None:
        base.PdoBase.__init__(self, node)
        self.map = {pdo.map_array.od.index: pdo for pdo in (*rpdo.all, *tpdo.all)}
        self.rx, self.tx = rpdo.map, tpdo.map


def _means_pdo(key: object) -> TypeGuard[int]:
    """True for a number or an index of PDO parameters, which no object in a PDO has."""
    return isinstance(key, int) and (key <= MAX_NUMBER or 0x1400 <= key <= 0x1BFF)
