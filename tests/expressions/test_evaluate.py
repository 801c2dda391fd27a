"""Values: both evaluators against Python's own arithmetic, 64-bit integers, laziness, errors with their row."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spn.expressions.check import check
from spn.expressions.closures import compile_expression
from spn.expressions.errors import EvaluationError
from spn.expressions.parse import parse_expression
from spn.expressions.scope import ColourSymbol, PlaceSymbol, Scope, TableSymbol, VariableSymbol
from spn.expressions.static import evaluate, is_static
from spn.expressions.tree import Expression, Values
from spn.expressions.types import BOOLEAN, INTEGER, REAL, Enumeration, Product
from spn.text.problems import Problems
from spn.text.source import Source, Span

KIND = Enumeration("kind", ("voice", "video", "data"))
PAIR = Product("pair", (INTEGER, KIND))
SCOPE = Scope(
    {
        "i": VariableSymbol(INTEGER),
        "j": VariableSymbol(INTEGER),
        "x": VariableSymbol(REAL),
        "b": VariableSymbol(BOOLEAN),
        "k": VariableSymbol(KIND),
        "p": VariableSymbol(PAIR),
        "kind": ColourSymbol(KIND, Values(KIND)),
        "costs": TableSymbol(REAL),
        "queue": PlaceSymbol((INTEGER,), KIND, net="queue"),
    }
)
TABLES = {"costs": np.array([1.5, 2.5, 4.0])}


class State(SimpleNamespace):
    """A state in which every count tells what it was asked."""

    now = 7.5
    tables = TABLES

    def count(self, place: str, element: int | None, pattern: tuple[Any, ...]) -> int:
        self.asked = (place, element, pattern)
        return 42


def tree(text: str) -> Expression:
    problems = Problems()
    node = parse_expression(text, Span(Source("<test>", text), 0, len(text)), problems)
    assert node is not None
    result = check(node, SCOPE, None, problems)
    assert result is not None, problems.found
    return result


def run(text: str, **variables: Any) -> Any:
    return compile_expression(tree(text))(State(variables=dict(variables)))


NAMES = st.sampled_from(["i", "j", "x", "1", "2", "0", "7", "2.5", "-3", "0.1"])
TEXTS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.builds(lambda a, o, b: f"({a} {o} {b})", inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner),
        st.builds(lambda a: f"abs({a})", inner),
        st.builds(lambda a, b: f"min({a}, {b})", inner, inner),
        st.builds(lambda a, o, b, c, d: f"({a} if {b} {o} {c} else {d})", inner, st.sampled_from(["<", "<=", "==", "!="]), inner, inner, inner),
        st.builds(lambda a: f"floor({a})", inner),
    ),
    max_leaves=8,
)
INTEGERS = st.integers(-50, 50)
REALS = st.floats(-1e3, 1e3)


def outcome(call: Any) -> Any:
    try:
        return call()
    except (EvaluationError, ZeroDivisionError, OverflowError, ValueError):
        return "no value"


def floor(value: float) -> int:
    """Python's, but the language's integers have 64 bits."""
    result = math.floor(value)
    if not -(2**63) <= result < 2**63:
        raise OverflowError
    return result


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(st.tuples(INTEGERS, INTEGERS, REALS), min_size=1, max_size=5))
@example("floor((i / x))", [(1, 0, 1.3776084432095364e-177)])
def test_both_evaluators_compute_what_python_computes(text: str, rows: list[tuple[int, int, float]]) -> None:
    node = tree(text)
    closure = compile_expression(node)
    expected = []
    for i, j, x in rows:
        names = {"i": i, "j": j, "x": x}
        value = outcome(lambda names=names: eval(text, {"floor": floor, "min": min, "abs": abs}, dict(names)))  # type: ignore[misc]
        found = outcome(lambda names=names: closure(State(variables=dict(names))))  # type: ignore[misc]
        assert found == value or (found != found and value != value)
        assert outcome(lambda names=names: evaluate(node, names)) == found or found != found  # type: ignore[misc]
        expected.append(found)
    columns = {name: np.array([row[k] for row in rows]) for k, name in enumerate("ijx")}
    if "no value" in expected:
        if set(columns) & set("ijx") and any(name in text for name in "ijx"):
            assert outcome(lambda: evaluate(node, columns)) == "no value"
    else:
        np.testing.assert_array_equal(np.broadcast_to(evaluate(node, columns), (len(rows),)), expected)


def test_a_guarded_division_is_not_made() -> None:
    columns = {"i": np.array([0, 2, 4]), "x": np.array([1.0, 1.0, 1.0])}
    assert evaluate(tree("8 / i if i != 0 else 0"), columns).tolist() == [0.0, 4.0, 2.0]
    assert evaluate(tree("i != 0 and 8 / i > 3"), columns).tolist() == [False, True, False]
    assert evaluate(tree("i == 0 or 8 // i == 2"), columns).tolist() == [True, False, True]
    assert run("i == 0 or 8 // i == 2", i=0) is True


def test_an_error_names_the_first_row_and_the_place_in_the_text() -> None:
    with pytest.raises(EvaluationError, match="division by zero") as caught:
        evaluate(tree("1 + 8 / i"), {"i": np.array([1, 2, 0, 0])})
    assert caught.value.row == 2
    assert caught.value.span is not None and caught.value.span.start == 4


def test_the_row_of_an_error_is_counted_in_all_rows_even_behind_a_condition() -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(tree("1 if i < 0 else 8 / (i - 3)"), {"i": np.array([-1, -1, 1, 3])})
    assert caught.value.row == 3


@pytest.mark.parametrize(
    "text", ["i + 1", "i * 2", "-(0 - i) + 1", "i ** 2", "abs(-i - 1) + 1", "9**9**9**9", "2 ** 63", "i - j", "sum(i for q in 1..2)", "floor(1e30)"]
)
def test_integers_beyond_64_bits_are_errors(text: str) -> None:
    with pytest.raises(EvaluationError, match="64 bits"):
        run(text, i=2**63 - 1, j=-1)
    with pytest.raises(EvaluationError, match="64 bits"):
        evaluate(tree(text), {"i": np.array([2**63 - 1]), "j": np.array([-1])})


def test_the_largest_integers_are_exact() -> None:
    assert run("i * 3 + 1", i=(2**63 - 2) // 3) == (2**63 - 2) // 3 * 3 + 1
    assert evaluate(tree("i * j"), {"i": np.array([-(2**62), 3037000499]), "j": np.array([2, 3037000499])}).tolist() == [-(2**63), 3037000499**2]


@pytest.mark.parametrize(
    "text",
    [
        "1 / (i - i)",
        "1 // (i - i)",
        "1 % (i - i)",
        "sqrt(-i)",
        "log(i - i)",
        "costs[3]",
        "costs[-i]",
        "min(i for q in 1..0)",
        "0.0 ** -i",
        "exp(1000 * i)",
    ],
)
def test_what_has_no_value_is_an_error_with_a_position(text: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        run(text, i=1)
    assert caught.value.span is not None
    with pytest.raises(EvaluationError):
        evaluate(tree(text), {"i": np.array([1, 1])}, TABLES)


def test_loops_run_over_ranges_that_differ_by_row() -> None:
    columns = {"i": np.array([0, 1, 2, 3]), "j": np.array([3, 3, 3, 2])}
    assert evaluate(tree("sum(q * q for q in i..j)"), columns).tolist() == [14, 14, 13, 0]
    assert evaluate(tree("count(q % 2 == 1 for q in i..j)"), columns).tolist() == [2, 2, 1, 0]
    assert evaluate(tree("all(q > 0 for q in i..j)"), columns).tolist() == [False, True, True, True]
    assert evaluate(tree("any(q == i + 1 for q in i..j if q != 2)"), columns).tolist() == [True, False, True, False]
    assert evaluate(tree("max(q * 10 for q in 0..j)"), columns).tolist() == [30, 30, 30, 20]


def test_loops_over_an_enumeration_in_both_evaluators() -> None:
    assert run("count(q != k for q in kind)", k=1) == 2
    assert evaluate(tree("count(q != k for q in kind)"), {"k": np.array([0, 1])}).tolist() == [2, 2]


def test_a_loop_gives_a_hidden_variable_back() -> None:
    assert run("sum(i for i in 1..3) + i", i=10) == 16


def test_a_range_without_end_is_refused() -> None:
    with pytest.raises(EvaluationError, match="too long"):
        run("sum(q for q in 1..10 ** 18)")
    with pytest.raises(EvaluationError, match="too long"):
        evaluate(tree("sum(q for q in 1..10 ** 18)"), {})


def test_a_product_is_compared_component_by_component() -> None:
    columns = {"p": (np.array([1, 1, 2]), np.array([0, 2, 0]))}
    assert evaluate(tree("p == (1, voice)"), columns).tolist() == [True, False, False]
    assert run("p != (1, voice)", p=(1, 2)) is True


def test_tokens_are_asked_of_the_state() -> None:
    state = State(variables={"i": 3, "k": 2})
    assert compile_expression(tree("queue(i, k) + queue"))(state) == 84
    assert compile_expression(tree("queue(i, k)"))(state) == 42 and state.asked == ("queue", 3, (2,))
    assert compile_expression(tree("queue(_, k)"))(state) == 42 and state.asked == ("queue", None, (2,))
    assert run("now / (1 s)") == 7.5


def test_a_hundred_thousand_rows_are_one_evaluation() -> None:
    i = np.arange(100_000)
    result = evaluate(tree("costs[i % 3] * 2 if i % 2 == 0 else 1 / (i + 1)"), {"i": i}, TABLES)
    assert result[:4].tolist() == [3.0, 1 / 2, 8.0, 1 / 4] and result.dtype == np.float64


def test_what_reads_the_marking_or_the_time_is_not_static() -> None:
    assert is_static(tree("i + costs[j]"))
    assert is_static(tree("i + 1"), frozenset({"i"})) and not is_static(tree("i + j"), frozenset({"i"}))
    assert not is_static(tree("queue(i)")) and not is_static(tree("now > 3 s"))


def test_the_value_of_a_real_expression_is_a_float() -> None:
    assert isinstance(run("1 if i > 0 else 2.5", i=1), float)
    assert isinstance(run("max(i, 0.5)", i=3), float)
    assert isinstance(evaluate(tree("max(i, 0.5)"), {"i": 3}), float)


def test_the_index_of_a_member_is_its_position() -> None:
    kinds, truths = np.array([2, 0, 1]), np.array([True, False, True])
    assert evaluate(tree("index(k)"), {"k": kinds}).tolist() == [2, 0, 1]
    assert evaluate(tree("10 * index(b)"), {"b": truths}).tolist() == [10, 0, 10]
    assert evaluate(tree("costs[index(kind.data)]"), {}, TABLES) == 4.0
    state = State(variables={"k": 1, "b": True})
    assert compile_expression(tree("index(k) + index(b)"))(state) == 2
    assert type(compile_expression(tree("index(b)"))(state)) is int
    assert tree("index(k)").type == INTEGER


def test_loops_within_loops_end() -> None:
    with pytest.raises(EvaluationError, match="100,000 values"):
        evaluate(tree("sum(sum(q for q in 1..1000000) for r in 1..1000000)"), {})
