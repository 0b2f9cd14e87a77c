"""Look at a CAN interface on the target, as `deltaq doctor` does: one line each, with the command that mends it.

    python tools/check_bus.py can0
    python tools/check_bus.py can0 --json

For a checkout whose command is not installed. It sends nothing and changes nothing. Exit code 1 if something is
wrong, 2 for wrong words.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from deltaq_master.cli import main as deltaq  # noqa: E402  the checkout's own, found by the line above


def main(words: Sequence[str]) -> int:
    """Check the interface that is named."""
    names = [word for word in words if not word.startswith("-")]
    options = [word for word in words if word.startswith("-")]
    if len(names) != 1 or set(options) - {"--json"}:
        print(__doc__, file=sys.stderr)
        return 2
    return deltaq([*options, "-i", "socketcan", "-c", names[0], "doctor"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
