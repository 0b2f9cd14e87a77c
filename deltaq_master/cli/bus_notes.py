"""What is to be said of a bus itself while a command listens: lost, back, too fast, or silent and why that may be."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from deltaq_master.cli.parsing import spoken
from deltaq_master.cli.talk import say, show_json
from deltaq_master.errors import OurError

if TYPE_CHECKING:
    from deltaq_master.cli.settings import Settings
    from deltaq_master.link.bus.gate import Gate, Turn
    from deltaq_master.link.bus.network import Network

SILENCE_SCHEMA: Final = "deltaq.silence/1"
SILENT: Final = 2.5
"""Seconds without a frame after which that is said: every node with a heartbeat is heard by then."""
AT_ONCE: Final = 0.5
"""A bus that is lost within this time [s], unheard, was not there when it was opened; nobody waits for that one."""
TOO_SHORT: Final = 0.5
"""A command that listened for less [s] has nothing to say of a silence."""


class Turns:
    """Says once for each loss of the bus why it was lost and what mends it, and once that it is back."""

    def __init__(self, begun: float, schema: str = "", key: str = "event") -> None:
        """Times are counted from `begun` [s]; with a `schema` each is an object on stdout too, told by its `key`."""
        self._begun = begun
        self._schema = schema
        self._key = key
        self._since: float | None = None
        self._kept: SimpleQueue[Turn] = SimpleQueue()

    def follow(self, gate: Gate) -> None:
        """Keep what happens to this bus until `look`."""
        gate.subscribe_turns(self._kept.put)

    def look(self) -> None:
        """Say what has happened since the last look."""
        while True:
            try:
                self.take(self._kept.get_nowait())
            except Empty:
                return

    def take(self, turn: Turn) -> None:
        """Say one thing."""
        if turn.lost:
            still = "is still" if self._since is not None else "was"
            self._since = turn.time if self._since is None else self._since
            say(f"note: the bus {still} lost: {turn.lost}")
        else:
            assert self._since is not None  # nothing comes back that was not lost
            say(f"note: the bus is heard again after {spoken(turn.time - self._since)}")
            self._since = None
        if self._schema:
            name = "bus-lost" if turn.lost else "bus-back"
            row = {"schema": self._schema, self._key: name, "time": turn.time - self._begun}
            show_json({**row, "cause": turn.lost} if turn.lost else row)


class Hearing:
    """Says once what is known of a bus on which nothing was heard; at its `with` block's end also what was missed."""

    def __init__(self, chosen: Settings, network: Network) -> None:
        from deltaq_master.link import clock

        self._chosen = chosen
        self._network = network
        self._now = clock.now
        self._begun = clock.now()
        self._said = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # One who was refused by a rule of ours has not waited for anybody.
        if not isinstance(error, OurError):
            self._tell(TOO_SHORT)
        if missed := self._network.missed:
            say(
                f"note: {missed} frames came faster than this computer takes them, and nobody here has seen them"
            )
            self._chosen.report("missed", {"frames": missed})

    def look(self) -> None:
        """Say it now, if it was silent for long enough."""
        self._tell(SILENT)

    def _tell(self, least: float) -> None:
        waited = self._now() - self._begun
        if self._said or waited < least:
            return
        from deltaq_master.link.bus.silence import silence, unheard

        self._said = True
        if not unheard(self._network):
            return  # before the EDS is read, which not every command needs
        found = silence(self._network, self._chosen.expected, waited, self._chosen.opened_at)
        if found is None:
            return
        say(f"note: {found}")
        row = {
            "schema": SILENCE_SCHEMA,
            "event": "silence",
            "channel": found.channel,
            "bitrate": found.bitrate,
            "waited": found.waited,
            "expected": found.expected.bitrate,
            "allowed": found.expected.allowed,
            "sent": found.sent,
            "error_frames": found.errors,
            "unacknowledged": found.unacknowledged,
            "controller": found.controller,
            "problem": found.problem,
            "remedy": found.remedy,
        }
        self._chosen.report("silence", row)
        if self._chosen.json:
            show_json(row)
