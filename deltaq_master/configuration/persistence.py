"""Whether a change survives a power cycle: what is known, and how to find out."""

from __future__ import annotations

from typing import Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.entry import Catalogue

STORE: Final = 0x1010
"""Store parameters (CiA 301)."""


def check_list(catalogue: Catalogue, file: str | None, further: tuple[str, ...] = ()) -> list[str]:
    """What to do after a change to learn whether it stays, in order; `further` is known of this kind of device.

    `file` holds the values that were written, None if they are in no file.
    """
    if STORE in catalogue.indices:
        kept = (
            f"the device keeps its values only if it is told to: write 'save' to {Address(STORE, 1)}, which this "
            "tool does not do by itself"
        )
    else:
        kept = (
            "the device has no 1010h (store parameters): whether it keeps a value by itself is not known [U]"
        )
    take = [] if file else ["keep what it is set to now: deltaq config snapshot FILE.dcf"]
    return [
        kept,
        *further,
        *take,
        "remove all supplies of the device for 30 s, and connect them again",
        f"compare: deltaq config diff device {file or 'FILE.dcf'}",
        "what differs was not kept: apply it after each power-on",
    ]
