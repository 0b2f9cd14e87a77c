"""A look at a device: all its PDO parameters, further objects, its TPDOs if it sends any; by SDO reads alone."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import reading_plan, remaining_parameters
from deltaq_master.link.bus.listening import Listener
from deltaq_master.link.pdo.parameters import dump_of
from deltaq_master.link.sdo.reading import Progress, Reader
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import HEARTBEAT_BASE, NmtState, heartbeat_state
from deltaq_master.protocol.observation import Observation
from deltaq_master.protocol.sdo_frames import ANSWER_BASE, REQUEST_BASE

if TYPE_CHECKING:
    from deltaq_master.link.bus.network import Network
    from deltaq_master.link.device.device import Device

LISTENING: Final = 1.2
"""How long to wait for the TPDOs of an operational device [s]: the known charger's slowest come every second."""
LOOK: Final = 0.02
_INITIATE: Final = (0x20, 0x40)
"""Upper three bits of the requests that begin a download or an upload, and so name their object (CiA 301)."""


class Witness(Listener):
    """Keeps what a node said while it was asked: SDO frames by object, other frames by COB-ID, its NMT state."""

    def __init__(self, network: Network, node_id: int) -> None:
        super().__init__(network)
        self._node_id = node_id
        self._object: Address | None = None
        self.evidence: dict[Address, tuple[str, ...]] = {}
        self.frames: dict[int, bytes] = {}
        self.state: NmtState | None = None

    def _on_frame(self, frame: Frame) -> None:
        if not frame.plain:
            return
        if frame.cob_id in (REQUEST_BASE + self._node_id, ANSWER_BASE + self._node_id):
            self._on_sdo(frame)
        elif not frame.sent:
            self.frames[frame.cob_id] = frame.data
            if frame.cob_id == HEARTBEAT_BASE + self._node_id:
                state = heartbeat_state(frame.data)
                self.state = NmtState.PRE_OPERATIONAL if state is NmtState.INITIALISING else state

    def _on_sdo(self, frame: Frame) -> None:
        data = frame.data
        # The request names the object; its segments, and the answers to them, do not.
        if frame.sent and len(data) == 8 and data[0] & 0xE0 in _INITIATE:
            self._object = Address(int.from_bytes(data[1:3], "little"), data[3])
        if self._object is not None:
            text = f"{frame.cob_id:03X}#{data.hex('.').upper()}"
            self.evidence[self._object] = (*self.evidence.get(self._object, ()), text)


def observe(
    device: Device,
    further: Iterable[Address] = (),
    *,
    listening: float = LISTENING,
    progress: Progress | None = None,
) -> Observation:
    """Read all PDO parameters that the EDS knows, and these objects; listen to TPDOs if it is operational.

    What the device does not answer is said in the observation. Raises BusError and CallError.
    """
    node = device.node
    reader = Reader(node.sdo, progress)
    with Witness(device.network, node.id) as witness:
        reader.read(reading_plan(node.dictionary, reader.found))
        reader.read(remaining_parameters(node.dictionary, reader.found))
        reader.read(address for address in further if address not in reader.found)
        dump = dump_of(node, reader)
        awaited = {r.cob_id for r in dump.tpdos if r.enabled and r.cob_id is not None}
        until = time.monotonic() + listening
        while time.monotonic() < until and witness.state in (None, NmtState.OPERATIONAL):
            if witness.state is not None and awaited <= witness.frames.keys():
                break
            time.sleep(LOOK)
    return Observation(
        node.id,
        dump,
        reader.found,
        reader.absent,
        reader.failures,
        {cob_id: data for cob_id, data in witness.frames.items() if cob_id in awaited},
        witness.evidence,
        witness.state,
    )
