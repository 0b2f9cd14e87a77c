"""A change of a device is made whole or undone: every fault at every write, and a second one while undoing."""

from __future__ import annotations

import errno
import random
import signal
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import Difference, Step, Values, needed
from deltaq_master.errors import BusError, CallError, ChangeError, NodeError, SdoAbortError, UsageError
from deltaq_master.link.device import transaction
from deltaq_master.link.device.transaction import Handling, Progress, Transaction, change
from tests.wire.change_device import NODE_ID, ChangeDevice, Store, at, store

BEFORE = store("""
    1400h:01 0A 02 00 00    # RPDO1 at 20Ah, 24 bits in two slots
    1400h:02 FF
    1400h:05 F4 01
    1600h:00 02
    1600h:01 10 00 70 60
    1600h:02 08 00 00 60
    1600h:03 00 00 00 00
    1600h:04 00 00 00 00
    1401h:01 0A 03 00 00    # RPDO2 at 30Ah
    1401h:02 FF
    1401h:05 00 00
    1601h:00 01
    1601h:01 20 00 60 60
    1601h:02 00 00 00 00
    1802h:01 00 00 00 80    # TPDO3, disabled
    1802h:02 FE
    1802h:05 00 00
    1A02h:00 00
    1A02h:01 00 00 00 00
    1017h:00 E8 03
    1029h:01 00
""")
WANTED = store("""
    1400h:01 0A 03 00 00    # the two exchange their COB-IDs
    1400h:05 FA 00
    1600h:00 03
    1600h:01 08 00 00 60
    1600h:02 08 01 FA 2F
    1600h:03 10 00 70 60
    1401h:01 0A 02 00 00
    1802h:01 8A 03 00 00
    1802h:02 FF
    1802h:05 C8 00
    1A02h:00 01
    1A02h:01 20 00 60 20
    1017h:00 F4 01
    1029h:01 01
""")
OTHER_POWER_ON = {**BEFORE, **store("1400h:05 00 00\n1600h:00 01\n1600h:02 00 00 00 00\n1017h:00 D0 07")}
"""A device that was changed since it was powered on, so that a restart loses more than the change."""
SINGLE = ("abort", "lost", "unanswered", "wrong", "reboot", "interrupt", "silent", "bus")
FOREVER = ("silent", "bus")


class Clock:
    """Time that passes in pauses alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(transaction, "time", clock)
    return clock


def known(device: ChangeDevice, wanted: Values = WANTED) -> Store:
    """What a caller reads before a change."""
    found: dict[Address, bytes | None] = {}
    for address in needed(wanted, found):
        found[address] = device.held.get(address)
    return {address: data for address, data in found.items() if data is not None}


def run(device: ChangeDevice, handling: Handling | None = None, **options: Any) -> BaseException | None:
    """Make the change; what came of it."""
    try:
        change(device, NODE_ID, known(device), WANTED, handling, **options)
    except (ChangeError, KeyboardInterrupt) as error:
        return error
    return None


def differing(device: ChangeDevice, before: Values) -> dict[Address, bytes]:
    return {a: data for a, data in device.held.items() if data != before[a]}


def judge(device: ChangeDevice, outcome: BaseException | None, before: Values) -> None:
    """The device ends as it began or as it was wanted, or the report says exactly what differs, and why."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if outcome is None:
        assert device.held == {**before, **WANTED}
        return
    really = differing(device, before)
    if isinstance(outcome, KeyboardInterrupt):
        assert not really
        return
    assert isinstance(outcome, ChangeError)
    said = {d.address: d for d in outcome.differences if isinstance(d, Difference)}
    assert len(said) == len(outcome.differences)
    assert outcome.undone == (not said)
    if device.gone:
        # Nobody can know; what may be otherwise is said.
        assert really.keys() <= said.keys()
        assert all(d.found is None and d.reason for d in said.values())
    else:
        assert {address: d.found for address, d in said.items()} == really
        assert all(d.reason for d in said.values())
    assert all(d.expected == before[address] for address, d in said.items())


