"""The page of `deltaq report` in a real browser: headless Chromium. Selected by `-m browser`, as CI does."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deltaq_master.cli import main
from tests.rig.chromium import Chromium

pytestmark = pytest.mark.browser

REPLAY = Path(__file__).parents[1] / "replay"
DESKTOP = (1200, 900)
PHONE = (360, 740)
FAULT = "fault-ac-lost.log"
CAPTURE = "icl1500-85-heartbeat-and-rpdo.trc"
DRAWN = "document.documentElement.dataset.drawn === 'yes'"
SPAN = (
    "document.getElementById('plot')._fullLayout.xaxis.range"
    ".map((end) => Date.parse(end + 'Z')).reduce((begin, end) => end - begin) / 1000"
)
"""What of the session is shown [s]."""
LABEL = "document.querySelector('#plot .hoverlayer')?.textContent"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each recording, sealed, by its name."""
    place = tmp_path_factory.mktemp("pages")
    key = place / "site.key"
    made = {}
    for name in (FAULT, CAPTURE):
        for path in REPLAY.glob(f"{name}*"):
            shutil.copy(path, place / path.name)
        new = [] if key.exists() else ["--new-key"]
        assert main(["report", str(place / name), "--sign", str(key), *new]) == 0
        made[name] = place / f"{name}.html"
    return made


@contextmanager
def shown(page: Path, size: tuple[int, int], *, dark: bool = False) -> Iterator[Chromium]:
    """A page that is loaded and drawn; at the end nobody may have complained or asked a network."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        Chromium(Path(profile), *size, dark=dark) as browser,
    ):
        browser.open(page)
        browser.until(DRAWN)
        yield browser
        assert browser.complaints == []
        # A data: address is inside the page.
        assert [url for url in browser.requests if not url.startswith("data:")] == [page.as_uri()]


def centre(browser: Chromium, selector: str, number: int = 0) -> tuple[float, float]:
    """Where an element is, after it was scrolled to."""
    place: dict[str, Any] = browser.value(
        f"(() => {{ const one = document.querySelectorAll({selector!r})[{number}];"
        " one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
        " return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()"
    )
    return place["x"], place["y"]


def colour(browser: Chromium, expression: str) -> list[int]:
    """A colour as three numbers."""
    return [int(part) for part in re.findall(r"\d+", browser.value(expression))[:3]]


@pytest.mark.parametrize("name", [FAULT, CAPTURE])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_curves_are_shown_and_nobody_is_asked(
    pages: dict[str, Path], name: str, size: tuple[int, int]
) -> None:
    with shown(pages[name], size) as browser:
        curves = browser.value("document.querySelectorAll('script[id^=curve-]').length")
        drawn = browser.value(
            "[...document.querySelectorAll('#plot .scatterlayer .trace')]"
            ".filter((trace) => trace.querySelector('.js-line')).length"
        )
        assert drawn == curves >= 9
        assert browser.value(
            "[...document.querySelectorAll('#plot .js-line')].every((line) => line.getTotalLength() > 10)"
        )
        # Nothing is wider than the screen but tables, which scroll by themselves.
        assert browser.value("document.documentElement.scrollWidth") <= size[0]
        plot = browser.value("document.getElementById('plot').getBoundingClientRect().width")
        assert size[0] * 0.85 <= plot <= size[0]
        assert browser.value("document.querySelector('.verdict').getBoundingClientRect().bottom") < size[1]


def test_marks_bands_and_curves_can_be_hovered(pages: dict[str, Path]) -> None:
    with shown(pages[FAULT], DESKTOP) as browser:
        # Marks that are points of their own in the drawing stand in the order of the figure.
        for kind, text in (("cause", "cause at 2.800 sthe charger detects no AC"), ("EMCY", "error reset")):
            before = browser.value(
                "(() => { let count = 0; for (const trace of document.getElementById('plot').data) {"
                f" if (trace.name === '{kind}') return count;"
                " if (trace.mode === 'markers') count += trace.x.length; } })()"
            )
            browser.hover(*centre(browser, "#plot .scatterlayer .point", before))
            browser.until(f"({LABEL})?.includes('{text}')")
        bar = browser.value(
            "[...document.querySelectorAll('#plot .barlayer .point text')]"
            ".findIndex((text) => text.textContent === 'charging')"
        )
        browser.hover(*centre(browser, "#plot .barlayer .point path", bar))
        browser.until(f"({LABEL})?.startsWith('decided: charging0.800 to 2.800 s')")


def test_a_curve_can_be_zoomed_and_put_back(pages: dict[str, Path]) -> None:
    with shown(pages[CAPTURE], DESKTOP) as browser:
        assert browser.value(SPAN) == pytest.approx(38.109 * 1.03, abs=0.01)
        x, y = centre(browser, "#plot .draglayer .xy3 .nsewdrag")
        browser.drag(x - 100, y, x + 100, y + 2)
        browser.until(f"{SPAN} < 15")
        browser.value("document.querySelector('#plot .modebar-btn[data-val=reset]').click()")
        browser.until(f"{SPAN} > 38")


def test_it_is_dark_where_that_is_wanted(pages: dict[str, Path]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('#plot .xtick text, #plot .ytick text')).fill"
    with shown(pages[FAULT], PHONE, dark=True) as browser:
        assert max(colour(browser, ground)) < 60
        assert min(colour(browser, ink)) > 180
    with shown(pages[FAULT], PHONE) as browser:
        assert min(colour(browser, ground)) > 200
        assert max(colour(browser, ink)) < 80


def test_it_prints(pages: dict[str, Path]) -> None:
    with shown(pages[FAULT], DESKTOP, dark=True) as browser:
        printed = browser.pdf()
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 2
