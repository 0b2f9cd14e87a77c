"""Where the tests of the lab run, and what each gets.

They are collected where there is a bus for them: under `tests/lab/run`, which says so in DELTAQ_LAB, or with
`--bus`. A plain `pytest` leaves them out and says so; one that names tests/lab without a bus is an error.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.lab import interfaces
from tests.lab.bench import CHARGE, Bench
from tests.lab.guest import programs_missing

ADVICE = (
    "run tests/lab/run, or, with a charger on this computer's can0, pytest tests/lab --bus socketcan:can0"
)
HERE = Path(__file__).resolve().parent
TAIL = 40
"""Lines of each program that a failed test shows."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lab", "tests on a real CAN interface")
    group.addoption(
        "--bus",
        metavar="socketcan:CHANNEL",
        help="an interface that is up, with a charger at the other end; only reads, unless --battery is given",
    )
    group.addoption(
        "--battery",
        metavar="FILE.toml",
        help="with --bus: charge this battery, within the limits of its profile",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "hardware(charges=False): runs with --bus too; if it charges, with --battery"
    )
    bus = hardware(config)
    if bus and not bus.startswith("socketcan:"):
        raise pytest.UsageError(f"--bus {bus}: the recorder is candump; name an interface as socketcan:can0")
    problems = list(programs_missing()) if bus else []
    if problems:
        raise pytest.UsageError("; ".join(problems))
    if not enabled(config) and any(named_here(config, word) for word in config.args):
        raise pytest.UsageError(f"tests/lab needs a CAN bus: {ADVICE}")


def hardware(config: pytest.Config) -> str:
    """What --bus names, '' for nothing."""
    return str(config.getoption("bus", None) or "")


def enabled(config: pytest.Config) -> bool:
    """Whether there is a bus for these tests."""
    return bool(hardware(config) or os.environ.get("DELTAQ_LAB"))


def named_here(config: pytest.Config, word: str) -> bool:
    """Whether a word of the command line names this folder, or something in it."""
    path = (config.invocation_params.dir / word.partition("::")[0]).resolve()
    return path.is_relative_to(HERE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return None if enabled(config) else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not enabled(config):
        terminalreporter.write_line(f"tests/lab was not run: {ADVICE}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hardware(config):
        return

    def fits(item: pytest.Item) -> bool:
        mark = item.get_closest_marker("hardware")
        return mark is not None and (not mark.kwargs.get("charges") or bool(config.getoption("battery")))

    ours = [item for item in items if item.path.is_relative_to(HERE)]
    left_out = [item for item in ours if not fits(item)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def vcan0() -> str:
    """A virtual interface, up; what it carries is carried at once and never lost."""
    interfaces.ip("link add vcan0 type vcan")
    interfaces.ip("link set vcan0 up")
    return "vcan0"


@pytest.fixture(scope="session")
def _wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[interfaces.Wire]:
    wire = interfaces.Wire(tmp_path_factory.mktemp("wire"))
    yield wire
    wire.close()


@pytest.fixture
def wire(_wire: interfaces.Wire) -> Iterator[interfaces.Wire]:
    """can0, can1 and can2, down, on one simulated wire."""
    yield _wire
    for name in interfaces.NAMES:
        interfaces.down(name)


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Master on can0, charger on can1, listeners on can2, all at 500 kbit/s; with --bus all on that interface."""
    bus = hardware(request.config)
    if bus:
        channel = bus.partition(":")[2]
        made = Bench(channel, "", channel, tmp_path)
    else:
        request.getfixturevalue("wire")
        for name in interfaces.NAMES:
            interfaces.up(name)
        made = Bench("can0", "can1", "can2", tmp_path)
    yield made
    made.end()


@pytest.fixture
def virtual(vcan0: str, tmp_path: Path) -> Iterator[Bench]:
    """Everybody on vcan0."""
    made = Bench(vcan0, vcan0, vcan0, tmp_path)
    yield made
    made.end()


@pytest.fixture
def battery(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Words that say what to charge: the profile of a real battery, or the README's charge."""
    profile = request.config.getoption("battery", None)
    return ("--battery", profile) if profile else CHARGE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last words of every program of a test that failed."""
    report = yield
    found = getattr(item, "funcargs", {})
    made = found.get("bench") or found.get("virtual")
    if report.failed and isinstance(made, Bench):
        for program in made.programs:
            for path in program.files:
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
                if lines:
                    report.sections.append(
                        (f"{path.name}, last of {len(lines)} lines", "\n".join(lines[-TAIL:]))
                    )
    return report
