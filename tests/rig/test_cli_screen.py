"""The live screen: in Textual's own headless terminal, in a pseudo-terminal, and where there can be none."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deltaq_master.charger import events
from deltaq_master.charger.diagnosis import Subject
from deltaq_master.charger.plan import Consent
from deltaq_master.cli import main
from deltaq_master.cli.charge_live import LiveReporter
from deltaq_master.cli.screen import app as screen_app
from deltaq_master.cli.screen import charging
from deltaq_master.cli.screen import terminal as terminal_module
from deltaq_master.cli.screen.app import LiveScreen
from deltaq_master.cli.screen.charging import ChargeShowing
from deltaq_master.cli.screen.scene import Gauge, Line, Precondition, Scene
from deltaq_master.cli.screen.sight import BusSight, Watching
from deltaq_master.link import clock
from deltaq_master.link.bus.gate import Gate
from deltaq_master.protocol.events import Frame
from tests.rig import virtual
from tests.rig.test_cli_charge import StallError, Tap, patient
from tools import screen_pictures as pictures

if TYPE_CHECKING:
    from textual.pilot import Pilot

ROOT = Path(__file__).resolve().parents[2]
LIMITS = ("--max-voltage", "84.2", "--max-current", "12")
CHARGE = ("charge", "--voltage", "84", "--current", "10", *LIMITS, "--for", "12h")
SLOW = ("-i", "sim", "--sim", "soc=50", "--sim", "start-delay=0")
PATIENCE = 60.0
"""A machine under load may need so long for what takes a second [s]."""


# --- in Textual's headless terminal -----------------------------------------------------------------------


class Still:
    """Shows one scene, and keeps what it is told."""

    def __init__(self, scene: Scene) -> None:
        self.now = scene
        self.over = False
        self.left = 0
        self.heard: list[str] = []

    def scene(self) -> Scene:
        return self.now

    def leave(self) -> None:
        self.left += 1

    def said(self, text: str) -> None:
        self.heard.append(text)


MARKS = tuple(Precondition(mark, f"thing {number}", "") for number, mark in enumerate("✓✗!?" * 7))
SCENE = Scene(
    "charge, node 10",
    Line("charging   10 s", "good"),
    gauges=(
        Gauge("voltage", "78.27 V", 0.9, "asked 84.00 V"),
        Gauge("current", "untrusted"),
    ),
    preconditions=MARKS,
    notes=(Line("alarm: E-0-3-2 heartbeat or RPDO lost", "bad"),),
    keys="q or Ctrl-C: end safely",
)


def shown(app: LiveScreen) -> str:
    """The screen as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def run(
    showing: Still,
    steps: Callable[[LiveScreen, Pilot[None]], Coroutine[Any, Any, None]],
    size: tuple[int, int] = (80, 24),
) -> LiveScreen:
    """Take steps on a screen of this size."""

    async def go() -> LiveScreen:
        app = LiveScreen(showing)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.draw()
            await pilot.pause()
            await steps(app, pilot)
        return app

    return asyncio.run(go())


def test_everything_is_on_80_columns_and_24_rows() -> None:
    async def steps(app: LiveScreen, pilot: Pilot[None]) -> None:
        text = shown(app)
        for word in (
            "charging   10 s",
            "78.27 V",
            "asked 84.00 V",
            "untrusted",
            "7 of 28 met",
        ):
            assert word in text
        assert all(f"{each.mark} {each.label} " in text for each in MARKS)
        assert "alarm: E-0-3-2" in text
        assert text.splitlines()[-1].startswith(" q or Ctrl-C: end safely")
        assert app.query_one("#body").max_scroll_y == 0

    run(Still(SCENE), steps)


def test_keys_ask_and_the_screen_stays_until_it_is_over() -> None:
    showing = Still(SCENE)

    async def steps(app: LiveScreen, pilot: Pilot[None]) -> None:
        await pilot.press("q", "ctrl+c", "ctrl+q")
        assert showing.left == 3
        assert app.is_running
        showing.over = True
        await pilot.pause(0.5)
        assert not app.is_running

    run(showing, steps)


