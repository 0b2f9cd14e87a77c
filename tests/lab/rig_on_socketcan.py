"""The tests of tests/rig on SocketCAN: a pytest plugin, which `tests/lab/run` loads.

In tests/rig the interface `deltaq_sim` is a simulated charger inside the process of the test. Here the same name
opens a virtual CAN interface with `deltaq sim` on it in another process (rig_wires.py), and the tests know nothing of
it. Those that cannot run here are in a table (rig_tests.py), and are deselected and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from deltaq_master.protocol.events import Paused
from tests.lab.rig_tests import LEFT_OUT
from tests.lab.rig_wires import Wires

RIG = Path(__file__).resolve().parents[1] / "rig"
TRIES = 4
PLUGIN: pytest.StashKey[RigOnSocketCan] = pytest.StashKey()


class RigOnSocketCan:
    """The wires of a session, and what is said at its end."""

    def __init__(self) -> None:
        self.wires = Wires()
        self._patch = pytest.MonkeyPatch()
        self._pauses = 0
        self._left_out: Counter[str] = Counter()
        self._ran: set[str] = set()
        self._on_a_wire: set[str] = set()
        self._again: Counter[str] = Counter()

    def begin(self) -> None:
        """Take the place of `deltaq_sim`, and count the pauses of pumps."""
        self.wires.stand_in(self._patch)

        def paused(gap: float) -> Paused:
            self._pauses += 1
            return Paused(gap)

        self._patch.setattr("deltaq_master.link.pump.pump.Paused", paused)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        """Check the table against all tests, and leave out what it names of those that -m and -k let through."""
        if not any("::" in word for word in config.args):
            check_table([item for item in items if of_the_rig(item)])
        yield
        reasons = {item: why for item in items if of_the_rig(item) and (why := left_out_because(item))}
        self._left_out.update(reasons.values())
        items[:] = [item for item in items if item not in reasons]
        config.hook.pytest_deselected(items=list(reasons))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Try a test again that failed while the machine stood still for 0.3 s; what fails otherwise fails."""
        if not of_the_rig(item):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for tries_left in reversed(range(TRIES)):
            pauses = self._pauses
            self.wires.seen.clear()
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
            stalled = self._pauses > pauses and any(report.failed for report in reports)
            if not (stalled and tries_left):
                break
            self._again[item.nodeid] += 1
            item._initrequest()  # type: ignore[attr-defined]
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        self._ran.add(item.nodeid)
        if self.wires.seen:
            self._on_a_wire.add(item.nodeid)
        return True

    @pytest.fixture(autouse=True)
    def _simulators_end_well(self) -> Iterator[None]:
        yield
        trouble, self.wires.trouble = self.wires.trouble, []
        assert not trouble, trouble

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show what the simulators of a failed test said."""
        report = yield
        if report.failed:
            for wire in dict.fromkeys(self.wires.seen):
                report.sections.append((f"simulator on {wire.name}", wire.simulator.words))
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail for a simulator that served several tests and ended badly after the last one."""
        if self.wires.trouble and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many tests ran, and how many did not, for which reason."""
        if not (self._ran or self._left_out):
            return
        say = terminalreporter.write_line
        say(
            f"tests/rig: {len(self._ran)} ran, {len(self._on_a_wire)} of them on {self.wires.laid} SocketCAN"
            f" interfaces with a simulator in another process; {self._left_out.total()} were left out"
        )
        for reason, count in self._left_out.most_common():
            say(f"  left out, {count}: {reason}")
        for words in self.wires.trouble:
            say(f"  a simulator ended badly: {words}")
        for name, count in self._again.items():
            say(f"  tried {count + 1} times, as the machine stood still: {name}")

    def pytest_unconfigure(self) -> None:
        """End everything."""
        self._patch.undo()
        self.wires.close()


def of_the_rig(item: pytest.Item) -> bool:
    """Whether a test is one of tests/rig."""
    return item.path.is_relative_to(RIG)


def names_of(item: pytest.Item) -> tuple[str, str, str]:
    """What the table may call a test: its file, its function, its row."""
    file = item.path.name
    return file, f"{file}::{item.name.partition('[')[0]}", f"{file}::{item.name}"


def left_out_because(item: pytest.Item) -> str:
    """Why a test of the rig does not run here; '' for one that does."""
    return next((LEFT_OUT[name] for name in names_of(item) if name in LEFT_OUT), "")


def check_table(rig: list[pytest.Item]) -> None:
    """Refuse a table that names what is not there any more, in the files that were collected."""
    files = {item.path.name for item in rig}
    there = {name for item in rig for name in names_of(item)}
    gone = [name for name in LEFT_OUT if name.partition("::")[0] in files and name not in there]
    if gone:
        raise pytest.UsageError(f"tests/lab/rig_tests.py leaves out what is not there: {', '.join(gone)}")


def pytest_configure(config: pytest.Config) -> None:
    plugin = RigOnSocketCan()
    plugin.begin()
    config.stash[PLUGIN] = plugin
    config.pluginmanager.register(plugin, "rig on SocketCAN")


@pytest.fixture
def rig_wires(request: pytest.FixtureRequest) -> Wires:
    """The wires of this session."""
    return request.config.stash[PLUGIN].wires
