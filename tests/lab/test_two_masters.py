"""Another master on the bus: nothing is armed, and nothing is sent."""

from __future__ import annotations

import pytest

from tests.lab.bench import Bench, patient, result
from tests.lab.interfaces import frames_of

HEARTBEAT = ["-I", "701", "-L", "1", "-D", "05"]
COMMAND = ["-I", "20A", "-L", "8", "-D", "00FF000054A00001"]


@patient
@pytest.mark.parametrize("frame", [HEARTBEAT, COMMAND], ids=["heartbeat", "RPDO1"])
def test_a_foreign_master_refuses_it(frame: list[str], bench: Bench) -> None:
    bench.simulate()
    before = frames_of(bench.master)[1]
    bench.start("cangen", ["cangen", bench.listener, "-g", "100", *frame])
    master = bench.charge()
    status, said = result(master)
    assert status == 1
    assert said["outcome"] == "refused"
    assert said["cause"]["id"] == "foreign-master"
    assert frames_of(bench.master)[1] == before
