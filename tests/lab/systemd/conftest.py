"""What the tests under a real systemd share. They are collected in their own guest alone (run, in this folder)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.interfaces import Wire
from tests.lab.systemd.machine import files, ours, run


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


def uninstalled() -> None:
    """Take away what the test has installed, and see that nothing is left."""
    run("systemctl stop deltaq-charge-can0 deltaq-watch-can0", may_fail=True)
    ours("service", "uninstall", "--channel", "can0")
    assert not files()
