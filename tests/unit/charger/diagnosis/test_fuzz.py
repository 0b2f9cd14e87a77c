"""Random and mutated traffic: no exception, nothing met or unmet without evidence, memory that does not grow."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from deltaq_master.charger.diagnosis import Diagnosis, Standing, Subject
from deltaq_master.protocol.events import BusLost, Frame
from tests.unit.charger.diagnosis.scenarios import SCENARIOS, script_of
from tests.unit.charger.diagnosis.scripted import dictionary, traffic
from tests.unit.charger.diagnosis.test_capture import captured

LIKELY = (0x000, 0x080, 0x08A, 0x18A, 0x20A, 0x28A, 0x30A, 0x38A, 0x40A, 0x58A, 0x60A, 0x701, 0x705, 0x70A)
INDICES = (
    0x1000,
    0x1003,
    0x1016,
    0x1017,
    0x1018,
    0x1400,
    0x1401,
    0x1600,
    0x1601,
    0x1800,
    0x1A00,
    0x2006,
    0x2008,
)
COMMANDS = (0x2011, 0x2060, 0x2101, 0x2241, 0x2242, 0x2271, 0x2276, 0x2279, 0x4201, 0x6000, 0x6010, 0x6070)
SDO = (0x22, 0x23, 0x2B, 0x2F, 0x40, 0x42, 0x43, 0x4B, 0x4F, 0x60, 0x80, 0xA0, 0xC2)


def corpus() -> list[list[Frame]]:
    """Traffic that is sound."""
    logs = [list(captured())]
    for scenario in SCENARIOS:
        script = script_of(scenario)
        assert script is not None
        logs.append(traffic(script))
    return logs


def random_frame(rng: random.Random, now: float) -> Frame:
    """A frame that may be anything, and often is nearly something."""
    cob_id = rng.choice(LIKELY) if rng.random() < 0.9 else rng.randrange(0x800)
    data = rng.randbytes(rng.choice((8, 8, 8, 8, 1, 2, rng.randrange(9))))
    if cob_id in (0x60A, 0x58A) and rng.random() < 0.9:
        index = rng.choice(INDICES + COMMANDS)
        head = (
            bytes((rng.choice(SDO),)) + index.to_bytes(2, "little") + bytes((rng.choice((0, 0, 1, 2, 5, 6)),))
        )
        data = head + rng.choice(
            (rng.randbytes(4), bytes(4), b"\x01\0\0\0", b"\x10\0\x70\x60", b"\x0a\x02\0\0")
        )
    if cob_id > 0x700 and rng.random() < 0.8:
        data = rng.choice((b"\x00", b"\x05", b"\x7f", b"\x04", b"\x85"))
    kind = rng.random()
    return Frame(
        cob_id,
        data,
        now,
        extended=kind < 0.01,
        remote=0.01 < kind < 0.02,
        error=0.02 < kind < 0.03,
        fd=0.03 < kind < 0.04,
        sent=rng.random() < 0.1,
    )


def mutated(rng: random.Random, log: list[Frame]) -> Iterator[Frame]:
    """A log with frames lost, doubled, changed, misplaced, and strangers between them."""
    shift = 0.0
    for frame in log:
        chance = rng.random()
        if chance < 0.05:
            continue
        if chance < 0.07:
            shift += rng.choice((-1.0, 0.3, 3.0))
        if chance < 0.17 and frame.data:
            place = rng.randrange(len(frame.data))
            data = bytearray(frame.data)
            data[place] ^= 1 << rng.randrange(8)
            frame = frame._replace(data=bytes(data))
        if chance > 0.95:
            yield random_frame(rng, frame.time + shift)
        if 0.9 < chance < 0.95:
            yield frame._replace(time=frame.time + shift)
        if 0.85 < chance < 0.9:
            frame = frame._replace(data=frame.data[: rng.randrange(9)])
        yield frame._replace(time=frame.time + shift)


def check(diagnosis: Diagnosis) -> None:
    explanation = diagnosis.explain()
    for found in explanation.preconditions:
        assert bool(found.evidence) is (found.standing is not Standing.UNKNOWN), found
        assert found.sentence
        if found.standing is Standing.UNMET:
            assert found.action
    for found in explanation.preconditions:
        for evidence in found.evidence:
            assert evidence.time is not None
            assert math.isfinite(evidence.time)
    assert explanation.verdict.endswith(".")
    assert [found for found in explanation.preconditions if found.standing is Standing.UNMET] == sorted(
        explanation.causes, key=lambda found: [each.id for each in explanation.preconditions].index(found.id)
    )
    json.dumps(asdict(explanation), allow_nan=False)


def fuzz(rng: random.Random, logs: list[list[Frame]]) -> None:
    """One run: a mutated log, or pure chance."""
    diagnosis = Diagnosis(Subject(dictionary()))
    if rng.random() < 0.5:
        frames: Iterator[Frame] = mutated(rng, rng.choice(logs))
    else:
        frames = (random_frame(rng, number * rng.choice((0.001, 0.01, 0.1))) for number in range(400))
    for number, frame in enumerate(frames):
        diagnosis.take(frame)
        if number % 97 == 0 or rng.random() < 0.002:
            check(diagnosis)
        if rng.random() < 0.001:
            diagnosis.lost(BusLost("unplugged"), frame.time)
    check(diagnosis)


@pytest.fixture(scope="module")
def logs() -> list[list[Frame]]:
    return corpus()


@pytest.mark.parametrize("seed", range(40))
def test_random_and_mutated_traffic(seed: int, logs: list[list[Frame]]) -> None:
    fuzz(random.Random(seed), logs)


@pytest.mark.long
def test_random_and_mutated_traffic_for_five_minutes(logs: list[list[Frame]]) -> None:
    seed, until = 1000, time.monotonic() + 300
    while time.monotonic() < until:
        try:
            fuzz(random.Random(seed), logs)
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        seed += 1


def test_memory_does_not_grow_with_the_traffic() -> None:
    rng = random.Random(5)
    diagnosis = Diagnosis(Subject(dictionary()))
    sizes = []
    for number in range(30_000):
        diagnosis.take(random_frame(rng, number * 0.01))
        if number in (15_000, 29_999):
            facts = diagnosis.facts
            sizes.append((len(facts.streams), len(facts.raised), len(facts.chronicle.changes)))
            assert len(facts.known.held) <= len(facts.dictionary.indices) * 256
            assert all(len(stream.gaps) <= 16 for stream in facts.streams.values())
    assert sizes[0][1:] == sizes[1][1:] or max(sizes[1][1:]) <= 254
    assert sizes[1][0] <= 0x800
