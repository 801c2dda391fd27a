"""How the texts of options become values."""

import argparse
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spn.cli import options

SHARES = [("5%", 0.05), ("5 %", 0.05), ("0.05", 0.05), (" 99.9 % ", 0.999), ("1e-3", 0.001), ("95%", 0.95), (".5", 0.5)]


@pytest.mark.parametrize(("text", "value"), SHARES)
def test_a_share_is_written_as_percent_or_as_a_number(text, value):
    assert options.share(text) == value


@pytest.mark.parametrize("text", ["0", "1", "0%", "100%", "5", "-5%", "nan", "inf", "", "%", "5%%", "0x1", "1_0%", "five", "1e400", "٥%"])
def test_a_share_outside_0_and_1_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        options.share(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("a=1", ("a", "1")),
        ("a==b", ("a", "=b")),
        (" a = 2 h", ("a", " 2 h")),
        ("f=lognormal(mean=1 h, sigma=0.4)", ("f", "lognormal(mean=1 h, sigma=0.4)")),
    ],
)
def test_an_assignment_is_split_at_the_first_equals_sign(text, pair):
    assert options.assignment(text) == pair


@pytest.mark.parametrize("text", ["", "a", "=1", "a=", "a= ", "1a=1", "a b=1", "a.b=1", "ä=1", "-a=1"])
def test_an_assignment_without_name_or_value_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        options.assignment(text)


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("1e6", 1_000_000), ("1000", 1000)])
def test_a_count_is_a_whole_number(text, value):
    assert options.count(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e99", "nan", "inf", "", "9" * 5000])
def test_a_count_that_is_none_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        options.count(text)


@pytest.mark.parametrize("text", ["-1", "1.0", "1e3", "", "x", str(2**64), "9" * 5000, "²"])
def test_a_seed_that_is_none_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        options.seed(text)


def test_white_space_of_any_kind_may_surround_a_number():
    assert options.count("7\x1f") == 7
    assert options.seconds("\u20030.5 ") == 0.5


@given(st.text(max_size=20))
def test_no_text_makes_an_option_fail_in_another_way(text):
    for parse in (options.share, options.assignment, options.count, options.seed, options.seconds):
        with suppress(argparse.ArgumentTypeError):
            parse(text)


def test_a_new_seed_is_accepted_as_a_seed():
    assert options.seed(str(options.new_seed())) < 2**31
