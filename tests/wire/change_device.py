"""A device in memory for changes: PDO parameters under the rules of CiA 301, plain objects, faults by position.

It is an SDO client and its server in one, so that a whole change takes a fraction of a millisecond, and every
fault at every write can be tried. Rules: COB-ID and parameters of a mapping change while the PDO is disabled
alone, slots while their number is 0, and the number only if the slots fit.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping

from deltaq_master.dictionary.address import Address
from deltaq_master.errors import BusError, SdoAbortError, SdoTimeoutError

NODE_ID = 10
GENERAL, READ_ONLY, UNSUPPORTED, INVALID, LENGTH, NO_SUB = (
    0x08000000, 0x06010002, 0x06010000, 0x06090030, 0x06040042, 0x06090011,
)  # fmt: skip
OFF = 1 << 31
BOOT = 4
"""Requests that a device that restarts does not hear."""

Store = dict[Address, bytes]


def at(text: str) -> Address:
    return Address.parse(text)


def store(text: str) -> Store:
    """Objects of lines like `1400h:01 0A 02 00 00`."""
    lines = (line.split("#")[0].split(maxsplit=1) for line in text.splitlines())
    return {at(line[0]): bytes.fromhex(line[1]) for line in lines if line}


class ChangeDevice:
    """Holds objects; `faults` names what happens at the k-th write (from 1 on), `undo_faults` after the first."""

    def __init__(
        self, power_on: Mapping[Address, bytes], held: Mapping[Address, bytes] | None = None
    ) -> None:
        self.power_on = dict(power_on)
        self.held = dict(held or power_on)
        self.faults: dict[int, str] = {}
        self.writes = 0
        """Writes that were asked for so far."""
        self.made: list[tuple[str, str]] = []
        """Those that were carried out."""
        self.deaf = 0
        self.gone = ""
        """'silent' or 'bus' from now on."""
        self.restarts = 0
        self.fixed: frozenset[int] = frozenset()
        """Mapping parameters whose sub-index 0 is read-only."""
        self.strict = False
        """True: slots beyond their number cannot be read."""
        self.unreadable: set[Address] = set()
        self.unwritable: set[Address] = set()
        self.stubborn: set[Address] = set()
        """Objects whose writes are confirmed and not carried out."""
        self.on_read: Callable[[int], None] = lambda _: None
        self.reads = 0
        self.active: set[tuple[int, tuple[bytes, ...]]] = set()
        """Every mapping that was ever in use, by PDO."""
        self._note()

    # --- the client ---------------------------------------------------------------------------------------

    def upload(self, index: int, sub: int, /) -> bytes:
        address = Address(index, sub)
        self.reads += 1
        self.on_read(self.reads)
        self._reach(address)
        count = self.held.get(Address(index))
        hidden = self.strict and 0x1600 <= index < 0x1800 and count is not None and sub > count[0]
        if address not in self.held or hidden:
            raise self._abort(address, NO_SUB)
        if address in self.unreadable:
            raise self._abort(address, GENERAL)
        return self.held[address]

    def download(self, index: int, sub: int, data: bytes, /) -> None:
        address = Address(index, sub)
        self.writes += 1
        fault = self.faults.get(self.writes, "")
        if fault in ("silent", "bus"):
            self.gone = fault
        if fault == "reboot":
            self.restart()
        self._reach(address)
        if fault == "abort" or address in self.unwritable:
            raise self._abort(address, GENERAL)
        if fault == "lost":
            raise self._silence(address)
        if fault == "interrupt":
            signal.raise_signal(signal.SIGINT)
        self._take(address, bytes(b ^ 1 for b in data) if fault == "wrong" else data, check=fault != "wrong")
        if fault == "unanswered":
            raise self._silence(address)

    # --- inside -------------------------------------------------------------------------------------------

    def restart(self) -> None:
        self.held = dict(self.power_on)
        self.deaf = BOOT
        self.restarts += 1
        self._note()

    def _reach(self, address: Address) -> None:
        if self.gone == "bus":
            raise BusError("the bus is lost")
        if self.gone or self.deaf:
            self.deaf = max(self.deaf - 1, 0)
            raise self._silence(address)

    def _take(self, address: Address, data: bytes, check: bool) -> None:
        code = self._refusal(address, data) if check else 0
        if address not in self.held or code:
            raise self._abort(address, code or NO_SUB)
        if address not in self.stubborn:
            self.held[address] = data
        self.made.append((str(address), data.hex(" ").upper()))
        self._note()

    def _refusal(self, address: Address, data: bytes) -> int:
        index, sub = address.index, address.sub
        if not 0x1400 <= index < 0x1C00:
            return 0
        cob_id = self._number(Address(index & ~0x200, 1))
        enabled = not cob_id & OFF
        if not index & 0x200:
            word = int.from_bytes(data, "little")
            return INVALID if sub == 1 and enabled and not word & OFF and word != cob_id else 0
        if enabled:
            return UNSUPPORTED
        if sub:
            return UNSUPPORTED if index not in self.fixed and self._number(Address(index)) else 0
        if index in self.fixed:
            return READ_ONLY
        words = [self._number(Address(index, slot)) for slot in range(1, data[0] + 1)]
        return LENGTH if 0 in words or sum(word & 0xFF for word in words) > 64 else 0

    def _note(self) -> None:
        for address in self.held:
            if address.index & 0xFC00 in (0x1400, 0x1800) and not address.index & 0x200 and address.sub == 1:
                mapping = address.index | 0x200
                if not self._number(address) & OFF:
                    slots = range(1, self._number(Address(mapping)) + 1)
                    words = tuple(self.held[Address(mapping, sub)] for sub in slots)
                    self.active.add((address.index, words))

    def _number(self, address: Address) -> int:
        return int.from_bytes(self.held[address], "little")

    @staticmethod
    def _abort(address: Address, code: int) -> SdoAbortError:
        return SdoAbortError(NODE_ID, address.index, address.sub, code, "refused")

    @staticmethod
    def _silence(address: Address) -> SdoTimeoutError:
        return SdoTimeoutError(NODE_ID, address.index, address.sub, 2, 0.04)