# --- it works ---------------------------------------------------------------------------------------------


def test_a_change_in_the_order_of_cia_301() -> None:
    device = ChangeDevice(BEFORE)
    steps = change(device, NODE_ID, known(device), WANTED)
    assert device.held == {**BEFORE, **WANTED}
    assert device.made == [
        ("1017h:00", "F4 01"),
        ("1029h:01", "01"),
        ("1400h:01", "0A 02 00 80"),
        ("1401h:01", "0A 03 00 80"),
        ("1600h:00", "00"),
        ("1600h:01", "08 00 00 60"),
        ("1600h:02", "08 01 FA 2F"),
        ("1600h:03", "10 00 70 60"),
        ("1600h:00", "03"),
        ("1400h:05", "FA 00"),
        ("1A02h:01", "20 00 60 20"),
        ("1A02h:00", "01"),
        ("1802h:02", "FF"),
        ("1802h:05", "C8 00"),
        ("1400h:01", "0A 03 00 00"),
        ("1401h:01", "0A 02 00 00"),
        ("1802h:01", "8A 03 00 00"),
    ]
    assert [(str(s.address), s.data.hex(" ").upper()) for s in steps] == device.made


def test_what_is_there_already_is_not_written() -> None:
    device = ChangeDevice({**BEFORE, **WANTED})
    assert change(device, NODE_ID, known(device), WANTED) == ()
    assert (device.writes, device.reads) == (0, 0)


def test_other_objects_that_the_caller_has_read_may_change_by_themselves() -> None:
    device = ChangeDevice({**BEFORE, at("2002h"): b"\x01\x00"})
    before = known(device) | {at("2002h"): b"\x99\x99"}
    change(device, NODE_ID, before, WANTED)


def test_an_object_that_is_not_known_is_not_changed() -> None:
    device = ChangeDevice(BEFORE)
    before = known(device)
    del before[at("1400h:01")], before[at("1017h")]
    with pytest.raises(UsageError, match="1400h:01, 1017h:00 of node 10 cannot be changed unless known"):
        change(device, NODE_ID, before, WANTED)
    assert device.writes == 0


# --- every fault at every write ---------------------------------------------------------------------------


def positions() -> range:
    device = ChangeDevice(BEFORE)
    run(device)
    return range(1, device.writes + 1)


@pytest.mark.parametrize("power_on", [BEFORE, OTHER_POWER_ON], ids=["as-powered-on", "changed-since"])
@pytest.mark.parametrize("fault", SINGLE)
@pytest.mark.parametrize("position", positions())
def test_one_fault(position: int, fault: str, power_on: Store) -> None:
    device = ChangeDevice(power_on, BEFORE)
    device.faults = {position: fault}
    outcome = run(device)
    judge(device, outcome, BEFORE)
    # A word that is written twice may be wrong the first time; after a restart there may be nothing left to do.
    assert outcome is not None or fault in ("wrong", "reboot")
    # One fault that passes can always be undone.
    if isinstance(outcome, ChangeError) and fault not in FOREVER:
        assert outcome.undone
        assert device.held == BEFORE
    assert isinstance(outcome, KeyboardInterrupt) == (fault == "interrupt")
    wrong = fault in ("wrong", "reboot")
    if not wrong:
        assert all(words in SOUND[index] for index, words in device.active if index in SOUND)


SOUND: dict[int, list[tuple[bytes, ...]]] = {
    0x1400: [
        tuple(BEFORE[Address(0x1600, sub)] for sub in (1, 2)),
        tuple(WANTED[Address(0x1600, sub)] for sub in (1, 2, 3)),
    ],
    0x1802: [(WANTED[at("1A02h:01")],)],
}
"""Mappings that may ever be in use: the old one and the new one, never a part of each."""


def pairs(long: bool) -> Iterator[tuple[int, str, int, str]]:
    kinds = [kind for kind in SINGLE if kind != "interrupt"]
    every = [
        (first, one, first + gap, other)
        for first, one, gap, other in product(positions(), SINGLE, range(1, 28), kinds)
        if one not in FOREVER
    ]
    return iter(every if long else random.Random(301).sample(every, 1500))


