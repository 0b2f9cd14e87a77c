"""Options that the `config` verbs that change something share, and the values that they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltaq_master.cli.completion import entries
from deltaq_master.cli.settings import Settings, policy_of
from deltaq_master.cli.write import value_of
from deltaq_master.errors import UsageError

if TYPE_CHECKING:
    from deltaq_master.configuration.planning import Rules
    from deltaq_master.configuration.sources import Source
    from deltaq_master.dictionary.address import Address

ACCEPTED = "What is accepted"

FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="DCF or concise DCF; may be left out with --set."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ENTRY=VALUE", help="A value in its unit, instead of the file's."),
]
Raw = Annotated[bool, typer.Option("--raw", help="The values of --set are raw: 1280 or 0x500.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="ENTRY",
        autocompletion=entries,
        rich_help_panel=ACCEPTED,
        help="Protected object, or watch over the master, that may be written; may be repeated.",
    ),
]
Except = Annotated[
    list[str] | None,
    typer.Option(
        "--except",
        metavar="ENTRY",
        autocompletion=entries,
        rich_help_panel=ACCEPTED,
        help="Object of the file that is left as it is; may be repeated.",
    ),
]
SkipAbsent = Annotated[
    bool,
    typer.Option(
        "--skip-absent", rich_help_panel=ACCEPTED, help="Leave out what the device or its EDS does not have."
    ),
]
OtherDevice = Annotated[
    bool,
    typer.Option(
        "--other-device", rich_help_panel=ACCEPTED, help="Although the file is for another device or node-ID."
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        rich_help_panel=ACCEPTED,
        help="Although the device is at work, or operational with PDOs to change.",
    ),
]
JournalOption = Annotated[
    Path | None,
    typer.Option("--journal", metavar="FILE", help="Where to keep what is needed to undo it."),
]


def source_of(chosen: Settings, file: Path | None, sets: list[str] | None, raw: bool) -> Source:
    """The values of a file and of --set. Raises UsageError if there are none, FileError for the file."""
    from deltaq_master.configuration.sources import read_file, with_words

    if file is None and not sets:
        raise UsageError("there is nothing to change", "name a DCF, or --set ENTRY=VALUE")
    dictionary = chosen.dictionary()
    given: dict[Address, bytes] = {}
    for text in sets or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text}: a value is missing", "write ENTRY=VALUE")
        entry = dictionary.find(name)
        if entry.address in given:
            raise UsageError(f"{entry.address} {entry.full_name} is set twice", "give it once")
        parsed = value_of(entry, value.strip(), raw)
        given[entry.address] = entry.encode(parsed if raw else entry.raw(parsed))
    source = None if file is None else read_file(file, dictionary)
    return with_words(source, given.items()) if given or source is None else source


def rules_of(
    chosen: Settings,
    allow: list[str] | None = None,
    left_out: list[str] | None = None,
    *,
    skip_absent: bool = False,
    other_device: bool = False,
    force: bool = False,
    restoring: bool = False,
) -> Rules:
    """What the options allow. Raises UsageError for an object that the EDS does not have."""
    from deltaq_master.configuration.planning import Rules
    from deltaq_master.dictionary.address import Address

    dictionary = chosen.dictionary()
    return Rules(
        policy_of(dictionary),
        frozenset(dictionary.find(text).address for text in allow or ()),
        # A file may have what the EDS has not; that can be left out, too.
        frozenset(
            Address.parse(text) if Address.written(text) else dictionary.find(text).address
            for text in left_out or ()
        ),
        force,
        other_device,
        skip_absent,
        restoring,
    )
