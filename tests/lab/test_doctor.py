"""`deltaq doctor` on interfaces that the kernel really has: down, sound, and at another bit rate."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.bench import Bench
from tests.lab.interfaces import Wire, described, frames_of, up


def doctor(bench: Bench, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and lines of the doctor on the master's interface."""
    program = bench.deltaq(f"doctor {len(bench.programs)}", bench.master, "doctor", *words)
    status = program.wait()
    assert program.out, program.err
    return status, json.loads(program.out)


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {check["subject"]: check["verdict"] for check in found["checks"]}


def test_a_sound_bus(bench: Bench) -> None:
    bench.simulate()
    before = frames_of(bench.master)[1]
    status, found = doctor(bench)
    told = verdicts(found)
    assert status == 0 or told["timing"] == "wrong", found  # the guest may be late, and nothing else
    assert {key: told[key] for key in ("interface", "state", "permission", "bit rate", "who", "queue")} == {
        "interface": "ok", "state": "ok", "permission": "ok", "bit rate": "ok", "who": "ok", "queue": "ok",
    }  # fmt: skip
    assert frames_of(bench.master)[1] == before  # nothing was sent


def test_an_interface_that_is_down_and_a_bus_at_another_bit_rate(wire: Wire, tmp_path: Any) -> None:
    bench = Bench("can0", "can1", "can2", tmp_path)
    before = frames_of("can0")[1]
    try:
        status, found = doctor(bench)
        assert status == 1
        (check,) = (check for check in found["checks"] if check["subject"] == "interface")
        assert check["mend"] == "sudo ip link set can0 up type can bitrate 500000"
        up("can1", 125_000)
        up("can2", 125_000)  # somebody must acknowledge, and a listen-only controller does not
        bench.simulate()
        status, found = doctor(bench, "--find-bitrate")
        assert (status, found["bitrate"]) == (0, 125_000)
        here = described("can0")
        assert "UP" not in here["flags"]
        assert "LISTEN-ONLY" not in here["linkinfo"]["info_data"].get("ctrlmode", [])
        assert frames_of("can0")[1] == before
    finally:
        bench.end()


def test_what_socketcan_can_do(bench: Bench) -> None:
    bench.simulate()
    program = bench.deltaq("info", bench.master, "info", "--bus")
    assert program.wait() == 0, program.err
    found = json.loads(program.out)
    assert found["abilities"]["lease"]
    assert found["abilities"]["filters"]
    assert found["abilities"]["reopens"]
    assert found["interface"]["queue"] == 10
    assert found["waiting"] == 0
    assert found["measured"]["reads"] == 50


def test_how_many_frames_wait_where_nobody_acknowledges(bench: Bench, wire: Wire) -> None:
    wire.tell("cable-off can0")
    for _ in range(6):
        bench.start("frame", ["cansend", "can0", "123#00"]).wait()
    program = bench.deltaq("info", bench.master, "info", "--bus")
    assert program.wait() == 3
    *_, found = (json.loads(line) for line in program.out.splitlines() if "deltaq.bus" in line)
    assert found["measured"] is None
    # Of six, the adapter and the driver have taken two; what was asked for by SDO waits behind them.
    assert 4 <= found["waiting"] <= 10
    wire.tell("cable-on can0")