def two_faults(long: bool) -> None:
    for first, one, second, other in pairs(long):
        for power_on in (BEFORE, OTHER_POWER_ON):
            device = ChangeDevice(power_on, BEFORE)
            device.faults = {first: one, second: other}
            try:
                judge(device, run(device), BEFORE)
            except AssertionError as error:
                raise AssertionError(f"write {first}: {one}, write {second}: {other}: {error}") from error


def test_a_second_fault_while_undoing() -> None:
    two_faults(long=False)


@pytest.mark.long
def test_every_second_fault_while_undoing() -> None:
    two_faults(long=True)


@pytest.mark.parametrize("position", positions())
def test_ctrl_c_again_while_undoing(position: int) -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {position: "interrupt"} | dict.fromkeys(range(position + 1, position + 40), "interrupt")
    assert isinstance(run(device), KeyboardInterrupt)
    assert device.held == BEFORE


def test_a_change_in_another_thread_is_undone_too() -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {7: "abort"}
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(run, device).result()
    assert isinstance(outcome, ChangeError)
    assert outcome.undone


# --- the check --------------------------------------------------------------------------------------------


def reads() -> range:
    device = ChangeDevice(BEFORE)
    run(device)
    return range(1, device.reads + 1)


@pytest.mark.parametrize("read", reads())
@pytest.mark.parametrize("counted", [True, False])
def test_a_restart_while_it_is_checked(read: int, counted: bool) -> None:
    device = ChangeDevice(BEFORE)

    def on_read(number: int) -> None:
        if number == read:
            device.restart()
            device.deaf = 0

    device.on_read = on_read
    restarts = (lambda: device.restarts) if counted else None
    outcome = run(device, Handling(restarts=restarts))
    if counted:
        assert isinstance(outcome, ChangeError)
        assert device.held == BEFORE
    else:
        # Whoever counts no restarts may miss one behind the last read that would have told.
        assert outcome is None or device.held == BEFORE


def test_a_device_that_restarts_again_and_again() -> None:
    device = ChangeDevice({**BEFORE, **WANTED}, BEFORE)

    def on_read(number: int) -> None:
        device.restarts += number <= 60

    device.on_read = on_read
    outcome = run(device, Handling(restarts=lambda: device.restarts))
    assert "restarts again and again" in str(outcome)
    assert device.held == BEFORE


@pytest.mark.parametrize("read", reads())
def test_a_read_of_the_check_that_fails_undoes_the_change(read: int) -> None:
    device = ChangeDevice(BEFORE)

    def on_read(number: int) -> None:
        if number == read:
            raise SdoAbortError(NODE_ID, 0x1017, 0, 0x08000000, "general error")

    device.on_read = on_read
    outcome = run(device)
    assert isinstance(outcome, ChangeError)
    assert outcome.undone
    assert device.held == BEFORE


# --- watch, stop, journal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", range(len(positions()) + len(reads())))
@pytest.mark.parametrize("way", ["stop", "watch"])
def test_a_stop_at_every_moment(moment: int, way: str) -> None:
    device = ChangeDevice(BEFORE)
    told: list[Progress] = []

    def watch(progress: Progress) -> None:
        told.append(progress)
        if way == "watch" and len(told) == moment + 1:
            raise KeyboardInterrupt

    stop = (lambda: len(told) >= moment) if way == "stop" else None
    assert isinstance(run(device, Handling(watch=watch, stop=stop)), KeyboardInterrupt)
    assert device.held == BEFORE
    assert {progress.stage for progress in told} <= {"write", "check"}


def test_the_watch_is_told_each_write_and_each_read() -> None:
    told: list[Progress] = []
    device = ChangeDevice(BEFORE)
    assert run(device, Handling(watch=told.append)) is None
    writes = [progress for progress in told if progress.stage == "write"]
    assert [progress.done for progress in writes] == list(range(17))
    assert {progress.total for progress in writes} == {17}
    assert writes[2].step is not None
    assert writes[2].step.why == "disable RPDO1"
    assert len(told) - len(writes) == device.reads


