"""A PDO profile as TOML text: what somebody wants the PDOs of a device to be.

    name = "This unit, as found"
    source = "[C] read by SDO from the unit"

    [RPDO1]
    cob_id = "$NODEID+0x200"        # or an integer, without flags
    enabled = true                  # bit 31 of the COB-ID
    rtr = true                      # bit 30: remote frames are allowed
    transmission_type = 255
    inhibit_time_100us = 0          # of a TPDO
    event_timer_ms = 500
    map = [
        "0x2FFA:01",                # address, or name as in the EDS
        "Battery Status",
        "0x5FFF:01/8",              # length in bits, needed where the EDS does not know the object
        "0x2FFA:01 #2",             # a second slot of the same object is meant
    ]

Everything but the tables is optional: what is not said is left alone, and compared with nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.codec import MAX_BITS
from deltaq_master.dictionary.dump import MAX_PDOS, PdoKind
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.numerals import numeral
from deltaq_master.dictionary.slots import DUMMIES
from deltaq_master.dictionary.toml_text import Place, line_of, near_match, parse_toml
from deltaq_master.dictionary.wanted_pdos import PdoProfile, PdoWanted
from deltaq_master.errors import FileError, UsageError

_BASE_ID: Final = 0x7FF
_KEYS: Final = (
    *("cob_id", "enabled", "rtr", "transmission_type", "inhibit_time_100us", "event_timer_ms", "map"),
)
_TABLE: Final = re.compile(r"(RPDO|TPDO)([1-9][0-9]{0,2})")
_SLOT: Final = re.compile(r"(?P<object>.+?)(?:/(?P<bits>\d{1,3}))?(?:\s+#(?P<number>\d{1,2}))?")


def profile_of(text: str, path: str, dictionary: Dictionary) -> PdoProfile:
    """The profile that a TOML text holds; `path` is its name in errors. Raises FileError with line and key."""
    data = parse_toml(text, path)
    try:
        return _Parser(dictionary, Path(path).stem).profile(data)
    except _WrongError as error:
        line = line_of(text, error.place)
        key = ".".join(error.place)
        raise FileError(path, error.problem, line=line, key=key, remedy=error.remedy) from None


class _WrongError(UsageError):
    def __init__(self, place: Place, problem: str, remedy: str = "") -> None:
        self.place = place
        super().__init__(problem, remedy)


class _Parser:
    """Reads the tables of a profile for one device."""

    def __init__(self, dictionary: Dictionary, name: str) -> None:
        self._dictionary = dictionary
        self._name = name

    def profile(self, data: Mapping[str, Any]) -> PdoProfile:
        return PdoProfile(
            self._text(data, "name", self._name), self._text(data, "source", ""), tuple(self._pdos(data))
        )

    @staticmethod
    def _text(data: Mapping[str, Any], key: str, otherwise: str) -> str:
        text = data.get(key, otherwise)
        if not isinstance(text, str):
            raise _WrongError((key,), f"{text!r} is no text")
        return text

    def _pdos(self, data: Mapping[str, Any]) -> Iterator[PdoWanted]:
        for key, table in data.items():
            if key in ("name", "source"):
                continue
            named = _TABLE.fullmatch(key)
            if named is None or int(named[2]) > MAX_PDOS:
                remedy = near_match(key, ("name", "source", "RPDO1", "TPDO1"))
                raise _WrongError((key,), "no such key", remedy)
            if not isinstance(table, dict):
                raise _WrongError((key,), f"{table!r} is no table", f"write [{key}], and its keys below")
            yield self._pdo(PdoKind(named[1]), int(named[2]), table)

    def _pdo(self, kind: PdoKind, number: int, table: Mapping[str, Any]) -> PdoWanted:
        name = kind.numbered(number)
        index = kind.communication_index(number)
        if index not in self._dictionary.indices:
            raise _WrongError((name,), f"{self._dictionary.path.name} has no {name} ({index:04X}h)")
        for key in table:
            if key not in _KEYS:
                raise _WrongError((name, key), "no such key", near_match(key, _KEYS))

        def said(key: str, of: Callable[[Place, Any], Any]) -> Any:
            return of((name, key), table[key]) if key in table else None

        return PdoWanted(
            kind,
            number,
            said("cob_id", self._cob_id),
            said("enabled", _truth),
            said("rtr", _truth),
            said("transmission_type", lambda place, value: _integer(place, value, 0xFF)),
            said("inhibit_time_100us", lambda place, value: _integer(place, value, 0xFFFF)),
            said("event_timer_ms", lambda place, value: _integer(place, value, 0xFFFF)),
            said("map", self._words),
        )

    def _cob_id(self, place: Place, value: Any) -> int:
        if isinstance(value, str):
            parsed = numeral(value)
            if parsed is None:
                raise _WrongError(place, f"{value!r} is no COB-ID", "write 0x20A or '$NODEID+0x200'")
            value = parsed.constant + parsed.node_ids * self._dictionary.node_id
        remedy = "bits 31 and 30 are 'enabled' and 'rtr'; 29-bit COB-IDs are not supported"
        return _integer(place, value, _BASE_ID, remedy)

    def _words(self, place: Place, value: Any) -> tuple[int, ...]:
        if not isinstance(value, list):
            raise _WrongError(place, f"{value!r} is no list", 'write ["0x6070:00", "Battery Status"]')
        times: Counter[Address] = Counter()
        words = tuple(self._word(place, slot, times) for slot in value)
        bits = sum(word & 0xFF for word in words)
        if bits > MAX_BITS:
            raise _WrongError(place, f"it is {bits} bits long", f"a CAN frame holds {MAX_BITS}")
        return words

    def _word(self, place: Place, text: Any, times: Counter[Address]) -> int:
        found = _SLOT.fullmatch(text.strip()) if isinstance(text, str) else None
        if found is None:
            raise _WrongError(place, f"{text!r} is no object", "write a name or an address in quotes")
        address, bits = self._object(place, found["object"])
        bits = bits if found["bits"] is None else int(found["bits"])
        if bits is None:
            remedy = f"write its length in bits: {found['object']}/8"
            raise _WrongError(place, f"{address}: its length is not known from the EDS", remedy)
        if not 1 <= bits <= MAX_BITS:
            raise _WrongError(place, f"{text!r}: a slot has 1 to {MAX_BITS} bits")
        times[address] += 1
        number = int(found["number"] or 1)
        if number != times[address]:
            if times[address] == 1:
                raise _WrongError(place, f"{text!r}: there is no slot of {address} before it", "write no '#'")
            problem = f"{text!r}: {address} is named {times[address]} times"
            remedy = f"if that is meant, write {found['object']} #{times[address]}"
            raise _WrongError(place, problem, remedy)
        return address.index << 16 | address.sub << 8 | bits

    def _object(self, place: Place, text: str) -> tuple[Address, int | None]:
        """An object with its length, None for that of one that the EDS does not know."""
        if Address.written(text):
            address = Address.parse(text)
            entry = DUMMIES.get(address) or self._dictionary.get(address)
            return address, None if entry is None else entry.bits
        try:
            entry = self._dictionary.find(text)
        except UsageError as error:
            raise _WrongError(place, error.problem, error.remedy) from None
        return entry.address, entry.bits


def _truth(place: Place, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError(place, f"{value!r} is neither true nor false")
    return value


def _integer(place: Place, value: Any, most: int, remedy: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise _WrongError(place, f"{value!r} is no whole number within 0 to {most}", remedy)
    return value
