"""Which axes a plot goes along, what is a series and what a panel, and what is said when that cannot be."""

import math

import pytest

from spn.estimate.intervals import Interval
from spn.plots.types import NotPlottable
from spn.sweeps.records import Measured, Record
from spn.tables.choice import Choice, TooMuch
from spn.tables.results import Results
from spn.tables.series import plot_of
from tests.plots.made import availability, hours, interval, point, study

MTTF = ["500 h", "1000 h", "2000 h", "4000 h"]


def u(model, axes):
    return {"standard": 1.0, "actors": 0.1}[model] / hours(axes.get("mttf", "1000 h")) * (1 + float(axes.get("sigma", 0)))


def test_numbers_are_along_x_and_models_are_series():
    plot = plot_of(study(["standard", "actors"], {"mttf": MTTF}, u))
    (panel,) = plot.panels
    assert panel.x.title == "mttf" and (panel.x.unit, panel.x.factor, panel.x.log) == ("h", 3600.0, True)
    assert [series.label for series in panel.series] == ["standard", "actors"]
    assert panel.series[1].x == (500 * 3600.0, 1000 * 3600.0, 2000 * 3600.0, 4000 * 3600.0)
    assert panel.series[1].estimate == tuple(0.1 / m for m in (500, 1000, 2000, 4000))
    assert panel.series[1].low[0] == pytest.approx(0.95 * 0.1 / 500) and panel.series[1].high[0] == pytest.approx(1.05 * 0.1 / 500)
    assert panel.y.title == "Unavailability" and panel.y.log
    assert "95 % confidence intervals" in plot.note and "seed 1" in plot.caption


def test_further_axes_are_columns_and_rows_of_panels():
    plot = plot_of(study(["standard", "actors"], {"mttf": MTTF, "sigma": ["0.2", "0.4"], "n": ["1", "2", "3"]}, u))
    assert [[panel.title for panel in row] for row in plot.rows] == [[f"σ = {s}, n = {n}" for s in ("0.2", "0.4")] for n in (1, 2, 3)]
    assert plot.rows[0][1].series[0].estimate[0] == u("standard", {"mttf": "500 h", "sigma": "0.4"})


def test_more_axes_than_there_is_room_for_are_refused_with_a_way_out():
    results = study(["standard", "actors"], {"mttf": MTTF, "a": ["1", "2"], "b": ["1", "2"], "c": ["1", "2"]}, u)
    with pytest.raises(TooMuch, match="--only 'c=1'") as told:
        plot_of(results)
    assert told.value.axes == ("c",)
    assert len(plot_of(results, Choice(only=(("c", "1"),))).panels) == 4


def test_axes_that_go_together_do_not_make_panels():
    points = [point("standard", {"mttf": mttf, "label": label}, 1 / hours(mttf)) for mttf, label in zip(MTTF, "abcd", strict=True)]
    results = Results({"name": "z", "seed": 1, "precision": 0.05, "confidence": 0.95}, ("mttf", "label"), tuple(points), ())
    (panel,) = plot_of(results).panels
    assert len(panel.series) == 1 and len(panel.series[0].x) == 4


def test_a_model_that_an_axis_does_not_reach_is_a_level():
    (panel,) = plot_of(study(["actors", "standard"], {"mttf": MTTF}, u, without={"standard"})).panels
    (level,) = panel.levels
    assert (level.label, level.estimate) == ("standard", 1 / 1000) and level.low < level.estimate < level.high
    assert [series.label for series in panel.series] == ["actors"]


def test_series_in_the_order_of_a_quantity_have_shades():
    (panel,) = plot_of(study(["standard"], {"mttf": MTTF, "sigma": ["0.8", "0.2", "0.4"]}, u)).panels
    assert [(series.label, series.shade) for series in panel.series] == [("σ = 0.2", 0.0), ("σ = 0.4", 0.5), ("σ = 0.8", 1.0)]


def test_without_numbers_the_values_are_categories():
    (panel,) = plot_of(study(["standard"], {"repair": ["uniform(30 s, 300 s)", "165 s"]}, lambda *_: 1e-5)).panels
    assert panel.x.categories == ("uniform(30 s, 300 s)", "165 s") and panel.series[0].x == (0.0, 1.0)
    (panel,) = plot_of(study(["standard", "actors"], {}, u)).panels
    assert panel.x.categories == ("standard", "actors")


def curves(kind="availability_curve", axis="mttf"):
    """A study of A(t) at three times, stored as sweeps store it: A = 1 - t / (mttf * 1000)."""
    points = []
    for mttf in MTTF[:2]:
        found = {f"at {t!r} s": interval(1.0 - t / hours(mttf) / 1e6, 0.0001) for t in (0.0, 3600.0, 36000.0)}
        measured = Measured(kind, {"estimate": found["at 36000.0 s"], **found}, 0.01, 0.05, "converged", True, None, 40)
        points.append(point("standard", {axis: mttf}, measured))
    return Results({"name": "c", "seed": 1, "precision": 0.05, "confidence": 0.95}, (axis,), tuple(points), ())


def test_a_curve_goes_along_time_with_a_series_for_each_point():
    (panel,) = plot_of(curves()).panels
    assert (panel.x.title, panel.x.unit, panel.y.title, panel.y.symbol) == ("Time", "h", "Unavailability", "U(t)")
    assert [series.label for series in panel.series] == ["mttf = 500 h", "mttf = 1000 h"]
    first = panel.series[0]
    assert first.x == (0.0, 3600.0, 36000.0) and first.estimate == pytest.approx((0.0, 3600 / 5e8, 36000 / 5e8))
    assert first.low[2] == pytest.approx(1.0 - (1.0 - 36000 / 5e8) * 1.0001) and first.spread == "pointwise"


