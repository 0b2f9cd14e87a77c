"""Options of the simulated bus: the pack, the bench, faults, other devices; a switch for each thing unknown.

A switch stands for a behaviour of the real unit that is inferred [I] or unresolved [U]; its first position is
the default. Source keys are those of docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from deltaq_master.errors import UsageError
from deltaq_master.simulator import script
from deltaq_master.simulator.extra_devices import ExtraDevice, parse_devices
from deltaq_master.simulator.script import Fault

Position = str | float


@dataclass(frozen=True, slots=True)
class Switch:
    """One behaviour that is not known for certain, with its positions."""

    key: str
    values: tuple[Position, ...]
    """Legal positions, the default first; a range of numbers is represented by samples."""
    source: str
    tag: str
    """[I] inferred, [U] unresolved."""
    doc: str


def _number(default: float, low: float, high: float, unit: str, doc: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "doc": doc})


def _switch(*values: Position, tag: str, source: str, doc: str) -> Any:
    """Switch whose default is the first of its positions."""
    metadata = {"values": values, "tag": tag, "source": source, "doc": doc, "unit": ""}
    return field(default=values[0], metadata=metadata)


@dataclass(frozen=True, slots=True)
class Options:
    """Everything about a simulated bus that can be chosen; `Options()` is the README's charger alone."""

    speed: float = _number(1, 0.1, 1000, "", "how many times faster battery, temperature and counters run")
    soc: float = _number(20, 0, 100, "%", "state of charge at power-on")
    cells: int = _number(20, 1, 30, "", "cells in series")
    ah: float = _number(50, 0.1, 10_000, "Ah", "capacity of the pack")
    mohm: float = _number(2, 0.01, 1000, "mΩ", "resistance of one cell")
    temperature: float = _number(25, -40, 85, "°C", "temperature of air, pack and charger at power-on")
    ac: float = _number(122, 0, 300, "V", "mains voltage")
    battery: str = field(default="yes", metadata={"values": ("yes", "no"), "doc": "a pack is connected"})
    node: int = _number(10, 1, 127, "", "node-ID of the charger, of the first if there are several")
    chargers: int = _number(1, 1, 127, "", "chargers with node-IDs from `node` on, each with its own pack")
    master: int = _number(1, 1, 127, "", "node-ID that 1016h:01 names")
    algorithm: int = _number(
        0, 0, 255, "", "installed local algorithms (2242h); with one or more it may start"
    )
    local_wait: float = _number(10, 0, 3600, "s", "wait in local mode before it starts by itself")
    start_delay: float = _number(0.5, 0, 60, "s", "from ready to the first charging indication")
    rpdo_timeout: float = _number(500, 0, 65535, "ms", "RPDO time-out where 140nh:05 reads 0; 0 is off")
    seed: int = _number(1, 0, 2**32 - 1, "", "seed of everything random")
    fault: tuple[Fault, ...] = field(default=(), metadata={"doc": "fault script, see below"})
    charger: str = field(
        default="yes", metadata={"values": ("yes", "no"), "doc": "the charger is on the bus"}
    )
    device: tuple[ExtraDevice, ...] = field(
        default=(), metadata={"doc": "further devices, each over an EDS or DCF, see below"}
    )

    idle: str = _switch(
        "stale",
        "offset",
        tag="[U]",
        source="CAP1/CAP2",
        doc="the 19.48 A that 2002h shows while nothing flows: a stale value, or always added",
    )
    edge: str = _switch(
        "yes",
        "no",
        tag="[I]",
        source="OL, ENNOID, CAP1/CAP2",
        doc="ready must be seen 0 before 1 starts a charge",
    )
    zero_edge: str = _switch(
        "tolerated",
        "refused",
        tag="[I]",
        source="ENNOID, OL",
        doc="a request of 0 A in the first ready frame",
    )
    rpdo_timer: str = _switch(
        "any", "rpdo1", "rpdo2", tag="[I]", source="CAP1", doc="which RPDO keeps the time-out away"
    )
    rpdo_recovery: str = _switch(
        "resume",
        "latch",
        tag="[U]",
        source="none",
        doc="what clears the alarm of lost RPDOs: the next one, or the heartbeat lost and found",
    )
    idle_loss: int = _switch(
        0x20, 0x44, tag="[I]", source="CAP1 / G", doc="alarm id when RPDOs end while it does not charge"
    )
    heartbeat_code: int = _switch(
        0x8130, 0x9000, tag="[I]", source="CAP1, DBC / G", doc="error code of alarm 1Eh, heartbeat lost"
    )
    override: str = _switch(
        "heartbeat", "heartbeat+pdo", tag="[I]", source="CAP1 / G", doc="what takes it into remote mode"
    )
    write_abort: int = _switch(
        0x08000022,
        0x08000020,
        0x06010002,
        tag="[U]",
        source="G",
        doc="abort of guarded writes without heartbeat",
    )
    error_order: str = _switch("dbc", "msw", tag="[U]", source="DBC / G", doc="word order of 2060h and 1003h")
    current_error: str = _switch(
        "silent", "shown", tag="[U]", source="CAP1", doc="whether 2060h shows an active alarm"
    )
    alarm_bits: str = _switch(
        "off", "on", tag="[I]", source="CAP1 / G", doc="bits 0 and 1 of 2006h during a fault or alarm"
    )
    elapsed_scale: float = _switch(
        10.0, 0.1, tag="[U]", source="DBC / G", doc="object 2005h, seconds per bit"
    )
    wh_scale: float = _switch(
        1.0, 0.0625, tag="[U]", source="G / DBC", doc="object 200Ah, watt-hours per bit"
    )
    complete: str = _switch(
        "taper",
        "never",
        tag="[U]",
        source="none",
        doc="whether it ends a remote charge itself at low current",
    )
    indication: str = _switch(
        "stages", "supply", tag="[U]", source="G", doc="remote charge shows 1, 2, 3, or 7 power supply"
    )
    ready_kept: str = _switch(
        "no", "yes", tag="[U]", source="G", doc="6000h outlives the loss of the heartbeat"
    )
    local_start: str = _switch(
        "auto",
        "never",
        tag="[I]",
        source="G",
        doc="with nothing written to 6000h an algorithm starts by itself",
    )
    auto_operational: str = _switch(
        "no", "yes", tag="[I]", source="G", doc="1F80h bit 3: operational straight after boot-up"
    )
    power_objects: str = _switch(
        "present", "absent", tag="[U]", source="G", doc="4209h and 4212h, known from v3.x firmware"
    )
    bms_check: str = _switch(
        "off",
        "on",
        tag="[I]",
        source="G",
        doc="alarm 3Dh/3Eh when received 2002h/2101h disagree with its own",
    )
    ac_off: str = _switch("talks", "dark", tag="[U]", source="none", doc="on the bus without mains, or dead")

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Options:
        """Options from words (`KEY=VALUE`); UsageError names key, near match and legal values."""
        values: dict[str, Any] = {}
        for word, text in texts.items():
            key = word.strip().lower().replace("-", "_")
            if key not in _FIELDS:
                near = get_close_matches(key, _FIELDS, 1)
                hint = f"did you mean {_word(near[0])!r}? " if near else ""
                legal = ", ".join(_word(name) for name in _FIELDS)
                raise UsageError(f"simulator option {word!r} is unknown", f"{hint}there are: {legal}")
            values[key] = _value(_FIELDS[key], text.strip())
        options = cls(**values)
        if options.nodes[-1] > 127:
            raise UsageError(
                f"{options.chargers} simulated chargers from node {options.node} on would end at node "
                f"{options.nodes[-1]}",
                "node-IDs are 1 to 127: use fewer chargers or a lower node",
            )
        return options

    @property
    def nodes(self) -> range:
        """Node-IDs of the chargers, were they all on the bus."""
        return range(self.node, self.node + self.chargers)


