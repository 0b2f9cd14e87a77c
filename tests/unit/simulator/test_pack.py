"""The pack and the power stage: solved, never past a limit, whatever the speed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaq_master.simulator.limits import Limits, available, requested
from deltaq_master.simulator.output import Output
from deltaq_master.simulator.pack import Pack, PackState

PACK = Pack(cells=20, ah=50, mohm=2, ambient=25)
FULL = Limits(84.0, 10.0, 1200.0)


def _output(soc: float, speed: float, limits: Limits | None, pack: Pack = PACK) -> Output:
    output = Output(pack, PackState(soc, 25), speed, 0.0)
    output.begin(tapers=True)
    output.limits = limits
    return output


@pytest.mark.parametrize(
    ("soc", "volts"),
    [
        (-0.1, 60.0),
        (0.0, 60.0),
        (0.2, 71.0),
        (0.25, 71.6),
        (0.703, 78.26),
        (1.0, 84.0),
        (1.05, 85.0),
        (1.2, 86.0),
    ],
)
def test_open_circuit_voltage(soc: float, volts: float) -> None:
    """Points of the curve, between them, and beyond its ends; 20 cells."""
    assert PACK.open_voltage(PackState(soc, 25)) == pytest.approx(volts)


def test_state_of_charge_at_a_voltage_is_the_other_way_round() -> None:
    assert PACK.soc_at(71.6) == pytest.approx(0.25)
    assert PACK.soc_at(20.0) == 0.0


def test_resistance_is_that_of_the_cells_in_series() -> None:
    assert PACK.resistance == pytest.approx(0.040)


@pytest.mark.parametrize(
    ("soc", "limits", "amps"),
    [
        (0.2, Limits(84.0, 10.0, 1200.0), 10.0),
        # By voltage: (71.2 V - 71.0 V) / 40 mOhm.
        (0.2, Limits(71.2, 10.0, 1200.0), 5.0),
        # By power: I (71.0 + 0.04 I) = 713.998 gives 9.9999... A; 7.1004 W gives 0.1 A.
        (0.2, Limits(84.0, 10.0, 7.1004), 0.1),
        # A set-point below the battery charges nothing, and draws nothing.
        (0.2, Limits(21.0, 10.0, 1200.0), 0.0),
        (0.2, Limits(84.0, 0.0, 1200.0), 0.0),
        (0.2, Limits(84.0, 10.0, 0.0), 0.0),
    ],
)
def test_current_is_solved(soc: float, limits: Limits, amps: float) -> None:
    assert PACK.charge_current(PackState(soc, 25), limits) == pytest.approx(amps)


def test_power_is_that_at_the_terminals() -> None:
    state, limits = PackState(0.8, 25), Limits(85.0, 20.8, 1200.0)
    amps = PACK.charge_current(state, limits)
    assert amps * PACK.terminal_voltage(state, amps, limits) == pytest.approx(1200.0)


@given(
    speed=st.floats(1, 1000),
    soc=st.floats(0, 1.0),
    volts=st.floats(55, 85),
    amps=st.floats(0, 25),
    mohm=st.floats(0.01, 50),
    ah=st.floats(0.1, 200),
)
def test_terminal_voltage_never_passes_the_set_point(
    speed: float, soc: float, volts: float, amps: float, mohm: float, ah: float
) -> None:
    """Not by one digit, and not between two readings, for any pack, at any speed."""
    pack = Pack(20, ah, mohm, 25)
    output = _output(soc, speed, Limits(volts, amps, 1200.0), pack)
    highest = max(volts, pack.open_voltage(output.state))
    for tick in range(1, 8):
        output.run(tick * 0.2)
        assert output.volts <= highest
        assert output.amps <= amps
        assert output.amps * output.volts <= 1200.0 * (1 + 1e-9)


def test_charge_counts_what_flowed() -> None:
    """One hour at 10 A: 10 Ah, and soc 20 points of 100 higher."""
    output = _output(0.2, 1, FULL)
    for second in range(1, 3601):
        output.run(second)
    assert output.cycle.ah == pytest.approx(10.0)
    assert output.cycle.seconds == pytest.approx(3600)
    assert output.state.soc == pytest.approx(0.4)
    assert 10 * 71.0 < output.cycle.wh < 10 * 74.0


@pytest.mark.parametrize("speed", [1, 60, 400, 1000])
def test_speed_changes_time_alone(speed: float) -> None:
    output = _output(0.2, speed, FULL)
    output.run(3600 / speed)
    assert output.cycle.ah == pytest.approx(10.0, rel=1e-9)
    assert output.state.soc == pytest.approx(0.4)


def test_charge_from_20_percent_at_speed_400() -> None:
    """40 Ah at 10 A are 4 h or 36 s; the taper adds some; the peak is the set-point itself."""
    output, now, peak = _output(0.2, 400, FULL), 0.0, 0.0
    while not output.finished:
        now += 0.2
        output.run(now)
        peak = max(peak, output.volts)
        assert now < 60
    assert 36 < now < 45
    assert peak == 84.0
    assert output.limits is None
    assert output.amps == 0
    assert output.cycle.ah == pytest.approx(40.0, rel=0.01)


def test_taper_is_over_after_a_minute_below_one_ampere() -> None:
    """At constant voltage only: a small request is no taper."""
    small = _output(0.2, 1, Limits(84.0, 0.5, 1200.0))
    small.run(600)
    assert not small.finished
    # 84.0 V - 83.964 V over 40 mOhm is 0.9 A.
    tapering = _output(PACK.soc_at(83.964), 1, FULL)
    tapering.run(59.0)
    assert not tapering.finished
    tapering.run(61.0)
    assert tapering.finished


def test_taper_begins_anew_when_the_current_rises() -> None:
    output = _output(PACK.soc_at(83.964), 1, FULL)
    output.run(40)
    output.limits = Limits(84.5, 10.0, 1200.0)
    output.run(41)
    output.limits = FULL
    output.run(100)
    assert not output.finished


def test_no_taper_ends_a_charge_that_shall_not() -> None:
    output = _output(PACK.soc_at(83.999), 1, FULL)
    output.begin(tapers=False)
    output.run(3600)
    assert not output.finished
    assert output.volts == 84.0


def test_output_off_leaves_the_pack_alone() -> None:
    output = _output(0.5, 1000, None)
    output.run(3600)
    assert output.state.soc == 0.5
    assert output.amps == 0
    assert output.volts == pytest.approx(74.0)
    assert output.cycle.seconds == 0
    assert not output.voltage_limited


def test_voltage_limited_says_what_holds_the_current_down() -> None:
    assert not _output(0.2, 1, FULL).voltage_limited
    assert _output(0.999, 1, FULL).voltage_limited
    assert not _output(0.9, 1, Limits(84.0, 20.8, 1200.0)).voltage_limited


def test_counters_of_cycle_and_connection() -> None:
    output = _output(0.2, 1, FULL)
    output.run(360)
    output.begin(tapers=True)
    output.run(720)
    assert output.cycle.ah == pytest.approx(1.0)
    assert output.connection.ah == pytest.approx(2.0)


def test_temperature_follows_heat_and_air() -> None:
    """10 A through 40 mOhm are 4 W; the air takes 2 W per kelvin: 2 K in the end, 1/e of it left after 10^4 s."""
    warm = PACK.after(PackState(0.2, 25), 10.0, 1e6, FULL)
    assert warm.temperature == pytest.approx(27.0)
    half_way = PACK.after(PackState(0.2, 25), 10.0, 10_000, FULL)
    assert half_way.temperature == pytest.approx(25 + 2 * (1 - math.exp(-1)))
    assert PACK.after(PackState(0.2, 45), 0.0, 10_000, FULL).temperature == pytest.approx(25 + 20 / math.e)
    resting = Output(PACK, PackState(0.2, 45), 1.0, 0.0)
    for tick in range(1, 50_001):
        resting.run(tick * 0.2)
    assert resting.state.temperature == pytest.approx(25 + 20 / math.e)


@pytest.mark.parametrize(
    ("ac", "amps", "watts"),
    [
        (0, 0, 0),
        (84.9, 0, 0),
        (85, 20.8, 1200),
        (122, 20.8, 1200),
        (199.9, 20.8, 1200),
        (200, 25, 1500),
        (270, 25, 1500),
        (271, 0, 0),
    ],
)
def test_mains_decide_what_is_available(ac: float, amps: float, watts: float) -> None:
    """SPEC p. 3: 1200 W and 20.8 A below 200 V, 1500 W and 25 A above; 85 to 270 V."""
    assert available(ac) == (85.0, amps, watts)


def test_request_stays_within_what_is_available() -> None:
    assert requested(available(122), 84.0, 10.0) == (84.0, 10.0, 1200.0)
    assert requested(available(122), None, 10.0) == (85.0, 10.0, 1200.0)
    assert requested(available(122), 90.0, 30.0) == (85.0, 20.8, 1200.0)
    assert requested(available(122), 84.0, 20.0, share=0.5) == (84.0, 10.4, 600.0)
