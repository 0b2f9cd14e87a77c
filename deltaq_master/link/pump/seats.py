"""The machines that a pump runs, found by COB-ID, by identity, or all in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from deltaq_master.errors import CallError
from deltaq_master.protocol.events import Effect, Machine

Publisher = Callable[[object], None]
Handle = Callable[[object, float], Iterable[Effect]]


class Seat:
    """A machine's place in the pump, with what the pump needs to know between the machine's events."""

    __slots__ = ("cob_ids", "deadline", "handle", "machine", "publish", "renewed", "taken")

    def __init__(self, machine: Machine, publish: Publisher, handle: Handle) -> None:
        self.machine = machine
        self.handle = handle
        self.publish = publish
        self.cob_ids = machine.cob_ids
        self.deadline = machine.deadline
        self.taken = True
        self.renewed: set[int] = set()
        """COB-IDs that the kernel may be repeating for it."""

    def refresh(self) -> bool:
        """Ask the machine for its deadline and COB-IDs again; True if the COB-IDs are others."""
        self.deadline = self.machine.deadline
        cob_ids = self.machine.cob_ids
        if cob_ids is self.cob_ids or cob_ids == self.cob_ids:
            return False
        self.cob_ids = cob_ids
        return True


class Seats:
    """All seats, in the order in which they were taken.

    Tuples are replaced and never changed, so that a walk over them survives machines that come and go.
    """

    def __init__(self) -> None:
        self.all: tuple[Seat, ...] = ()
        # By identity: two machines may well be in equal states.
        self._by_machine: dict[int, Seat] = {}
        self._by_cob_id: dict[int, tuple[Seat, ...]] = {}
        self.indexed: Callable[[frozenset[int]], None] = lambda _: None
        """Told what is listened to, whenever that changes."""

    @property
    def cob_ids(self) -> frozenset[int]:
        """What all machines together listen to."""
        return frozenset(self._by_cob_id)

    def take(self, machine: Machine, publish: Publisher, handle: Handle) -> None:
        """Give a machine a seat, with what its events go to; CallError if it has one."""
        if id(machine) in self._by_machine:
            raise CallError("this machine already runs in the pump")
        seat = self._by_machine[id(machine)] = Seat(machine, publish, handle)
        self.all = (*self.all, seat)
        self.index()

    def vacate(self, seat: Seat) -> None:
        """Take a seat away; nothing is delivered to it any more, not even in a walk that goes on."""
        seat.taken = False
        self._by_machine.pop(id(seat.machine), None)
        self.all = tuple(other for other in self.all if other is not seat)
        self.index()

    def index(self) -> None:
        """Note anew who wants which COB-ID."""
        by_cob_id: dict[int, tuple[Seat, ...]] = {}
        for seat in self.all:
            for cob_id in seat.cob_ids:
                by_cob_id[cob_id] = (*by_cob_id.get(cob_id, ()), seat)
        self._by_cob_id = by_cob_id
        self.indexed(self.cob_ids)

    def of(self, machine: Machine) -> Seat | None:
        """Seat of a machine, None if it does not run."""
        return self._by_machine.get(id(machine))

    def listening(self, cob_id: int) -> tuple[Seat, ...]:
        """Seats whose machines want this COB-ID."""
        return self._by_cob_id.get(cob_id, ())
