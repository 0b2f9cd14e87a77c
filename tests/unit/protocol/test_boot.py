"""Boot of one slave: what is sent in which order, what is repeated and for how long, and why it ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.boot import (
    BootStep,
    BootTiming,
    Found,
    Refusal,
    begin,
    handle,
    operational,
)
from deltaq_master.protocol.events import (
    Effect,
    Hold,
    Read,
    ReadDone,
    Send,
    Tick,
    TransferFailed,
    Write,
    WriteDone,
)

DEVICE_TYPE, VENDOR = Address(0x1000), Address(0x1018, 1)
MAPPING, ERROR = Address(0x1600), Address(0x2060)

START = 100.0
STOP_IT = Write(0x6000, 0, b"\0")
NMT_START = Send(0x000, b"\x01\x0a")
ABSENT = 0x06020000
NOT_NOW = 0x08000022
SHOWN = bytes.fromhex("30 81 80 20")  # alarm 20h in 2060h


class Plan:
    """A device with two objects that tell who it is, one of its mapping, and an error word."""

    node_id = 10

    def __init__(self, **timing: float) -> None:
        self.timing = BootTiming(**timing)  # type: ignore[arg-type]
        self.against_identity: Refusal | None = None
        self.against_configuration: Refusal | None = None

    def identity(self, found: Found) -> Iterator[Address]:
        yield DEVICE_TYPE
        if found.get(DEVICE_TYPE) is not None:
            yield VENDOR

    def judge_identity(self, found: Found) -> Refusal | None:
        return self.against_identity

    def disarm(self, found: Found, running: bool) -> Write | None:
        return STOP_IT if running else None

    def configuration(self, found: Found) -> Iterator[Address]:
        yield MAPPING
        yield ERROR

    def judge_configuration(self, found: Found) -> Refusal | None:
        return self.against_configuration

    def recheck(self, found: Found) -> Address | None:
        return ERROR if any(found.get(ERROR) or b"") else None


class Walk:
    """One boot, met with events by hand."""

    def __init__(self, plan: Plan | None = None, running: bool = False) -> None:
        self.plan = plan or Plan()
        self.now = START
        self.boot, self.effects = begin(self.plan, running, self.now)

    def meet(self, event: object, after: float = 0.0) -> tuple[Effect, ...]:
        self.now += after
        self.boot, self.effects = handle(self.plan, self.boot, event, self.now)
        return self.effects

    def told(self, address: Address, data: bytes = b"\x01", after: float = 0.0) -> tuple[Effect, ...]:
        return self.meet(ReadDone(address.index, address.sub, data), after)

    def failed(self, address: Address, abort: int | None = None, after: float = 0.0) -> tuple[Effect, ...]:
        return self.meet(TransferFailed(address.index, address.sub, abort, "why"), after)

    def identified(self) -> Walk:
        self.told(DEVICE_TYPE)
        self.told(VENDOR)
        return self

    def configured(self, error: bytes = bytes(4)) -> Walk:
        self.identified().told(MAPPING)
        self.told(ERROR, error)
        return self

    @property
    def refused(self) -> str:
        assert self.boot.step is BootStep.REFUSED
        assert self.boot.refusal is not None
        return str(self.boot.refusal)


# --- the order ------------------------------------------------------------------------------------------------


def test_reads_then_heartbeat_then_mapping_then_start() -> None:
    walk = Walk()
    assert walk.effects == (Read(0x1000, 0),)
    assert walk.told(DEVICE_TYPE) == (Read(0x1018, 1),)
    assert walk.boot.heartbeat_since == math.inf
    assert walk.told(VENDOR, after=0.25) == (Hold(True), Read(0x1600, 0))
    assert walk.boot.heartbeat_since == START + 0.25
    assert walk.told(MAPPING) == (Read(0x2060, 0),)
    assert walk.told(ERROR, bytes(4)) == (NMT_START,)
    assert walk.boot.step is BootStep.START
    assert walk.boot.found == {
        DEVICE_TYPE: b"\x01",
        VENDOR: b"\x01",
        MAPPING: b"\x01",
        ERROR: bytes(4),
    }


def test_a_running_device_is_stopped_by_the_first_write_before_its_mapping_is_read() -> None:
    walk = Walk(running=True)
    walk.told(DEVICE_TYPE)
    assert walk.told(VENDOR) == (Hold(True), STOP_IT)
    assert walk.meet(WriteDone(0x6000, 0)) == (Read(0x1600, 0),)
    assert walk.told(MAPPING) == (Read(0x2060, 0),)
    assert walk.told(ERROR, bytes(4)) == (NMT_START,)


def test_a_wrong_device_hears_nothing_but_reads() -> None:
    plan = Plan()
    plan.against_identity = Refusal("device-type", "not a charger", DEVICE_TYPE, "1A3h", "191h")
    walk = Walk(plan, running=True)
    walk.told(DEVICE_TYPE)
    assert walk.told(VENDOR) == ()
    assert walk.refused == "1000h:00: not a charger, expected 1A3h, found 191h"
    assert walk.boot.heartbeat_since == math.inf


def test_a_wrong_mapping_is_not_started() -> None:
    plan = Plan()
    plan.against_configuration = Refusal("mapping", "no voltage request")
    walk = Walk(plan)
    assert walk.configured().effects == ()
    assert walk.refused == "no voltage request"
    assert walk.boot.heartbeat_since == START  # it is let go by whoever holds it


def test_an_object_is_asked_for_only_if_the_answers_so_far_call_for_it() -> None:
    walk = Walk()
    assert walk.failed(DEVICE_TYPE, ABSENT) == (Hold(True), Read(0x1600, 0))
    assert walk.boot.found == {DEVICE_TYPE: None}


def test_operational_only_after_start() -> None:
    walk = Walk().configured()
    done = operational(walk.boot, START + 0.5)
    assert done.step is BootStep.DONE
    assert done.entered == START + 0.5
    assert handle(walk.plan, done, Tick(), START + 1000) == (done, ())
    assert done.deadline(walk.plan) == START + 60

    early = Walk().identified().boot
    assert operational(early, START) is early


def test_what_does_not_concern_it_changes_nothing() -> None:
    walk = Walk()
    before = walk.boot
    assert walk.meet("something else") == ()
    assert walk.meet(Tick(), after=1.0) == ()
    assert walk.boot is before


def test_after_a_refusal_nothing_is_sent() -> None:
    plan = Plan()
    plan.against_identity = Refusal("vendor", "another vendor")
    walk = Walk(plan).identified()
    before = walk.boot
    assert walk.told(MAPPING) == ()
    assert walk.meet(Tick(), after=100.0) == ()
    assert walk.boot is before


def test_a_boot_is_a_value() -> None:
    one, other = Walk().identified().boot, Walk().identified().boot
    assert one == other
    assert hash(one) == hash(other)
    assert one != Walk().boot


# --- what fails -----------------------------------------------------------------------------------------------


def test_an_abort_is_an_answer() -> None:
    walk = Walk()
    walk.told(DEVICE_TYPE)
    assert walk.failed(VENDOR, ABSENT) == (Hold(True), Read(0x1600, 0))
    assert walk.boot.found[VENDOR] is None


@pytest.mark.parametrize("step", [BootStep.IDENTITY, BootStep.CONFIGURATION])
def test_silence_is_asked_three_times(step: BootStep) -> None:
    walk = Walk() if step is BootStep.IDENTITY else Walk().identified()
    address = DEVICE_TYPE if step is BootStep.IDENTITY else MAPPING
    assert walk.boot.step is step
    again = (Read(address.index, address.sub),)
    assert walk.failed(address, after=1.0) == again
    assert walk.failed(address, after=1.0) == again
    assert walk.failed(address, after=1.0) == ()
    assert walk.refused == f"{address}: no usable answer to an SDO read: why"
    assert walk.boot.refusal is not None
    assert walk.boot.refusal.cause == "sdo-silent"


def test_each_object_has_its_own_attempts() -> None:
    walk = Walk()
    walk.failed(DEVICE_TYPE)
    walk.failed(DEVICE_TYPE)
    walk.told(DEVICE_TYPE)
    assert walk.failed(VENDOR) == (Read(0x1018, 1),)
    assert walk.failed(VENDOR) == (Read(0x1018, 1),)
    assert walk.failed(VENDOR) == ()
    assert walk.refused.startswith("1018h:01")


def test_what_disarming_took_is_not_counted_against_the_reads_after_it() -> None:
    walk = Walk(running=True).identified()
    for _ in range(2):
        walk.failed(Address(0x6000), NOT_NOW)
        walk.meet(Tick(), after=0.06)
    walk.meet(WriteDone(0x6000, 0))
    assert walk.failed(MAPPING) == (Read(0x1600, 0),)
    assert walk.failed(MAPPING) == (Read(0x1600, 0),)
    assert walk.failed(MAPPING) == ()


@pytest.mark.parametrize("abort", [NOT_NOW, None])
def test_disarming_is_repeated_until_the_device_has_noticed_our_heartbeat(abort: int | None) -> None:
    walk = Walk(running=True).identified()
    assert walk.effects == (Hold(True), STOP_IT)
    assert walk.boot.deadline(walk.plan) == START + 60  # the write is on its way
    assert walk.failed(Address(0x6000), abort, after=0.25) == ()
    assert walk.boot.deadline(walk.plan) == START + 0.25 + 0.05
    assert walk.meet(Tick(), after=0.04) == ()
    assert walk.meet(Tick(), after=0.02) == (STOP_IT,)
    assert walk.meet(WriteDone(0x6000, 0)) == (Read(0x1600, 0),)


def test_a_running_device_that_cannot_be_disarmed_is_refused_after_ten_writes() -> None:
    walk = Walk(running=True).identified()
    writes = 1
    while walk.boot.step is BootStep.DISARM:
        walk.failed(Address(0x6000), NOT_NOW)
        writes += walk.meet(Tick(), after=0.06) == (STOP_IT,)
    assert writes == 10
    assert walk.refused == "6000h:00: the running device could not be told to stop (why)"


def test_a_write_that_was_not_answered_yet_is_not_repeated() -> None:
    walk = Walk(running=True).identified()
    walk.failed(Address(0x6000), NOT_NOW)
    assert walk.meet(Tick(), after=0.06) == (STOP_IT,)
    assert [walk.meet(Tick(), after=0.06) for _ in range(5)] == [()] * 5


def test_a_confirmation_that_nobody_waits_for_leads_past_no_step() -> None:
    walk = Walk()
    assert walk.meet(WriteDone(0x6000, 0)) == ()
    assert walk.boot.step is BootStep.IDENTITY

    walk = Walk().identified()
    assert walk.meet(WriteDone(0x6000, 0)) == ()  # the read of the mapping is under way already

    walk = Walk().configured(SHOWN)
    assert walk.meet(WriteDone(0x6000, 0)) == ()
    assert walk.boot.step is BootStep.RECHECK

    walk = Walk().configured()
    assert walk.meet(WriteDone(0x6000, 0)) == ()
    assert walk.boot.step is BootStep.START


# --- alarms ---------------------------------------------------------------------------------------------------


def test_an_alarm_has_a_second_from_our_first_heartbeat_on_to_go() -> None:
    walk = Walk().configured(SHOWN)
    assert walk.effects == ()
    assert walk.boot.step is BootStep.RECHECK
    again = (Read(0x2060, 0),)
    for _ in range(4):
        assert walk.boot.deadline(walk.plan) == pytest.approx(walk.now + 0.2)
        assert walk.meet(Tick(), after=0.1) == ()
        assert walk.meet(Tick(), after=0.11) == again
        assert walk.told(ERROR, SHOWN) == ()
    assert walk.meet(Tick(), after=0.2) == again
    assert walk.told(ERROR, SHOWN) == ()
    assert walk.refused == (
        "2060h:00: an alarm is still shown 1 s after our first heartbeat, expected 00000000h, found 20808130h"
    )
    assert walk.boot.refusal is not None
    assert walk.boot.refusal.cause == "alarm"


def test_an_alarm_that_goes_in_time_is_none() -> None:
    walk = Walk().configured(SHOWN)
    assert walk.meet(Tick(), after=0.2) == (Read(0x2060, 0),)
    assert walk.told(ERROR, bytes(4), after=0.01) == (NMT_START,)
    assert walk.boot.answers == (
        (DEVICE_TYPE, b"\x01"),
        (VENDOR, b"\x01"),
        (MAPPING, b"\x01"),
        (ERROR, bytes(4)),
    )


def test_a_second_is_a_second() -> None:
    walk = Walk().identified()
    walk.told(MAPPING, after=1.0)
    assert walk.told(ERROR, SHOWN) == ()
    assert walk.boot.step is BootStep.RECHECK


def test_an_alarm_that_is_first_seen_late_is_refused_at_once() -> None:
    walk = Walk().identified()
    walk.told(MAPPING, after=1.5)
    assert walk.told(ERROR, SHOWN) == ()
    assert walk.boot.step is BootStep.REFUSED


def test_an_error_word_that_cannot_be_read_again_shows_no_alarm() -> None:
    walk = Walk().configured(SHOWN)
    walk.meet(Tick(), after=0.2)
    assert walk.failed(ERROR, ABSENT) == (NMT_START,)


def test_the_error_word_is_asked_for_by_one_read_at_a_time() -> None:
    walk = Walk().configured(SHOWN)
    assert walk.meet(Tick(), after=0.2) == (Read(0x2060, 0),)
    assert [walk.meet(Tick(), after=0.2) for _ in range(5)] == [()] * 5


# --- NMT start ------------------------------------------------------------------------------------------------


def test_start_is_sent_three_times_one_and_a_half_seconds_apart() -> None:
    walk = Walk().configured()
    for _ in range(2):
        assert walk.boot.deadline(walk.plan) == walk.now + 1.5
        assert walk.meet(Tick(), after=1.4) == ()
        assert walk.meet(Tick(), after=0.1 + 1e-9) == (NMT_START,)
    assert walk.meet(Tick(), after=1.4) == ()
    assert walk.meet(Tick(), after=0.1 + 1e-9) == ()
    assert walk.refused == "NMT start was sent 3 times and no sign of operation came"
    assert walk.boot.refusal is not None
    assert walk.boot.refusal.cause == "not-operational"


@pytest.mark.parametrize(
    "late",
    [
        ReadDone(0x2060, 0, bytes(4)),
        TransferFailed(0x2060, 0, None, "why"),
        TransferFailed(0x2060, 0, 1, "why"),
    ],
)
def test_a_late_answer_neither_delays_nor_repeats_the_start(late: object) -> None:
    walk = Walk().configured()
    assert walk.meet(Tick(), after=1.5) == (NMT_START,)
    assert walk.meet(late, after=0.5) == ()
    assert walk.boot.deadline(walk.plan) == START + 3.0
    assert walk.meet(Tick(), after=1.0) == (NMT_START,)
    assert walk.meet(late, after=0.5) == ()
    assert walk.meet(Tick(), after=1.0) == ()
    assert walk.boot.refusal is not None
    assert walk.boot.refusal.cause == "not-operational"


# --- the whole ------------------------------------------------------------------------------------------------


def test_a_boot_does_not_last_for_ever() -> None:
    walk = Walk()
    assert walk.told(DEVICE_TYPE, after=59.9) == (Read(0x1018, 1),)
    assert walk.told(VENDOR, after=0.2) == ()
    assert walk.refused == "the boot did not end within 60 s"
    assert walk.boot.refusal is not None
    assert walk.boot.refusal.cause == "boot-timeout"


@pytest.mark.parametrize("step", [BootStep.IDENTITY, BootStep.DISARM, BootStep.CONFIGURATION])
def test_a_tick_at_the_deadline_always_gets_on(step: BootStep) -> None:
    # A machine that answers with the same deadline again would be asked for ever.
    walk = Walk(running=step is BootStep.DISARM)
    if step is not BootStep.IDENTITY:
        walk.identified()
    assert walk.boot.step is step
    assert walk.boot.deadline(walk.plan) == START + 60
    walk.meet(Tick(), after=60.0)
    assert walk.boot.step is BootStep.REFUSED


@pytest.mark.parametrize("last", ["disarm", "recheck", "start"])
def test_no_deadline_lies_behind_the_end_of_the_whole(last: str) -> None:
    plan = Plan(whole=0.01)
    walk = Walk(plan, running=last == "disarm")
    if last == "disarm":
        walk.identified().failed(Address(0x6000), NOT_NOW)
    else:
        walk.configured(SHOWN if last == "recheck" else bytes(4))
    assert walk.boot.step.name.lower() == last
    assert walk.boot.deadline(plan) == START + 0.01


# --- refusals in words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (Refusal("x", "no"), "no"),
        (Refusal("x", "no", remedy="do this"), "no; do this"),
        (Refusal("x", "no", Address(0x1018, 1)), "1018h:01: no"),
        (
            Refusal("x", "no", Address(0x1018, 1), "a", "b", "do this"),
            "1018h:01: no, expected a, found b; do this",
        ),
    ],
)
def test_a_refusal_is_one_sentence(refusal: Refusal, text: str) -> None:
    assert str(refusal) == text
