"""What the tests under a real systemd share. They are collected in their own guest alone (run, in this folder)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.bench import Bench
from tests.lab.interfaces import Wire, up
from tests.lab.systemd.machine import CHARGE_UNIT, WATCH_UNIT, files, ours, run


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return None if os.environ.get("DELTAQ_LAB") == "systemd" else True


@pytest.fixture
def networkd(wire: Wire) -> Iterator[None]:
    """systemd-networkd runs, and can0 to can2 are there, down."""
    run("systemctl start systemd-networkd")
    yield
    uninstalled()


@pytest.fixture
def template(wire: Wire) -> Iterator[None]:
    """systemd-networkd does not run, and can0 to can2 are there, down."""
    run("systemctl stop systemd-networkd.socket systemd-networkd")
    yield
    uninstalled()


@pytest.fixture
def bus(template: None, tmp_path: Path) -> Iterator[Bench]:
    """can0 is for the service, the charger is on can1, the recorder on can2; a template unit brings can0 up."""
    yield from _bus(tmp_path)


@pytest.fixture
def networkd_bus(networkd: None, tmp_path: Path) -> Iterator[Bench]:
    """The same, and networkd brings can0 up."""
    yield from _bus(tmp_path)


def _bus(folder: Path) -> Iterator[Bench]:
    for name in ("can1", "can2"):
        up(name)
    made = Bench("can0", "can1", "can2", folder)
    yield made
    run(f"systemctl kill --signal=CONT {CHARGE_UNIT}", may_fail=True)
    run(f"systemctl stop {CHARGE_UNIT} {WATCH_UNIT}", may_fail=True)
    made.end()


def uninstalled() -> None:
    """Take away what the test has installed, and see that nothing is left."""
    run(f"systemctl stop {CHARGE_UNIT} {WATCH_UNIT}", may_fail=True)
    ours("service", "uninstall", "--channel", "can0")
    assert not files()
