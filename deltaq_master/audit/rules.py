"""All rules of the audit, as one table: what is looked at, how grave it is, and what to do about it.

The order is the order of precedence: a rule that `yields` says nothing about a parameter that a rule above it has
explained. docs/pdo-audit.md shows this table.
"""

from __future__ import annotations

from typing import Final

from deltaq_master.audit.context import Context, Rule
from deltaq_master.audit.findings import Severity
from deltaq_master.audit.rules_dbc import differs_from_dbc, why_no_dbc
from deltaq_master.audit.rules_device import (
    command_not_mapped,
    no_event_timer,
    watchdog_off,
    why_no_commands,
    why_no_timeout,
    why_no_watch,
)
from deltaq_master.audit.rules_parameters import (
    cob_id_clash,
    cob_id_restricted,
    count_against_entries,
    differs_from_eds,
    differs_from_profile,
    disabled,
)
from deltaq_master.audit.rules_scales import SCALE_CONTRADICTED, scale_contradicted
from deltaq_master.audit.rules_slots import (
    bit_length,
    duplicate_slot,
    integrity_objects,
    not_mappable,
    over_64_bits,
    unknown_object,
    wrong_direction,
)

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


def _no_profile(context: Context) -> str:
    return "" if context.profile else "no profile was given"


def _no_integrity(context: Context) -> str:
    return "" if context.knowledge.integrity else "no CRC or sequence object is known for this kind of device"


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "unknown-object",
        _ERROR,
        "Object unknown to the EDS",
        "Every object that an enabled PDO maps is in the EDS.",
        "take the EDS of this firmware, or remap the slot; its bits cannot be interpreted before",
        "CiA 306 [C]",
        unknown_object,
    ),
    Rule(
        "not-mappable",
        _ERROR,
        "Object that cannot be mapped",
        "Every mapped object has PDOMapping=1.",
        "remap the slot; if the device does take it, correct PDOMapping in the EDS",
        "CiA 306 [C]",
        not_mappable,
    ),
    Rule(
        "wrong-direction",
        _WARNING,
        "Object mapped in the wrong direction",
        "RPDOs map objects that may be written (rw, rww), TPDOs objects that may be read (ro, rw, rwr, const); "
        "an error where SDO could not do it either.",
        "find out in the device's manual what it does with this object in this direction; if it is meant so, "
        "accept the finding in a baseline",
        "CiA 306, AccessType [C]",
        wrong_direction,
    ),
    Rule(
        "bit-length",
        _ERROR,
        "Length unlike the object's",
        "Every slot is as long as the data type of its object.",
        "remap the slot with the length of its object, or correct DataType in the EDS",
        "CiA 301, mapping parameters [C]",
        bit_length,
    ),
    Rule(
        "duplicate-slot",
        _WARNING,
        "Object mapped twice",
        "No RPDO maps an object twice; only a remark for what merely fills the PDO up. A TPDO may: it then "
        "sends one value twice, and nobody reads anything else in it.",
        "send the same value in both, or remap one of them",
        "CiA 301 [I]: which of the two values holds is not said",
        duplicate_slot,
    ),
    Rule(
        "over-64-bits",
        _ERROR,
        "More than a frame carries",
        "The slots of a PDO have 64 bits at most.",
        "map fewer objects, or spread them over two PDOs",
        "CiA 301 [C]",
        over_64_bits,
    ),
    Rule(
        "count-against-entries",
        _ERROR,
        "Count without slots",
        "Sub-index 0 of the mapping counts slots that exist and are not empty, 64 at most.",
        "set the number of slots to those that are mapped",
        "CiA 301 [C]",
        count_against_entries,
    ),
    Rule(
        "cob-id-clash",
        _ERROR,
        "COB-ID used twice",
        "No two enabled PDOs share a COB-ID, and none has that of SYNC, TIME, EMCY, SDO, NMT or the heartbeat; "
        "a warning for two RPDOs, which is allowed and rarely meant.",
        "give each its own COB-ID",
        "CiA 301 [C]",
        cob_id_clash,
    ),
    Rule(
        "cob-id-restricted",
        _ERROR,
        "COB-ID that is not for PDOs",
        "No enabled PDO has a CAN-ID that CiA 301 restricts: 000h-07Fh, 101h-180h, 581h-5FFh, 601h-67Fh, 6E0h-7FFh.",
        "take a COB-ID of the predefined connection set, 180h-57Fh",
        "CiA 301, restricted CAN-IDs [C]",
        cob_id_restricted,
        yields=True,
    ),
    Rule(
        "integrity-objects",
        _WARNING,
        "CRC or sequence object mapped",
        "No enabled PDO maps a CRC or a sequence count; an error in an RPDO, which is then refused.",
        "remap the slot: this package sends and checks neither",
        "knowledge of the device",
        integrity_objects,
        _no_integrity,
    ),
    Rule(
        "command-not-mapped",
        _ERROR,
        "Command that no RPDO carries",
        "Everything that the device must be told is mapped in an enabled RPDO.",
        "map it and enable the RPDO (deltaq pdo remap), or command the device by SDO",
        "knowledge of the device",
        command_not_mapped,
        why_no_commands,
    ),
    Rule(
        "no-event-timer",
        _WARNING,
        "Lost commands may go unnoticed",
        "An enabled RPDO with commands has an event timer (sub-index 5), where the device is known to drop its "
        "commands after a time.",
        "set the event timer, or do not rely on the device noticing",
        "CiA 301, and knowledge of the device",
        no_event_timer,
        why_no_timeout,
    ),
    Rule(
        "watchdog-off",
        _WARNING,
        "Master not watched",
        "An entry of 1016h watches the master's node-ID (--master-id), not longer than is known of the device.",
        "set 1016h:01 to the master's node-ID and the known time",
        "CiA 301, and knowledge of the device",
        watchdog_off,
        why_no_watch,
    ),
    Rule(
        SCALE_CONTRADICTED,
        _WARNING,
        "Scale contradicted by a second reading",
        "One quantity under several names reads the same by SDO, and every object of a heard TPDO as in its frame, "
        "but for rounding and what may move between two reads.",
        "compare both with a meter, and correct Factor in the EDS or the mapping",
        "arithmetic [C]",
        scale_contradicted,
    ),
    Rule(
        "disabled",
        _WARNING,
        "PDO is off",
        "A PDO that the profile, else the EDS, has enabled is enabled.",
        "enable it: clear bit 31 of its COB-ID (deltaq pdo remap), or correct what is expected",
        "CiA 301, bit 31 of the COB-ID [C]",
        disabled,
        yields=True,
    ),
    Rule(
        "differs-from-profile",
        _WARNING,
        "Not as in the profile",
        "Every parameter that the profile speaks of is as it says.",
        "apply the profile (deltaq pdo remap), or correct it",
        "the profile",
        differs_from_profile,
        _no_profile,
        yields=True,
    ),
    Rule(
        "differs-from-eds",
        _WARNING,
        "Not as in the EDS",
        "Every PDO parameter that the profile does not speak of has its default of the EDS, used or not; a parameter "
        "that a device need not have may be absent where the default is 0.",
        "find out who changed it; if it is meant so, write it into a profile or accept it in a baseline",
        "CiA 306, DefaultValue [C]",
        differs_from_eds,
        yields=True,
    ),
    Rule(
        "differs-from-dbc",
        _WARNING,
        "Not as in the DBC",
        "Every enabled PDO has a frame in the DBC, of its length; every signal lies within one slot, and one that is "
        "a whole slot has its sign, factor and unit. Frames of other nodes are passed over.",
        "correct the DBC (deltaq pdo dump --dbc writes one of this device), or remap the device",
        "the DBC",
        differs_from_dbc,
        why_no_dbc,
    ),
)
