"""An apply of 60 objects that is killed (SIGKILL) before its K-th write, and `deltaq config recover` after it.

The device is in another process, on the slcan hub of `deltaq sim`; so is the apply.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deltaq_master.cli import main
from deltaq_master.configuration.journal import read_journal
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import load
from deltaq_master.link.bus.network import open_network
from deltaq_master.link.device.device import Device, on_bus
from tests.rig import crash_helper
from tests.rig.crash_helper import NODE, WANTED

EDS = Path(__file__).parent.parent / "eds" / "cia401.eds"
ROOT = Path(__file__).parent.parent.parent
ALREADY = {Address(0x2100, 7): b"\x4d\x00", Address(0x2100, 50): b"\x09\x00"}
PLACES = range(1, len(WANTED) + 1)


class Bench:
    """The hub with the device, the process that applies and is killed, and a look at the device."""

    def __init__(self, channel: str, device: Device, journal: Path, helper: subprocess.Popen[str]) -> None:
        self.channel = channel
        self.device = device
        self.journal = journal
        self._helper = helper

    def held(self) -> dict[Address, bytes]:
        return {address: self.device.node.sdo.upload(address.index, address.sub) for address in WANTED}

    def killed_before(self, place: int) -> int:
        """The signal that ended the apply."""
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        self._helper.stdin.write(f"{place}\n")
        self._helper.stdin.flush()
        return int(self._helper.stdout.readline())

    def deltaq(self, *words: str) -> int:
        return main(
            ["-i", "slcan", "-c", self.channel, "-b", "500000", "-n", str(NODE), "--eds", str(EDS), *words]
        )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    journal = tmp_path_factory.mktemp("crash") / "apply.journal"
    hub_words = ["--sim", "charger=no", "--sim", f"device={EDS}@{NODE}", "sim", "--listen", "127.0.0.1:0"]
    hub = subprocess.Popen(
        [sys.executable, "-m", "deltaq_master", *hub_words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert hub.stdout is not None
    channel = hub.stdout.readline().strip()
    helper = subprocess.Popen(
        [sys.executable, crash_helper.__file__, str(EDS), channel, str(journal)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with (
            open_network("slcan", channel, 500_000, sleep_after_open=0) as network,
            on_bus(network, load(EDS, NODE)) as device,
        ):
            for address, data in ALREADY.items():
                device.node.sdo.download(address.index, address.sub, data)
            yield Bench(channel, device, journal, helper)
    finally:
        helper.communicate()
        hub.terminate()
        hub.communicate()


def check(bench: Bench, place: int, capsys: pytest.CaptureFixture[str]) -> None:
    began = bench.held()
    assert bench.killed_before(place) == 9
    torn = bench.held()
    made = dict(list(WANTED.items())[: place - 1])
    assert torn == began | made, "the writes before the K-th were made"
    unfinished = read_journal(bench.journal)
    assert unfinished.writes == place - 1
    # Nobody may change it further before that is undone.
    assert bench.deltaq("config", "apply", "--set", "0x2100:01=1", "--journal", str(bench.journal)) == 1
    assert "run: deltaq config recover" in capsys.readouterr().err
    assert bench.deltaq("config", "recover", str(bench.journal)) == 0
    assert bench.held() == began
    assert not bench.journal.exists()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # python-can waits 2 s after opening a serial line; a socket needs none of it.
    monkeypatch.setenv("CAN_CONFIG", '{"sleep_after_open": 0}')


def test_killed_at_a_few_positions(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    for place in sorted({1, 2, len(WANTED), *random.Random(3).sample(PLACES, 2)}):
        check(bench, place, capsys)


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
def test_killed_at_every_position(place: int, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    check(bench, place, capsys)
