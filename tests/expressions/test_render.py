"""Text of a tree, read again, is the tree."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spn.expressions.check import check
from spn.expressions.parse import parse_expression
from spn.expressions.render import render
from spn.expressions.scope import ColourSymbol, PlaceSymbol, Scope, TableSymbol, VariableSymbol
from spn.expressions.tree import (
    Binary,
    Constant,
    Expression,
    Field,
    Function,
    IfElse,
    Lookup,
    Make,
    Now,
    Range,
    Reduce,
    Tokens,
    Unary,
    Values,
    Variable,
)
from spn.expressions.types import BOOLEAN, DURATION, INTEGER, RATE, REAL, Enumeration, Number, Product, Record, Type
from spn.text.problems import Problems

KIND = Enumeration("kind", ("voice", "video", "data"))
PAIR = Product("pair", (INTEGER, KIND))
CUSTOMER = Record("customer", (("arrived", DURATION), ("kind", KIND)))
SCOPE = Scope(
    {
        "kind": ColourSymbol(KIND, Values(KIND)),
        "pair": ColourSymbol(PAIR),
        "customer": ColourSymbol(CUSTOMER),
        "i": VariableSymbol(INTEGER),
        "s": VariableSymbol(REAL),  # hides the unit
        "h": VariableSymbol(DURATION),
        "b": VariableSymbol(BOOLEAN),
        "k": VariableSymbol(KIND),
        "p": VariableSymbol(PAIR),
        "c": VariableSymbol(CUSTOMER),
        "t0": TableSymbol(INTEGER),
        "t1": TableSymbol(DURATION),
        "idle": PlaceSymbol((INTEGER,), net="idle"),
        "lane": PlaceSymbol((INTEGER,), PAIR, net="lane"),
        "queue": PlaceSymbol((), CUSTOMER, net="queue"),
    }
)
COLOURS = {"lane": PAIR, "queue": CUSTOMER}


def number(type: Number) -> st.SearchStrategy[Expression]:
    if type.integer:
        return st.integers(-(2**63), 2**63 - 1).map(lambda v: Constant(type, v))
    return st.floats(allow_nan=False, allow_infinity=False).filter(lambda v: v != 0 or type.dimension == 0).map(lambda v: Constant(type, v))


LEAVES: dict[Type, st.SearchStrategy[Expression]] = {
    INTEGER: number(INTEGER).filter(lambda c: c.value != 0) | st.just(Variable(INTEGER, "i")) | st.just(Tokens(INTEGER, "idle", None, ())),  # type: ignore[union-attr]
    REAL: number(REAL).filter(lambda c: c.value != 0) | st.just(Variable(REAL, "s")),  # type: ignore[union-attr]
    DURATION: number(DURATION) | st.sampled_from([Now(DURATION), Variable(DURATION, "h"), Field(DURATION, Variable(CUSTOMER, "c"), "arrived", 0)]),
    RATE: number(RATE),
    BOOLEAN: st.sampled_from([Constant(BOOLEAN, True), Constant(BOOLEAN, False), Variable(BOOLEAN, "b")]),
    KIND: st.sampled_from([*(Constant(KIND, k) for k in range(3)), Variable(KIND, "k"), Field(KIND, Variable(PAIR, "p"), "kind", 1)]),
}


def binary(
    type: Type, operators: list[str], left: st.SearchStrategy[Expression], right: st.SearchStrategy[Expression]
) -> st.SearchStrategy[Expression]:
    return st.builds(lambda o, a, b: Binary(type, o, a, b), st.sampled_from(operators), left, right)


@cache
def trees(type: Type, depth: int) -> st.SearchStrategy[Expression]:
    """Random typed trees such as the checker makes."""
    if depth == 0:
        return LEAVES[type]
    same, truth, whole = trees(type, depth - 1), trees(BOOLEAN, depth - 1), trees(INTEGER, depth - 1)
    options = [LEAVES[type], st.builds(lambda c, a, b: IfElse(type, c, a, b), truth, same, same)]
    if isinstance(type, Number):
        options += [
            binary(type, ["+", "-", "%"], same, same),
            st.builds(lambda a: Unary(type, "-", a), same.filter(lambda e: not isinstance(e, Constant) or type == RATE)),
            st.builds(lambda f, a, b: Function(type, f, (a, b)), st.sampled_from(["min", "max"]), same, same),
            st.builds(lambda a: Function(type, "abs", (a,)), same),
            st.builds(lambda a, c, n: Reduce(type, "sum", "x", Range(Constant(INTEGER, 1), n), a, c), same, st.none() | truth, whole),
            st.builds(lambda a: Reduce(type, "max", "x", Values(KIND), a, None), same),
        ]
    if type == INTEGER:
        options += [
            binary(INTEGER, ["*", "//"], whole, whole),
            st.builds(lambda a: Lookup(INTEGER, "t0", a), whole),
            st.builds(lambda a, v: Tokens(INTEGER, "lane", a, (None, v)), st.none() | whole, trees(KIND, depth - 1)),
            st.builds(lambda v: Tokens(INTEGER, "queue", Constant(INTEGER, 0), (None, v)), trees(KIND, depth - 1)),
            st.builds(lambda a: Tokens(INTEGER, "idle", a, ()), whole),
            st.builds(lambda a: Function(INTEGER, "floor", (a,)), trees(REAL, depth - 1)),
            st.builds(lambda a: Reduce(INTEGER, "count", "x", Values(BOOLEAN), a, None), truth),
        ]
    if type == REAL:
        options += [binary(REAL, ["**"], same, same), binary(REAL, ["*", "//", "/"], same, same), binary(REAL, ["/"], whole, whole)]
        options += [binary(REAL, ["/"], trees(DURATION, depth - 1), trees(DURATION, depth - 1))]
    if type == DURATION:
        options += [binary(DURATION, ["*", "/"], same, trees(REAL, depth - 1)), st.builds(lambda a: Lookup(DURATION, "t1", a), whole)]
        options += [st.builds(lambda a: Function(DURATION, "sqrt", (Binary(Number(False, 2), "**", a, Constant(INTEGER, 2)),)), same)]
    if type == RATE:
        options += [binary(RATE, ["/"], trees(REAL, depth - 1).filter(lambda e: not isinstance(e, Constant)), trees(DURATION, depth - 1))]
    if type == BOOLEAN:
        options += [
            binary(BOOLEAN, ["and", "or"], truth, truth),
            st.builds(lambda a: Unary(BOOLEAN, "not", a), truth),
            st.builds(lambda a, n: Reduce(BOOLEAN, "all", "x", Range(n, n), a, None), truth, whole),
            binary(BOOLEAN, ["==", "!="], trees(KIND, depth - 1), trees(KIND, depth - 1)),
            st.builds(lambda a, v: Binary(BOOLEAN, "==", Variable(PAIR, "p"), Make(PAIR, (a, v))), whole, trees(KIND, depth - 1)),
        ]
        options += [binary(BOOLEAN, ["<", "<=", "==", "!=", ">"], trees(t, depth - 1), trees(t, depth - 1)) for t in (INTEGER, REAL, DURATION)]
    return st.one_of(options)


def read(text: str, expected: Type | None = None) -> Expression:
    problems = Problems()
    syntax = parse_expression(text, None, problems)
    assert syntax is not None, (text, problems.found)
    result = check(syntax, SCOPE, expected, problems)
    assert result is not None, (text, problems.found)
    return result


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_reading_the_text_of_a_tree_gives_the_tree(data: st.DataObject) -> None:
    type = data.draw(st.sampled_from([INTEGER, REAL, DURATION, RATE, BOOLEAN, KIND]))
    tree = data.draw(trees(type, 3))
    qualified = data.draw(st.booleans())
    text = render(tree, qualified=qualified, single={"queue"}, colours=COLOURS)
    assert read(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        "lognormal(mean=7948800.0 s, sigma=0.4)",
        "exponential(rate=0.1)",
        "hyperexponential(weights=[0.5, 0.5], rates=[1.0, 2.0])",
        "erlang(k=3, mean=5.0 s)",
        "4.0 * (1 s) ** 2",
        "0.1 / (1 s) * h",
        "(-2) ** 2",
        "-i ** 2",
        "i if b else 2 if b else i",
        "not (b and b)",
        "1 - (2 - 3)",
        "customer(arrived=now, kind=voice)",
        "sum(idle(x) for x in 1..i if x != 2)",
        "lane(_, 1, voice)",
        "lane(3, _)",
        "queue(kind=voice)",
        "p.first + t0[2]",
        "t0[index(b)]",
    ],
)
def test_text_with_the_fewest_parentheses_is_kept(text: str) -> None:
    assert render(read(text), single={"queue"}, colours=COLOURS) == text


def test_a_value_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        render(Constant(REAL, float("inf")))
