"""Hazard rates and their like: the curves are scipy's, and distributions are found where a user would look for them."""

import numpy as np
import pytest
from scipy import stats

import spn
from spn.plots.delays import delays_plot
from spn.plots.types import NotPlottable
from spn.tables.delays import of_parameters, of_points, readable, written_out
from spn.tables.results import Results
from spn.text.problems import ModelError
from tests.plots.made import point

HOUR = 3600.0


@pytest.mark.parametrize("function", ["hazard", "density", "survival", "cdf"])
def test_the_curves_are_those_of_scipy(function):
    (panel,) = delays_plot(written_out(["weibull(shape=2, scale=100 h)"]), function).panels
    (series,) = panel.series
    known = stats.weibull_min(2, scale=100 * HOUR)
    t = np.array(series.x)
    wanted = {"hazard": known.pdf(t) / known.sf(t), "density": known.pdf(t), "survival": known.sf(t), "cdf": known.cdf(t)}[function]
    assert series.estimate == pytest.approx(wanted, rel=1e-9, abs=1e-15)
    assert series.spread == "exact" and panel.x.unit == "h" and panel.x.zero


def test_the_hazard_of_the_thesis_rises_to_its_known_maximum():
    """3.63879e-7 per second at 1.497e7 s for the printed mu = 15.81, computed outside of the project."""
    (series,) = delays_plot(written_out(["lognormal(mu=15.81, sigma=0.4)"])).panels[0].series
    top = int(np.argmax(series.estimate))
    assert series.estimate[top] == pytest.approx(3.63879e-7, rel=1e-4) and series.x[top] == pytest.approx(1.497e7, rel=0.01)


def test_times_that_are_far_apart_have_panels_of_their_own():
    net = spn.resolve("sip_transport")
    plot = delays_plot(of_parameters(net.name, net.origin, ["failure", "root_restart"]), "survival")
    assert [panel.x.unit for panel in plot.panels] == ["h", "s"] and not plot.shared
    step = plot.panels[1].series[0]
    assert step.estimate[step.x.index(1.0) - 1 : step.x.index(1.0) + 1] == (1.0, 0.0)


def test_a_study_has_the_distributions_of_its_points():
    points = [point("m", {"n": str(n)}, 1e-3, parameters={"failure": f"exponential(mean={n * 1800000.0} s)", "n": str(n)}) for n in (1, 2, 2)]
    results = Results({}, ("n",), tuple(points), ())
    assert [named.label for named in of_points(results, ())] == ["exponential(mean=500 h)", "exponential(mean=1000 h)"]
    with pytest.raises(NotPlottable, match="no parameter 'failur'; did you mean 'failure'"):
        of_points(results, ["failur"])
    with pytest.raises(NotPlottable, match="'n' is no distribution: 1"):
        of_points(results, ["n"])


def test_numbers_are_shown_in_units_that_make_them_short():
    assert readable("lognormal(mean=1800000.0 s, sigma=0.2)") == "lognormal(mean=500 h, sigma=0.2)"
    assert readable("0.00027777777777777778 / (1 s)") == "1 / h"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [(["failur"], "'m' has no parameter 'failur'; did you mean 'failure'"), (["n"], "'n' of 'm' is no distribution: 3")],
)
def test_parameters_that_are_not_there_are_told(wanted, told):
    with pytest.raises(NotPlottable) as error:
        of_parameters("m", {"failure": "exponential(mean=1 h)", "n": "3", "again": "again"}, wanted)
    assert told in str(error.value)


def test_what_has_no_density_has_no_hazard_rate():
    with pytest.raises(NotPlottable, match="165 s has no hazard rate"):
        delays_plot(written_out(["165 s"]))
    with pytest.raises(ModelError):
        written_out(["lognormal(mean=2208 h)"])
