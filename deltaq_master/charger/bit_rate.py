"""The bit rate of the charger's bus, which no frame tells before it is right."""

from typing import Final

BITRATE: Final = 500_000
"""Of the known unit [bit/s] (N, CAP1, CAP2) [C]; what the EDS allows besides may be set in another unit."""
SOURCE: Final = "is that of the known charger [C]"
