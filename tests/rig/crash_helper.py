"""Applies 60 settings in a child process that is killed (SIGKILL) before its K-th write; K comes on stdin.

A process of its own, without threads, so that each child is a cheap fork. It answers on stdout how the child ended.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from deltaq_master.configuration.applying import carry_out
from deltaq_master.configuration.identity import read_identity
from deltaq_master.configuration.journal import DiskJournal, Head
from deltaq_master.configuration.planning import plan
from deltaq_master.configuration.sidecar import Origin
from deltaq_master.configuration.sources import with_words
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.link.bus.network import open_network
from deltaq_master.link.device.device import on_bus
from deltaq_master.link.device.handling import Handling, Progress

NODE = 5
WANTED = {Address(0x2100, sub): (500 + 3 * sub).to_bytes(2, "little") for sub in range(1, 61)}


def apply_and_die(dictionary: Dictionary, channel: str, path: Path, place: int) -> None:
    """Never returns if the K-th write is reached; the writes are made through a bus of this process alone."""

    def watch(progress: Progress) -> None:
        if progress.stage == "write" and progress.done == place - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    with (
        open_network("slcan", channel, 500_000, sleep_after_open=0) as network,
        on_bus(network, dictionary) as device,
    ):
        identity = read_identity(device.node.sdo)
        head = Head(
            node=NODE, bus="slcan", identity=identity, eds=Origin("", ""), begun="2026-01-01", job="apply"
        )
        made = plan(device.node, with_words(None, WANTED.items()), identity)
        assert len(made.steps) == len(WANTED), made.refusals
        carry_out(made, device.node, Handling(DiskJournal(path, head), watch))


def main() -> None:
    """Arguments: the EDS, the channel of the hub, the journal."""
    eds, channel, journal = sys.argv[1:]
    dictionary = load(eds, NODE)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            apply_and_die(dictionary, channel, Path(journal), int(line))
            os._exit(0)
        print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
