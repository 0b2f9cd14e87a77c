"""`deltaq report`: what a recording holds, as one page, as pictures and as tables; sealed, if a key is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.files import STDOUT, write_file
from deltaq_master.cli.settings import Settings, is_charger, settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.session_report.session import Session

VERIFY = "verify"
FILES = "What is written"
SEAL = "Seal"


def report(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE | verify FILE",
            help="A recording (its log or its .jsonl) or any log that python-can reads; or a sealed report.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="PAGE",
            rich_help_panel=FILES,
            help="Where the page goes, - for stdout; without it, beside the log: FILE.html.",
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="FILE", rich_help_panel=FILES, help="The curves as PNG."),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", rich_help_panel=FILES, help="The curves as SVG."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", rich_help_panel=FILES, help="All points and events as CSV."),
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            "--parquet", metavar="FILE", rich_help_panel=FILES, help="The same as Parquet; needs pyarrow."
        ),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign", metavar="KEYFILE", rich_help_panel=SEAL, help="Seal the page (or --json) with this key."
        ),
    ] = None,
    make_key: Annotated[
        bool,
        typer.Option("--new-key", rich_help_panel=SEAL, help="Make the key file of --sign first."),
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="KEYFILE", rich_help_panel=SEAL, help="With verify: the key it was sealed with."
        ),
    ] = None,
) -> int:
    """Make a page of a recorded session, or verify a sealed one.

    One HTML page without any network: outcome and cause first, then the curves
    (hover and zoom), the events, the diagnosis, identity, configuration, PDO maps
    and the statistics of the frames. From a log alone it is made without
    decisions, and says what is not known. With --json a summary goes to stdout
    instead of a page. The same recording gives the same bytes.

    \b
    Examples:
      deltaq -i socketcan -c can0 --record ride.asc charge --battery pack.toml
      deltaq report ride.asc
      deltaq -b 500000 report ride.trc -o ride.html --svg ride.svg --csv ride.csv
      deltaq report ride.asc --sign site.key --new-key
      deltaq report verify ride.html --key site.key
      deltaq --json report ride.asc | jq .verdict

    Exit codes: 0 made; verify: 0 valid; 1 altered, or sealed with another key;
    4 unsigned, or no key was given to prove it.
    """
    chosen = settings(context)
    if words[0] == VERIFY and len(words) == 2:
        from deltaq_master.cli.report_verify import verify

        _without(out=out, png=png, svg=svg, csv=csv, parquet=parquet, sign=sign, new_key=make_key or None)
        return verify(chosen, Path(words[1]), key)
    if len(words) > 1 or words[0] == VERIFY:
        raise UsageError(
            f"{' '.join(words)!r} is not one file",
            "give FILE, or: verify FILE; a log of that name is ./verify",
        )
    if key is not None:
        raise UsageError("--key is for verify", "--sign KEYFILE seals a report")
    if make_key and sign is None:
        raise UsageError("--new-key needs a place for the key", "add --sign KEYFILE")
    if chosen.json and out is not None:
        raise UsageError("--json gives a summary instead of a page", "leave out --json, or --out")
    path = Path(words[0])
    session = _session(chosen, path)
    secret = None if sign is None else _key(sign, make_key)
    _others(session, {"png": png, "svg": svg, "csv": csv, "parquet": parquet})
    if chosen.json:
        _summary(session, secret)
    else:
        _page(session, path, out, secret)
    return ExitCode.DONE


def _without(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} is not for verify", "give the file and --key alone")


def _session(chosen: Settings, path: Path) -> Session:
    """What is reported. Raises FileError and UsageError."""
    from importlib.metadata import version

    from deltaq_master.session_report.gathering import Maker, gather, subject_of

    node_id, master_id = subject_of(path)
    then = replace(
        chosen,
        node_id=node_id if node_id is not None else chosen.node_id,
        master_id=master_id if master_id is not None else chosen.master_id,
    )
    dictionary = then.dictionary()
    if not is_charger(dictionary):
        raise UsageError(
            f"{dictionary.path.name} is not a battery charger's (CiA 419), and only those are reported on",
            "deltaq monitor decodes the traffic of any device",
        )
    name = f"deltaq {version('deltaq-master')}"
    return gather(path, dictionary, Maker(name, then.master_id, chosen.bitrate))


def _key(path: Path, make: bool) -> bytes:
    from deltaq_master.session_report.key_file import new_key, read_key

    if make:
        new_key(path)
        say(f"note: a new key is in {path}; whoever has it can seal, so keep it secret and keep a copy")
    return read_key(path)


def _others(session: Session, places: dict[str, Path | None]) -> None:
    """Pictures and tables."""
    forms: dict[str, Callable[[], bytes]] = {
        "png": lambda: _picture(session, "png"),
        "svg": lambda: _picture(session, "svg"),
        "csv": lambda: _csv(session),
        "parquet": lambda: _parquet(session),
    }
    for form, place in places.items():
        if place is not None:
            _write(place, forms[form]())


def _picture(session: Session, form: str) -> bytes:
    from deltaq_master.session_report.picture import picture

    return picture(session, form)


def _csv(session: Session) -> bytes:
    from deltaq_master.session_report.tables import csv_of

    return csv_of(session)


def _parquet(session: Session) -> bytes:
    from deltaq_master.session_report.tables import parquet_of

    return parquet_of(session)


def _summary(session: Session, secret: bytes | None) -> None:
    from deltaq_master.session_report.summary import sealed_summary, summary

    if secret is None:
        show_json(summary(session))
    else:
        write_file(STDOUT, sealed_summary(session, secret))


def _page(session: Session, path: Path, out: Path | None, secret: bytes | None) -> None:
    from deltaq_master.session_report.page import drawing_program, page

    place = out or path.with_name(f"{path.name.removesuffix('.jsonl')}.html")
    _write(place, page(session, drawing_program(), secret))
    if place != STDOUT:
        show(session.verdict)


def _write(place: Path, data: bytes) -> None:
    write_file(place, data)
    if place != STDOUT:
        say(f"note: written to {place}")
