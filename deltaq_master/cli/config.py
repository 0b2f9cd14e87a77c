"""`deltaq config`: what a device is set to: keep it, compare it, change it, and take a change back."""

from __future__ import annotations

import typer

from deltaq_master.cli import config_apply, config_diff, config_plan, config_recover, config_snapshot

app = typer.Typer(
    help="Settings of any device with an EDS: snapshot, diff, plan, apply, restore, recover.",
    no_args_is_help=True,
)
app.command("snapshot")(config_snapshot.snapshot)
app.command("diff")(config_diff.diff)
app.command("plan")(config_plan.plan)
app.command("apply")(config_apply.apply)
app.command("restore")(config_apply.restore)
app.command("recover")(config_recover.recover)
