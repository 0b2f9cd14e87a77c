"""Any single bit of any PDO parameter of the device, turned over, is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from deltaq_master.audit.auditing import audit
from deltaq_master.charger.audit_knowledge import KNOWLEDGE
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.mapping import assemble
from deltaq_master.dictionary.ordering import PDO_PARAMETERS
from deltaq_master.simulator.objects import Objects
from tests.unit.audit.looking import observed


def words(dictionary: Dictionary) -> dict[Address, bytes]:
    """Every PDO parameter of the simulated device, all sub-indices that it has, as it reads at power-on."""
    cells = Objects(dictionary).cells
    return {address: cell.get() for address, cell in cells.items() if address.index in PDO_PARAMETERS}


def mutants(words: dict[Address, bytes]) -> Iterator[tuple[Address, int, bytes]]:
    """Address, bit, and the bytes with it turned over."""
    for address, data in words.items():
        for bit in range(8 * len(data)):
            turned = int.from_bytes(data, "little") ^ 1 << bit
            yield address, bit, turned.to_bytes(len(data), "little")


def test_every_bit_of_every_word_matters(dictionary: Dictionary) -> None:
    held = words(dictionary)
    assert len(held) == 16 * (6 + 9)

    whole = observed(dictionary)
    assert {address: whole.values[address] for address in held} == held

    def prints(changes: dict[Address, bytes]) -> set[str]:
        values = {**whole.values, **changes}
        seen = replace(whole, values=values, dump=assemble(dictionary, values, "node 10"))
        return {each.fingerprint for each in audit(seen, dictionary, knowledge=KNOWLEDGE).findings}

    before = prints({})
    assert len(before) == 4
    tried, missed = 0, []
    for address, bit, data in mutants(held):
        tried += 1
        if not prints({address: data}) - before:
            missed.append(f"{address} bit {bit}")
    # 16 PDOs: 88 bits of communication parameters and 264 of mapping each.
    assert tried == 16 * (88 + 264)
    assert missed == []
