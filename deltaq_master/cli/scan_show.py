"""What a scan found, as tables for people and as JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deltaq_master.cli.talk import show, show_json
from deltaq_master.protocol.identity import Identity
from deltaq_master.scanner.census import Foreign, Heard
from deltaq_master.scanner.inventory import Held
from deltaq_master.scanner.scan import Found, Result
from deltaq_master.scanner.unknown import Unlisted

SCHEMA = "deltaq.scan/1"
WIDE = 1000
"""Width [columns] where nobody looks: lines in a file or a pipe are not broken."""

Named = tuple[int, str] | None
"""Number and name of the vendor in an EDS."""


def show_nodes(result: Result, named: Named = None) -> None:
    """A row for each node-ID, and below what is to be said of them."""
    if result.nodes:
        _print(
            ("node", "NMT state", "heartbeat", "heard", "what it is"),
            ([str(node.node_id), *_columns(node, named)] for node in result.nodes),
        )
    for node in result.nodes:
        for line in remarks(node):
            show(f"node {node.node_id}: {line}")
    show(_traffic(result))


def show_nodes_json(result: Result, named: Named = None) -> None:
    """An object for each node-ID, and one for the bus."""
    for node in result.nodes:
        show_json({"schema": SCHEMA, "kind": "node", **_node(node, named)})
    foreign = asdict(result.foreign)
    show_json({"schema": SCHEMA, "kind": "bus", "frames": result.frames, "foreign": foreign})


def show_objects(rows: Sequence[Held]) -> None:
    """A row for each object of the EDS."""
    _print(
        ("object", "name", "value", ""), ((str(row.address), row.name, row.shown, row.note) for row in rows)
    )


def show_object_json(node_id: int, row: Held) -> None:
    """One object of the EDS."""
    values = asdict(row)
    del values["address"]
    show_json({"schema": SCHEMA, "kind": "object", "node": node_id, "object": str(row.address), **values})


def show_unknown(rows: Iterable[Unlisted]) -> None:
    """A row for each object that is not in the EDS; neighbours that are refused for one reason share a row."""
    lines: list[tuple[str, str, str]] = []
    for (problem, _), group in groupby(rows, _refusal):
        same = list(group)
        if not problem:
            lines += [(str(row.address), *words(row.data or b"")) for row in same]
        else:
            first, last = str(same[0].address), str(same[-1].address)
            span = first if first == last else f"{first} to {last}"
            lines.append((span, "", problem + (f" ({len(same)} objects)" if len(same) > 1 else "")))
    _print(("object", "bytes", "read as"), lines)


def show_unknown_json(node_id: int, row: Unlisted) -> None:
    """One object that is not in the EDS."""
    data = None if row.data is None else row.data.hex(" ").upper()
    values = {"data": data, "problem": row.problem, "lost": row.lost}
    show_json({"schema": SCHEMA, "kind": "unknown", "node": node_id, "object": str(row.address), **values})


def words(data: bytes) -> tuple[str, str]:
    """Bytes of an object that nothing is known of: in hexadecimal, and as the number or text that they may be."""
    text = data.rstrip(b"\0").decode("latin-1")
    if len(data) > 1 and text and text.isascii() and text.isprintable():
        return data.hex(" ").upper(), repr(text)
    number = str(int.from_bytes(data, "little")) if 0 < len(data) <= 8 else ""
    return data.hex(" ").upper() or "(empty)", number


def identity_words(identity: Identity, named: Named = None) -> str:
    """All that a device says of itself, in one line."""
    parts = [identity.profile_words, identity.vendor_words(named)]
    parts += [f"product {identity.product:08X}h"] if identity.product is not None else []
    parts += [f"revision {identity.revision_words}"] if identity.revision is not None else []
    parts += [f"serial {identity.serial:08X}h"] if identity.serial is not None else []
    return "; ".join(filter(None, parts))


def remarks(node: Found) -> Iterator[str]:
    """What is to be said of one node-ID below the table."""
    heard, answer = node.heard, node.answer
    for doubt in node.doubts:
        yield f"SUSPECTED TWICE on this bus: {doubt}"
    if heard is not None:
        if heard.boots:
            yield "it booted while we listened" + (f", {heard.boots} times" if heard.boots > 1 else "")
        for emergency in heard.emergencies:
            yield f"EMCY {emergency}"
        if heard.sent and not heard.certain and not (answer and answer.present):
            yield "only likely: it is known by the COB-ID of a PDO alone, which any node may have been given"
        if not heard.sent and not node.present:
            yield "spoken to by others, and not heard itself"
    if node.mute:
        yield "it was heard, and answers no SDO request"
    if answer is not None and answer.present:
        yield from _together((*answer.aborts, *answer.failures))


def _together(problems: Iterable[str]) -> Iterator[str]:
    """Objects with one and the same problem on one line."""
    objects: dict[str, list[str]] = {}
    for problem in problems:
        address, reason = problem.split(" ", 1)
        objects.setdefault(reason, []).append(address)
    for reason, addresses in objects.items():
        yield f"{', '.join(addresses)} {reason}"


def _columns(node: Found, named: Named) -> tuple[str, str, str, str]:
    heard, answer = node.heard, node.answer
    state = heard.state.word if heard and heard.state is not None else "-"
    period = f"{heard.period:.2f} s" if heard and heard.period is not None else "-"
    if answer is None:
        device = "" if heard and heard.sent else "not there, as far as was heard"
    elif answer.present:
        device = identity_words(answer.identity, named) or "it is there, and says nothing of itself"
    else:
        device = "no answer"
    return state, period, _services(heard), device


def _services(heard: Heard | None) -> str:
    if heard is None:
        return "-"
    sent = ", ".join(f"{service} {count}" for service, count in heard.sent.items())
    received = ", ".join(f"{service} {count}" for service, count in heard.received.items())
    return "; ".join(filter(None, (sent, f"spoken to: {received}" if received else ""))) or "-"


def _traffic(result: Result) -> str:
    foreign = result.foreign
    kinds = {
        "with 29-bit identifiers": foreign.extended,
        "remote": foreign.remote,
        "error frames": foreign.error,
        "CAN FD": foreign.fd,
        "on identifiers of no service": foreign.other,
    }
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    shared = ", ".join(f"{service} {count}" for service, count in foreign.broadcasts.items())
    text = f"{result.frames} frames heard"
    text += f"; for all nodes: {shared}" if shared else ""
    return text + (f"; not CANopen: {counted}" if counted else "")


def _node(node: Found, named: Named) -> dict[str, Any]:
    heard, answer = node.heard, node.answer
    identity = answer.identity if answer else Identity()
    return {
        "node": node.node_id,
        "present": node.present,
        "certain": bool(heard and heard.sent and heard.certain) or bool(answer and answer.present),
        "state": heard.state.word if heard and heard.state is not None else None,
        "heartbeat_s": heard.period if heard else None,
        "boots": heard.boots if heard else 0,
        "sent": heard.sent if heard else {},
        "received": heard.received if heard else {},
        "emergencies": heard.emergencies if heard else (),
        "asked": answer is not None,
        "answered": bool(answer and answer.present),
        **asdict(identity),
        "profile": identity.profile_words or None,
        "vendor_name": identity.vendor_words(named) or None,
        "aborts": answer.aborts if answer else (),
        "failures": answer.failures if answer else (),
        "doubts": node.doubts,
    }


def _refusal(row: Unlisted) -> tuple[str, bool]:
    return row.problem, row.lost


def _print(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        # Texts of a device may hold what looks like markup.
        table.add_row(*(Text(cell) for cell in row))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else WIDE)
    with console.capture() as printed:
        console.print(table)
    show("\n".join(line.rstrip() for line in printed.get().splitlines()))


def nobody(foreign: Foreign, asked: bool) -> tuple[str, str]:
    """The sentence for an empty bus, and what to do: what was heard says which it may be."""
    if foreign.strange:
        problem = f"nobody speaks CANopen here: all {foreign.strange} frames heard are something else"
        return problem, "is this the right bus, and the right bit rate?"
    problem = "nobody answered or was heard" if asked else "nobody was heard"
    more = "" if asked else "; a device without heartbeat is found with --active"
    return problem, f"are the devices powered, is the bit rate right, is the bus terminated?{more}"
