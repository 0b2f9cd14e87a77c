"""`deltaq pdo`: what a device maps: read it, check it, change it."""

from __future__ import annotations

import typer

from deltaq_master.cli import pdo_dump, pdo_remap, pdo_verify

app = typer.Typer(
    help="PDO communication and mapping parameters of a device: dump, verify, remap.", no_args_is_help=True
)
app.command("dump")(pdo_dump.dump)
app.command("verify")(pdo_verify.verify)
app.command("remap")(pdo_remap.remap)
