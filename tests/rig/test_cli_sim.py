"""`deltaq sim`: the simulated charger for other programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from deltaq_master.cli import main

ROOT = Path(__file__).parents[2]
IO = ROOT / "tests" / "eds" / "cia401.eds"
Text = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def hub() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A hub in a process of its own, on a free port."""
    devices = ["--sim", f"device={IO}@5", "--sim", f"device={IO}@6/sdo-abort"]
    command = [sys.executable, "-m", "deltaq_master", "-n", "12", "--sim", "soc=50", *devices, "sim"]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
        process.kill()


def test_another_process_has_a_bus_without_hardware(
    hub: tuple[str, subprocess.Popen[str]], capsys: Text
) -> None:
    channel, _ = hub
    assert channel.startswith("socket://127.0.0.1:")
    bus = ("-i", "slcan", "-c", channel, "-b", "500000")
    assert main([*bus, "-n", "12", "read", "0x2101", "0x1000"]) == 0
    out = capsys.readouterr().out
    assert "74.0 V" in out
    assert "CiA 419" in out


def test_further_devices_of_the_hub_are_there_too(
    hub: tuple[str, subprocess.Popen[str]], capsys: Text
) -> None:
    """Two devices over an EDS of the tests, the second with a fault of its own."""
    channel, _ = hub
    bus = ("-i", "slcan", "-c", channel, "-b", "500000", "--eds", str(IO))
    assert main([*bus, "-n", "5", "read", "0x2100:03"]) == 0
    assert "30" in capsys.readouterr().out
    assert main([*bus, "-n", "6", "read", "0x2100:03"]) == 1
    assert "0800 0000h" in capsys.readouterr().err


def test_devices_without_the_charger(capsys: Text) -> None:
    words = ["-i", "sim", "--sim", "charger=no", "--sim", f"device={IO}@5", "--sim", f"device={IO}@6"]
    for node in ("5", "6"):
        assert main([*words, "-n", node, "--eds", str(IO), "read", "0x1000", "0x1018:01"]) == 0
        assert "000F0191h  CiA 401" in capsys.readouterr().out
    assert main([*words, "-n", "10", "read", "0x1000"]) == 3
    assert "node 10" in capsys.readouterr().err


def test_sigterm_ends_the_hub(hub: tuple[str, subprocess.Popen[str]]) -> None:
    _, process = hub
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.stderr is not None
    assert "connect with -i slcan -c socket://127.0.0.1:" in process.stderr.read()


def test_it_joins_a_bus_that_is_there(capsys: Text) -> None:
    heard: list[int] = []
    with can.Bus(interface="virtual", channel="sim joins") as bus:

        def listen() -> None:
            bus.send(
                can.Message(
                    arbitration_id=0x60A, data=bytes.fromhex("40 00 10 00 00 00 00 00"), is_extended_id=False
                )
            )
            while (message := bus.recv(3.0)) is not None:
                heard.append(message.arbitration_id)
                if 0x70A in heard and len(heard) > 1:
                    break
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Timer(0.5, listen)
        thread.start()
        assert main(["-i", "virtual", "-c", "sim joins", "sim"]) == 0
        thread.join()
    assert 0x70A in heard
    assert "the simulated charger is on Virtual bus channel sim joins" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-i", "sim", "sim"), 2, "-i sim already has the simulated charger in it, for one process"),
        (("-i", "virtual", "sim", "--listen", "127.0.0.1:0"), 2, "--listen makes a bus of its own"),
        (("--sim", "device=io@5", "sim", "--listen", "127.0.0.1:0"), 2, "write FILE.eds@NODE[-LAST][/FAULT"),
        (("-i", "sim", "--sim", "device=io.eds@5", "read", "0x1000"), 2, "io.eds"),
        (("-i", "sim", "--sim", "speed=4", "--sim", "speed=5", "info"), 2, "--sim speed is given twice"),
        (("sim", "--listen", "0.0.0.0:29536"), 2, "whoever reaches the simulated bus may send on it"),
        (("--sim", "sped=4", "sim", "--listen", "127.0.0.1:0"), 2, "did you mean 'speed'?"),
        (("-i", "slcan", "-c", "/dev/ttyNONE", "sim"), 3, "there is no device /dev/ttyNONE"),
    ],
)
def test_usage(words: tuple[str, ...], code: int, said: str, capsys: Text) -> None:
    assert main(words) == code
    assert said in capsys.readouterr().err


def test_its_options_are_listed(capsys: Text) -> None:
    assert main(["sim", "--options"]) == 0
    out = capsys.readouterr().out
    assert "speed             how many times faster battery" in out
    assert "(0 to 100 %; 20)" in out
    assert "battery           a pack is connected (yes or no)" in out
    assert "charger           the charger is on the bus (yes or no)" in out
    assert "device            further devices, each over an EDS or DCF" in out
    assert "\n  alarm:ID   " in out
    assert "\n* write-lost-at:K   " in out
    assert "\n  wrong-mapping[:cia419|ennoid|opaque]  RPDOs mapped" in out
    assert "Further devices (device=FILE.eds@NODE[-LAST][/FAULT...], several with commas):" in out
    assert "edge              yes|no: ready must be seen 0 before 1 starts a charge [I]" in out


def test_several_chargers_on_the_simulated_bus(capsys: Text) -> None:
    """Nodes 10 to 12; the third one's serial number is 3."""
    options = ("--sim", "node=10", "--sim", "chargers=3")
    assert main(["-i", "sim", "-n", "12", *options, "read", "0x1018:04"]) == 0
    assert "00000003h" in capsys.readouterr().out
    assert main(["-i", "sim", "-n", "12", "--sim", "node=126", "--sim", "chargers=3", "read", "0x1000"]) == 2
    assert "would end at node 128" in capsys.readouterr().err
