"""Curves: points, breaks, and fewer points of the same shape."""

from __future__ import annotations

import math

from deltaq_master.session_report.curves import KINDS, PANELS, Curve, Curves, drawn

VOLTAGE = KINDS[0]


def curve(*points: tuple[float, float | None]) -> Curve:
    made = Curve(VOLTAGE)
    for time, value in points:
        made.add(time, value)
    return made


def test_what_is_not_known_ends_a_line_once() -> None:
    made = curve((0.0, None), (1.0, 80.0), (1.2, None), (1.4, None), (1.6, 81.0))
    assert list(made.times) == [1.0, 1.2, 1.6]
    assert math.isnan(made.values[1])
    assert (made.points, made.last, made.greatest) == (2, 81.0, 81.0)


def test_an_empty_curve_has_nothing() -> None:
    assert (curve().points, curve().last, curve().greatest) == (0, None, None)
    assert drawn(curve(), 10).times == ()


def test_a_line_is_broken_where_nothing_is_known_and_over_a_silence() -> None:
    told = drawn(curve((0.0, 1.0), (1.0, 2.0), (1.5, None), (2.0, 3.0), (4.6, 4.0), (7.1, 5.0)), 100)
    assert told.values == (1.0, 2.0, None, 3.0, None, 4.0, 5.0)
    assert told.times == (0.0, 1.0, 1.0, 2.0, 2.0, 4.6, 7.1)


def test_few_points_keep_the_extremes_and_the_ends() -> None:
    values = [float(place % 7) for place in range(10_000)]
    values[4321], values[8765] = 99.0, -99.0
    told = drawn(curve(*((place / 10, value) for place, value in enumerate(values))), 400)
    assert 100 <= len(told.values) <= 404
    assert {99.0, -99.0} <= set(told.values)
    assert (told.times[0], told.times[-1]) == (0.0, 999.9)
    assert list(told.times) == sorted(told.times)


def test_only_curves_with_points_are_present() -> None:
    curves = Curves()
    curves.add("ah", 1.0, 0.5)
    curves.add("soc", 1.0, None)
    assert [each.kind.id for each in curves.present()] == ["ah"]
    assert curves["ah"].last == 0.5


def test_every_curve_has_a_panel() -> None:
    assert {kind.panel for kind in KINDS} == set(PANELS)
    assert len({kind.id for kind in KINDS}) == len(KINDS)
