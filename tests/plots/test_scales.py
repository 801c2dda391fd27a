"""Units, powers of ten and ticks of axes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spn.plots import scales
from spn.plots.labels import spaced

positive = st.floats(1e-12, 1e12)


@pytest.mark.parametrize(("seconds", "unit"), [(7200, "h"), (86400 * 30, "d"), (3e8, "year"), (300, "min"), (12, "s"), (2e-3, "ms"), (0, "us")])
def test_times_have_a_fitting_unit(seconds, unit):
    assert scales.unit_for([0, seconds]) == unit


@pytest.mark.parametrize(
    ("values", "geometric"),
    [
        ([1, 2, 4, 8], True),
        ([1, 2, 3, 4], False),
        ([1, 10], True),
        ([1, 2], False),
        ([0, 1, 2], False),
        ([1, 1.1, 1.2], False),
        ([1, 3, 10, 30], True),
    ],
)
def test_geometric_values_are_recognised(values, geometric):
    assert scales.is_geometric(values) is geometric


@pytest.mark.parametrize(("values", "log", "power"), [([3e-5, 8e-5], False, -5), ([0.2, 0.4], False, 0), ([5e-6, 5e-4], True, -5)])
def test_a_power_of_ten_is_taken_out(values, log, power):
    assert scales.exponent(values, log) == power


@given(positive, st.floats(1.01, 1e20), st.integers(2, 8), st.booleans())
def test_logarithmic_ticks_are_few_and_inside(low, ratio, most, powers):
    high = low * ratio
    ticks = scales.log_ticks(low, high, most, powers)
    assert ticks == sorted(set(ticks)) and all(low * 0.999 <= tick <= high * 1.001 for tick in ticks)
    assert len(ticks) <= max(most, 200) and (not powers or len(ticks) <= most)


def test_ticks_have_all_the_decimals_that_one_needs():
    assert scales.tick_texts([0, 0.05, 0.1]) == ["0", "0.05", "0.10"]
    assert scales.tick_texts([-1, 0, 1]) == ["−1", "0", "1"]
    assert scales.power_text(1e-5) == "10⁻⁵" and scales.power_text(2e-5) == "2×10⁻⁵"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.2))
def test_labels_are_kept_apart_and_near_to_their_curves(wanted, gap):
    wanted.sort()
    placed = spaced(wanted, gap)
    assert all(b - a >= gap * (1 - 1e-9) for a, b in zip(placed, placed[1:], strict=False))
    if all(b - a >= gap for a, b in zip(wanted, wanted[1:], strict=False)):
        assert placed == pytest.approx(wanted)
