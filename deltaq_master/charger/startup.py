"""What the boot reads of this charger, and what it refuses (`protocol/boot.py` asks, this module judges)."""

from __future__ import annotations

from collections.abc import Iterator

from deltaq_master.charger import objects
from deltaq_master.charger.packing import CommandLayout, layout
from deltaq_master.charger.plan import ChargePlan, Consent
from deltaq_master.charger.report import heard_on
from deltaq_master.charger.status import ChargerStatus
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.mapping import PdoDump, assemble, reading_plan
from deltaq_master.protocol.boot import BootTiming, Found, Refusal
from deltaq_master.protocol.events import Write

DEVICE_TYPE = Address(0x1000)
VENDOR_ID = Address(0x1018, 1)
CONSUMERS = Address(0x1016)
MAX_CONSUMERS = 0x7F
"""Entries that 1016h may have (CiA 301)."""
STATUS_BYTES = 2
PROFILE_BITS = 16
"""1000h: the device profile is in the lower 16 bits, the upper ones say what is supported (CiA 418 table 2)."""
LONGEST_CONSUMER_MS = 2000
"""The longest heartbeat consumer time with which the charger still notices soon enough that we are gone."""


class ChargerBoot:
    """The boot plan of this charger (a `protocol.boot.BootPlan`)."""

    def __init__(self, plan: ChargePlan) -> None:
        self._plan = plan
        self._dumped: tuple[Found, PdoDump] | None = None

    @property
    def node_id(self) -> int:
        """Node-ID of the charger."""
        return self._plan.node_id

    @property
    def timing(self) -> BootTiming:
        """Time limits."""
        return self._plan.timing.boot

    def identity(self, found: Found) -> Iterator[Address]:
        """Device type, identity, who may be master, and whether it could charge by itself."""
        yield DEVICE_TYPE
        for sub in range(1, 5):
            yield Address(VENDOR_ID.index, sub)
        yield from (CONSUMERS, *_consumers(found))
        yield objects.ALGORITHM_COUNT
        yield objects.ALGORITHM
        yield objects.STATUS

    def judge_identity(self, found: Found) -> Refusal | None:
        """Refuse a wrong device, a missing watch over our heartbeat, and an algorithm of its own."""
        return (
            self._device_type(found) or self._vendor(found) or self._consumer(found) or self._algorithm(found)
        )

    def disarm(self, found: Found, running: bool) -> Write | None:
        """6000h = 0 as the first write to a charger that was operational, or charging by itself, before we came."""
        address = objects.BATTERY_STATUS
        status = found.get(objects.STATUS) or b""
        charging = len(status) == STATUS_BYTES and not ChargerStatus.of(int.from_bytes(status, "little")).off
        return Write(address.index, address.sub, b"\0") if running or charging else None

    def configuration(self, found: Found) -> Iterator[Address]:
        """Every PDO, and the error word."""
        yield from reading_plan(self._plan.dictionary, found)
        yield objects.ERROR

    def judge_configuration(self, found: Found) -> Refusal | None:
        """Refuse a mapping that cannot be commanded or does not report."""
        dump = self.dump(found)
        command = layout(dump)
        if isinstance(command, Refusal):
            return command
        heard = [slot for record in dump.tpdos if heard_on(record) for slot in record.mapping.slots]
        reported = {slot.address for slot in heard if not slot.opaque}
        if objects.STATUS not in reported:
            return Refusal("mapping", "the charger's status (2006h) is in no enabled TPDO", objects.STATUS)
        if self._plan.max_ah is not None and not reported.intersection(objects.AH_RETURNED):
            text = "an Ah limit needs the returned Ah (2009h:01), which are in no enabled TPDO"
            return Refusal("mapping", text, objects.AH_RETURNED[0], remedy="limit the time instead (--for)")
        return None

    def recheck(self, found: Found) -> Address | None:
        """The error word, while it shows an alarm."""
        return objects.ERROR if number(found, objects.ERROR) else None

    def dump(self, found: Found) -> PdoDump:
        """The device's PDOs as it told them, put together once for the same answers, which must not change."""
        if self._dumped is None or self._dumped[0] is not found:
            self._dumped = found, assemble(self._plan.dictionary, found, f"node {self.node_id}")
        return self._dumped[1]

    @staticmethod
    def layout(dump: PdoDump) -> CommandLayout:
        """The command layout, after `judge_configuration` had nothing against it."""
        command = layout(dump)
        assert isinstance(command, CommandLayout)
        return command

    # --- judgements ---------------------------------------------------------------------------------------

    def _device_type(self, found: Found) -> Refusal | None:
        expected = self._expected(DEVICE_TYPE)
        value = found.get(DEVICE_TYPE)
        if value is None:
            return Refusal("device-type", "the device type cannot be read", DEVICE_TYPE)
        actual = int.from_bytes(value, "little")
        low = (1 << PROFILE_BITS) - 1
        if actual & low != expected & low:
            text = f"not a CiA {expected & low} device: CiA {actual & low}"
            return Refusal("device-type", text, DEVICE_TYPE, f"{expected:08X}h", f"{actual:08X}h")
        if actual != expected and actual != self._plan.accepted.device_type:
            return Refusal(
                "device-type",
                "the upper word of the device type differs",
                DEVICE_TYPE,
                f"{expected:08X}h",
                f"{actual:08X}h",
                f"if this is your charger, accept it with --accept-device-type 0x{actual:08X}",
            )
        return None

    def _vendor(self, found: Found) -> Refusal | None:
        expected = self._expected(VENDOR_ID)
        if found.get(VENDOR_ID) is None:
            return Refusal("vendor", "the vendor-ID cannot be read", VENDOR_ID)
        actual = number(found, VENDOR_ID)
        if actual == (expected or None) or actual == self._plan.accepted.vendor_id:
            return None
        return Refusal(
            "vendor",
            "another vendor",
            VENDOR_ID,
            f"{expected:08X}h",
            f"{actual:08X}h",
            f"if this is your charger, accept it with --accept-vendor 0x{actual:08X}",
        )

    def _consumer(self, found: Found) -> Refusal | None:
        """The charger must watch our heartbeat, else it would not notice that we are gone."""
        master = self._plan.master_id
        entries = [number(found, address) for address in _consumers(found)]
        watched = {entry >> 16 & 0xFF: entry & 0xFFFF for entry in entries if entry & 0xFFFF}
        if 1 <= watched.get(master, 0) <= LONGEST_CONSUMER_MS:
            return None
        fitting = sorted(node for node, time in watched.items() if 1 <= time <= LONGEST_CONSUMER_MS and node)
        listed = ", ".join(f"node {node} for {time} ms" for node, time in watched.items()) or "nobody"
        return Refusal(
            "heartbeat-consumer",
            "the charger does not watch our heartbeat",
            CONSUMERS,
            f"node {master} within 1 to {LONGEST_CONSUMER_MS} ms",
            listed,
            " or ".join(f"use --master-id {node}" for node in fitting if node != self.node_id),
        )

    def _algorithm(self, found: Found) -> Refusal | None:
        """Silence is not off where the charger has an algorithm of its own."""
        if self._plan.consent is not Consent.NONE:
            return None
        address = objects.ALGORITHM_COUNT
        count = found.get(address)
        if count and not any(count):
            return None
        found_text = "not told" if not count else f"{int.from_bytes(count, 'little')}"
        return Refusal(
            "local-algorithm",
            "the charger could start by itself once our heartbeat ends",
            address,
            "no installed algorithm (0)",
            found_text,
            "--hold stays on the bus after the end, --release-to-local leaves it to its algorithm",
        )

    def _expected(self, address: Address) -> int:
        entry = self._plan.dictionary.get(address)
        return entry.default if entry is not None and isinstance(entry.default, int) else 0


def _consumers(found: Found) -> tuple[Address, ...]:
    """The entries of 1016h: as many as its sub-index 0, one byte, says."""
    count = found.get(CONSUMERS) or b""
    entries = count[0] if len(count) == 1 and count[0] <= MAX_CONSUMERS else 0
    return tuple(Address(CONSUMERS.index, sub) for sub in range(1, entries + 1))


def number(found: Found, address: Address) -> int:
    """An unsigned answer as a number, 0 for an object that the device has not."""
    return int.from_bytes(found.get(address) or b"", "little")


def warnings(command: CommandLayout) -> tuple[str, ...]:
    """What a user should know about a mapping that was accepted."""
    if not all(command.event_timers_ms):
        return (
            "an RPDO that carries our request has event timer 0 (140nh:05): whether the charger still stops "
            "when the RPDO stays away is unresolved [U]; about 0.5 s was measured on one unit",
        )
    return ()
