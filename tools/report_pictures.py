"""Draw the pictures of the session report in docs/images: a charge of the simulated charger on a virtual clock.

python tools/report_pictures.py            draw them; the page needs Chromium on the PATH
python tools/report_pictures.py --curves   draw the curves alone
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deltaq_master.session_report.gathering import Maker, gather  # noqa: E402
from deltaq_master.session_report.page import drawing_program, page  # noqa: E402
from deltaq_master.session_report.picture import picture  # noqa: E402
from tests.rig.chromium import Chromium  # noqa: E402
from tests.rig.recorded_rig import RecordedRig, recorder  # noqa: E402
from tests.rig.virtual import dictionary  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CHARGE = {"speed": "400", "soc": "20", "start-delay": "1"}
DRAWN = "document.documentElement.dataset.drawn === 'yes'"
SIZES = {"report-page.png": (1000, 1240, False), "report-phone.png": (360, 780, True)}
"""Width, height, and whether it is dark."""


def main(words: Sequence[str]) -> int:
    """Draw them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "ride.log"
        with recorder(log) as into:
            RecordedRig(into, options=CHARGE).run()
        session = gather(log, dictionary(), Maker("deltaq"))
        (IMAGES / "report-curves.svg").write_bytes(picture(session, "svg"))
        if "--curves" in words:
            return 0
        place = Path(folder) / "ride.html"
        place.write_bytes(page(session, drawing_program()))
        for name, (width, height, dark) in SIZES.items():
            with Chromium(Path(folder) / name, width, height, dark) as browser:
                browser.open(place)
                browser.until(DRAWN)
                (IMAGES / name).write_bytes(browser.screenshot())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
