"""Check an EDS with a linter that is not ours: `dcfchk` of the PyPI package dcf-tools.

    python tools/check_eds.py [EDS]

It runs twice. On a copy without Factor, Unit and Description, the keys that only the Python package canopen
knows, it must end with 0 and not one warning. On the file itself it must end with 1 and warn of each of these
keys, and of nothing else: then nothing hides behind them. Exit code 0 if so, else 1 with what is wrong.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "eds" / "ICL1500-85.eds"
NODE_ID = "10"

_SECTION = re.compile(r"\[(?P<name>.+)\]\s*$")
_OBJECT = re.compile(r"[0-9A-Fa-f]{4}(sub[0-9A-Fa-f]+)?$")
_EXTRA = re.compile(r"(Factor|Unit|Description)\s*=")
_EXTRA_WARNING = re.compile(
    r"invalid entry in \[[0-9A-Fa-f]{4}(sub[0-9A-Fa-f]+)?\]: (Factor|Unit|Description)$"
)


def without_extra_keys(text: str) -> tuple[str, int]:
    """Text without the three keys in its object sections, and how many lines that took away."""
    kept: list[str] = []
    removed = 0
    in_object = False
    for line in text.splitlines(keepends=True):
        if section := _SECTION.match(line):
            # [FileInfo] has a Description of CiA 306's own, which stays.
            in_object = bool(_OBJECT.match(section["name"]))
        if in_object and _EXTRA.match(line):
            removed += 1
        else:
            kept.append(line)
    return "".join(kept), removed


def dcfchk(path: Path) -> tuple[int, list[str]]:
    """Exit code and warnings of dcfchk for one file.

    It gets a node-ID, because it resolves the $NODEID of the PDOs' COB-IDs and fails without one.
    """
    command = [sys.executable, "-W", "always", "-m", "dcf.cli", "--node_id", NODE_ID, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    warnings = re.findall(r"UserWarning: (.*)", run.stderr)
    if run.returncode and not warnings:
        warnings = run.stderr.strip().splitlines()[-1:]
    return run.returncode, warnings


def check(path: Path) -> list[str]:
    """What is wrong with an EDS in the eyes of dcfchk; empty if nothing is."""
    try:
        bare, removed = without_extra_keys(path.read_text(encoding="ascii"))
    except UnicodeDecodeError as error:
        return [f"not in ASCII, as CiA 306 wants it: {error}"]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text(bare, encoding="ascii")
        code, warnings = dcfchk(copy)
    problems = [f"without the extra keys: {warning}" for warning in warnings]
    if code:
        problems.append(f"without the extra keys: dcfchk ended with {code}, not 0")

    code, warnings = dcfchk(path)
    extra = [warning for warning in warnings if _EXTRA_WARNING.match(warning)]
    problems += [f"as it is: {warning}" for warning in warnings if warning not in extra]
    if code != bool(removed):
        problems.append(f"as it is: dcfchk ended with {code}, not {bool(removed):d}")
    if len(extra) != removed:
        problems.append(f"as it is: {removed} extra keys, but {len(extra)} warnings of them")
    return problems


def main(arguments: list[str]) -> int:
    """Check the file that was named, else the shipped one."""
    path = Path(arguments[0]) if arguments else SHIPPED
    problems = check(path)
    for problem in problems:
        print(f"{path.name}: {problem}")
    if not problems:
        print(f"{path.name}: dcfchk knows nothing against it")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