def test_a_resize_and_a_narrow_terminal_scroll() -> None:
    async def steps(app: LiveScreen, pilot: Pilot[None]) -> None:
        for size in ((60, 20), (20, 8), (1, 1), (200, 60), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            app.draw()
            await pilot.pause()
            if size == (60, 20):
                body = app.query_one("#body")
                assert body.max_scroll_y > 0
                await pilot.press("end")
                body.scroll_end(animate=False)
                await pilot.pause()
                assert "alarm: E-0-3-2" in shown(app)
        assert "alarm: E-0-3-2" in shown(app)
        assert "78.27 V" in shown(app)

    run(Still(SCENE), steps)


def test_without_colour_the_words_and_marks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    colours: list[set[str]] = []

    async def steps(app: LiveScreen, pilot: Pilot[None]) -> None:
        strips = app.screen._compositor.render_strips()
        texts.append(shown(app))
        colours.append(
            {
                colour.name
                for strip in strips
                for segment in strip
                if segment.style is not None
                for colour in (segment.style.color, segment.style.bgcolor)
                if colour is not None and not colour.is_default
            }
        )

    monkeypatch.delenv("NO_COLOR", raising=False)
    run(Still(SCENE), steps)
    monkeypatch.setenv("NO_COLOR", "1")
    run(Still(SCENE), steps)
    assert texts[0] == texts[1]
    assert colours[0]
    assert not colours[1]


def test_what_is_printed_meanwhile_is_kept() -> None:
    showing = Still(SCENE)

    async def steps(app: LiveScreen, pilot: Pilot[None]) -> None:
        print("note: the bus is held", file=sys.stderr)
        await pilot.pause(0.1)

    run(showing, steps)
    assert "".join(showing.heard).strip() == "note: the bus is held"


# --- beside a charge --------------------------------------------------------------------------------------


class Past:
    """A sight of a bus on which nothing comes any more."""

    lost = ""

    def __init__(self, frames: list[Frame], now: float) -> None:
        watching = Watching(Subject(virtual.dictionary()), 500_000)
        for frame in frames:
            watching.take(frame._replace(time=frame.time - virtual.START))
        self.latest = watching.sight(now - virtual.START)


def scene_of(rig: virtual.Rig) -> Scene:
    """What the screen of this charge shows now."""
    sight: Any = Past(rig.frames, rig.now)
    showing = ChargeShowing(
        sight, rig.plan, "charge", 500_000, True, lambda: False, lambda: None, lambda: rig.now
    )
    showing.put(rig.view, rig.view.time - virtual.START)
    return showing.scene()


def test_a_charge_from_its_beginning_to_a_bus_that_is_held() -> None:
    rig = virtual.Rig(virtual.plan(consent=Consent.HOLD), {"soc": "50", "algorithm": "1"})
    armed = scene_of(rig.run(until=lambda rig: rig.views != [] and rig.view.report.current is not None))
    assert armed.phase.text.startswith("armed   ")
    # 19.48 A are shown while nothing flows: never as amperes.
    current = next(gauge for gauge in armed.gauges if gauge.name == "current")
    assert (current.value, current.share, current.note) == ("untrusted", None, "")
    assert armed.keys == charging.KEYS
    before = {each.label: each.mark for each in armed.preconditions}
    assert (before["charger heard"], before["ready"]) == ("✓", "✗")

    asking = scene_of(rig.run(until=lambda rig: rig.view.current is not None and rig.view.current > 9.9))
    current = next(gauge for gauge in asking.gauges if gauge.name == "current")
    assert re.fullmatch(r"(9\.9\d|10\.00) A", current.value)
    assert current.note == "asked 10.00 A"
    assert "ends by time limit in 11 h" in asking.phase.text
    marks = {each.label: each.mark for each in asking.preconditions}
    assert {marks[each] for each in ("ready edge", "ready", "rpdo", "ac", "operational")} == {"✓"}
    assert [(node.node_id, node.state, node.late) for node in asking.nodes] == [
        (1, "operational", False),
        (10, "operational", False),
    ]

    rig.post(events.Stop("requested"))
    ending = scene_of(rig.run(0.3))
    assert ending.phase.text.startswith("stopping   ")
    assert ending.keys == charging.ENDING
    held = scene_of(rig.run(5.0))
    assert held.phase.text.startswith("stopped   ")
    assert held.keys == charging.HOLDING
    assert Line("because stopped: requested") in held.notes


def test_an_alarm_stands_first_in_words() -> None:
    rig = virtual.Rig(options={"soc": "50", "fault": "alarm:0x20@6"})
    scene = scene_of(rig.run(until=lambda rig: rig.views != [] and rig.view.alarms != ()))
    assert scene.notes[0] == Line("alarm: E-0-3-2 heartbeat or RPDO lost while charging (8130h)", "bad")
    assert scene.notes[1].text.startswith("because ")


@patient
def test_q_on_the_screen_takes_the_current_to_0_and_then_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tap = Tap("screen", soc="50", start_delay="0")

    def driven(showing: Any) -> str:
        async def go() -> None:
            app = LiveScreen(showing)
            async with app.run_test(size=(80, 24)) as pilot:
                while "asked 10.00 A" not in shown(app) and app.is_running:
                    await pilot.pause(0.1)
                await pilot.press("q")
                await pilot.pause(0.2)
                assert app.is_running
                assert "ending in the safe order" in shown(app)
                await pilot.press("q", "ctrl+c")
                while app.is_running:
                    await asyncio.sleep(0.1)

        asyncio.run(go())
        return ""

    monkeypatch.setattr(terminal_module, "hindrance", lambda **_: "")
    monkeypatch.setattr(screen_app, "show_screen", driven)
    try:
        code = main(["-i", "sim", "-c", "screen", *CHARGE])
        commands = tap.settle().commands()
    finally:
        tap.close()
    captured = capsys.readouterr()
    if "the program did not run for" in captured.out + captured.err:
        raise StallError
    assert code == 130
    assert captured.out.startswith("stopped after ")
    last = max(place for place, (_, current) in enumerate(commands) if current)
    # 0 A with ready 1 for at most 0.5 s, then ready 0, as without a screen.
    ends = commands[last + 1 :]
    assert set(ends) == {(1, 0), (0, 0)}
    assert ends == sorted(ends, reverse=True)
    assert 1 <= ends.count((1, 0)) <= 6


class Silent:
    """A gate without a bus."""

    def __init__(self) -> None:
        self.watchers: list[Callable[[Frame], None]] = []
        self.lost = ""
        self.counts = Gate(None).counts  # type: ignore[arg-type]

    def subscribe_frames(self, callback: Callable[[Frame], None]) -> None:
        self.watchers.append(callback)

    def unsubscribe_frames(self, callback: Callable[[Frame], None]) -> None:
        self.watchers.remove(callback)


class Bus:
    """Settings of a command line that names no bus."""

    bitrate = None
    channel = None
    interface = "sim"


def reporter_of(asked: list[str]) -> tuple[LiveReporter, Silent]:
    gate: Any = Silent()
    settings: Any = Bus()
    plan = virtual.plan()
    return LiveReporter(settings, plan, gate, clock.now(), lambda: asked.append("SIGINT")), gate


def test_a_screen_that_fails_leaves_the_charge_to_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    reporter, gate = reporter_of(asked)
    rig = virtual.Rig().run(2.0)
    failed, gone_on = threading.Event(), threading.Event()

    def follow() -> None:
        assert failed.wait(PATIENCE)
        for view in rig.views:
            reporter.show(view, view.time - virtual.START)
        gone_on.set()

    def fails(_: object) -> str:
        # The lines begin once this has returned; a view in between is seen on neither.
        threading.Timer(0.2, failed.set).start()
        return "RuntimeError: broken"

    monkeypatch.setattr(screen_app, "show_screen", fails)
    reporter.during(follow)
    captured = capsys.readouterr()
    assert gone_on.is_set()
    assert "note: the live screen has ended (RuntimeError: broken); the charge goes on" in captured.err
    assert " s  enabling " in captured.out
    assert asked == []
    assert gate.watchers == []


def test_a_program_that_is_thrown_out_of_the_screen_ends_the_charge(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    reporter, _ = reporter_of(asked)
    left = threading.Event()
    monkeypatch.setattr(reporter, "_leave", left.set)

    def follow() -> None:
        assert left.wait(PATIENCE)

    def thrown(_: object) -> str:
        raise SystemExit(7)

    monkeypatch.setattr(screen_app, "show_screen", thrown)
    with pytest.raises(SystemExit):
        reporter.during(follow)
    assert left.is_set()


def test_what_the_follower_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    reporter, _ = reporter_of([])

    def follow() -> None:
        raise ValueError("broken")

    def wait(showing: Any) -> str:
        assert reporter._followed is not None
        assert isinstance(reporter._followed.exception(PATIENCE), ValueError)
        assert showing.over
        return ""

    monkeypatch.setattr(screen_app, "show_screen", wait)
    with pytest.raises(ValueError, match="broken"):
        reporter.during(follow)


def test_a_bus_that_is_faster_than_the_screen_loses_frames_and_says_so() -> None:
    gate: Any = Silent()
    sight = BusSight(Subject(virtual.dictionary()), gate, 500_000, clock.now())
    (put,) = gate.watchers
    for _ in range(6000):
        put(Frame(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"), clock.now()))
    gate.counts = type(gate.counts)(6000, *[0] * 9)
    worker = ThreadPoolExecutor(1)
    followed = worker.submit(sight.follow)
    until = clock.now() + PATIENCE
    while sight.latest.missed == 0:
        assert clock.now() < until
        time.sleep(0.01)
    sight.close()
    followed.result(PATIENCE)
    worker.shutdown()
    assert sight.latest.frames == 4096
    assert sight.latest.missed == 6000 - 4096


# --- in a pseudo-terminal ---------------------------------------------------------------------------------

LEAVES = b"\x1b[?1049l"
"""The sequence that takes a terminal back from a full screen to its lines."""
LAUNCH = (
    "import os, sys; os.login_tty(0); "
    "os.execv(sys.executable, [sys.executable, '-W', 'error', '-m', 'deltaq_master', *sys.argv[1:]])"
)


class Terminal:
    """A command in a pseudo-terminal of its own."""

    def __init__(self, *words: str, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(*size)
        kept = {
            name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", **environment},
        )
        os.close(slave)
        self.output = b""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def wait(self, wanted: str, since: int = 0) -> int:
        """Wait for words on the screen; answers with how much was written until then."""
        until = clock.now() + PATIENCE
        while wanted not in words_of(self.output[since:]):
            assert clock.now() < until, words_of(self.output)[-3000:]
            if not self._read():
                self._stalled()
                raise AssertionError(words_of(self.output)[-3000:])
        return len(self.output)

    def _stalled(self) -> None:
        if "the program did not run for" in words_of(self.output):
            raise StallError

    def end(self, paused: bool = False) -> tuple[int, str]:
        """Exit code, and what stands in the terminal after the screen; `paused` if that was wanted."""
        until = clock.now() + PATIENCE
        while self._read():
            assert clock.now() < until, words_of(self.output)[-3000:]
        code = self.process.wait(PATIENCE)
        if not paused:
            self._stalled()
        return code, words_of(self.output.rpartition(LEAVES)[2])

    def _read(self) -> bool:
        if not select.select([self.master], [], [], 0.2)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # how Linux says that nobody has the other end any more
            return False
        self.output += data
        return bool(data)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.master)


def words_of(data: bytes) -> str:
    """Text without the sequences that place and colour it."""
    return re.sub(
        r"\x1b(\[[0-9;?<>=$]*[A-Za-z@`]|[=>]|[P\]].*?(\x07|\x1b\\))", "", data.decode("utf-8", "replace")
    )


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_(*words: str, **options: Any) -> Terminal:
        opened.append(Terminal(*words, **options))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@patient
def test_a_charge_to_its_end(terminal: Callable[..., Terminal]) -> None:
    seen = terminal("-i", "sim", "--sim", "speed=400", "--sim", "soc=99", *CHARGE)
    seen.wait("preconditions")
    seen.wait("asked 84.00 V")
    code, after = seen.end()
    assert code == 0
    assert after.startswith("complete after ")
    assert after.rstrip().endswith("output off (confirmed)")
    assert "preconditions" not in after


@patient
def test_q_ends_a_charge_in_the_safe_order_and_once_more_shortens_nothing(
    terminal: Callable[..., Terminal],
) -> None:
    seen = terminal(*SLOW, *CHARGE)
    seen.wait("asked 10.00 A")
    mark = len(seen.output)
    seen.press(b"q")
    seen.wait("ending in the safe order", mark)
    seen.press(b"q\x03")
    code, after = seen.end()
    assert code == 130
    assert after.startswith("stopped after ")
    assert "output off (confirmed)" in after


@patient
def test_a_pause_ends_the_charge_and_the_screen_comes_back(terminal: Callable[..., Terminal]) -> None:
    seen = terminal(*SLOW, *CHARGE)
    seen.wait("asked 10.00 A")
    seen.press(b"\x1a")
    os.waitid(os.P_PID, seen.process.pid, os.WSTOPPED | os.WNOWAIT)
    while select.select([seen.master], [], [], 0.4)[0]:
        seen._read()
    mark = len(seen.output)
    assert LEAVES in seen.output
    seen.process.send_signal(signal.SIGCONT)
    seen.wait("preconditions", mark)
    code, after = seen.end(paused=True)
    assert code == 1
    assert after.startswith("fault after ")
    assert "the program did not run for" in after


@patient
def test_a_terminal_that_goes_away_ends_the_charge_and_the_program(terminal: Callable[..., Terminal]) -> None:
    seen = terminal(*SLOW, *CHARGE)
    seen.wait("asked 10.00 A")
    os.close(seen.master)
    # By the safe order, which takes seconds; it waits for nothing that a terminal would have to take.
    assert seen.process.wait(PATIENCE) == 1


def test_monitor_sends_nothing_and_ends_at_once(terminal: Callable[..., Terminal]) -> None:
    seen = terminal("-i", "sim", "monitor", "--live", NO_COLOR="1", size=(80, 24))
    seen.wait("10 charger pre-operational")
    seen.resize(60, 20)
    mark = len(seen.output)
    seen.wait("preconditions", mark)
    seen.press(b"\x03")
    code, after = seen.end()
    assert code == 0
    assert re.match(r"\d+ frames in \d+\.\d s\. ", after)
    # Without colour: no sequence sets one.
    assert not re.search(rb"\x1b\[[0-9;]*\b(3[0-7]|9[0-7]|38|48|4[0-7])[;m]", seen.output)


@pytest.mark.parametrize(
    ("words", "environment"),
    [(("--no-live",), {}), ((), {"TERM": "dumb"})],
    ids=["--no-live", "TERM=dumb"],
)
@patient
def test_lines_where_no_screen_is_wanted_or_possible(
    words: tuple[str, ...], environment: dict[str, str], terminal: Callable[..., Terminal]
) -> None:
    seen = terminal(*SLOW, *CHARGE, *words, **environment)
    seen.wait(" s  armed ")
    seen.process.send_signal(signal.SIGTERM)
    code, after = seen.end()
    assert code == 0
    assert b"\x1b" not in seen.output
    assert "because stopped: interrupted (SIGTERM)" in after


# --- without a terminal -----------------------------------------------------------------------------------


def test_words_that_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitor", "--live", "ride.trc"]) == 2
    assert "--live shows a bus, and a log is none" in capsys.readouterr().err
    assert main(["--json", "-i", "sim", "monitor", "--live"]) == 2
    assert "--live and --json exclude each other" in capsys.readouterr().err


def test_monitor_without_a_terminal_says_why_it_has_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from deltaq_master.cli import monitor

    monkeypatch.setattr(monitor, "_live", lambda _: iter([Frame(0x70A, b"\x05", 1.0)]))
    assert main(["-i", "sim", "monitor", "--live"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "note: no live screen here, lines instead: stdout is not a terminal\n"
    assert "node 10 heartbeat: operational" in captured.out


def test_textual_is_imported_for_a_screen_alone() -> None:
    code = (
        "import sys, io; from deltaq_master.cli import main; "
        "code = main(['-i', 'sim', '--sim', 'speed=1000', '--sim', 'soc=99', '--sim', 'charger=no', "
        "'charge', '--voltage', '84', '--current', '10', '--max-voltage', '84.2', '--max-current', '12', "
        "'--for', '1h', '--wait', '0.1s']); "
        "sys.exit(9 if 'textual' in sys.modules else code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr


# --- the pictures -----------------------------------------------------------------------------------------


def test_the_pictures_are_what_the_screen_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert pictures.main(["--check"]) == 0, capsys.readouterr().out
    page = (ROOT / "docs" / "live-screen.md").read_text(encoding="utf-8")
    assert all(f"(images/{name}.svg)" in page for name in pictures.PICTURES)
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    monkeypatch.setattr(pictures, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(pictures, "PICTURES", {"screen-monitor": pictures.PICTURES["screen-monitor"]})
    assert pictures.main(["--check"]) == 1
    assert "images/screen-monitor.svg is not what the screen shows now" in capsys.readouterr().out