class Paper:
    """A journal in memory, on a disk that may be full."""

    def __init__(self, full_at: int | None = None, *, ends: bool = True) -> None:
        self.lines: list[str] = []
        self._full_at = full_at
        self._ends = ends
        self.open = False

    def _put(self, line: str) -> None:
        if len(self.lines) == self._full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.lines.append(line)

    def begin(self, before: Values, wanted: Values, fixed: Collection[int]) -> None:
        self._put(f"begin {len(before)} {len(wanted)} {sorted(fixed)}")
        self.open = True

    def writing(self, step: Step, number: int) -> None:
        self._put(f"{number} {step.address}")

    def end(self) -> None:
        if not self._ends:
            raise OSError(errno.EROFS, "Read-only file system")
        self.open = False


def test_the_journal_knows_a_write_before_it_is_made() -> None:
    paper, device = Paper(), ChangeDevice(BEFORE)

    def watch(progress: Progress) -> None:
        assert len(device.made) == max(len(paper.lines) - 1, 0) or progress.stage == "check"

    assert run(device, Handling(paper, watch)) is None
    assert [line.split()[1] for line in paper.lines[1:]] == [place for place, _ in device.made]
    assert not paper.open


@pytest.mark.parametrize("line", range(18))
def test_a_full_disk(line: int) -> None:
    paper, device = Paper(line), ChangeDevice(BEFORE)
    outcome = run(device, Handling(paper))
    assert isinstance(outcome, ChangeError)
    assert outcome.undone
    assert device.held == BEFORE
    assert "its journal cannot be" in str(outcome)
    assert "No space left on device" in str(outcome)
    assert not paper.open
    assert device.writes == 0 if line < 2 else device.writes > 0


def test_a_journal_is_kept_where_the_device_could_not_be_undone() -> None:
    paper, device = Paper(), ChangeDevice(BEFORE)
    device.faults = {5: "silent"}
    outcome = run(device, Handling(paper))
    assert isinstance(outcome, ChangeError)
    assert not outcome.undone
    assert paper.open


def test_a_journal_that_cannot_be_ended_is_said() -> None:
    device = ChangeDevice(BEFORE)
    with pytest.raises(
        NodeError, match="the change was made, but its journal cannot be ended: Read-only file"
    ):
        run(device, Handling(Paper(ends=False)))
    assert device.held == {**BEFORE, **WANTED}
    device = ChangeDevice(BEFORE)
    device.faults = {3: "interrupt"}
    outcome = run(device, Handling(Paper(ends=False)))
    assert "KeyboardInterrupt (and its journal cannot be ended: Read-only file system); undone" in str(
        outcome
    )


# --- what cannot be undone --------------------------------------------------------------------------------


def test_a_device_that_is_gone_before_the_first_write_was_not_changed(clock: Clock) -> None:
    device = ChangeDevice(BEFORE)

    def watch(_: Progress) -> None:
        device.gone = "silent"
        raise KeyboardInterrupt

    assert isinstance(run(device, Handling(watch=watch)), KeyboardInterrupt)
    assert clock.now == 0


@pytest.mark.parametrize(("patience", "undone"), [(9.0, False), (11.0, True)])
def test_a_device_that_comes_back_is_waited_for(clock: Clock, patience: float, undone: bool) -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {7: "silent"}

    def on_read(_: int) -> None:
        if clock.now >= 10.0:
            device.gone = ""

    device.on_read = on_read
    outcome = run(device, Handling(patience=patience))
    assert isinstance(outcome, ChangeError)
    assert outcome.undone is undone
    assert clock.now == pytest.approx(min(patience, 10.0), abs=0.2)


