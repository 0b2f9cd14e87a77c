"""`deltaq write --force-command`: a command object outside a charge, within limits, ended in the safe order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from deltaq_master.charger import objects
from deltaq_master.charger.charge import NOT_OFF
from deltaq_master.charger.limits import Limits, hardware_limits
from deltaq_master.charger.plan import Timing
from deltaq_master.charger.startup import PROFILE_BITS
from deltaq_master.charger.status import ChargerStatus, Override
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.meanings import DEVICE_TYPE, untrusted
from deltaq_master.cli.settings import Settings
from deltaq_master.cli.signals import Signals
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.cli.write import written
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Entry
from deltaq_master.errors import LimitError, RefusedError, SdoAbortError, TheirError, UsageError
from deltaq_master.link import clock
from deltaq_master.master import Charger
from deltaq_master.units import quantity

SCHEMA = "deltaq.force/1"
LOOK = 0.5
"""How often the charger is asked how it is [s]."""
OFF_LOOK = 0.1
"""The same while its end is awaited [s]."""
NOTICE = 0.05
"""The charger needs some milliseconds to notice our heartbeat before it lets itself be written [s]."""
NOTICE_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """How the charger is under a forced command."""

    schema: str = quantity("", "deltaq.force/1")
    time: float = quantity("s", "since the command was written")
    status: str = quantity("", "2006h in words")
    voltage: float | None = quantity("V", "2101h")
    reading: float | None = quantity("A", "2002h as it came")
    note: str = quantity("", "why that is not to be believed, '' if nothing speaks against it")


def command_limits(
    dictionary: Dictionary, entry: Entry, data: bytes, max_voltage: float | None, max_current: float | None
) -> Limits:
    """The limits of a forced command, which keeps them. Raises UsageError, or LimitError for one that does not."""
    if entry.address not in objects.COMMANDS:
        raise UsageError(
            f"{entry.address} {entry.full_name} is no command object", "leave --force-command out"
        )
    if max_voltage is None or max_current is None:
        raise UsageError("--force-command needs limits", "give --max-voltage and --max-current")
    limits = Limits(max_voltage, max_current)
    hardware = hardware_limits(dictionary)
    value = entry.phys(entry.decode(data))
    for name, addresses, own, theirs, unit in (
        ("voltage", objects.VOLTAGE_REQUESTS, limits.max_voltage, hardware.max_voltage, "V"),
        ("current", objects.CURRENT_REQUESTS, limits.max_current, hardware.max_current, "A"),
    ):
        if entry.address in addresses and isinstance(value, int | float):
            for limit, source in ((own, f"max-{name}"), (theirs, "the charger's hardware, from its EDS")):
                if not 0 <= value <= limit:
                    raise LimitError(name, value, f"within 0 to {limit:g} {unit}", unit, source)
    return limits


def run_force(
    settings: Settings, entry: Entry, data: bytes, limits: Limits, duration: float | None, release: bool
) -> ExitCode:
    """Write the command, keep it, and switch off. Raises RefusedError before anything is written."""
    asked: SimpleQueue[str] = SimpleQueue()
    with settings.open() as master:
        charger = settings.charger(master)
        _admit(charger, release)
        with Signals(asked.put), charger.presence():
            if not asked.empty():
                return code_of(asked.get(), "", True)
            try:
                _insist(charger, entry.address, data)
                written(settings, entry, data)
                problem = _keep(settings, charger, limits, asked, duration)
            finally:
                off = _switch_off(charger)
                say("output off (confirmed)" if off else f"deltaq: {NOT_OFF}")
    if problem:
        say(f"deltaq: {problem}")
    return code_of("" if asked.empty() else asked.get(), problem, off)


def code_of(signal: str, problem: str, off: bool) -> ExitCode:
    """The exit code of a forced command, ended by a signal, by what must not be, or by its time."""
    if problem or not off:
        return ExitCode.FAILED
    return ExitCode.INTERRUPTED if signal == "SIGINT" else ExitCode.DONE


def _admit(charger: Charger, release: bool) -> None:
    """By reads alone: is it a charger, and would silence be off?"""
    low = (1 << PROFILE_BITS) - 1
    expected = charger.dictionary[DEVICE_TYPE].default
    device = int.from_bytes(_read(charger, DEVICE_TYPE), "little")
    if not isinstance(expected, int) or device & low != expected & low:
        raise RefusedError(
            "the command", f"node {charger.node.id} is a CiA {device & low} device, no charger"
        )
    try:
        algorithms = int.from_bytes(_read(charger, objects.ALGORITHM_COUNT), "little")
    except SdoAbortError:
        algorithms = -1
    if algorithms and not release:
        found = "not told" if algorithms < 0 else f"{algorithms}"
        raise RefusedError(
            "the command",
            f"the charger could start by itself once our heartbeat ends ({objects.ALGORITHM_COUNT}: {found})",
            "--release-to-local leaves it to its algorithm",
        )


def _insist(charger: Charger, address: Address, data: bytes) -> None:
    """Write, again and again until the charger has noticed our heartbeat."""
    for attempt in range(NOTICE_ATTEMPTS):
        try:
            charger.node.sdo.download(address.index, address.sub, data)
        except SdoAbortError:
            if attempt == NOTICE_ATTEMPTS - 1:
                raise
            _pause(NOTICE)
        else:
            return


def _keep(
    settings: Settings, charger: Charger, limits: Limits, asked: SimpleQueue[str], duration: float | None
) -> str:
    """Keep the command until it is time; what must not be ends it, and is answered."""
    begun = clock.now()
    say("note: kept until Ctrl-C" if duration is None else f"note: kept for {duration:g} s")
    while asked.empty():
        now = clock.now() - begun
        if duration is not None and now >= duration:
            return ""
        try:
            status, look = _look(charger, now)
        except TheirError as error:
            return str(error)
        if settings.json:
            show_json(look)
        else:
            show(f"{look.time:8.1f} s  {_shown(look)}")
        if problem := next(wrong(status, look, limits), ""):
            return problem
        left = LOOK if duration is None else min(LOOK, duration - now)
        with contextlib.suppress(Empty):
            asked.put(asked.get(timeout=left))
    return ""


def wrong(status: ChargerStatus, look: Look, limits: Limits) -> Iterator[str]:
    """What must not be while a command is kept, in words."""
    if status.override is not Override.REMOTE:
        yield "the charger is not in remote mode, so it does not follow us"
    if look.voltage is not None and look.voltage > limits.max_voltage:
        yield f"the charger reports {look.voltage:.2f} V, over the limit of {limits.max_voltage:g} V"
    if status.charging and look.reading is not None and look.reading > limits.max_current:
        yield f"the charger reports {look.reading:.2f} A, over the limit of {limits.max_current:g} A"


def _switch_off(charger: Charger) -> bool:
    """Current 0, then not ready, until the charger reports off; True if it did."""
    current = next(address for address in objects.CURRENT_REQUESTS if address in charger.dictionary)
    entry = charger.dictionary[current]
    for address, data in ((current, bytes(entry.data_type.size or 0)), (objects.BATTERY_STATUS, b"\0")):
        try:
            charger.node.sdo.download(address.index, address.sub, data)
        except TheirError as error:
            # The next step, and silence after it, may still reach the charger.
            say(f"deltaq: {error}")
    until = clock.now() + Timing().stop_confirm
    while clock.now() < until:
        with contextlib.suppress(TheirError):
            if _status(charger).off:
                return True
        _pause(OFF_LOOK)
    return False


def _look(charger: Charger, time: float) -> tuple[ChargerStatus, Look]:
    status = _status(charger)
    current = charger.read(objects.CURRENT)
    voltage = charger.read(objects.VOLTAGES[0])
    note = untrusted(status.raw.to_bytes(2, "little"))
    return status, Look(
        SCHEMA,
        time,
        ", ".join(status.words),
        voltage if isinstance(voltage, int | float) else None,
        current if isinstance(current, int | float) else None,
        note,
    )


def _shown(look: Look) -> str:
    amps = "current untrusted" if look.note or look.reading is None else f"{look.reading:.2f} A"
    volts = "" if look.voltage is None else f"{look.voltage:.2f} V, "
    return f"{volts}{amps}, {look.status}"


def _status(charger: Charger) -> ChargerStatus:
    return ChargerStatus.of(int.from_bytes(_read(charger, objects.STATUS)[:2], "little"))


def _read(charger: Charger, address: Address) -> bytes:
    return charger.node.sdo.upload(address.index, address.sub)


def _pause(duration: float) -> None:
    with contextlib.suppress(Empty):
        SimpleQueue[None]().get(timeout=duration)
