"""Opening a bus: python-can's own settings are used, and what goes wrong is said in a sentence.

Errors are the real ones of this computer wherever it can make them.
"""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import can
import pytest

from deltaq_master.errors import BusError, UsageError
from deltaq_master.link.bus.causes import cause_of
from deltaq_master.link.bus.network import open_network
from deltaq_master.link.bus.opening import open_bus


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings but the test's own; the file python-can would read them from."""
    for name in ("CAN_INTERFACE", "CAN_CHANNEL", "CAN_BITRATE", "CAN_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "can.conf"
    monkeypatch.setattr("can.util.CONFIG_FILES", [str(file)])
    return file


@pytest.fixture
def locked() -> Iterator[Path]:
    """A serial port that belongs to somebody else, while the tests have no special rights."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        port = Path(folder, "ttyLOCKED")
        port.touch(mode=0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield port
        finally:
            if root:
                os.seteuid(0)


def sentence_of(kind: type[Exception], **arguments: Any) -> str:
    with pytest.raises(kind) as caught:
        open_bus(**arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- where the settings come from -------------------------------------------------------------------------


def test_arguments() -> None:
    with open_network("virtual", "by-argument", 500_000) as network:
        assert network.bus is not None
        assert network.bus.channel_info == "Virtual bus channel by-argument"


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAN_INTERFACE", "virtual")
    monkeypatch.setenv("CAN_CHANNEL", "by-environment")
    with open_bus() as bus:
        assert bus.channel_info == "Virtual bus channel by-environment"
    with open_bus(channel="by-argument") as bus:
        assert bus.channel_info == "Virtual bus channel by-argument"


def test_configuration_file(settings: Path) -> None:
    settings.write_text("[default]\ninterface = virtual\nchannel = by-file\n")
    with open_bus() as bus:
        assert bus.channel_info == "Virtual bus channel by-file"


def test_broken_settings(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.write_text("interface = virtual\n")
    assert "settings cannot be read: File contains no section headers" in sentence_of(UsageError)
    settings.unlink()
    monkeypatch.setenv("CAN_CONFIG", "{")
    assert "correct CAN_CONFIG" in sentence_of(UsageError)


# --- words that are wrong on any computer -----------------------------------------------------------------


def test_no_interface() -> None:
    assert sentence_of(UsageError).startswith("no CAN interface is named; name one")


def test_unknown_interface() -> None:
    assert sentence_of(UsageError, interface="socketcn") == (
        "there is no CAN interface 'socketcn'; did you mean socketcan or socketcand?"
    )
    assert "known are canalystii," in sentence_of(UsageError, interface="zzzz")


@pytest.mark.parametrize("interface", ["socketcan", "slcan", "kvaser"])
def test_missing_channel(interface: str) -> None:
    assert sentence_of(UsageError, interface=interface).startswith(
        f"interface {interface} needs a channel; name it"
    )


def test_missing_and_wrong_options(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = sentence_of(UsageError, interface="socketcand", channel="can0")
    assert missing == "interface socketcand needs 'host' and 'port'; give them as options"
    assert "channel must be an integer" in sentence_of(UsageError, interface="kvaser", channel="x")

    def strict(channel: str, *, interface: str, ignore_config: bool) -> None: ...

    monkeypatch.setattr(can, "Bus", strict)
    wrong = sentence_of(UsageError, interface="virtual", channel="x", colour="red")
    assert wrong == "interface virtual has no option 'colour'; leave it out"
    monkeypatch.setattr(can, "Bus", lambda **config: len(5))  # type: ignore[arg-type]
    assert "virtual cannot use its options: object of type 'int' has no len()" in sentence_of(
        UsageError, interface="virtual"
    )


# --- what this computer lacks -----------------------------------------------------------------------------


@pytest.mark.parametrize("interface", ["sim", "deltaq_sim"])
def test_simulator_that_is_not_installed(interface: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("can.util.VALID_INTERFACES", frozenset({"virtual"}))
    monkeypatch.setattr("can.VALID_INTERFACES", frozenset({"virtual"}))
    told = sentence_of(BusError, interface=interface)
    assert "not installed" in told
    assert "pip install ." in told


@pytest.mark.parametrize("by_environment", [False, True])
def test_sim_is_the_simulated_charger(monkeypatch: pytest.MonkeyPatch, by_environment: bool) -> None:
    opened: list[dict[str, Any]] = []
    monkeypatch.setattr("can.util.VALID_INTERFACES", frozenset({"deltaq_sim"}))
    monkeypatch.setattr(can, "Bus", lambda **config: opened.append(config))
    if by_environment:
        monkeypatch.setenv("CAN_INTERFACE", "sim")
        open_bus(speed=400)
    else:
        open_bus(interface="sim", speed=400)
    assert opened == [{"ignore_config": True, "interface": "deltaq_sim", "channel": None, "speed": 400}]


def test_errors_of_our_own_pass_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated charger says itself what is wrong with its options."""
    ours = UsageError("speed 2000 is over 1000")

    def refuse(**config: object) -> None:
        raise ours

    monkeypatch.setattr(can, "Bus", refuse)
    with pytest.raises(UsageError) as caught:
        open_bus(interface="virtual")
    assert caught.value is ours


def kernel_has_socketcan() -> bool:
    try:
        socket.socket(socket.PF_CAN, socket.SOCK_RAW, socket.CAN_RAW).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(kernel_has_socketcan(), reason="this kernel has SocketCAN")
def test_no_socketcan() -> None:
    told = sentence_of(BusError, interface="socketcan", channel="can0")
    assert "this kernel has no SocketCAN; load it (modprobe can_raw)" in told


def test_missing_driver() -> None:
    told = sentence_of(BusError, interface="canalystii", channel="0")
    assert told.startswith("interface canalystii cannot be used on this computer: ")
    assert told.endswith("names them)")
    assert "Please install python-ics" in sentence_of(BusError, interface="neovi", channel="1")
    assert "pcanbasic" in sentence_of(BusError, interface="pcan", channel="PCAN_USBBUS1")


def test_missing_serial_port(monkeypatch: pytest.MonkeyPatch) -> None:
    class Port:
        device = "/dev/ttyACM3"

    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Port()])
    assert sentence_of(BusError, interface="slcan", channel="/dev/ttyNOSUCH") == (
        "interface slcan cannot be opened: there is no device /dev/ttyNOSUCH; is the adapter plugged in, and"
        " its driver loaded? (here: /dev/ttyACM3)"
    )


