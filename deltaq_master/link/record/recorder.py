"""A recording under way: whoever has something to record only stores it, and one thread writes.

Nothing here can hold up the bus or a charge: the queue is bounded, what does not fit is counted and said, and a
disk that is full or slow ends the recording, not what is recorded.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple, Self

from deltaq_master.link import clock
from deltaq_master.link.bus.causes import words_of
from deltaq_master.link.bus.gate import Turn
from deltaq_master.link.pump.seats import Handle
from deltaq_master.link.record.parts import Rotation
from deltaq_master.link.record.writing import Record, Writing
from deltaq_master.protocol.events import Effect, Frame, Machine
from deltaq_master.protocol.recorded_values import broken_by

FLUSH: Final = 0.5
"""At most this long until what was recorded has been handed to the system [s]."""
MOST_FRAMES: Final = 20_000
"""Things in the queue above which frames are dropped: some seconds of a full bus."""
MOST_STEPS: Final = 40_000
"""And above which steps of machines are too; without them a charge cannot be made again."""
PIECE: Final = 1 << 16
"""Bytes that are handed over without waiting for the time to come."""
CLOSING: Final = 5.0
"""How long the end waits for a slow disk [s]."""


class _Begin(NamedTuple):
    number: int
    record: Record


class _Step(NamedTuple):
    number: int
    event: object
    now: float
    effects: tuple[Effect, ...]
    broke: str


class _Report(NamedTuple):
    name: str
    value: object
    now: float


class Recorder:
    """Writes a log of frames, and beside it JSON lines of what was decided; leaving a `with` block ends it."""

    def __init__(
        self,
        log: Path,
        header: Mapping[str, Any],
        *,
        record_of: Callable[[Machine], Record | None] = lambda _: None,
        rotation: Rotation | None = None,
        overwrite: bool = False,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Create the files and begin.

        `header` is what is needed to run it again; `record_of` knows how to put a machine into words, None for
        one that is not recorded; `warn` is called in another thread. Raises FileError.
        """
        self.log = log
        self._record_of = record_of
        self._warn = warn
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._numbers = itertools.count(1)
        self.problem = ""
        """Why nothing is recorded any more, '' while it is."""
        self.frames = 0
        """Frames recorded."""
        self.dropped_frames = 0
        """Frames that came faster than they could be written."""
        self.dropped_steps = 0
        """Steps of machines, likewise."""
        self._told = (0, 0)
        # Nobody takes anything out of the queue any more, or soon will not.
        self._over = False
        begun = clock.now()
        self._writing = Writing(
            log, header, rotation or Rotation(), begun=begun, offset=time.time() - begun, overwrite=overwrite
        )
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Things that are stored and not written yet, about."""
        return self._queue.qsize()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- storing: any thread ------------------------------------------------------------------------------

    def frame(self, frame: Frame) -> None:
        """Record a frame; this is what `Gate.subscribe_frames` is given."""
        if self._over:
            return
        if self._queue.qsize() < MOST_FRAMES:
            self._queue.put(frame)
        else:
            self.dropped_frames += 1

    def turn(self, turn: Turn) -> None:
        """Record that the bus was lost, or is back; this is what `Gate.subscribe_turns` is given."""
        if not self._over:
            self._queue.put(turn)

    def machine(self, machine: Machine) -> Handle:
        """The machine's `handle`, with every step recorded; this is what a pump is given."""
        record = self._record_of(machine)
        if record is None:
            return machine.handle
        number = next(self._numbers)
        if not self._over:
            self._queue.put(_Begin(number, record))
        return functools.partial(self._handle, number, machine)

    def _handle(self, number: int, machine: Machine, event: object, now: float) -> Iterable[Effect]:
        try:
            effects = tuple(machine.handle(event, now))
        except Exception as error:
            self._step(_Step(number, event, now, (), broken_by(error)))
            raise
        self._step(_Step(number, event, now, effects, ""))
        return effects

    def _step(self, step: _Step) -> None:
        if self._over:
            return
        if self._queue.qsize() < MOST_STEPS:
            self._queue.put(step)
        else:
            self.dropped_steps += 1

    def report(self, name: str, plain: object) -> None:
        """Record what was said of it all: a summary, an explanation, in the types that JSON has."""
        if not self._over:
            self._queue.put(_Report(name, plain, clock.now()))

    def close(self) -> None:
        """Write what is left, and end; may be called again."""
        self._over = True
        self._queue.put(None)
        self._thread.join(CLOSING)
        if self._thread.is_alive():
            self._fail(f"the disk did not take it within {CLOSING:g} s")

    # --- writing: one thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._writing.begin()
            self._write()
        except Exception as error:  # noqa: BLE001  whatever it is: it ends the recording, and nothing else
            self._fail(_reason(error))
        try:
            self._writing.close()
        except Exception as error:  # noqa: BLE001  as above
            self._fail(_reason(error))

    def _write(self) -> None:
        committed = clock.now()
        while True:
            try:
                item = self._queue.get(timeout=max(committed + FLUSH - clock.now(), 0.0))
            except Empty:
                important = False
            else:
                if item is None:
                    return self._end()
                important = self._put(item)
            now = clock.now()
            if important or now - committed >= FLUSH or self._writing.pending >= PIECE:
                self._tell_dropped()
                self._writing.commit(now, sync=important)
                committed = now

    def _put(self, item: object) -> bool:
        """Write one thing; True if it must not be lost."""
        match item:
            case Frame():
                self.frames += 1
                self._writing.frame(item)
            case _Step():
                return self._writing.step(*item)
            case _Begin():
                self._writing.machine(*item)
                return True
            case Turn(now, lost):
                self._writing.line("bus", now=now, lost=lost)
                return True
            case _Report(name, value, now):
                self._writing.line("report", name=name, value=value, now=now)
                return True
        return False

    def _tell_dropped(self) -> None:
        frames, steps = self.dropped_frames, self.dropped_steps
        before, self._told = self._told, (frames, steps)
        if self._told != before:
            if before == (0, 0):
                self._warn(f"{self.log.name}: more comes than can be written; some of it is not recorded")
            self._writing.line("dropped", frames=frames - before[0], steps=steps - before[1])

    def _end(self) -> None:
        self._tell_dropped()
        self._writing.line(
            "end", frames=self.frames, dropped_frames=self.dropped_frames, dropped_steps=self.dropped_steps
        )

    def _fail(self, problem: str) -> None:
        self._over = True
        if not self.problem:
            self.problem = problem
            self._warn(
                f"recording to {self.log.name} has stopped: {problem}; what was written before is kept, and nothing "
                "else is affected"
            )
        # Nobody will take it any more.
        with contextlib.suppress(Empty):
            while True:
                self._queue.get_nowait()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or words_of(error)
