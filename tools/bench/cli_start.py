"""How long `deltaq --help` takes to start, beside an interpreter that does nothing and one that imports canopen.

    python tools/bench/cli_start.py [--runs 15]

Each run is a process of its own, as a user starts it; the contenders take turns, and the median counts.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

HELP = "import sys; from deltaq_master.cli import main; code = main(['--help'])"
CONTENDERS = {
    "python, nothing else": "pass",
    "deltaq --help": HELP,
    "import can": "import can",
    "import canopen": "import canopen",
}
HEAVY = ("can", "canopen")


def start(code: str) -> float:
    """Seconds that a process with this code takes from start to end."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def imported() -> list[str]:
    """Which of the heavy libraries `deltaq --help` imports."""
    code = f"{HELP}; print(*(set({HEAVY}) & sys.modules.keys()), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stderr.split()


def main(arguments: Sequence[str]) -> None:
    """Time all contenders in turns, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15, help="starts of each")
    runs: int = parser.parse_args(arguments).runs
    took: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(runs):
        for name, code in CONTENDERS.items():
            took[name].append(start(code))
    median = {name: statistics.median(times) for name, times in took.items()}
    print(f"Start-up [ms], median of {runs}")
    for name, seconds in median.items():
        print(
            f"{1000 * seconds:9.0f}  {name:22} {seconds / median['import canopen']:.2f} of `import canopen`"
        )
    heavy = imported()
    print(f"deltaq --help imports {' and '.join(heavy) if heavy else 'neither can nor canopen'}")


if __name__ == "__main__":
    main(sys.argv[1:])
