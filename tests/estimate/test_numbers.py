"""How numbers with intervals are written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spn.estimate.numbers import duration, percent, with_interval
from tests.cli.fakes import an_interval

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((3.61402e-5, 3.58e-5, 3.65e-5), "3.614e-05  [3.580e-05, 3.650e-05]"),
        ((2.5, 2.375, 2.625), "2.50  [2.38, 2.62]"),
        ((0.9999638598, 0.9999635, 0.9999642), "0.99996386  [0.99996350, 0.99996420]"),
        ((12345.0, 12000.0, 12700.0), "12345  [12000, 12700]"),
        ((1.25e9, 1.24e9, 1.26e9), "1.250e+09  [1.240e+09, 1.260e+09]"),
        ((9.99e-6, 9.0e-6, 1.1e-5), "1.00e-05  [0.90e-05, 1.10e-05]"),
        ((0.0, 0.0, 0.0), "0  [0, 0]"),
        ((2.0, 2.0, 2.0), "2.00000  [2.00000, 2.00000]"),
        ((math.nan, -math.inf, math.inf), "-"),
        ((math.nan, 3.2, math.inf), "-  [3.20000, inf]"),
    ],
)
def test_digits_follow_from_the_interval(numbers, text):
    assert with_interval(an_interval(*numbers)) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1140.5, 1131.0, 1150.0), "19.01  [18.85, 19.17] min"),
        ((13.1, 12.5, 13.7), "13.10  [12.50, 13.70] s"),
        ((0.5, 0.49, 0.51), "500  [490, 510] ms"),
        ((5.1 * DAY, 5.0 * DAY, 5.2 * DAY), "5.10  [5.00, 5.20] d"),
        ((0.0, 0.0, 90.0), "0.00  [0.00, 1.50] min"),
        ((0.0, 0.0, 0.0), "0  [0, 0] s"),
        ((math.nan, -math.inf, math.inf), "-"),
    ],
)
def test_times_are_in_the_largest_unit_of_which_there_is_one(numbers, text):
    assert duration(an_interval(*numbers)) == text


@given(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 3))
def test_whatever_the_numbers_there_is_a_text(numbers):
    low, estimate, high = numbers
    assert with_interval(an_interval(estimate, low, high))
    assert duration(an_interval(estimate, low, high))


@given(st.floats(min_value=1e-12, max_value=1e12), st.floats(min_value=1e-3, max_value=0.5))
def test_a_written_number_is_within_a_tenth_of_the_half_width(value, relative):
    text = with_interval(an_interval(value, value * (1 - relative), value * (1 + relative)))
    assert abs(float(text.split()[0]) - value) <= 0.1 * value * relative


def test_percent_says_when_it_is_unknown():
    assert percent(0.05) == "5 %"
    assert percent(math.inf) == "unknown"