_FIELDS: dict[str, Field[Any]] = {each.name: each for each in fields(Options)}


def _word(name: str) -> str:
    return name.replace("_", "-")


def _value(each: Field[Any], text: str) -> Any:
    if each.name == "fault":
        return script.parse(text)
    if each.name == "device":
        return parse_devices(text)
    if "values" in each.metadata:
        return _position(each, text)
    number = script.number_of(text)
    low, high = each.metadata["low"], each.metadata["high"]
    whole = each.type == "int"
    if not low <= number <= high or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        unit = f" {each.metadata['unit']}" if each.metadata["unit"] else ""
        raise UsageError(
            f"simulator option {_word(each.name)}={text!r} cannot be used",
            f"it must be {kind} within {low:g} to {high:g}{unit}",
        )
    return int(number) if whole else number


_BOOLEANS = {"true": "yes", "1": "yes", "false": "no", "0": "no"}


def _position(each: Field[Any], text: str) -> Position:
    legal: tuple[Position, ...] = each.metadata["values"]
    if isinstance(legal[0], float | int):
        number = script.number_of(text)
        # Which abort codes a unit may answer with is open, so any is legal.
        if number in legal or (each.name == "write_abort" and 0 < number < 2**32):
            return type(legal[0])(number)
    else:
        word = text.lower()
        if "yes" in legal:
            word = _BOOLEANS.get(word, word)
        if word in legal:
            return word
    raise UsageError(
        f"simulator option {_word(each.name)}={text!r} cannot be used",
        f"it must be {' or '.join(show(each.name, value) for value in legal)}",
    )


_HEX = {"idle_loss": "#04x", "heartbeat_code": "#06x", "write_abort": "#010x"}


def show(key: str, value: Position) -> str:
    """Position of an option as it is written on a command line."""
    if isinstance(value, str):
        return value
    form = _HEX.get(key.replace("-", "_"))
    return format(int(value), form) if form else f"{value:g}"


def _table(each: Iterable[Field[Any]]) -> Iterable[Switch]:
    for one in each:
        if "tag" in one.metadata:
            data = one.metadata
            yield Switch(_word(one.name), data["values"], data["source"], data["tag"], data["doc"])


SWITCHES = {switch.key: switch for switch in _table(fields(Options))}
"""Every switch by its key; a test runs the charge under every position of each."""
