"""The door: `deltaq`, the command line. It parses, prints and says how it went; it decides nothing.

Every verb has a module of its own, which imports what is heavy when it runs: `deltaq --help` needs neither
canopen nor python-can.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from deltaq_master.cli.app import app
from deltaq_master.cli.exits import ExitCode, exit_code
from deltaq_master.cli.talk import Log, say
from deltaq_master.errors import DeltaqError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (by default that of the process) and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    with Log() as log:
        log.words = words
        try:
            code = typer.main.get_command(app).main(
                words or ["--help"], prog_name="deltaq", standalone_mode=False, obj=log
            )
        except typer.TyperException as error:
            say(f"deltaq: {_sentence(error)}")
            return ExitCode.USAGE
        except DeltaqError as error:
            if log.verbose:
                sys.excepthook(type(error), error, error.__traceback__)
            else:
                say(f"deltaq: {error}")
            return exit_code(error)
        return code if isinstance(code, int) else ExitCode.DONE


def _sentence(error: typer.TyperException) -> str:
    """What is wrong with the words of a command line, on one line."""
    text = " ".join(error.format_message().split())
    option = getattr(error, "option_name", "")
    command = typer.main.get_command(app)
    if any(option in parameter.opts for parameter in command.params):
        return f"{text}; it stands before the verb: deltaq {option} ... VERB"
    return text