def test_no_rights(locked: Path) -> None:
    told = sentence_of(BusError, interface="slcan", channel=str(locked))
    assert f"no rights to use {locked}; a serial port belongs to a group, usually dialout" in told


def test_connection_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = sentence_of(BusError, interface="slcan", channel=f"socket://127.0.0.1:{port}")
    assert f"nobody listens at socket://127.0.0.1:{port}; start the hub there" in told


# --- sentences for errors that need hardware --------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "start"),
    [
        (errno.ENETDOWN, "can0 is down; bring it up: ip link set can0 up type can bitrate"),
        (errno.ENODEV, "there is no device can0; is the adapter plugged in"),
        (errno.EBUSY, "can0 is in use by another program"),
        (errno.ENOBUFS, "the transmit queue of can0 is full; nobody acknowledges"),
        (errno.EPERM, "no rights to use can0"),
        (errno.EPIPE, "can0 closed the connection"),
        (errno.EHOSTUNREACH, "can0 cannot be reached"),
    ],
)
def test_numbers(number: int, start: str) -> None:
    """By the number wherever it sits: the system's, python-can's own, or deep in a chain."""
    system = OSError(number, os.strerror(number))
    wrapped = can.CanInitializationError("wrapped")
    wrapped.__cause__ = ValueError("between")
    wrapped.__cause__.__context__ = system
    for error in (system, can.CanOperationError("text", number), wrapped):
        assert str(cause_of(error, "can0")).startswith(start)


def test_other_errors_keep_their_words() -> None:
    assert str(cause_of(can.CanOperationError("two\nlines"), "can0")) == "can0: two lines"
    assert str(cause_of(KeyError(), "can0")) == "can0: KeyError"
    unknown_host = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert str(cause_of(unknown_host, "socket://nosuch:1")) == (
        "the host in socket://nosuch:1 is not known; correct the address"
    )
