"""What a third process, candump, saw on the bus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deltaq_master.protocol.events import Frame
from tests.lab.programs import Program, wait_for
from tests.rig.wire_rules import commands

MASTERS = frozenset({0x000, 0x701, 0x20A, 0x30A, 0x60A})
"""COB-IDs that a master of node 10 sends; the same of another master are told apart by the test."""
ERROR, EXTENDED = 0x2000_0000, 0x8000_0000
RECEIVERS = Path("/proc/net/can/rcvlist_all")


class Recording:
    """A candump on one interface, from now on; times are the kernel's, counted as `time.time()` is."""

    def __init__(self, channel: str, folder: Path, name: str = "candump") -> None:
        self.channel = channel
        before = _receivers(channel)
        # Frames of all kinds; every line at once, so that a test may look while it runs.
        command = ["stdbuf", "-oL", "candump", "-L", f"{channel},0:0,#FFFFFFFF"]
        self.program = Program(name, command, folder)
        wait_for("candump listens", lambda: _receivers(channel) > before or not self.program.running)
        if not self.program.running:
            pytest.fail(f"candump: {self.program.err}")

    def frames(self) -> list[Frame]:
        """All frames so far; those with COB-IDs of a master count as sent."""
        # The last line may not be whole yet.
        *lines, _ = self.program.out.split("\n")
        return [_parsed(line) for line in lines]

    def wait(
        self, what: str, seen: Callable[[Frame], bool], since: int = 0, sender: Program | None = None
    ) -> Frame:
        """Wait for the first frame, from a place on, of which something is true, and return it.

        Where it can only come while a program runs, that is the `sender`.
        """
        found: list[Frame] = []

        def look() -> bool:
            if sender is not None:
                sender.must_run()
            found.extend(filter(seen, self.frames()[since:]))
            return bool(found)

        wait_for(f"a frame on {self.channel}: {what}", look)
        return found[0]

    def end(self) -> list[Frame]:
        """End the recording, and return all of it."""
        self.program.end()
        return self.frames()


def _receivers(channel: str) -> int:
    """Sockets that take everything from a channel."""
    lines = RECEIVERS.read_text(encoding="ascii").splitlines() if RECEIVERS.exists() else []
    return sum(line.split()[0] == channel for line in lines if line.strip())


def _parsed(line: str) -> Frame:
    stamp, _, text = line.split()[:3]
    identifier, _, data = text.partition("#")
    number = int(identifier, 16)
    remote = data.startswith("R")
    error = len(identifier) > 3 and bool(number & ERROR)
    extended = len(identifier) > 3 and not error
    return Frame(
        number & ~ERROR if error else number,
        b"" if remote else bytes.fromhex(data),
        float(stamp.strip("()")),
        extended=extended,
        remote=remote,
        error=error,
        sent=number in MASTERS and not extended,
    )


def asks_for_current(frame: Frame) -> bool:
    """Whether a frame is an RPDO1 with ready 1 and a current above 0 (layout of wire_rules)."""
    return any(command.ready and command.amps > 0 for command in commands([frame]))


def asking(frames: list[Frame]) -> list[Frame]:
    """The frames that ask for current."""
    return [frame for frame in frames if asks_for_current(frame)]


def indication(frame: Frame) -> int | None:
    """Charge indication in a TPDO1 of node 10 (byte 5, lower half); None in any other frame."""
    return frame.data[5] & 0x0F if frame.cob_id == 0x18A else None


def alarm(frame: Frame) -> int | None:
    """Delta-Q id in an EMCY of node 10 (byte 3), 0 for none; None in any other frame."""
    return frame.data[3] if frame.cob_id == 0x08A and len(frame.data) == 8 else None
