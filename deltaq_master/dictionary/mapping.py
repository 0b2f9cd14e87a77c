"""The PDO mapping model: slots, their bit-exact codec, and the dump of all PDOs of a device.

One door to three rooms: `slots.py` says which bits are which object, `codec.py` packs them, `dump.py` knows
where a device keeps it all (1400h..1BFFh) and what of it was found.
"""

from deltaq_master.dictionary.codec import MAX_BITS, Codec, Field
from deltaq_master.dictionary.dump import (
    PdoDump,
    PdoKind,
    PdoRecord,
    assemble,
    defaults,
    reading_plan,
    remaining_parameters,
)
from deltaq_master.dictionary.slots import DUMMIES, PdoMapping, Slot

__all__ = [
    "DUMMIES",
    "MAX_BITS",
    "Codec",
    "Field",
    "PdoDump",
    "PdoKind",
    "PdoMapping",
    "PdoRecord",
    "Slot",
    "assemble",
    "defaults",
    "reading_plan",
    "remaining_parameters",
]
