"""Draw the pictures of the live screen in docs/images, from the simulator and the capture, on a virtual clock.

    python tools/screen_pictures.py            draw them
    python tools/screen_pictures.py --check    exit code 1 if they are not what the screen shows now

Textual draws them itself, at 80 columns and 24 rows. Another version of it may draw them in another way.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deltaq_master.charger.diagnosis import Subject  # noqa: E402
from deltaq_master.charger.limits import hardware_limits  # noqa: E402
from deltaq_master.cli.screen.app import LiveScreen  # noqa: E402
from deltaq_master.cli.screen.charging import ChargeShowing  # noqa: E402
from deltaq_master.cli.screen.monitoring import MonitorShowing  # noqa: E402
from deltaq_master.cli.screen.sight import BusSight, Watching  # noqa: E402
from deltaq_master.link.bus.logs import read_log  # noqa: E402
from tests.rig.virtual import START, Rig, dictionary  # noqa: E402

if TYPE_CHECKING:
    from deltaq_master.cli.screen.scene import Showing

IMAGES = ROOT / "docs" / "images"
CAPTURE = ROOT / "tests" / "replay" / "icl1500-85-heartbeat-and-rpdo.trc"
SIZE = (80, 24)
BITRATE = 500_000
DRAWN_EVERY = 0.25
"""The screen looks so often [s]."""


class _Past:
    """A sight of frames that have been, as far as they have been by now."""

    lost = gone = ""

    def __init__(self) -> None:
        self.watching = Watching(Subject(dictionary()), BITRATE)
        self.latest = self.watching.sight(0.0)

    @property
    def sight(self) -> BusSight:
        """In the place of one of a bus."""
        return cast("BusSight", self)


def charge(options: dict[str, str], seconds: float) -> Showing:
    """A charge of the simulated charger, so long after its beginning [s]."""
    rig, past, clock = Rig(options=options), _Past(), [START]
    showing = ChargeShowing(
        past.sight,
        rig.plan,
        "charge, node 10 on can0",
        BITRATE,
        True,
        lambda: False,
        lambda: None,
        lambda: clock[0],
    )
    taken = 0
    while clock[0] < START + seconds:
        rig.run(DRAWN_EVERY)
        clock[0] += DRAWN_EVERY
        for frame in rig.frames[taken:]:
            past.watching.take(frame._replace(time=frame.time - START))
        taken = len(rig.frames)
        past.latest = past.watching.sight(clock[0] - START)
        if rig.views:
            showing.put(rig.view, rig.view.time - START)
        showing.scene()
    return showing


def monitor(seconds: float) -> Showing:
    """The capture, so long after its beginning [s]."""
    past, clock = _Past(), [0.0]
    frames = [frame for frame in read_log(CAPTURE) if frame.time <= seconds]
    names = {1: "master", 10: "charger"}
    showing = MonitorShowing(
        past.sight,
        "monitor, node 10 on can0",
        names,
        hardware_limits(dictionary()),
        BITRATE,
        True,
        lambda: clock[0],
    )
    while clock[0] < seconds:
        clock[0] += DRAWN_EVERY
        while frames and frames[0].time <= clock[0]:
            past.watching.take(frames.pop(0))
        past.latest = past.watching.sight(clock[0])
        showing.scene()
    return showing


PICTURES: dict[str, Callable[[], Showing]] = {
    "screen-starting": lambda: charge({"soc": "40"}, 0.75),
    "screen-charging": lambda: charge({"speed": "100", "soc": "40"}, 60.0),
    "screen-fault": lambda: charge({"speed": "100", "soc": "40", "fault": "ac-loss@20"}, 21.75),
    "screen-monitor": lambda: monitor(30.0),
}


async def _drawn(showing: Showing) -> str:
    screen = LiveScreen(showing)
    async with screen.run_test(size=SIZE) as pilot:
        await pilot.pause()
        screen.draw()
        await pilot.pause()
        return screen.export_screenshot(title="deltaq")


def picture(name: str) -> str:
    """One picture, as SVG."""
    os.environ.pop("NO_COLOR", None)
    svg: Any = asyncio.run(_drawn(PICTURES[name]()))
    return f"{svg.rstrip()}\n"


def main(words: Sequence[str]) -> int:
    """Draw, or check, and say what differs."""
    different = 0
    for name in PICTURES:
        path, svg = IMAGES / f"{name}.svg", picture(name)
        if path.is_file() and path.read_text(encoding="utf-8") == svg:
            continue
        if "--check" in words:
            print(f"{path.relative_to(ROOT)} is not what the screen shows now; run tools/screen_pictures.py")
            different = 1
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(svg, encoding="utf-8")
    return different


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
