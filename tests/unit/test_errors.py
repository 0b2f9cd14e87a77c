"""One tree of errors: ours apart from theirs, facts as attributes, one sentence each."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from deltaq_master.errors import (
    BootError,
    BusError,
    CallError,
    ChangeError,
    DeltaqError,
    FileError,
    LimitError,
    NodeError,
    OurError,
    RefusedError,
    SdoAbortError,
    SdoAnswerError,
    SdoError,
    SdoTimeoutError,
    SilentError,
    TheirError,
    UsageError,
)


def test_ours_and_theirs_have_one_root_and_nothing_in_common() -> None:
    ours = (UsageError, FileError, LimitError, RefusedError, CallError)
    theirs = (
        BusError,
        NodeError,
        SilentError,
        SdoError,
        SdoAbortError,
        SdoTimeoutError,
        SdoAnswerError,
        BootError,
        ChangeError,
    )
    assert all(issubclass(error, OurError) and not issubclass(error, TheirError) for error in ours)
    assert all(issubclass(error, TheirError) and not issubclass(error, OurError) for error in theirs)
    assert issubclass(OurError, DeltaqError)
    assert issubclass(TheirError, DeltaqError)


def test_what_is_a_kind_of_what() -> None:
    assert issubclass(FileError, UsageError)
    assert all(issubclass(error, SdoError) for error in (SdoAbortError, SdoTimeoutError, SdoAnswerError))
    assert all(issubclass(error, NodeError) for error in (SilentError, SdoError, BootError, ChangeError))
    assert not issubclass(BusError, NodeError)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UsageError("there is no channel"), "there is no channel"),
        (UsageError("there is no channel", "name one with -c"), "there is no channel; name one with -c"),
        (FileError("a.eds", "it is empty"), "a.eds: it is empty"),
        (
            FileError(Path("a.eds"), "'x' is no number", line=7, key="DataType", remedy="write 0x0007"),
            "a.eds:7: DataType: 'x' is no number; write 0x0007",
        ),
        (
            LimitError("voltage", 90.0, "at most 85 V", "V", "the charger's hardware"),
            "voltage 90 V is not at most 85 V (the charger's hardware); nothing was sent",
        ),
        (RefusedError("writing", "another master is there"), "writing refused: another master is there"),
        (RefusedError("writing", "it is guarded", "name it"), "writing refused: it is guarded; name it"),
        (CallError("not from a callback"), "not from a callback"),
        (BusError("can0 is down"), "can0 is down"),
        (BusError("can0 is down", "ip link set can0 up"), "can0 is down; ip link set can0 up"),
        (NodeError(10, "it restarted"), "node 10: it restarted"),
        (NodeError(10, "it restarted", "look at its supply"), "node 10: it restarted; look at its supply"),
        (SilentError(10, 7.5, "no heartbeat", "is it on?"), "node 10: no heartbeat; is it on?"),
        (SdoError(10, 0x6070, 0, "was cut off"), "node 10: 6070h:00 was cut off"),
        (
            SdoAbortError(10, 0x1016, 1, 0x06010002, "read only"),
            "node 10: 1016h:01 aborted: read only (0601 0002h)",
        ),
        (
            SdoTimeoutError(10, 0x1018, 0x0A, 1, 0.5),
            "node 10: 1018h:0A not answered: 1 request, 0.5 s",
        ),
        (SdoTimeoutError(10, 0x1018, 4, 2, 1.04), "node 10: 1018h:04 not answered: 2 requests, 1.0 s"),
        (SdoAnswerError(10, 0x1000, 0, "has 3 bytes"), "node 10: 1000h:00 has 3 bytes"),
        (
            ChangeError(10, "at disable RPDO1: aborted"),
            "node 10: the change failed: at disable RPDO1: aborted; undone: it holds what it held before",
        ),
        (
            ChangeError(10, "aborted", ("1017h:00 should be E8 03, is F4 01",)),
            "node 10: the change failed: aborted; could not be undone: 1017h:00 should be E8 03, is F4 01",
        ),
        (BootError(10, ("no mapping", "an alarm")), "node 10: boot refused: no mapping; an alarm"),
    ],
)
def test_each_prints_one_sentence(error: DeltaqError, sentence: str) -> None:
    assert str(error) == sentence


def test_a_limit_that_is_missed_by_little_shows_the_difference() -> None:
    # Otherwise the sentence would read: 84.2 V is not at most 84.2 V.
    text = str(LimitError("voltage", 84.2000001, "at most 84.2 V", "V", "max-voltage"))
    assert "84.2000001 V" in text


def test_a_limit_without_a_unit_has_no_gap_in_its_sentence() -> None:
    text = str(LimitError("time", math.inf, "a finite number", "", "a battery reading"))
    assert text == "time inf is not a finite number (a battery reading); nothing was sent"


def test_facts_are_attributes() -> None:
    usage = UsageError("p", "r")
    assert (usage.problem, usage.remedy) == ("p", "r")

    file = FileError(Path("a.eds"), "p", line=7, key="k", remedy="r")
    assert (file.path, file.line, file.key, file.remedy) == ("a.eds", 7, "k", "r")

    limit = LimitError("current", 30.0, "at most 25 A", "A", "hardware")
    assert (limit.name, limit.asked, limit.limit, limit.unit, limit.source) == (
        "current",
        30.0,
        "at most 25 A",
        "A",
        "hardware",
    )

    refused = RefusedError("a", "b", "c")
    assert (refused.action, refused.reason, refused.remedy) == ("a", "b", "c")

    bus = BusError("p", "r")
    assert (bus.problem, bus.remedy) == ("p", "r")

    silent = SilentError(10, 7.5, "p", "r")
    assert (silent.node_id, silent.waited, silent.problem, silent.remedy) == (10, 7.5, "p", "r")


def test_sdo_errors_carry_their_evidence() -> None:
    abort = SdoAbortError(10, 0x6070, 0, 0x08000022, "not now", ["60A 2B 70 60", "58A 80 70 60"])
    assert (abort.node_id, abort.index, abort.sub) == (10, 0x6070, 0)
    assert (abort.code, abort.meaning) == (0x08000022, "not now")
    assert abort.evidence == ("60A 2B 70 60", "58A 80 70 60")

    timeout = SdoTimeoutError(10, 0x1000, 0, 2, 1.0, ["58A FF"])
    assert (timeout.attempts, timeout.waited, timeout.evidence) == (2, 1.0, ("58A FF",))

    change = ChangeError(10, "cut off", ["1017h:00"])
    assert (change.reason, change.differences, change.undone) == ("cut off", ("1017h:00",), False)
    assert ChangeError(10, "cut off").undone

    boot = BootError(10, ["a", "b"])
    assert boot.refusals == ("a", "b")
    assert boot.node_id == 10