def test_patience_begins_anew_with_every_answer(clock: Clock) -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {7: "silent", 9: "silent"}

    def on_read(_: int) -> None:
        if clock.now >= (8.0 if device.writes < 9 else 16.0):
            device.gone = ""

    device.on_read = on_read
    outcome = run(device, Handling(patience=10.0))
    assert isinstance(outcome, ChangeError)
    assert outcome.undone
    assert clock.now >= 16.0


def test_a_pdo_alone_that_falls_silent_is_waited_for_too() -> None:
    wanted = {at("1400h:05"): b"\xfa\x00"}
    device = ChangeDevice(BEFORE)
    device.faults = {2: "lost"}

    def on_read(_: int) -> None:
        if device.writes == 2:
            device.deaf, device.writes = 6, 3

    device.on_read = on_read
    with pytest.raises(ChangeError) as caught:
        change(device, NODE_ID, known(device, wanted), wanted)
    assert caught.value.undone
    assert device.held == BEFORE


def test_a_slot_that_is_refused_leaves_its_pdo_disabled_and_puts_the_others_back() -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {17: "abort"}
    seen: list[int] = []

    def on_read(number: int) -> None:
        seen.append(number)
        device.unwritable = {at("1600h:02")}

    device.on_read = on_read
    outcome = run(device)
    judge(device, outcome, BEFORE)
    assert isinstance(outcome, ChangeError)
    left = [str(difference) for difference in outcome.differences]
    assert left == [
        "1400h:01 should be 0A 02 00 00, is 0A 03 00 80 (left as it is, because 1600h:02 could not be written)",
        "1400h:05 should be F4 01, is FA 00 (left as it is, because 1600h:02 could not be written)",
        "1600h:00 should be 02, is 00 (left as it is, because 1600h:02 could not be written)",
        "1600h:02 should be 08 00 00 60, is 08 01 FA 2F (writing it: 1600h:02 aborted: refused (0800 0000h))",
        "1600h:03 should be 00 00 00 00, is 10 00 70 60 (left as it is, because 1600h:02 could not be written)",
    ]


def test_an_unused_slot_that_is_refused_keeps_nothing_else_from_being_put_back() -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {17: "abort"}
    device.on_read = lambda _: device.unwritable.add(at("1600h:03"))
    outcome = run(device)
    judge(device, outcome, BEFORE)
    assert isinstance(outcome, ChangeError)
    assert [str(difference) for difference in outcome.differences] == [
        "1600h:03 should be 00 00 00 00, is 10 00 70 60 (writing it: 1600h:03 aborted: refused (0800 0000h))"
    ]


def test_an_object_that_cannot_be_read_any_more_is_put_back_and_said() -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {17: "abort"}
    device.unreadable = {at("1400h:05"), at("1401h:01")}
    outcome = run(device)
    assert isinstance(outcome, ChangeError)
    assert device.held == BEFORE
    assert [str(difference) for difference in outcome.differences] == [
        "1400h:05 should be F4 01, is not read (aborted: refused (0800 0000h))",
        "1401h:01 should be 0A 03 00 00, is not read (aborted: refused (0800 0000h))",
    ]


def test_a_device_that_confirms_and_does_nothing() -> None:
    device = ChangeDevice(BEFORE)
    device.stubborn = {at("1017h")}
    outcome = run(device)
    assert isinstance(outcome, ChangeError)
    assert outcome.undone
    assert "it confirmed every write, and reads back: 1017h:00 should be F4 01, is E8 03" in str(outcome)


def test_the_report_names_where_it_failed() -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {7: "abort"}
    assert str(run(device)) == (
        "node 10: the change failed: at RPDO1 slot 2: 1600h:02 aborted: refused (0800 0000h);"
        " undone: it holds what it held before"
    )


def test_a_bus_that_is_lost() -> None:
    device = ChangeDevice(BEFORE)
    device.faults = {4: "bus"}
    outcome = run(device)
    assert isinstance(outcome, ChangeError)
    assert isinstance(outcome.__cause__, BusError)
    assert "1017h:00 should be E8 03, is not read (the bus is lost)" in str(outcome)
    # Never written, so it cannot be otherwise.
    assert "1401h:05" not in str(outcome)


