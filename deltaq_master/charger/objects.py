"""Names for the few objects of the charger that the code uses; what they are like is in the EDS alone."""

from __future__ import annotations

from deltaq_master.dictionary.address import Address

# --- commands ---------------------------------------------------------------------------------------------

BATTERY_STATUS = Address(0x6000)
"""Bit 0: ready. Goes 0 first, then 1 [I, strong]."""

CURRENT_REQUESTS = tuple(Address(index) for index in (0x6070, 0x2073, 0x2070, 0x2071, 0x2072))
"""The set-point of the current under all its names: CiA 419's own, then the finest first, REAL32 last."""

VOLTAGE_REQUESTS = tuple(Address(index) for index in (0x2276, 0x2271, 0x2277, 0x227B, 0x2278, 0x227A, 0x2279))
"""The set-point of the voltage under all its names: this unit's, then the finest first, REAL32 last.

2271h counts 1/1024 V and 2276h 1/256 V: the same number in the wrong one is a quarter of the voltage.
"""

EXTERNAL_CONTROL = Address(0x4200)
OVERRIDE = Address(0x4201)
"""Labels the logged cycle (bit 0 equalize, bit 1 maintenance); 0 is what is sent."""

COMMANDS = frozenset((BATTERY_STATUS, *CURRENT_REQUESTS, *VOLTAGE_REQUESTS, EXTERNAL_CONTROL, OVERRIDE))
"""Objects that make the charger do something: written by nobody but the charge cycle."""

# --- battery data for the charger, and what fills the frames up -------------------------------------------

BATTERY_SOC = Address(0x6081)
BATTERY_TEMPERATURE = Address(0x6010)
BATTERY_VOLTAGE = Address(0x6060)

RX_FILL = Address(0x2FFA, 1)
TX_FILL = Address(0x2FFA, 2)

PADDING = (Address(0x2FFF), Address(0x3000))
"""Fill of 8 and 16 bits that newer firmware has; 0, as the others."""

INTEGRITY = frozenset(Address(index, sub) for index in range(0x2FFB, 0x2FFF) for sub in range(1, 5))
"""CRC (2FFBh, 2FFCh) and sequence count (2FFDh, 2FFEh) of PDO 1 to 4."""

# --- measurements -----------------------------------------------------------------------------------------

CURRENT = Address(0x2002)
"""In a TPDO the charger's own output, in an RPDO the battery current as its BMS reports it."""
VOLTAGES = tuple(Address(index) for index in (0x2101, 0x2103, 0x2105))
"""Battery voltage under its integer names; as with CURRENT, the direction says whose measurement it is.

2100h is left out: its 16 bits end at 64 V, so that it cannot tell this charger's voltages.
"""
STATUS = Address(0x2006)
ELAPSED = Address(0x2005, 1)
AH_RETURNED = (Address(0x2009, 1), Address(0x2012, 1))
WH_RETURNED = Address(0x200A, 1)
ERROR = Address(0x2060)
AC_VOLTAGE = Address(0x2200)
CHARGER_SOC = Address(0x6080)

UNRESOLVED_SCALES = frozenset((ELAPSED, WH_RETURNED))
"""Objects whose two sources disagree on the scale [U]; the EDS holds the one taken, and says why."""

# --- read to know what was and what could be --------------------------------------------------------------

DERATE_CAUSE = Address(0x2008)
TERMINATION = Address(0x2011)
ALGORITHM = Address(0x2241)
"""FFFFFFFFh: no active algorithm; else bits 0-15 its number, 16-23 its variant."""
ALGORITHM_COUNT = Address(0x2242)
"""0: the charger cannot start by itself."""
MODE = Address(0x2250)
