"""What kernels are made of means what it means in Python and numpy: arithmetic, and the draws of a generator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import SFC64, Generator

from spn.engine.compiled.operations import TranslationError
from tests.engine.small_kernels import compiled

MANY = 10_000_000
GAMMA_SHAPES = (0.02, 0.3, 0.999, 1.0, 1.001, 2.0, 57.3)
INTEGERS = [(a, b) for a in (-(2**62), -65, -64, -7, -1, 0, 1, 6, 7, 64, 2**62 + 3) for b in (-64, -7, -2, 1, 2, 7, 64, 2**40)]
REALS = (-math.inf, -1e300, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.5, 1e300, math.inf, math.nan)


def stream(seed=8):
    return Generator(SFC64(seed))


@pytest.mark.parametrize("name", ["random", "standard_exponential", "standard_normal"])
def test_ten_million_draws_are_numpys(name):
    ours, numpys = stream(), stream()
    found, expected = compiled(f"rng.{name}()")(MANY, ours), getattr(numpys, name)(MANY)
    assert np.array_equal(found.view(np.int64), expected.view(np.int64))
    assert ours.bit_generator.state["state"]["state"].tolist() == numpys.bit_generator.state["state"]["state"].tolist()


@pytest.mark.parametrize("shape", GAMMA_SHAPES)
@pytest.mark.parametrize("name", ["standard_gamma", "weibull"])
def test_draws_with_a_shape_are_numpys(name, shape):
    ours, numpys = stream(), stream()
    found, expected = compiled(f"rng.{name}(reals[0])")(300_000, ours, (shape,)), getattr(numpys, name)(shape, 300_000)
    assert np.array_equal(found.view(np.int64), expected.view(np.int64))
    assert ours.random() == numpys.random()


@pytest.mark.parametrize(("name", "layer"), [("standard_exponential", slice(3, 11)), ("standard_normal", slice(0, 8))])
def test_draws_from_the_tails_and_edges_are_numpys(name, layer):
    # The generator's next word is the sum of its words 0, 1 and 3, so it can be chosen: every layer, mantissas beyond what is accepted at once.
    values, source = compiled(f"rng.{name}()"), stream(1)
    tails = 0
    for round in range(20_000):
        bits = f"{int(source.integers(2**63)) * 2 + 1:064b}"[::-1]
        number = f"{0 if round % 2 else round // 2 % 256:08b}"[::-1]
        bits = bits[: layer.start] + number + bits[layer.stop : 56] + "1" * 8
        word = int(bits[::-1], 2)
        words = [int(each) for each in source.integers(2**63, size=4)]
        words[0] = (word - words[1] - words[3]) % 2**64
        ours, numpys = stream(), stream()
        for generator in (ours, numpys):
            state = generator.bit_generator.state
            state["state"]["state"] = np.array(words, np.uint64)
            generator.bit_generator.state = state
        expected = getattr(numpys, name)()
        tails += abs(expected) > (7.7 if name == "standard_exponential" else 3.66)
        assert values(1, ours)[0] == expected
        assert ours.random() == numpys.random()
    assert tails > 5_000


@pytest.mark.parametrize("operator", ["+", "-", "*", "//", "%", "&", "|", "^", "<", "<=", "==", "!="])
def test_integers_mean_what_they_do_in_python(operator):
    pairs = [(a, b) for a, b in INTEGERS if operator != "*" or abs(a * b) < 2**63]
    numbers = [number for pair in pairs for number in pair]
    found = compiled(f"(ints[2 * k] {operator} ints[2 * k + 1]) % 1000003")(len(pairs), ints=numbers)
    assert found.tolist() == [eval(f"a {operator} b") % 1000003 for a, b in pairs]


@pytest.mark.parametrize("operator", ["+", "-", "*", "<", "<=", ">", ">=", "==", "!="])
def test_doubles_mean_what_they_do_in_python(operator):
    pairs = [(a, b) for a in REALS for b in REALS]
    found = compiled(f"reals[2 * k] {operator} reals[2 * k + 1]")(len(pairs), reals=[number for pair in pairs for number in pair])
    np.testing.assert_array_equal(found, [float(eval(f"a {operator} b")) for a, b in pairs])


@pytest.mark.parametrize("function", ["min", "max"])
def test_of_equal_or_incomparable_numbers_the_first_is_the_least(function):
    pairs = [(a, b) for a in REALS for b in REALS]
    found = compiled(f"{function}(reals[2 * k], reals[2 * k + 1])")(len(pairs), reals=[number for pair in pairs for number in pair])
    expected = np.array([{"min": min, "max": max}[function](a, b) for a, b in pairs])
    assert found.view(np.int64).tolist() == expected.view(np.int64).tolist()


def test_conditions_and_choices():
    numbers = range(-3, 9)
    source = "(1.5 if 0 <= ints[k] < 5 and not (ints[k] == 2 or ints[k] == 3) else ints[k])"
    expected = [1.5 if 0 <= n < 5 and n not in (2, 3) else n for n in numbers]
    assert compiled(source)(12, ints=numbers).tolist() == expected


@pytest.mark.parametrize("source", ["[1]", "unknown + 1", "math.gamma(1.0)", "ints[0] ** 2", "lambda: 0", "fail(k)"])
def test_what_kernels_cannot_be_made_of_is_refused(source):
    with pytest.raises(TranslationError, match="kernel, line 7"):
        compiled(source)