def test_a_call_that_is_not_possible_ends_as_what_it_is() -> None:
    device = ChangeDevice(BEFORE)

    def on_read(number: int) -> None:
        if number == 1:
            raise CallError("on no network")

    device.on_read = on_read
    with pytest.raises(CallError):
        run(device)
    assert device.held == BEFORE


# --- numbers of slots that are fixed, slots that are hidden -----------------------------------------------


def test_a_fixed_number_of_slots_is_filled_up() -> None:
    held = {**BEFORE, **store("1600h:00 04\n1600h:03 08 01 FA 2F\n1600h:04 08 01 FA 2F")}
    device, paper = ChangeDevice(held), Paper()
    device.fixed = frozenset({0x1600})
    steps = change(device, NODE_ID, known(device), WANTED, Handling(paper))
    assert device.held == {**held, **WANTED, at("1600h:00"): b"\x04", at("1600h:04"): bytes(4)}
    assert not any(step.address == at("1600h") for step in steps)
    assert [line for line in paper.lines if "begin" in line] == ["begin 15 14 []", "begin 15 15 [5632]"]


def test_a_number_of_slots_that_is_known_to_be_fixed_is_not_tried() -> None:
    held = {**BEFORE, **store("1600h:00 03\n1600h:03 08 01 FA 2F")}
    device = ChangeDevice(held)
    device.fixed = frozenset({0x1600})
    change(device, NODE_ID, known(device), WANTED, fixed={0x1600})
    assert device.held == {**held, **WANTED}
    assert device.writes == 15


def test_too_few_fixed_slots() -> None:
    device = ChangeDevice(BEFORE)
    device.fixed = frozenset({0x1600})
    with pytest.raises(UsageError, match="RPDO1 is to map 3 objects, and its device has 2 fixed slots"):
        run(device)
    assert device.held == BEFORE


@pytest.mark.parametrize("fault", SINGLE)
@pytest.mark.parametrize("position", range(1, 17))
def test_every_fault_with_a_fixed_number_of_slots(position: int, fault: str) -> None:
    held = {**BEFORE, **store("1600h:00 03\n1600h:03 08 01 FA 2F")}
    device = ChangeDevice(held)
    device.fixed = frozenset({0x1600})
    device.faults = {position: fault}
    judge(device, run(device, fixed={0x1600}), held)


@pytest.mark.parametrize("fault", SINGLE)
@pytest.mark.parametrize("position", positions())
def test_every_fault_with_slots_that_are_hidden_until_they_are_used(position: int, fault: str) -> None:
    device = ChangeDevice(BEFORE)
    device.strict = True
    before = known(device)
    hidden = (at("1600h:03"), at("1A02h:01"))
    for address in hidden:
        del before[address]
    device.faults = {position: fault}
    try:
        change(device, NODE_ID, before, WANTED)
    except (ChangeError, KeyboardInterrupt):
        if fault not in FOREVER:
            assert not differing(device, BEFORE).keys() - set(hidden)
    else:
        assert fault in ("wrong", "reboot")
        assert device.held == {**BEFORE, **WANTED}


# --- undoing on its own -----------------------------------------------------------------------------------


def test_a_change_that_was_cut_off_is_undone_from_what_is_known_of_it() -> None:
    device = ChangeDevice(BEFORE)
    cut = Transaction(device, NODE_ID, known(device), WANTED)
    for step in cut.steps[:9]:
        device.download(step.address.index, step.address.sub, step.data)
    assert Transaction(device, NODE_ID, known(ChangeDevice(BEFORE)), WANTED).undo() == ()
    assert device.held == BEFORE


def test_a_cut_off_change_of_a_device_that_is_gone_names_all_that_was_to_change() -> None:
    device = ChangeDevice(BEFORE)
    device.gone = "silent"
    cut = Transaction(
        device,
        NODE_ID,
        known(device),
        WANTED,
    )
    assert {difference.address for difference in cut.undo()} == {step.address for step in cut.steps}