def test_a_curve_of_availability_and_one_of_another_measure():
    (panel,) = plot_of(curves(), Choice(quantity="availability")).panels
    assert panel.y.symbol == "A(t)" and panel.series[1].estimate[2] == pytest.approx(1.0 - 36000 / 1e9)
    (panel,) = plot_of(curves("average_curve")).panels
    assert (panel.y.title, panel.y.symbol) == ("System", "") and panel.series[1].estimate[2] == pytest.approx(1.0 - 36000 / 1e9)


def test_the_times_of_a_curve_can_be_chosen_and_be_series():
    (panel,) = plot_of(curves(), Choice(x="mttf", only=(("time", "1 h"), ("time", "600 min")))).panels
    assert [series.label for series in panel.series] == ["time = 1 h", "time = 10 h"]
    assert panel.series[1].estimate == pytest.approx((36000 / 5e8, 36000 / 1e9))
    with pytest.raises(NotPlottable, match="'time' has no value '3 h'"):
        plot_of(curves(), Choice(only=(("time", "3 h"),)))
    with pytest.raises(NotPlottable, match="no axis 'time'"):
        plot_of(study(["standard"], {"mttf": MTTF}, u), Choice(only=(("time", "3 h"),)))


def test_the_times_of_a_curve_have_another_name_beside_an_axis_called_time():
    plot = plot_of(curves(axis="time"))
    assert [series.label for series in plot.panels[0].series] == ["time = 500 h", "time = 1000 h"]
    assert len(plot_of(curves(axis="time"), Choice(only=(("t", "1 h"), ("time", "500 h")))).panels[0].series) == 1


def test_one_number_of_a_curve():
    (panel,) = plot_of(curves(), Choice(quantity="at 3600.0 s")).panels
    assert panel.x.title == "mttf" and panel.series[0].estimate[0] == pytest.approx(1.0 - 3600 / 5e8)


def test_what_did_not_converge_and_what_is_not_there_is_marked():
    points = [
        point("m", {"mttf": "500 h"}, 1e-3),
        point("m", {"mttf": "1000 h"}, availability(5e-4, converged=False)),
        point("m", {"mttf": "2000 h"}, None),
        point("m", {"mttf": "4000 h"}, 1, record=Record(error="timeless-trap: on and on")),
        point("m", {"mttf": "8000 h"}, availability(Interval(math.nan, 0.0, 1.0, 0.95, ""))),
    ]
    results = Results({"name": "z", "seed": 1, "precision": 0.05, "confidence": 0.95}, ("mttf",), tuple(points), ())
    plot = plot_of(results)
    (series,) = plot.panels[0].series
    assert series.doubtful == (False, True) and series.missing == (2000 * 3600.0, 4000 * 3600.0, 8000 * 3600.0)
    assert "hollow: precision not reached" in plot.note and "×: no estimate (yet)" in plot.note


def test_ratios_have_a_line_where_both_are_equal_unless_that_is_far_away():
    near = study(["standard", "actors"], {"mttf": MTTF}, lambda model, axes: u("standard", axes) * (2 if model == "standard" else 1), ratio=True)
    plot = plot_of(near, Choice(ratio="gain"))
    assert plot.panels[0].y.title == "U, standard / actors" and [line.value for line in plot.panels[0].lines] == [1.0]
    assert plot.panels[0].series[0].estimate == (2.0,) * 4
    far = study(["standard", "actors"], {"mttf": MTTF}, u, ratio=True)
    assert not plot_of(far, Choice(ratio="gain")).panels[0].lines


@pytest.mark.parametrize(
    ("quantity", "unit", "value"),
    [("downtime", "h", 365.25 * 86400 / 500), ("mean_up", "d", 3e6), ("availability", "", 1 - 1 / 500)],
)
def test_other_quantities_have_their_units(quantity, unit, value):
    (panel,) = plot_of(study(["standard"], {"mttf": MTTF}, u), Choice(quantity=quantity)).panels
    assert panel.y.unit == unit and panel.series[0].estimate[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (Choice(x="mtff"), "the study has no axis 'mtff'; did you mean 'mttf'"),
        (Choice(by=("size",)), "the study has no axis 'size'; there are model and mttf"),
        (Choice(measure="sistem"), "the study has no measure 'sistem'; did you mean 'system'"),
        (Choice(quantity="uptime"), "'system' has no 'uptime'"),
        (Choice(ratio="gain"), "the study has no comparison 'gain'; it has none"),
        (Choice(only=(("mttf", "700 h"),)), "'mttf' has no value '700 h'"),
        (Choice(only=(("model", "actor"),)), "'model' has no value 'actor'; did you mean 'actors'"),
        (Choice(x="mttf", by=("mttf",)), "'mttf' has two parts to play"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_name(choice, told):
    with pytest.raises(NotPlottable) as error:
        plot_of(study(["standard", "actors"], {"mttf": MTTF}, u), choice)
    assert told in str(error.value)


def test_a_value_may_be_chosen_in_another_unit():
    (panel,) = plot_of(study(["standard", "actors"], {"mttf": MTTF}, u), Choice(x="model", only=(("mttf", "1800000 s"),))).panels
    assert panel.series[0].estimate == (1 / 500, 0.1 / 500)


def test_nothing_finished_is_told():
    with pytest.raises(NotPlottable, match="no point has an estimate yet"):
        plot_of(study(["m"], {"mttf": MTTF}, lambda *_: None))
