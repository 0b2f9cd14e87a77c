"""What a shell offers for an ENTRY: the addresses of the shipped EDS, with their names."""

from __future__ import annotations


def entries(incomplete: str) -> list[tuple[str, str]]:
    """Addresses that begin as what was typed, as `0x6070:00`, and what they are called."""
    from deltaq_master.dictionary.eds import load
    from deltaq_master.dictionary.shipped import eds_path

    found = []
    for entry in load(eds_path(), 10):
        written = f"0x{entry.address.index:04X}:{entry.address.sub:02X}"
        if written.lower().startswith(incomplete.lower()):
            found.append((written, entry.full_name))
    return found
