"""An interface that comes up by itself: by systemd-networkd, and by a template unit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.interfaces import Wire, described, down, ip
from tests.lab.programs import wait_for
from tests.lab.systemd.machine import KERNEL_QUEUE, QUEUES, exists, files, is_up, ours, run, shown

INSTALL = ("service", "install", "--channel", "can0", "--bitrate", "500000")
REFUSED = 300_000_000
"""A queue that every kernel refuses to an interface that is up: its memory is not there."""
CARRIER = Path("/sys/class/net/can0/carrier_changes")
"""How often the interface went up or down."""


@pytest.fixture(params=["networkd", "template"])
def way(request: pytest.FixtureRequest) -> str:
    request.getfixturevalue(request.param)
    return str(request.param)


def test_install_restart_replug_uninstall(way: str, wire: Wire) -> None:
    assert not exists() or not is_up()
    said = ours("--json", *INSTALL, "--txqueuelen", "65536")
    installed = json.loads(said.stdout)
    assert installed["way"] == way
    assert "restart after bus-off" in said.stderr  # slcan's driver has none, and that kept nothing down
    assert "holds 17.0 s" in said.stderr
    assert is_up()
    assert described("can0")["txqlen"] in QUEUES
    ours("service", "status", "--channel", "can0")

    # Once more: nothing changes, and the bus is not touched.
    carrier = CARRIER.read_text(encoding="ascii")
    again = json.loads(ours("--json", *INSTALL, "--txqueuelen", "65536").stdout)
    assert again["written"] == []
    assert CARRIER.read_text(encoding="ascii") == carrier

    # The interface is restarted.
    if way == "template":
        run("systemctl restart can-up@can0")
    else:
        run("networkctl reconfigure can0")
    wait_for("can0 is up after a restart", is_up)

    # The adapter is unplugged, and comes back; twice, for a unit that failed would come back never again.
    for _ in range(2):
        wire.tell("out can0")
        wait_for("can0 is gone", lambda: not exists())
        wire.tell("in can0")  # at once, as by a loose plug
        wait_for("can0 is back", lambda: exists() and is_up())
        wait_for("its queue is set", lambda: described("can0")["txqlen"] in QUEUES)

    # What is not in force is said.
    down("can0")
    assert "can0 is down" in ours("service", "status", "--channel", "can0", code=1).stderr
    ours(*INSTALL, "--txqueuelen", "65536")
    assert is_up()

    ours("service", "uninstall", "--channel", "can0")
    assert not files()
    assert not is_up()
    assert described("can0")["txqlen"] == KERNEL_QUEUE
    assert run("systemctl list-units --all --plain --no-legend *can-up* *deltaq*") == ""
    assert "nothing of ours" in ours("service", "uninstall", "--channel", "can0").stdout


def test_a_queue_that_the_kernel_refuses_keeps_nothing_down(way: str, wire: Wire) -> None:
    ours(*INSTALL)
    with pytest.raises(AssertionError, match="RTNETLINK answers"):
        ip(f"link set can0 txqueuelen {REFUSED}")
    said = ours(*INSTALL, "--txqueuelen", str(REFUSED))
    assert f"{REFUSED} is refused by current kernels: 32767 is used" in said.stderr
    assert "can0: up, 500000 bit/s" in said.stdout
    assert "queue 32767 frames" in said.stdout
    ours("service", "status", "--channel", "can0")
    wire.tell("out can0")
    wait_for("can0 is gone", lambda: not exists())
    wire.tell("in can0")
    wait_for("can0 is back", lambda: exists() and is_up())
    wait_for("its queue is set", lambda: described("can0")["txqlen"] == 32767)
    if way == "template":
        assert shown("can-up@can0", "Result") == "success"


def test_a_bus_that_is_not_there_yet_and_without_a_queue(way: str, wire: Wire) -> None:
    wire.tell("out can0")
    wait_for("can0 is gone", lambda: not exists())
    assert "there is no can0 now" in ours(*INSTALL).stderr
    wire.tell("in can0")
    wait_for("can0 is up", lambda: exists() and is_up())
    assert described("can0")["txqlen"] == KERNEL_QUEUE


def test_another_way_and_another_bit_rate_replace_the_first(networkd: None) -> None:
    ours(*INSTALL)
    ours("service", "install", "--channel", "can0", "--bitrate", "250000", "--way", "template")
    assert is_up(bitrate=250_000)
    assert not any(path.endswith(".network") for path in files())
    assert shown("can-up@can0", "Result") == "success"
    ours(*INSTALL)
    assert is_up()
    assert not any("can-up" in path for path in files())


def test_a_file_of_somebody_else_is_not_touched(template: None) -> None:
    own = Path("/etc/systemd/system/can-up@.service")
    own.write_text("[Service]\nExecStart=/bin/true\n", encoding="ascii")
    try:
        assert "is not ours" in ours(*INSTALL, code=1).stderr
        assert "ExecStart=/bin/true" in own.read_text(encoding="ascii")
        assert files() == {str(own)}
    finally:
        ip("link set can0 down")
        own.unlink()


def test_the_bring_up_has_a_sandbox_too(template: None) -> None:
    ours(*INSTALL)
    run("systemd-analyze security --threshold=21 can-up@can0.service")
