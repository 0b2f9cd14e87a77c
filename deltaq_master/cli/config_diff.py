"""`deltaq config diff`: what differs between a device, files, and the EDS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import Settings, settings
from deltaq_master.cli.talk import say, show_json
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.configuration.comparison import Comparison
    from deltaq_master.configuration.sources import Source

SCHEMA = "deltaq.config-diff/1"
DEVICE = "device"
EDS = "eds"
SIDE = f"{DEVICE}, {EDS} (its defaults), or a DCF or concise DCF."


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help=SIDE)],
    b: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Compare process data and read-only objects, too.")
    ] = False,
) -> int:
    """Show in which objects two of device, EDS and files differ. By SDO reads alone.

    Compared is what is a setting: it can be read and written, and is neither
    process data nor a command. An object of which a file says nothing is no
    difference to a device or to the EDS.

    \b
    Examples:
      deltaq -i socketcan -c can0 config diff device charger.dcf
      deltaq -i sim config diff eds device --all
      deltaq config diff before.dcf after.dcf

    Exit code 0 if nothing differs, 1 if something does, 4 if something could
    not be read, whatever else differs.
    """
    from deltaq_master.cli.settings import policy_of
    from deltaq_master.configuration.comparison import compare

    chosen = settings(context)
    if a == b:
        raise UsageError(f"{a} is compared with itself", "name two of device, eds and files")
    dictionary = chosen.dictionary()
    one, other = _sources(chosen, a, b, everything)
    for text in (*one.notes, *other.notes):
        say(f"note: {text}")
    found = compare(one, other, dictionary, policy_of(dictionary), everything=everything)
    if chosen.json:
        show_json(_fields(chosen, found, a, b))
    else:
        _show(chosen, found, a, b)
    for row in found.incomplete:
        say(f"deltaq: {row.address} could not be compared: {row.reason}")
    say(
        f"{len(found.rows)} differ, {found.alike} are the same, {len(found.incomplete)} could not be compared"
    )
    if found.incomplete:
        return ExitCode.INCOMPLETE
    return ExitCode.FAILED if found.rows else ExitCode.DONE


def _sources(chosen: Settings, a: str, b: str, everything: bool) -> tuple[Source, Source]:
    names = (a, b)
    if DEVICE not in names:
        return _said(chosen, a), _said(chosen, b)
    from deltaq_master.cli.config_device import Shown, subject
    from deltaq_master.configuration.comparison import to_read
    from deltaq_master.configuration.identity import another, remarks
    from deltaq_master.configuration.reading import read_device

    given = _said(chosen, b if a == DEVICE else a)
    shown = Shown()
    with subject(chosen) as found:
        wanted = to_read(given, found.dictionary, found.policy, everything=everything)
        device = read_device(found.device.node, wanted, found.identity, shown.reading)
    shown.end()
    for text in (*another(given.identity, found.identity), *remarks(given.identity, found.identity)):
        say(f"note: {given.name} is of another device: {text}")
    return (device, given) if a == DEVICE else (given, device)


def _said(chosen: Settings, name: str) -> Source:
    from deltaq_master.configuration.sources import defaults_of, read_file

    dictionary = chosen.dictionary()
    return defaults_of(dictionary) if name == EDS else read_file(Path(name), dictionary)


def _show(chosen: Settings, found: Comparison, a: str, b: str) -> None:
    from deltaq_master.cli.config_words import name_of, show_table, words_for

    dictionary = chosen.dictionary()
    words = words_for(dictionary)
    rows = [
        (
            str(row.address),
            name_of(dictionary, row.address),
            words(row.address, row.a),
            words(row.address, row.b),
        )
        for row in found.rows
    ]
    if rows:
        show_table(rows, ("object", "name", Path(a).name, Path(b).name))


def _fields(chosen: Settings, found: Comparison, a: str, b: str) -> dict[str, object]:
    from deltaq_master.cli.config_words import hexadecimal, name_of, words_for

    dictionary = chosen.dictionary()
    words = words_for(dictionary)

    def side(address: object, data: bytes | None) -> dict[str, str] | None:
        return None if data is None else {"data": hexadecimal(data), "value": words(address, data)}  # type: ignore[arg-type]

    return {
        "schema": SCHEMA,
        "node": chosen.node_id,
        "a": a,
        "b": b,
        "differences": [
            {
                "object": str(row.address),
                "name": name_of(dictionary, row.address),
                "a": side(row.address, row.a),
                "b": side(row.address, row.b),
                "reason": row.reason,
            }
            for row in found.rows
        ],
        "alike": found.alike,
        "one_sided": found.one_sided,
        "incomplete": {str(row.address): row.reason for row in found.incomplete},
    }
