"""Makes the recordings of this folder anew: `python -m tests.replay.record_again`.

Only after a change that is meant to decide otherwise; look at what `deltaq replay` says of the old ones first.
"""

from __future__ import annotations

from pathlib import Path

from tests.rig.recorded_rig import RecordedRig, recorder

HERE = Path(__file__).parent
RECORDINGS = {
    "charge-to-complete.log": {"speed": "1000", "soc": "99", "start-delay": "0"},
    "fault-ac-lost.log": {"speed": "1", "soc": "50", "start-delay": "0", "fault": "ac-loss@2"},
}


def main() -> None:
    """Record each of them on the virtual rig."""
    for name, options in RECORDINGS.items():
        with recorder(HERE / name, overwrite=True) as into:
            rig = RecordedRig(into, options=options).run()
        print(f"{name}: {rig.view.outcome}, {into.frames} frames")


if __name__ == "__main__":
    main()
