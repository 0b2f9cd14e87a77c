"""`deltaq pdo remap`: other PDO layouts, as one change that is made whole or undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.completion import entries
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.settings import Settings, policy_of, settings
from deltaq_master.cli.talk import say, show, show_json
from deltaq_master.errors import ChangeError, SdoTimeoutError, UsageError

if TYPE_CHECKING:
    from deltaq_master.cli.config_device import Interrupt, Shown
    from deltaq_master.dictionary.eds import Dictionary
    from deltaq_master.link.device.device import Device
    from deltaq_master.link.device.remap import RemapPlan

PROFILES_SCHEMA = "deltaq.pdo-profiles/1"
STORE = 0x1010


def remap(
    context: typer.Context,
    profile: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROFILE]", help="A shipped profile (see --list), or a TOML, DCF or EDS file."
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Show the shipped profiles; no bus is opened.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write it. Without this word only the plan is shown.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and write nothing.")] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            metavar="ENTRY",
            autocompletion=entries,
            help="Protected object that may be written; may be repeated.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Although it is not known to be pre-operational, or is charging."),
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="FILE", help="Where to keep what undoes it after a crash."),
    ] = None,
) -> int:
    """Change what the PDOs of a device carry: a whole layout, or nothing.

    The plan is shown first: every write in the order of CiA 301, what the
    object holds and will hold. With --apply it is carried out and every word
    read back. On an abort, a time-out, another value read back or Ctrl-C the
    device is made what it was, and that is proven by reading.

    \b
    Refused, with the reason, and then nothing is written:
      objects that cannot be mapped, or not in this direction
      more than 64 bits, COB-IDs that clash or belong to other services
      a device that is not pre-operational, or is charging   unless --force
      weakening 140nh:05, objects that the EDS protects      unless --allow

    \b
    Examples:
      deltaq pdo remap --list
      deltaq -i sim pdo remap cia-419
      deltaq -i socketcan -c can0 pdo remap icl1500-85 --apply
      deltaq -i socketcan -c can0 pdo remap layout.toml --apply --allow 0x1400:05
      deltaq --json -i socketcan -c can0 pdo remap as-found.dcf --dry-run

    docs/pdo-remap.md has the form of a profile. Exit code 0 if it is done or
    there is nothing to do, 1 if it was refused or failed, 130 after Ctrl-C.
    """
    chosen = settings(context)
    if listed:
        return _list(chosen)
    if profile is None:
        raise UsageError("no PROFILE is named", "name a file or one of: deltaq pdo remap --list")
    if apply and dry_run:
        raise UsageError("--apply and --dry-run contradict each other", "leave one of them out")
    return _Remap(chosen, profile, allow or [], force, journal).run(apply)


def _list(chosen: Settings) -> int:
    """Show what is shipped, each as it reads for the EDS that is chosen."""
    from deltaq_master.dictionary.pdo_profile import read_profile
    from deltaq_master.dictionary.shipped import profile_paths

    dictionary = chosen.dictionary()
    for name, path in profile_paths().items():
        found = read_profile(path, dictionary)
        pdos = ", ".join(pdo.name for pdo in found.pdos)
        if chosen.json:
            show_json(
                {
                    "schema": PROFILES_SCHEMA,
                    "profile": name,
                    "name": found.name,
                    "source": found.source,
                    "pdos": [pdo.name for pdo in found.pdos],
                    "file": str(path),
                }
            )
        else:
            show(f"{name}: {found.name} ({pdos})\n    {found.source}")
    return ExitCode.DONE


def profile_path(text: str) -> Path:
    """The file that is meant: one of this name, or a shipped one. Raises UsageError with near matches."""
    from deltaq_master.dictionary.shipped import profile_paths
    from deltaq_master.dictionary.toml_text import near_match

    shipped = profile_paths()
    path = Path(text)
    if text in shipped and not path.exists():
        return shipped[text]
    if path.exists() or path.suffix:
        return path
    raise UsageError(f"{text!r} is neither a file nor a shipped profile", near_match(text, shipped))


class _Remap:
    """One run of the command."""

    def __init__(
        self, chosen: Settings, profile: str, allow: list[str], force: bool, journal: Path | None
    ) -> None:
        from deltaq_master.dictionary.pdo_profile import read_profile

        self._chosen = chosen
        self._word = profile
        self._dictionary: Dictionary = chosen.dictionary()
        self._profile = read_profile(profile_path(profile), self._dictionary)
        self._allow = [self._dictionary.find(text).address for text in allow]
        self._force = force
        self._journal = journal

    def run(self, apply: bool) -> int:
        from deltaq_master.cli.config_device import Interrupt, Shown
        from deltaq_master.cli.signals import Signals

        interrupt = Interrupt()
        with self._chosen.device(self._dictionary) as device:
            shown = Shown()
            plan = self._planned(device, shown)
            if not self._chosen.json:
                from deltaq_master.cli.remap_words import show_plan

                show_plan(plan, self._dictionary)
            for text in plan.warnings:
                say(f"note: {text}")
            if plan.refusals:
                self._tell(plan, "refused")
                plan.check()
            if not plan.steps:
                self._tell(plan, "nothing to do")
                say(f"nothing to do: node {plan.node_id} is as the profile wants it")
                return ExitCode.DONE
            if not apply:
                self._tell(plan, "planned")
                say("nothing was written; add --apply to write it")
                return ExitCode.DONE
            with Signals(interrupt.asked):
                return self._carried_out(device, plan, shown, interrupt)

    def _planned(self, device: Device, shown: Shown) -> RemapPlan:
        from deltaq_master.link.pdo.maps import plan_remap

        try:
            return plan_remap(
                device.node,
                self._profile,
                nmt=device.nmt,
                policy=policy_of(self._dictionary),
                allow=self._allow,
                force=self._force,
                progress=shown.reading,
            )
        except SdoTimeoutError as error:
            raise device.missing(error) or error from error
        finally:
            shown.end()

    def _carried_out(self, device: Device, plan: RemapPlan, shown: Shown, interrupt: Interrupt) -> int:
        from deltaq_master.cli.config_device import Subject, journal_of
        from deltaq_master.configuration.identity import read_identity
        from deltaq_master.link.device.transaction import Handling
        from deltaq_master.link.pdo.maps import remap

        identity = read_identity(device.node.sdo)
        about = Subject(device, self._dictionary, policy_of(self._dictionary), identity)
        journal = journal_of(self._chosen, about, f"remap to {self._word}", self._journal)
        journal.check()
        try:
            remap(device.node, plan, Handling(journal, shown.changing, interrupt.stop))
        except ChangeError as error:
            shown.end()
            self._tell(plan, "undone" if error.undone else "not undone", error.differences)
            raise
        except KeyboardInterrupt:
            shown.end()
            self._tell(plan, "interrupted")
            say("interrupted: the change was undone, the device holds what it held before")
            return ExitCode.INTERRUPTED
        shown.end()
        self._tell(plan, "done")
        say(f"done: {len(plan.steps)} writes, all read back; node {plan.node_id} is as the profile wants it")
        say(f"note: {self._lasting()}")
        return ExitCode.DONE

    def _tell(self, plan: RemapPlan, outcome: str, differences: tuple[object, ...] = ()) -> None:
        if self._chosen.json:
            from deltaq_master.cli.remap_words import json_of

            show_json(json_of(plan, self._dictionary, outcome, differences))

    def _lasting(self) -> str:
        if STORE in self._dictionary.indices:
            return "nothing was stored: a power cycle may undo it, unless it is stored by 1010h"
        return (
            "whether it survives a power cycle is not known: the device has no 1010h; "
            f"power it off and on, and look with: deltaq pdo remap {self._word} --dry-run"
        )
