"""All measurements in one run: `python tools/bench`, or `python tools/bench --quick` to see them in a minute."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

QUICK = {
    "decode.py": ("--rounds", "3"),
    "cli_start.py": ("--runs", "3"),
    "explain.py": ("--quick",),
    "start.py": ("--runs", "1"),
    "scan.py": ("--skip-serial",),
    "pdo_dump.py": ("--runs", "5"),
    "many.py": ("--runs", "1", "--seconds", "3", "--chargers", "1", "20"),
    "heartbeat.py": ("--runs", "1", "--seconds", "3"),
}
"""Every measurement, with what makes it quick: enough to see that it runs, too little to quote."""


def main(arguments: Sequence[str]) -> int:
    """Run all measurements, each in a process of its own; 1 if one of them did not run to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short runs")
    quick: bool = parser.parse_args(arguments).quick
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors")
    broken = False
    for name, options in QUICK.items():
        print(f"\n== {name}", flush=True)
        script = Path(__file__).with_name(name)
        broken |= (
            subprocess.run([sys.executable, str(script), *(options if quick else ())], check=False).returncode
            != 0
        )
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
