"""Interfaces as `ip -json -details -statistics link show` describes them, of two drivers."""

from __future__ import annotations

import json
from typing import Any

from deltaq_master.link.bus.interfaces import parsed, queued

LOOPBACK: dict[str, Any] = {"ifname": "lo", "flags": ["UP"], "link_type": "loopback", "txqlen": 1000}
VCAN: dict[str, Any] = {
    "ifname": "vcan0",
    "flags": ["NOARP", "UP", "LOWER_UP"],
    "txqlen": 1000,
    "link_type": "can",
    "linkinfo": {"info_kind": "vcan"},
}
SLCAN: dict[str, Any] = {
    "ifname": "can7",
    "flags": ["NOARP", "UP", "LOWER_UP"],
    "txqlen": 10,
    "link_type": "can",
    "linkinfo": {
        "info_kind": "can",
        "info_data": {
            "ctrlmode_supported": ["LISTEN-ONLY"],
            "state": "ERROR-ACTIVE",
            "restart_ms": 0,
            "bittiming_bitrate": 500000,
            "bitrate_const": [10000, 500000],
        },
        "info_xstats": {"bus_error": 3, "bus_off": 1},
    },
    "stats64": {"rx": {"packets": 12}, "tx": {"packets": 34}},
}
CONTROLLER: dict[str, Any] = {
    "ifname": "can8",
    "flags": ["NOARP"],
    "link_type": "can",
    "linkinfo": {
        "info_kind": "can",
        "info_data": {
            "ctrlmode": ["LISTEN-ONLY"],
            "state": "ERROR-PASSIVE",
            "berr_counter": {"tx": 0, "rx": 128},
            "restart_ms": 100,
            "bittiming": {"bitrate": 250000, "sample_point": "0.875"},
        },
    },
}


def test_only_can_is_listed() -> None:
    found = list(parsed(json.dumps([LOOPBACK, VCAN, SLCAN, CONTROLLER])))
    assert [each.name for each in found] == ["vcan0", "can7", "can8"]
    assert [each.virtual for each in found] == [True, False, False]
    assert found[0].bitrate is None


def test_the_slcan_driver() -> None:
    (found,) = parsed(json.dumps([SLCAN]))
    assert (found.up, found.bitrate, found.state, found.queue) == (True, 500_000, "ERROR-ACTIVE", 10)
    assert (found.listen_only, found.restart_ms) == (True, 0)
    assert (found.received, found.sent, found.bus_errors, found.bus_off) == (12, 34, 3, 1)
    assert found.sent_errors is None


def test_a_driver_with_counters() -> None:
    (found,) = parsed(json.dumps([CONTROLLER]))
    assert (found.up, found.bitrate, found.state) == (False, 250_000, "ERROR-PASSIVE")
    assert (found.sent_errors, found.received_errors, found.restart_ms) == (0, 128, 100)
    assert found.modes == ("LISTEN-ONLY",)


def test_frames_that_wait_as_tc_tells_them() -> None:
    fifo = {"kind": "pfifo_fast", "root": True, "packets": 3, "backlog": 48, "qlen": 3}
    assert queued(json.dumps([fifo])) == 3
    # A controller with several queues has one discipline for each, and a root that has counted them.
    parts = [{**fifo, "root": False, "parent": f"8001:{number}"} for number in (1, 2)]
    assert queued(json.dumps([{"kind": "mq", "root": True, "qlen": 6}, *parts])) == 6
    assert queued("[]") is None
    assert queued("") is None
