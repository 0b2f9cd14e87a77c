"""The fault script at work: what each fault of script.py does to the charger, and when."""

from __future__ import annotations

from functools import partial

from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.nmt import HEARTBEAT_BASE
from deltaq_master.simulator import script
from deltaq_master.simulator.alarms import FAULT, Alarms
from deltaq_master.simulator.bench import Bench
from deltaq_master.simulator.channel import Trouble
from deltaq_master.simulator.control import Control, Stage
from deltaq_master.simulator.node import Node
from deltaq_master.simulator.node_faults import Act, acts
from deltaq_master.simulator.options import Options
from deltaq_master.simulator.script import Fault

FOREIGN_PERIOD = 0.1
"""Between two frames of the second master [s]."""
FOREIGN_RPDO = bytes.fromhex("004C000052500001")
"""Its RPDO1 in this unit's mapping: 76 %, 82 V, 5 A, ready."""
BATTERY_REMOVED = 0x2D

# Layouts of other configurations of this charger: RPDO number -> mapping words.
_LAYOUTS: dict[str, dict[int, tuple[int, ...]]] = {
    # CiA 419, and the default of the vendor's EDS: no RPDO has a voltage request.
    script.CIA419: {
        1: (0x60100010, 0x60000008),
        2: (0x60100010, 0x60000008, 0x60600020),
        3: (0x60700010, 0x60810008),
    },
    # ENNOID BMS: everything in RPDO3, seven bytes, voltage x 1024.
    script.ENNOID: {1: (), 2: (), 3: (0x60700010, 0x60000008, 0x22710020)},
    # This unit's, with an object in the first byte of RPDO1 that the EDS does not know.
    script.OPAQUE: {1: (0x2FF00108, 0x60810008, 0x42010008, 0x22760010, 0x60700010, 0x60000008)},
}


class Faults:
    """Carries out the script of the options."""

    def __init__(
        self, options: Options, node: Node, trouble: Trouble, bench: Bench, alarms: Alarms, control: Control
    ) -> None:
        self._options = options
        self._node = node
        self._trouble = trouble
        self._bench = bench
        self._alarms = alarms
        self._control = control
        self._acts: dict[str, Act] = {
            **acts(node, trouble),
            "ac-loss": lambda _: self._lose_mains(),
            "alarm": lambda fault: alarms.begin(int(fault.number)),
            "hardware-fault": lambda fault: alarms.begin(int(fault.number), FAULT),
            "no-start": lambda _: setattr(bench, "no_start", True),
            "stall": lambda _: setattr(bench, "stall", True),
            "equalize": lambda _: setattr(bench, "equalize", True),
            "disabled": lambda _: setattr(bench, "disabled", True),
            "override-lost": lambda _: setattr(bench, "override_lost", True),
            "derate": lambda fault: setattr(bench, "derate", int(fault.number)),
            "battery-loss": lambda _: self._lose_battery(),
            "over-voltage": lambda fault: setattr(bench, "volts_error", fault.number),
            "over-current": lambda fault: setattr(bench, "amps_error", fault.number),
            "wrong-mapping": lambda fault: self._remap(_LAYOUTS[fault.word]),
            "second-master": self._second_master,
        }
        control.first_charge = lambda: self._plan(boot=False)
        self._plan(boot=True)

    def _plan(self, boot: bool) -> None:
        for place, fault in enumerate(self._options.fault):
            if fault.boot is boot:
                self._node.schedule.after(f"fault {place}", fault.seconds, partial(self._act, fault))

    def _act(self, fault: Fault) -> None:
        self._control.settle()
        self._acts[fault.name](fault)
        self._control.consider()

    def _lose_mains(self) -> None:
        """Whether the unit stays on the bus without mains is [U]."""
        self._bench.ac = 0.0
        if self._options.ac_off == "dark":
            self._node.power_off()

    def _lose_battery(self) -> None:
        self._bench.battery = False
        if self._control.stage is Stage.CHARGING:
            self._alarms.begin(BATTERY_REMOVED)

    def _remap(self, layout: dict[int, tuple[int, ...]]) -> None:
        objects = self._node.objects
        for number, words in layout.items():
            index = 0x1600 + number - 1
            for sub, word in enumerate(words, 1):
                objects.begin_with(index, sub, word)
            objects.begin_with(index, 0, len(words))
            if words:
                objects.begin_with(0x1400 + number - 1, 1, 0x100 + 0x100 * number + self._options.node)
        self._node.pdos.reload()

    def _second_master(self, fault: Fault) -> None:
        if fault.word != script.RPDO:
            self._foreign(HEARTBEAT_BASE + self._options.master, b"\x05")
        if fault.word != script.HEARTBEAT:
            self._foreign(0x200 + self._options.node, FOREIGN_RPDO)
        self._node.schedule.after("foreign", FOREIGN_PERIOD, partial(self._second_master, fault))

    def _foreign(self, cob_id: int, data: bytes) -> None:
        now = self._node.schedule.now
        self._node.inject(cob_id, data)
        self._node.receive(Frame(cob_id, data, now), now)
