"""How intervals became narrow: the last point of a curve is the interval that the results have."""

import pytest

from spn.plots.types import NotPlottable
from spn.tables.choice import Choice
from spn.tables.convergence import convergence
from spn.tables.results import Results
from tests.plots.made import study
from tests.sweeps.studies import SMALL, sweep, write


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    return sweep(write(folder, SMALL.replace("seed: 3", "measures: system\nseed: 3")), folder)[1]


def test_a_curve_ends_with_the_interval_that_became_known(results):
    plot = convergence(results, Choice())
    (panel,) = plot.panels
    finals = [(measured.relative, measured.converged) for _, _, measured in results.measured()]
    assert [(series.estimate[-1], not series.doubtful[-1]) for series in panel.series] == [pytest.approx(pair) for pair in finals]
    for series in panel.series:
        assert list(series.x) == sorted(series.x) and len(series.x) > 3 and series.spread == "exact"
    assert [line.value for line in panel.lines if not line.slope] == [0.2]
    assert "half-width" in plot.caption.lower()


def test_points_may_be_chosen_and_are_named(results):
    plot = convergence(results, Choice(only=(("mttf", "500 s"),)))
    assert [series.label for series in plot.panels[0].series] == ["mttf = 500 s, spares = 0", "mttf = 500 s, spares = 1"]


def test_results_without_a_file_have_no_course():
    with pytest.raises(NotPlottable, match="not from a file"):
        convergence(study(["m"], {}, lambda *_: 1e-3), Choice())


def test_read_again_from_the_file_they_are_the_same(results):
    assert convergence(Results.read(results.path), Choice()) == convergence(results, Choice())
