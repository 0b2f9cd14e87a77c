"""The command line as a whole: global options, and the verbs in the order in which one learns them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deltaq_master.cli import (
    charge,
    config,
    doctor,
    explain,
    info,
    monitor,
    nmt,
    pdo,
    read,
    replay,
    report,
    scan,
    service,
    sim,
    write,
)
from deltaq_master.cli.parsing import seconds
from deltaq_master.cli.record import CommandRecording, RecordOptions, octets
from deltaq_master.cli.settings import Settings, key_values
from deltaq_master.cli.talk import Log

app = typer.Typer(name="deltaq", rich_markup_mode="rich", add_completion=True)

BUS = "Which bus"
DEVICE = "Which charger"
OUTPUT = "What is printed"
RECORD = "What is recorded"


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"deltaq {version('deltaq-master')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    interface: Annotated[
        str | None,
        typer.Option(
            "-i",
            "--interface",
            metavar="NAME",
            envvar="DELTAQ_INTERFACE",
            rich_help_panel=BUS,
            help="python-can's name of the interface: socketcan, slcan, pcan, ...; sim is the simulated charger.",
        ),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(
            "-c",
            "--channel",
            metavar="NAME",
            envvar="DELTAQ_CHANNEL",
            rich_help_panel=BUS,
            help="Channel of the interface: can0, /dev/ttyACM0, socket://127.0.0.1:29536, ...",
        ),
    ] = None,
    bitrate: Annotated[
        int | None,
        typer.Option(
            "-b",
            "--bitrate",
            metavar="BIT/S",
            min=1,
            envvar="DELTAQ_BITRATE",
            rich_help_panel=BUS,
            help="Bit rate, where the interface sets it (500000 on the known unit).",
        ),
    ] = None,
    node_id: Annotated[
        int,
        typer.Option(
            "-n",
            "--node-id",
            metavar="ID",
            min=1,
            max=127,
            envvar="DELTAQ_NODE_ID",
            rich_help_panel=DEVICE,
            help="Node-ID of the charger.",
        ),
    ] = 10,
    master_id: Annotated[
        int,
        typer.Option(
            "--master-id",
            metavar="ID",
            min=1,
            max=127,
            envvar="DELTAQ_MASTER_ID",
            rich_help_panel=DEVICE,
            help="Our own node-ID: the one whose heartbeat the charger watches (1016h).",
        ),
    ] = 1,
    eds: Annotated[
        Path | None,
        typer.Option(
            "--eds",
            metavar="FILE",
            envvar="DELTAQ_EDS",
            rich_help_panel=DEVICE,
            help="EDS or DCF of the charger, instead of the shipped one.",
        ),
    ] = None,
    simulator: Annotated[
        list[str] | None,
        typer.Option(
            "--sim",
            metavar="KEY=VALUE",
            envvar="DELTAQ_SIM",
            rich_help_panel=DEVICE,
            help="Option of the simulated bus (speed=400, soc=90, fault=ac-loss@3, device=io.eds@5); may be repeated.",
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            envvar="DELTAQ_JSON",
            rich_help_panel=OUTPUT,
            help="JSON on stdout, one object per line.",
        ),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE",
            rich_help_panel=RECORD,
            help="Record the bus to a log, by its suffix: .asc .blf .log .trc; decisions go to FILE.jsonl.",
        ),
    ] = None,
    record_size: Annotated[
        int | None,
        typer.Option(
            "--record-max-size",
            metavar="SIZE",
            parser=octets,
            rich_help_panel=RECORD,
            help="Begin another part at this size: 500k, 100M, 1G.",
        ),
    ] = None,
    record_time: Annotated[
        float | None,
        typer.Option(
            "--record-max-time",
            metavar="TIME",
            parser=seconds,
            rich_help_panel=RECORD,
            help="Begin another part after this time: 10m, 1h.",
        ),
    ] = None,
    record_keep: Annotated[
        int | None,
        typer.Option(
            "--record-keep",
            metavar="N",
            min=1,
            rich_help_panel=RECORD,
            help="Keep the last N parts; without it, all.",
        ),
    ] = None,
    record_overwrite: Annotated[
        bool,
        typer.Option(
            "--record-overwrite", rich_help_panel=RECORD, help="Write over a recording of this name."
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "-v",
            "--verbose",
            envvar="DELTAQ_VERBOSE",
            rich_help_panel=OUTPUT,
            help="Log to stderr, and errors with their traceback.",
        ),
    ] = False,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Charge a battery with a Delta-Q ICL1500-85 over CANopen.

    Without hardware, -i sim has a simulated charger with a simulated battery.
    On a real bus the interface is named in python-can's words; what is not
    named comes from its own settings (CAN_INTERFACE, CAN_CHANNEL, CAN_BITRATE,
    ~/.canrc). Every verb has its own --help.

    \b
    First steps:
      deltaq -i sim --sim speed=400 charge --voltage 84 --current 10 \\
          --max-voltage 84.2 --max-current 12 --for 12h
      deltaq -i socketcan -c can0 monitor
      deltaq -i socketcan -c can0 info

    \b
    Exit codes:
      0 done, 1 refused or fault, 2 usage, 3 no bus or no device, 4 incomplete,
      5 outside limits, 130 interrupted (after the output was off)
    """
    log = context.find_object(Log)
    if verbose and log is not None:
        log.speak_up()
    recording = None
    if record is not None:
        how = RecordOptions(record, record_size, record_time, record_keep, record_overwrite)
        recording = CommandRecording(how, log.words if log is not None else ())
        context.call_on_close(recording.close)
    context.obj = Settings(
        interface, channel, bitrate, node_id, master_id, eds, json, key_values(simulator or ()), recording
    )


app.command("charge")(charge.charge)
app.command("monitor")(monitor.monitor)
app.command("explain")(explain.explain)
app.command("replay")(replay.replay)
app.command("report")(report.report)
app.command("scan")(scan.scan)
app.command("info")(info.info)
app.command("read")(read.read)
app.command("write")(write.write)
app.command("nmt")(nmt.nmt)
app.add_typer(pdo.app, name="pdo")
app.add_typer(config.app, name="config")
app.add_typer(service.app, name="service")
app.command("doctor")(doctor.doctor)
app.command("sim")(sim.sim)
