"""Every way in which a charge ends, on the virtual clock: one cause, the safe order, no current afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deltaq_master.charger import events
from deltaq_master.charger.battery import Battery, BatteryReading, Window
from deltaq_master.charger.phases import ASKING, Phase
from deltaq_master.charger.state import Outcome
from deltaq_master.protocol.events import BusLost
from tests.rig.virtual import START, Rig, plan
from tests.rig.wire_rules import check_limits, check_start_order, check_stop_order, commands

SLOW = {"speed": "60", "soc": "20"}


def charging(rig: Rig) -> bool:
    return rig.session.state.phase is Phase.CHARGING


def finish(rig: Rig, limit: float = 120.0) -> Rig:
    rig.run(limit, until=lambda r: r.session.state.released)
    assert rig.session.state.released, rig.phases
    rig.run(5.0)
    return rig


def check(rig: Rig, outcome: Outcome, cause: str, *, confirmed: bool = True) -> None:
    assert rig.view.outcome is outcome
    assert rig.view.cause is not None
    assert rig.view.cause.id == cause
    assert rig.view.off_confirmed is confirmed
    assert rig.view.unconfirmed is not confirmed
    assert not any(command.ready or command.amps for command in commands(rig.frames)[-1:])
    check_limits(rig.frames)
    check_start_order(rig.frames)
    check_stop_order(rig.frames, fault=outcome is Outcome.FAULT)


@pytest.mark.parametrize(
    ("fault", "cause", "confirmed"),
    [
        ("ac-loss@3", "ac-lost", True),
        ("alarm:0x20@3", "alarm", True),
        ("alarm:0x08@3", "alarm", True),
        ("hardware-fault:7@3", "alarm", True),
        ("silence@3", "reports-stale", False),
        ("reboot@3", "rebooted", True),
        ("second-master@3", "foreign-master", True),
        ("second-master:rpdo@3", "foreign-master", True),
        ("nmt-preop@3", "not-operational", True),
        ("disabled@3", "disabled", True),
        ("override-lost@3", "override-lost", True),
        ("equalize@3", "equalize", True),
        ("stall@3", "no-start", True),
        ("no-start@boot+0", "no-start", True),
        ("over-current:10@6", "over-current", True),
        ("over-voltage:10@3", "over-voltage", True),
        ("heartbeat-stop@3", "heartbeat-lost", True),
        ("tpdo-stop@3", "reports-stale", True),
    ],
)
def test_faults_of_the_charger(fault: str, cause: str, confirmed: bool) -> None:
    rig = finish(Rig(options=SLOW | {"fault": fault}))
    check(rig, Outcome.FAULT, cause, confirmed=confirmed)


def test_silence_says_that_off_was_not_confirmed() -> None:
    rig = finish(Rig(options=SLOW | {"fault": "silence@3"}))
    assert rig.view.unconfirmed
    waited = commands(rig.frames)[-1].time - next(c for c in commands(rig.frames) if not c.ready).time
    assert waited >= 3.0


@pytest.mark.parametrize(
    ("changes", "outcome", "cause"),
    [
        ({"duration": 5.0}, Outcome.STOPPED, "time-limit"),
        ({"max_ah": 2.0}, Outcome.STOPPED, "ah-limit"),
    ],
)
def test_limits_end_in_stopped(changes: dict[str, Any], outcome: Outcome, cause: str) -> None:
    check(finish(Rig(plan(**changes), SLOW)), outcome, cause)


def test_the_charger_indicates_complete() -> None:
    check(finish(Rig(options={"speed": "400", "soc": "90"})), Outcome.COMPLETE, "indicated")


def test_taper_by_the_chargers_own_reading_once_it_is_trusted() -> None:
    rig = Rig(plan(battery=Battery(capacity=50.0)), {"speed": "400", "soc": "90", "complete": "never"})
    check(finish(rig), Outcome.COMPLETE, "taper")
    assert Phase.FINISHING in rig.phases


def test_taper_is_never_judged_by_an_untrusted_reading() -> None:
    options = {"speed": "400", "soc": "90", "complete": "never", "idle": "offset"}
    rig = Rig(plan(battery=Battery(capacity=50.0), duration=100.0), options)
    check(finish(rig, 200.0), Outcome.STOPPED, "time-limit")


@pytest.mark.parametrize("seconds", [0.5, 3.0, 10.0])
def test_a_stop_on_request(seconds: float) -> None:
    rig = Rig(options=SLOW).run(60, until=charging)
    rig.at(seconds, lambda: rig.post(events.Stop("request of the test")))
    check(finish(rig), Outcome.STOPPED, "request")


def test_a_second_stop_does_not_shorten_the_safe_order() -> None:
    rig = Rig(options=SLOW | {"fault": "silence@2"}).run(60, until=charging)
    rig.at(1.5, lambda: rig.post(events.Stop("first")))
    rig.at(1.6, lambda: rig.post(events.Stop("second")))
    finish(rig)
    last_ready = next(c for c in reversed(commands(rig.frames)) if c.ready)
    assert commands(rig.frames)[-1].time - last_ready.time >= 2.9
    assert rig.view.outcome is Outcome.FAULT
    assert rig.view.cause is not None
    assert rig.view.cause.id == "not-off"


def test_a_bus_that_refuses_frames_ends_the_charge() -> None:
    rig = Rig(options=SLOW).run(60, until=charging)
    rig.at(2.0, lambda: rig.pump.queue.put(BusLost("no buffer space")))
    check(finish(rig), Outcome.FAULT, "bus-lost")


def test_a_foreign_heartbeat_while_we_listen_means_that_nothing_is_ever_sent() -> None:
    rig = Rig(options={"fault": "second-master@boot+0"})
    rig.run(5.0, until=lambda r: r.session.state.released)
    rig.run(5.0)
    assert rig.view.outcome is Outcome.REFUSED
    assert rig.view.cause is not None
    assert rig.view.cause.id == "foreign-master"
    assert not [frame for frame in rig.frames if frame.sent]


class Bms:
    """A battery monitor that reports every 0.5 s."""

    def __init__(self, rig: Rig, change: Callable[[BatteryReading, float], BatteryReading | None]) -> None:
        self.rig = rig
        self.change = change
        self.charging_since: float | None = None
        self.report()

    def report(self) -> None:
        rig = self.rig
        if self.charging_since is None and rig.session.state.phase in ASKING:
            self.charging_since = rig.now
        true = rig.charger.measure(rig.now)
        reading = BatteryReading(
            rig.now,
            voltage=true.voltage,
            current=true.current,
            temperature=25.0,
            soc=true.soc,
            max_cell_voltage=true.voltage / 20,
        )
        since = rig.now - self.charging_since if self.charging_since is not None else 0.0
        changed = self.change(reading, since)
        if changed is not None:
            rig.post(events.Battery(changed))
        rig.at(0.5, self.report)


def external(**changes: Any) -> Any:
    battery = Battery(
        cells=20,
        capacity=50.0,
        voltage=Window(60.0, 84.1),
        cell_voltage=Window(2.8, 4.22),
        temperature=Window(0.0, 45.0),
    )
    return plan(battery=battery, external=True, **changes)


def late(reading: BatteryReading, since: float, **changes: Any) -> BatteryReading:
    from dataclasses import replace

    return replace(reading, **changes) if since > 3.0 else reading


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda r, s: None if s > 3.0 else r, "battery-stale"),
        (lambda r, s: late(r, s, time=r.time + 10), "battery-stale"),
        (lambda r, s: late(r, s, time=START), "battery-stale"),
        (lambda r, s: late(r, s, voltage=84.5), "battery-voltage"),
        (lambda r, s: late(r, s, voltage=50.0), "battery-voltage"),
        (lambda r, s: late(r, s, max_cell_voltage=4.3), "cell-voltage"),
        (lambda r, s: late(r, s, temperature=46.0), "temperature"),
        (lambda r, s: late(r, s, temperature=-1.0), "temperature"),
        (lambda r, s: late(r, s, ready=False), "battery-unready"),
        (lambda r, s: late(r, s, current=13.0), "over-current"),
    ],
)
def test_what_the_battery_says_ends_the_charge(
    change: Callable[[BatteryReading, float], BatteryReading | None], cause: str
) -> None:
    rig = Rig(external(), SLOW)
    Bms(rig, change)
    check(finish(rig), Outcome.FAULT, cause)


def test_the_end_of_the_battery_data_is_stale_data() -> None:
    rig = Rig(external(), SLOW)
    Bms(rig, lambda r, s: r)
    rig.run(60, until=charging)
    rig.at(2.0, lambda: rig.post(events.BatteryLost("the stream ended")))
    finish(rig, 30.0)
    assert rig.view.cause is not None
    assert "the stream ended" in rig.view.cause.text


def test_taper_by_the_batterys_own_current() -> None:
    rig = Rig(external(), {"speed": "400", "soc": "90", "complete": "never", "idle": "offset"})
    Bms(rig, lambda r, s: r)
    check(finish(rig), Outcome.COMPLETE, "taper")


def test_the_battery_only_lowers_the_request_and_at_once() -> None:
    rig = Rig(external(), SLOW)
    Bms(rig, lambda r, s: late(r, s, max_current=3.0, max_voltage=82.0))
    rig.run(60, until=charging).run(8.0)
    asked = commands(rig.frames)[-1]
    assert asked.amps == 3.0
    assert asked.volts == 82.0
    before = [c for c in commands(rig.frames) if c.amps > 3.0]
    assert before
    drop = next(c for c in commands(rig.frames) if c.time > before[-1].time)
    assert drop.amps == 3.0
    assert drop.time - before[-1].time <= 0.1 + 1e-6


def test_readings_that_allow_more_do_not_raise_the_request() -> None:
    rig = Rig(external(), SLOW)
    Bms(rig, lambda r, s: late(r, s, max_current=100.0, max_voltage=100.0))
    rig.run(60, until=charging).run(8.0)
    assert max(command.amps for command in commands(rig.frames)) == 10.0
    assert {command.volts for command in commands(rig.frames)} == {84.0}


def test_readings_go_into_rpdo2_and_only_then_is_it_sent() -> None:
    without = Rig(options=SLOW).run(60, until=charging)
    assert not [frame for frame in without.frames if frame.cob_id == 0x30A]
    rig = Rig(external(), SLOW)
    Bms(rig, lambda r, s: r)
    rig.run(60, until=charging)
    measured = [frame for frame in rig.frames if frame.cob_id == 0x30A]
    assert measured
    assert measured[0].data[6:8] == b"\xc8\x00"  # 25 °C at 1/8 °C
