"""`deltaq pdo dump`: what a device maps, as a table, JSON, DCF or DBC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.files import STDOUT, write_file
from deltaq_master.cli.settings import Settings, is_charger, settings
from deltaq_master.cli.talk import say, show
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.dictionary.address import Address
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.dictionary.pdo_reading import PdoReading

STEP = 64
"""With --all, one word of progress for so many PDOs."""


def dump(
    context: typer.Context,
    eds_defaults: Annotated[
        bool, typer.Option("--eds-defaults", help="Show what the EDS says; no bus is opened.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Ask for all 512 RPDOs and TPDOs, also beyond a gap.")
    ] = False,
    dcf: Annotated[
        Path | None,
        typer.Option("--dcf", metavar="FILE", help="Write a DCF with these PDO parameters; - is stdout."),
    ] = None,
    dbc: Annotated[
        Path | None,
        typer.Option("--dbc", metavar="FILE", help="Write a DBC of the enabled PDOs; - is stdout."),
    ] = None,
) -> int:
    """Read the communication and mapping parameters of every PDO of a device.

    By SDO reads alone: no heartbeat, no NMT. PDOs are named as the device sees
    them: it receives RPDOs and transmits TPDOs. Those of the EDS are read, and
    those behind the last one of each kind for as long as the device has more.
    Works for any CANopen device with an EDS (--eds before the verb).

    With --dcf or --dbc a file is written instead of the table.

    \b
    Examples:
      deltaq -i sim pdo dump
      deltaq -i socketcan -c can0 pdo dump
      deltaq --json -i socketcan -c can0 pdo dump > pdos.json
      deltaq -i socketcan -c can0 pdo dump --dcf as-found.dcf --dbc charger.dbc
      deltaq --eds drive.eds -n 5 pdo dump --eds-defaults

    A PDO that cannot be read is shown as incomplete, with the cause: exit code 4.
    """
    chosen = settings(context)
    _check(chosen, eds_defaults, everything, dcf, dbc)
    dictionary = chosen.dictionary()
    reading = _reading(chosen, dictionary, eds_defaults, everything)
    if dcf is not None:
        _write_dcf(dcf, dictionary, reading)
    if dbc is not None:
        _write_dbc(dbc, dictionary, reading)
    if chosen.json:
        from deltaq_master.audit.dump_json import json_of

        show(json_of(reading))
    elif dcf is None and dbc is None:
        from deltaq_master.audit.dump_text import text_of

        show(text_of(reading))
    return _complete(reading)


def _check(
    chosen: Settings, eds_defaults: bool, everything: bool, dcf: Path | None, dbc: Path | None
) -> None:
    if eds_defaults and everything:
        raise UsageError("--all asks the device, and --eds-defaults does not", "leave one of them out")
    if [dcf, dbc, STDOUT if chosen.json else None].count(STDOUT) > 1:
        raise UsageError("stdout can hold one form only", "write the others to a file")


def _reading(chosen: Settings, dictionary: Dictionary, eds_defaults: bool, everything: bool) -> PdoReading:
    if eds_defaults:
        from deltaq_master.dictionary.pdo_reading import eds_reading

        return eds_reading(dictionary, dictionary.node_id)
    from deltaq_master.link.pdo.finding import Beyond, read_pdos

    with chosen.device(dictionary) as device:
        if everything:
            return read_pdos(device, Beyond.ALL, _progress())
        return read_pdos(device)


def _progress() -> Callable[[Address], None]:
    from deltaq_master.dictionary.dump import MAX_PDOS
    from deltaq_master.dictionary.mapping import PdoKind

    marks = {
        kind.communication_index(number): f"note: {kind.numbered(number)} of {MAX_PDOS}"
        for kind in PdoKind
        for number in range(STEP, MAX_PDOS + 1, STEP)
    }

    def told(address: Address) -> None:
        if (mark := marks.pop(address.index, None)) is not None:
            say(mark)

    return told


def _write_dcf(path: Path, dictionary: Dictionary, reading: PdoReading) -> None:
    from deltaq_master.dictionary.dcf import parameter_text, write_dcf

    values: dict[Address, bytes] = {}
    for address, data in reading.values.items():
        if data is None:
            continue
        entry = dictionary.get(address)
        if entry is None:
            say(f"note: not in the DCF: {address}, which the EDS does not have")
            continue
        try:
            parameter_text(entry, data)
        except UsageError as error:
            say(f"note: not in the DCF: {error.problem}")
        else:
            values[address] = data
    name = "" if path == STDOUT else path.name
    write_file(path, write_dcf(dictionary, values, file_name=name).encode())


def _write_dbc(path: Path, dictionary: Dictionary, reading: PdoReading) -> None:
    from deltaq_master.audit.dbc import ENCODING, dbc_of, left_out

    fields = None
    if is_charger(dictionary):
        from deltaq_master.charger.bit_fields import BIT_FIELDS

        fields = BIT_FIELDS
    write_file(path, dbc_of(reading, fields).encode(ENCODING))
    for text in left_out(reading):
        say(f"note: not in the DBC: {text}")


def _complete(reading: PdoReading) -> int:
    for record in reading.dump.records:
        for problem in record.problems:
            say(f"deltaq: {record.name} is incomplete: {problem}")
    for problem in reading.problems:
        say(f"deltaq: {problem}")
    return ExitCode.DONE if reading.complete else ExitCode.INCOMPLETE
