"""Names, types and dimensions: what is accepted, what it becomes, and every problem with its code and column."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spn.expressions.check import check, check_delay, check_domain, check_token_pattern, check_token_value
from spn.expressions.parse import parse_argument_list, parse_domain, parse_expression
from spn.expressions.scope import (
    ColourSymbol,
    InstanceSymbol,
    ModuleSymbol,
    ParameterSymbol,
    PlaceSymbol,
    Scope,
    TableSymbol,
    VariableSymbol,
)
from spn.expressions.tokens import Binding
from spn.expressions.tree import (
    Constant,
    DelayCall,
    Expression,
    Field,
    IfElse,
    Instances,
    Lookup,
    Make,
    Parameter,
    PlaceRead,
    Range,
    Reduce,
    Sequence,
    Step,
    Values,
    Variable,
)
from spn.expressions.types import BOOLEAN, DISTRIBUTION, DOT, DURATION, INTEGER, RATE, REAL, Enumeration, Number, Product, Record, Table, Type
from spn.text.problems import Problem, Problems
from spn.text.source import Source, Span

KIND = Enumeration("kind", ("voice", "video", "data"))
STATE = Enumeration("state", ("idle", "data"))
PAIR = Product("pair", (INTEGER, KIND))
CUSTOMER = Record("customer", (("arrived", DURATION), ("size", REAL), ("kind", KIND), ("hops", INTEGER)))
SECTION = Range(Constant(INTEGER, 1), Parameter(INTEGER, "n"))
ACTOR = Scope({"idle": PlaceSymbol((INTEGER,), KIND), "running": PlaceSymbol(), "size": ParameterSymbol(INTEGER)})
SCOPE = Scope(
    {
        "kind": ColourSymbol(KIND, Values(KIND)),
        "state": ColourSymbol(STATE, Values(STATE)),
        "pair": ColourSymbol(PAIR),
        "section": ColourSymbol(INTEGER, SECTION),
        "customer": ColourSymbol(CUSTOMER),
        "n": ParameterSymbol(INTEGER),
        "load": ParameterSymbol(REAL),
        "timeout": ParameterSymbol(DURATION),
        "pooled": ParameterSymbol(BOOLEAN),
        "failure": ParameterSymbol(DISTRIBUTION),
        "clocks": ParameterSymbol(Enumeration("clocks", ("renewed", "kept"))),
        "rates": ParameterSymbol(Table(RATE)),
        "costs": TableSymbol(REAL),
        "running": PlaceSymbol(),
        "idle": PlaceSymbol((INTEGER,)),
        "queue": PlaceSymbol((), CUSTOMER),
        "lane": PlaceSymbol((INTEGER,), PAIR),
        "c": VariableSymbol(CUSTOMER),
        "k": VariableSymbol(KIND),
        "p": VariableSymbol(PAIR),
        "w": VariableSymbol(INTEGER),
        "worker": InstanceSymbol("actor", (INTEGER,), ACTOR),
        "boss": InstanceSymbol("actor", (), ACTOR),
        "actor": ModuleSymbol("actor", ACTOR),
    },
    others={"serve": "transition", "often": "measure", "s": "measure"},
)


def attempt(text: str, expected: Type | None = None) -> tuple[Expression | None, list[Problem]]:
    problems = Problems()
    node = parse_expression(text, Span(Source("<test>", text), 0, len(text)), problems)
    assert node is not None, problems.found
    result = check_delay(node, SCOPE, problems) if expected == DISTRIBUTION else check(node, SCOPE, expected, problems)
    errors = list(problems.errors)
    assert (result is None) == bool(errors)
    return result, errors


def good(text: str, expected: Type | None = None) -> Expression:
    result, problems = attempt(text, expected)
    assert result is not None, problems
    return result


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("n + 1", INTEGER),
        ("n / 2", REAL),
        ("n // 2", INTEGER),
        ("n % 2", INTEGER),
        ("n * load", REAL),
        ("2 ** n", INTEGER),
        ("2 ** -1", REAL),
        ("timeout * timeout", Number(False, 2)),
        ("timeout / 3 h", REAL),
        ("1 / timeout", RATE),
        ("1 / h", RATE),
        ("timeout ** 2", Number(False, 2)),
        ("sqrt(timeout * 1 h)", DURATION),
        ("30 s + 0", DURATION),
        ("now - c.arrived", DURATION),
        ("min(timeout, 0)", DURATION),
        ("max(1, load)", REAL),
        ("floor(load)", INTEGER),
        ("mean(failure)", DURATION),
        ("variance(failure)", Number(False, 2)),
        ("1 < running < 3", BOOLEAN),
        ("0 if pooled else timeout", DURATION),
        ("5 %", REAL),
        ("rates[n]", RATE),
        ("costs[n]", REAL),
        ("count(idle(s) > 0 for s in section)", INTEGER),
        ("sum(timeout for s in section)", DURATION),
    ],
)
def test_the_type_follows_from_the_operands(text: str, type: Type) -> None:
    assert good(text).type == type


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30 s", 30.0),
        ("2208 h", 7948800.0),
        ("1 year", 31557600.0),
        ("20 ms", 0.02),
        ("3 us", 3e-6),
        ("7 ns", 7e-9),
        ("-5 min", -300.0),
        ("2 * h", 7200.0),
    ],
)
def test_durations_are_in_seconds(text: str, value: float) -> None:
    assert good(text) == Constant(DURATION, value)


def test_a_rate_literal_is_one_constant() -> None:
    assert good("36 / h") == Constant(RATE, 0.01)


@pytest.mark.parametrize(
    ("text", "type", "value"), [("30", DURATION, 30.0), ("2", RATE, 2.0), ("2", REAL, 2.0), ("0", DURATION, 0.0), ("-3", INTEGER, -3)]
)
def test_a_plain_number_stands_for_what_is_expected(text: str, type: Number, value: float) -> None:
    assert good(text, type) == Constant(type, value)


@pytest.mark.parametrize(
    "text", ["k == data", "data == k", "k == kind.data", "data != k", "k == (data if n > 0 else voice)".replace("data if", "kind.data if")]
)
def test_a_member_is_known_by_what_it_is_compared_with(text: str) -> None:
    assert good(text).type == BOOLEAN


def test_the_choice_of_a_parameter_is_compared_by_name() -> None:
    assert good("clocks == kept").type == BOOLEAN


def test_a_place_is_read_with_indices_first() -> None:
    two = Constant(INTEGER, 2)
    assert good("idle") == PlaceRead(INTEGER, (), "idle", (), ())
    assert good("lane(2)") == PlaceRead(INTEGER, (), "lane", (two,), ())
    assert good("lane(2, _, voice)") == PlaceRead(INTEGER, (), "lane", (two,), (None, Constant(KIND, 0)))
    parts = (Field(INTEGER, Variable(PAIR, "p"), "first", 0), Field(KIND, Variable(PAIR, "p"), "second", 1))
    assert good("lane(2, p)") == PlaceRead(INTEGER, (), "lane", (two,), parts)
    assert good("queue(kind=voice)") == PlaceRead(INTEGER, (), "queue", (), (None, None, Constant(KIND, 0), None))
    assert good("lane(_, 2, k)") == PlaceRead(INTEGER, (), "lane", (), (two, Variable(KIND, "k")))


def test_a_place_of_an_instance_is_read_by_path() -> None:
    path = (Step("worker", (Variable(INTEGER, "w"),)),)
    assert good("worker(w).idle(3)") == PlaceRead(INTEGER, path, "idle", (Constant(INTEGER, 3),), ())
    assert good("boss.running") == PlaceRead(INTEGER, (Step("boss", ()),), "running", (), ())


def test_a_module_is_a_domain_of_all_its_instances() -> None:
    reduce = good("all(a.running == 1 for a in actor)")
    assert isinstance(reduce, Reduce) and reduce.domain == Instances("actor")
    assert PlaceRead(INTEGER, (Step("a", (), True),), "running", (), ()) == reduce.body.left  # type: ignore[union-attr]


def test_domains_are_colours_ranges_and_modules() -> None:
    for text, domain in (("section", SECTION), ("1..n", SECTION), ("kind", Values(KIND)), ("bool", Values(BOOLEAN)), ("actor", Instances("actor"))):
        problems = Problems()
        node = parse_domain(text, None, problems)
        assert node is not None
        found = check_domain(node, SCOPE, problems)
        assert found is not None and found[0] == domain


def test_delays_are_calls_parameters_choices_and_durations() -> None:
    assert good("uniform(30 s, 300)", DISTRIBUTION) == good("uniform(high=300 s, low=30)", DISTRIBUTION)
    assert good("30 s", DISTRIBUTION) == DelayCall(DISTRIBUTION, "deterministic", ("value",), (Constant(DURATION, 30.0),))
    assert good("failure", DISTRIBUTION) == Parameter(DISTRIBUTION, "failure")
    choice = good("failure if pooled else 5", DISTRIBUTION)
    assert isinstance(choice, IfElse) and isinstance(choice.otherwise, DelayCall)
    lists = good("hyperexponential(weights=[1, 2], rates=[1, 0.2])", DISTRIBUTION)
    assert isinstance(lists, DelayCall) and lists.arguments[0] == Sequence((Constant(REAL, 1.0), Constant(REAL, 2.0)))
    assert good("lognormal(sd=1 h, mean=2 h)", DISTRIBUTION).form == ("mean", "sd")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "expected", "code", "column", "hint"),
    [
        ("1 + runing", None, "unknown-name", 5, "running"),
        ("idl(3)", None, "unknown-name", 1, "idle"),
        ("exponental(rate=2)", DISTRIBUTION, "unknown-name", 1, "exponential"),
        ("True", None, "unknown-name", 1, "true"),
        ("boss.runing", None, "unknown-name", 1, "running"),
        ("c.siz", None, "unknown-name", 1, "size"),
        ("kind.vioce", None, "unknown-name", 1, "voice"),
        ("data", None, "ambiguous-name", 1, "kind.data"),
        ("sum(1 for s in secton)", None, "unknown-name", 16, "section"),
        ("30 s + 5", None, "wrong-unit", 1, "5 s"),
        ("now > 3", None, "wrong-unit", 1, "3 s"),
        ("exp(timeout)", None, "wrong-unit", 1, "(1 s)"),
        ("sqrt(timeout)", None, "wrong-unit", 1, None),
        ("timeout ** n", None, "wrong-unit", 12, None),
        ("2 ** timeout", None, "wrong-unit", 6, None),
        ("min(timeout, 1)", None, "wrong-unit", 1, "same unit"),
        ("timeout", REAL, "wrong-unit", 1, "divide"),
        ("exponential(rate=1 h)", DISTRIBUTION, "wrong-unit", 18, None),
        ("timeout if pooled else 2", None, "wrong-unit", 1, "2 s"),
        ("2.5", INTEGER, "wrong-type", 1, "floor"),
        ("idle(load)", None, "wrong-type", 6, "floor"),
        ("pooled + 1", None, "wrong-type", 1, "1 if x else 0"),
        ("sum(pooled for s in section)", None, "wrong-type", 5, "count"),
        ("running and pooled", None, "wrong-type", 1, "x > 0"),
        ("1 if running else 0", None, "wrong-type", 6, "x > 0"),
        ("k < data", None, "wrong-type", 1, "=="),
        ("k == p", None, "wrong-type", 1, None),
        ("serve", None, "wrong-type", 1, "measures"),
        ("often", None, "wrong-type", 1, "value over time"),
        ("kind", None, "wrong-type", 1, "run over it"),
        ("worker", None, "wrong-type", 1, "places"),
        ("boss.size", None, "wrong-type", 1, "places"),
        ("costs", None, "wrong-type", 1, "costs[0]"),
        ("costs(1)", None, "wrong-type", 1, "costs[...]"),
        ("n[1]", None, "wrong-type", 1, None),
        ("x.append(3)", None, "wrong-type", 1, "methods"),
        ("[1, 2]", None, "wrong-type", 1, None),
        ("(1, voice)", None, "wrong-type", 1, None),
        ("sum(s for s in n)", None, "wrong-type", 16, "1..n"),
        ("99999999999999999999", None, "wrong-type", 1, "1e20"),
        ("_", None, "syntax", 1, None),
        ("idle(1, 2)", None, "wrong-arguments", 1, None),
        ("lane(1, 2, voice, 3)", None, "wrong-arguments", 1, None),
        ("queue(1, 2)", None, "wrong-arguments", 1, "fields"),
        ("queue(sise=2)", None, "wrong-arguments", 7, "size"),
        ("sum(running)", None, "wrong-arguments", 1, "for s in section"),
        ("sqrt(1, 2)", None, "wrong-arguments", 1, None),
        ("min(1)", None, "wrong-arguments", 1, "over an index"),
        ("worker(1, 2).running", None, "wrong-arguments", 1, None),
        ("exponential(2)", DISTRIBUTION, "wrong-arguments", 1, "exponential(rate=)"),
        ("exponential(rate=2, mean=3)", DISTRIBUTION, "wrong-arguments", 1, "or exponential(mean=)"),
        ("lognormal(mean=1 h)", DISTRIBUTION, "wrong-arguments", 1, "lognormal(mean=, sigma=)"),
        ("exponential(lambda=2)", DISTRIBUTION, "wrong-arguments", 13, "rate="),
        ("uniform(1 s)", DISTRIBUTION, "wrong-arguments", 1, "uniform(low=, high=)"),
        ("pooled", DISTRIBUTION, "wrong-type", 1, None),
        ("hypoexponential(rates=2)", DISTRIBUTION, "wrong-type", 23, "[a, b]"),
        ("failure + 1", None, "wrong-type", 1, None),
        ("index(n)", None, "wrong-type", 7, "own index"),
    ],
)
def test_a_problem_says_where_and_what_would_help(text: str, expected: Type | None, code: str, column: int, hint: str | None) -> None:
    _, (problem,) = attempt(text, expected)
    assert problem.span is not None
    assert (problem.code, problem.span.start + 1) == (code, column)
    assert hint is None or hint in (problem.hint or "")


def test_all_problems_of_an_expression_are_told_at_once_and_no_follow_ups() -> None:
    _, problems = attempt("(unknown + 1) * idle(2.5) + other if 3 else exp(now)")
    assert [problem.code for problem in problems] == ["wrong-type", "unknown-name", "wrong-type", "unknown-name", "wrong-unit"]


def arguments(text: str) -> tuple[object, ...]:
    found = parse_argument_list(text, None, Problems())
    assert found is not None
    return found


def test_a_pattern_binds_what_is_unknown_and_matches_what_is_known() -> None:
    def pattern(text: str, colour: Type) -> object:
        return check_token_pattern(arguments(text), colour, SCOPE, Problems())  # type: ignore[arg-type]

    assert pattern("x, voice", PAIR) == (False, (Binding("x"), Constant(KIND, 0)), (("x", INTEGER),))
    assert pattern("w, y", PAIR) == (False, (Variable(INTEGER, "w"), Binding("y")), (("y", KIND),))
    assert pattern("q", PAIR) == (True, (Binding("q"),), (("q", PAIR),))
    assert pattern("_", PAIR) == (True, (None,), ())
    assert pattern("size=x, kind=voice", CUSTOMER) == (False, (None, Binding("x"), Constant(KIND, 0), None), (("x", REAL),))
    assert pattern("", DOT) == (True, (), ())
    assert pattern("", KIND) == (True, (None,), ())
    assert pattern("x, x", PAIR) is None  # one variable cannot be both an index and a kind
    assert pattern("x, x", Product("square", (INTEGER, INTEGER))) == (False, (Binding("x"), Variable(INTEGER, "x")), (("x", INTEGER),))


def test_a_put_token_is_complete() -> None:
    def value(text: str, colour: Type) -> object:
        return check_token_value(arguments(text), colour, SCOPE, Problems())  # type: ignore[arg-type]

    assert value("1, voice", PAIR) == Make(PAIR, (Constant(INTEGER, 1), Constant(KIND, 0)))
    assert value("p", PAIR) == Variable(PAIR, "p")
    assert value("", DOT) == Constant(DOT, ())
    changed = value("c, hops=c.hops + 1", CUSTOMER)
    assert isinstance(changed, Make) and changed.components[1] == Field(REAL, Variable(CUSTOMER, "c"), "size", 1)
    assert isinstance(value("arrived=now, size=1, kind=voice, hops=0", CUSTOMER), Make)
    for wrong, colour in (("hops=1", CUSTOMER), ("_, voice", PAIR), ("", PAIR), ("1", DOT), ("k", PAIR), ("1, 2", PAIR)):
        assert value(wrong, colour) is None


def test_a_loop_variable_hides_and_is_forgotten_afterwards() -> None:
    _, (problem,) = attempt("sum(idle(q) for q in section) + q")
    assert (problem.code, problem.span and problem.span.start) == ("unknown-name", 32)
    assert isinstance(good("sum(h for h in section)"), Reduce) and good("sum(h for h in section)").type == INTEGER


def test_a_lookup_in_a_parameter_names_the_parameter() -> None:
    assert good("rates[2]") == Lookup(RATE, "rates", Constant(INTEGER, 2))


@pytest.mark.parametrize(
    "text",
    ["-" * 90 + "n", "(" * 90 + "n" + ")" * 90, "+".join(["n"] * 10_000), " and ".join(["true"] * 10_000), "abs(" * 90 + "n" + ")" * 90],
)
def test_what_the_parser_lets_through_is_shallow_enough_to_check(text: str) -> None:
    assert good(text) is not None


def test_a_long_chain_of_comparisons_is_not_deep() -> None:
    assert good(" < ".join(["n"] * 5_000)).type == BOOLEAN


def test_checking_loads_no_numpy() -> None:
    code = "import sys, spn.expressions.check, spn.expressions.closures, spn.expressions.render; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_variable_that_hides_a_unit_is_warned_of():
    problems = Problems()
    text = "1 / s"
    parsed = parse_expression(text, Span(Source("x", text), 0, len(text)), problems)
    assert parsed is not None
    assert check(parsed, Scope({"s": VariableSymbol(INTEGER)}), None, problems) is not None
    assert [(p.code, p.severity, p.span.start) for p in problems.found] == [("hidden-unit", "warning", 4)]
