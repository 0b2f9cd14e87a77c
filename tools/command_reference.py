"""Write docs/commands.md from the command line itself.

python tools/command_reference.py            write it
python tools/command_reference.py --check    exit code 1 if it is not what the parser says now
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import typer

from deltaq_master.cli.app import app
from deltaq_master.cli.charge_show import State, Summary
from deltaq_master.cli.exits import ExitCode
from deltaq_master.cli.force import Look
from deltaq_master.cli.objects import Row
from tools.generated_page import DOCS, table, write_or_check

PAGE = DOCS / "commands.md"

HEAD = """\
# The command line

Written by `tools/command_reference.py` from the parser: correct the help texts in `deltaq_master/cli/`, not this
page. `deltaq --help` and `deltaq VERB --help` say the same in a terminal.

Data goes to stdout, talk to stderr. Global options stand before the verb, and may stand in the environment; a bus
that is named in neither is left to python-can's own settings (`CAN_INTERFACE`, `CAN_CHANNEL`, `CAN_BITRATE`,
`CAN_CONFIG`, `~/.canrc`). `--install-completion` teaches a shell to complete all of it.
"""

JSON_HEAD = """\
## JSON

With `--json` every line of stdout is one object, and its `schema` names its form and version: keys may be added
within a version, none changes its meaning. What is not known is `null`; units are those below.

| schema | verb | what it is |
| --- | --- | --- |
| `deltaq.charge/1` | `charge` | states, one for every change of phase or alarms and one a second; last a summary |
| `deltaq.plan/1` | `charge --dry-run` | target, limits, words and frames |
| `deltaq.monitor/1` | `monitor` | a frame: `time` s, `cob_id`, `data`, `service`, `node`, `fields`, `notes`; `event` |
| `deltaq.info/1` | `info` | one object: `groups` of rows as below |
| `deltaq.read/1` | `read` | a row as below |
| `deltaq.write/1` | `write` | `object`, `name`, `value`, `unit`, `raw` as written |
| `deltaq.force/1` | `write --force-command` | how the charger is, twice a second |
| `deltaq.nmt/1` | `nmt` | `command`, and the state `reported`, or `null` |
| `deltaq.scan/1` | `scan` | by `kind`: `node`, `bus`, `object`, `unknown` |
| `deltaq.pdo-dump/1` | `pdo dump` | one object: `pdos` with flags, timers, words, `slots`; `parameters` as answered |
| `deltaq.pdo-audit/1` | `pdo verify` | one report: `findings`, what was missing, what it was compared with |
| `deltaq.pdo-baseline/1` | `pdo verify --write-baseline` | the file of accepted findings |
| `deltaq.pdo-remap/1` | `pdo remap` | the plan, and what came of it |
| `deltaq.pdo-profiles/1` | `pdo remap --list` | the shipped profiles |
| `deltaq.explain/1` | `explain` | verdict, causes in order, preconditions with evidence, history |
| `deltaq.explain-word/1` | `explain alarm`, `abort`, `object` | what a number means, and what to do |
| `deltaq.report/1` | `report --json` | outcome, charges, diagnosis, objects, frames, events; `--sign` seals it |
| `deltaq.report-verify/1` | `report verify` | `standing`, `entry`, `title`, `text` |
| `deltaq.doctor/1` | `doctor` | a check per line: what was looked at, how it is, what mends it |
| `deltaq.silence/1` | what hears nothing | bit rate here, the one expected, evidence, what mends it |
| `deltaq.bus/1` | `info --bus` | what the way to the bus can do, and what was measured of it |
| `deltaq.service/1` | `service` | what was done, or how its units are |
| `deltaq.config-.../1` | `config` | one object for each of its verbs ([configuration.md](configuration.md)) |
"""


def prose(text: str) -> Iterator[str]:
    """A help text; what it keeps as it is (from a backspace character on) becomes a block of code."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.startswith("\b"):
            yield from (*paragraph.splitlines(), "")
            continue
        lines = paragraph.removeprefix("\b").strip("\n").splitlines()
        if lines[0].endswith(":") and not lines[0].startswith(" "):
            yield from (lines[0], "")
            lines = lines[1:]
        yield from ("```", *(line.removeprefix("  ") for line in lines), "```", "")


def parameters(command: Any) -> Iterator[str]:
    """A table for each panel of a command's arguments and options."""
    panels: dict[str, list[Any]] = {}
    for parameter in command.params:
        argument = parameter.param_type_name == "argument"
        title = "Arguments" if argument else parameter.rich_help_panel or "Options"
        panels.setdefault(title, []).append(parameter)
    for title, found in sorted(panels.items(), key=lambda panel: panel[0] == "Options"):
        yield from (*table((title, ""), map(described, found)), "")


def described(parameter: Any) -> tuple[str, str]:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar}"
        names = ", ".join(f"`{name}{value}`" for name in parameter.opts)
    text = str(parameter.help or "")
    if parameter.envvar:
        text += f" `{parameter.envvar}`"
    if parameter.default not in (None, False) and not callable(parameter.default):
        text += f" Default: {parameter.default}."
    return names, text


def quantities(title: str, cls: type) -> Iterator[str]:
    """The keys of a JSON object, out of the metadata of its dataclass."""
    yield from (f"### {title}", "")
    rows = (
        (f"`{field.name}`", field.metadata.get("unit", ""), field.metadata.get("doc", ""))
        for field in fields(cls)
    )
    yield from (*table(("key", "unit", ""), rows), "")


def verbs(name: str, verb: Any, level: str = "##") -> Iterator[str]:
    """A verb, and below it those that it is made of."""
    yield from (f"{level} {name}", "", *prose(verb.help), *parameters(verb))
    for word, inner in getattr(verb, "commands", {}).items():
        yield from verbs(f"{name} {word}", inner, f"{level}#")


def page() -> str:
    command: Any = typer.main.get_command(app)
    lines = [HEAD, *table(("exit code", ""), ((str(int(code)), code.meaning) for code in ExitCode)), ""]
    lines += ["## Global options", "", *prose(command.help), *parameters(command)]
    for name, verb in command.commands.items():
        lines += verbs(f"deltaq {name}", verb)
    lines += [JSON_HEAD]
    lines += quantities("States of `deltaq.charge/1`", State)
    lines += quantities("Summary of `deltaq.charge/1`", Summary)
    lines += quantities("Rows of `deltaq.read/1` and `deltaq.info/1`", Row)
    lines += quantities("`deltaq.force/1`", Look)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it has drifted."""
    drifted = "what the parser says: run python tools/command_reference.py"
    return write_or_check(arguments, __doc__, PAGE, lambda _: page(), drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
