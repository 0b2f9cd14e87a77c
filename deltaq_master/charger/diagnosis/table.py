"""Every precondition of charging as one table: what must hold, who says so, how sure that is, how likely it fails.

The order is the one in which a charge comes about; `rank` is the order of likelihood among what is unmet: first
what makes everything else pointless, then the known mistakes, last what is only suspicious.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deltaq_master.charger.diagnosis import on_the_bus, reported, wanted_frames, wanted_values
from deltaq_master.charger.diagnosis.facts import Facts
from deltaq_master.charger.diagnosis.findings import Rule, Verdict


@dataclass(frozen=True, slots=True)
class Precondition:
    """One row of the table."""

    id: str
    title: str
    rank: int
    find: Callable[[Facts], Verdict]
    rule: Rule
    suspicious: bool = False
    """True if, as far as is known, it does not keep the charger from charging by itself."""


def _row(
    name: str,
    title: str,
    rank: int,
    find: Callable[[Facts], Verdict],
    rule: tuple[str, str, str],
    suspicious: bool = False,
) -> Precondition:
    return Precondition(name, title, rank, find, Rule(*rule), suspicious)


PRECONDITIONS: tuple[Precondition, ...] = (
    _row(
        "bus",
        "the bus is alive",
        1,
        on_the_bus.bus,
        ("one bit rate, somebody who acknowledges, frames without errors", "ISO 11898-1; N (500 kbit/s)", "[C]"),
    ),
    _row(
        "charger-heard",
        "the charger is heard",
        2,
        on_the_bus.charger_heard,
        ("it sends its heartbeat every second, in every state", "CAP1/CAP2", "[C]"),
    ),
    _row(
        "one-charger",
        "one charger only",
        4,
        on_the_bus.one_charger,
        ("a node-ID belongs to one device", "CiA 301", "[C]"),
    ),
    _row(
        "device",
        "right device type and vendor",
        3,
        on_the_bus.device,
        ("1000h names CiA 419, 1018h:01 the vendor", "G, E31, S419", "[C]"),
    ),
    _row(
        "ac",
        "AC is present",
        5,
        reported.ac,
        ("2006h bit 4", "G, DBC", "[C]"),
    ),
    _row(
        "operational",
        "NMT operational",
        10,
        on_the_bus.operational,
        ("only in operational are PDOs received; it waits for NMT start", "CiA 301; CAP1/CAP2", "[C]"),
    ),
    _row(
        "master-heartbeat",
        "master heartbeat present",
        9,
        on_the_bus.master_heartbeat,
        ("an active heartbeat from the node and within the time of 1016h", "N, G, E31", "[C]"),
    ),
    _row(
        "one-master",
        "one master only",
        11,
        on_the_bus.one_master,
        ("two masters' requests would be each other's", "CiA 301: one producer", "[C]"),
    ),
    _row(
        "remote",
        "override is remote",
        21,
        reported.remote,
        ("2006h bits 6 and 7; older firmware: by the heartbeat alone", "CAP1, G", "[C]"),
    ),
    _row(
        "mapping",
        "the mapping is what is packed",
        8,
        wanted_frames.mapping,
        ("the mapping is per charger configuration: four layouts are known", "N, DW, ENNOID, E34", "[C]"),
    ),
    _row(
        "rpdo",
        "RPDO arrives often enough",
        13,
        wanted_frames.rpdo,
        ("about 500 ms after the last RPDO it gives up (505.7 ms were measured)", "CAP1, OL", "[C]"),
    ),
    _row(
        "rpdo-length",
        "RPDO has the right length",
        12,
        wanted_frames.rpdo_length,
        ("another length is refused: alarm E-0-4-6, 8210h", "G, CiA 301", "[C]"),
    ),
    _row(
        "ready-edge",
        "6000h went 0 and then 1",
        18,
        wanted_frames.ready_edge,
        ("every program known to work sends ready 0 first; the captures that did not never charged",
         "OL, ENNOID, CAP1/CAP2", "[I]"),
    ),
    _row(
        "ready",
        "6000h is 1",
        15,
        wanted_frames.ready,
        ("in remote mode it charges while the battery is ready, and stops when not", "N, G", "[C]"),
    ),
    _row(
        "current",
        "6070h is valid and above 0",
        16,
        wanted_values.current,
        ("in remote mode a valid current request is needed", "N, G", "[C]"),
    ),
    _row(
        "voltage-scale",
        "voltage request valid and in the right scale",
        14,
        wanted_values.voltage_scale,
        ("2271h counts 1/1024 V, 2276h 1/256 V, and they set the same", "G, E34", "[C]"),
    ),
    _row(
        "voltage-battery",
        "voltage request above the battery voltage",
        17,
        wanted_values.voltage_above_battery,
        ("no current flows into a battery of a higher voltage", "physics", "[C]"),
    ),
    _row(
        "voltage-maximum",
        "voltage request below the hardware maximum",
        19,
        wanted_values.voltage_below_maximum,
        ("85 V are the most of this charger", "SPEC; HighLimit in the EDS", "[C]"),
    ),
    _row(
        "cycle-label",
        "4201h labels no other cycle",
        25,
        wanted_values.cycle_label,
        ("the run that worked sent 0; another unit charges with 1", "OL, G", "[I]"),
        suspicious=True,
    ),
    _row(
        "alarm",
        "no active alarm",
        7,
        reported.alarm,
        ("an alarm ends the charge; the EMCY is its best sign", "G, CAP1", "[C]"),
    ),
    _row(
        "shutdown",
        "no hardware shutdown",
        6,
        reported.shutdown,
        ("2006h bit 2", "G, DBC", "[C]"),
    ),
    _row(
        "enabled",
        "able to charge",
        22,
        reported.enabled,
        ("2006h bit 5 and 6001h: it goes away under an alarm", "G, CAP1", "[C]"),
    ),
    _row(
        "derating",
        "no derating",
        24,
        reported.derating,
        ("2006h bit 3, and 2008h for the cause: less is given than was asked for", "G", "[C]"),
        suspicious=True,
    ),
    _row(
        "temperature",
        "temperature is plausible",
        26,
        wanted_values.temperature,
        ("6010h counts 0.125 °C, signed, without offset; that a hot battery is not charged", "S419, G", "[I]"),
        suspicious=True,
    ),
    _row(
        "bms-agrees",
        "measurements of the BMS agree",
        27,
        wanted_values.bms_agrees,
        ("2002h and 2101h in an RPDO are measurements; newer firmware may raise 3Dh or 3Eh", "G", "[I]"),
        suspicious=True,
    ),
    _row(
        "local",
        "local algorithm not in the way",
        28,
        reported.local,
        ("with an algorithm installed, silence is not off", "G", "[C]"),
        suspicious=True,
    ),
    _row(
        "battery",
        "battery connected and in the charger's window",
        20,
        reported.battery,
        ("14 to 24 cells, at most 85 V; the lower end of the window is our own", "SPEC", "[I]"),
    ),
    _row(
        "full",
        "battery not full already",
        23,
        reported.full,
        ("Charge_Indication 4, 6080h = 100, or no distance to the request", "G", "[C]"),
    ),
)  # fmt: skip

IDS = tuple(row.id for row in PRECONDITIONS)
