"""What random models have found, each with the smallest net that shows it: both engines do the same."""

from __future__ import annotations

import textwrap

import pytest

from spn.engine.reference import Simulation
from spn.observation import End, RunError, Task
from spn.resolver.resolve import read
from tests.agreement.comparing import same_events, same_outcomes
from tests.agreement.generated import plan_of
from tests.engine import interpreted

NETS = {
    "the position of a member or a truth value": """
        colours: {kind: [x, y, z]}
        places: {box: {colour: kind, initial: all}, flags: {colour: bool, initial: {'true': 1, 'false': 2}}, done: 0}
        transitions:
          go: {in: [box(c), flags(f)], out: ["box(z if c == x else x)", "(index(c) + index(f)) * done"], delay: 'uniform(1, 2 + index(c) + index(f))'}
          back: {in: 2 * done, out: flags(true), delay: 1 s}
        """,
    "a reset whose multiplicity is 0 in some markings": """
        places: {a: 2, b: 1, c: 0}
        transitions:
          go: {in: a, out: [c, b], reset: "(1 if c == 1 else 0) * b", delay: "uniform(1 s, 2 s)"}
          back: {in: c, out: a, delay: "uniform(1 s, 3 s)"}
        """,
    "a variable of a colour with one value that only a test arc binds": """
        colours: {one: 1..1}
        places: {a: 1, q: {colour: one, initial: all}, r: {over: one}}
        transitions:
          go: {in: a, test: q(c), out: [a, r(c)], delay: 'uniform(1, 1 + c)'}
          again: {in: r(1), test: q(c), delay: 'uniform(1, 1 + c)', memory: resampling}
        """,
    "records in no order that no transition ever takes": """
        colours: {job: {size: real}}
        places: {a: 1, never: 0, bag: {colour: job, initial: ["job(size=1.0)"]}}
        transitions:
          go: {in: a, out: a, delay: 1 s}
          take: {in: [never, bag(_)], delay: 1 s}
        """,
    "how often a binding is served that takes any record, with an element from a table": """
        colours: {job: {size: real, odd: bool}}
        tables: {where: [1, 0, 2]}
        places:
          here: {over: 0..2, initial: 2}
          bag: {colour: job, initial: ["job(size=1.0, odd=true)", "job(size=2.0, odd=false)", "job(size=2.0, odd=false)"]}
        transitions:
          go:
            for: k in 0..2
            in: ["here(where[here(k) % 3])", "bag(odd=_)"]
            out: ["here(k)", "bag(size=3.0, odd=false)"]
            delay: uniform(1 s, 2 s)
            servers: 2
        """,
    "an arc that takes any token before one that needs a certain one": """
        colours: {kind: [x, y]}
        places: {p: {colour: kind, initial: all}, done: 0}
        transitions:
          go: {in: [p(_), p(x)], out: done, delay: "uniform(1 s, 2 s)"}
          back: {in: done, out: [p(x), p(y)], delay: "uniform(1 s, 3 s)"}
        """,
    "the same with several servers, and with records": """
        colours: {kind: [x, y], job: {size: real, kind: kind}}
        places:
          p: {colour: kind, initial: {x: 2, y: 3}}
          q: {colour: job, initial: ["job(size=1.0, kind=x)", "job(size=1.0, kind=x)", "job(size=2.0, kind=y)", "job(size=2.0, kind=y)"]}
          done: 0
        transitions:
          go: {in: [p(_), p(x), "q(size=_)", "q(size=1.0, kind=x)"], out: done, delay: "uniform(1 s, 2 s)", servers: infinite}
          back: {in: done, out: [p(x), p(y), "q(size=1.0, kind=x)", "q(size=2.0, kind=y)"], delay: "uniform(1 s, 3 s)"}
        """,
    "a capacity that a reset makes room in, in some markings": """
        places: {a: {initial: 2, capacity: 2}, b: 1, c: 0}
        transitions:
          go: {in: b, reset: (1 if c >= 2 else 0) * a, out: [a, b], delay: "uniform(1 s, 2 s)"}
          count: {inhibit: 3 * c, out: c, delay: 3 s}
          empty: {in: 3 * c, delay: 1 s}
        """,
    "several servers with a fan that is served once only": """
        colours: {kind: [x, y], pair: kind * kind}
        places:
          a: {over: 1..2, initial: 1}
          b: {colour: kind, initial: {x: 2, y: 2}}
          p: {colour: pair, initial: ["(x, x)", "(x, y)", "(y, x)", "(y, y)"]}
        transitions:
          go: {in: [b(c), a(k) for k in 1..2, "p(_, d)"], out: [b(c), a(1), a(2), "p(c, d)"], delay: "uniform(1, 2 + index(c))", servers: infinite}
        """,
    "an inhibitor arc with a fan, of which the first value inhibits some bindings": """
        colours: {kind: [x, y, z]}
        places: {b: {colour: kind, initial: all}, no: {over: 1..2, colour: kind, initial: {y: 1}}, out: {colour: kind}}
        transitions:
          go: {in: b(c), inhibit: "no(k, c) for k in 1..2", out: out(c), delay: "uniform(1, 2 + index(c))"}
          back: {in: out(c), out: b(c), delay: "uniform(1, 2 + index(c))"}
        """,
}


@pytest.mark.parametrize("text", NETS.values(), ids=NETS.keys())
def test_both_engines_give_the_same_events(text: str) -> None:
    plan = plan_of(read("spn: 1\n" + textwrap.dedent(text)))
    if plan is None:
        pytest.skip("not supported by the compiled engine")
    agreement = same_events(plan, interpreted.kernel(plan.source), 1, 500)
    assert (agreement.end, agreement.fired[0] > 0) == ("most", True)


@pytest.mark.parametrize("colour", [0, 4, 7])
@pytest.mark.parametrize(("arc", "fires"), [("in", False), ("test", False), ("inhibit", True), ("reset", True)])
def test_a_pattern_with_a_number_that_no_token_has(arc: str, fires: bool, colour: int) -> None:
    """Such a number says where another element's tokens are counted."""
    text = f"""
        spn: 1
        colours: {{k: 1..3, place: 1..2}}
        places: {{a: {{over: place, colour: k, initial: all}}, n: 0}}
        transitions: {{go: {{{arc}: "a(1, {colour})", out: n, delay: 1 s}}, on: {{in: "a(2, c)", out: "a(2, c)", delay: 1 s}}}}
        """
    net = read(textwrap.dedent(text))
    plan = plan_of(net)
    assert plan is not None
    agreement = same_events(plan, interpreted.kernel(plan.source), 1, 100)
    assert agreement.firings == 100
    assert (agreement.fired[0] > 0) == fires


@pytest.mark.parametrize("use", ["in: '{}'", "test: '{}'", "inhibit: '{}'", "reset: '{}'", "guard: '{} >= 0'"])
@pytest.mark.parametrize(
    ("pattern", "end"),
    [
        ("a(1, 7, 1 // none)", "bad-arithmetic"),
        ("a(1, 1 // none, 7)", "bad-arithmetic"),
        ("a(none, 7, 1)", "bad-index"),
        ("a(1 // none, 7, 1)", "bad-arithmetic"),
        ("b(none, 7)", "bad-index"),
        ("a(1, 7 + none, 1)", "most"),
    ],
)
def test_an_error_in_a_pattern_that_fits_no_token_is_not_passed_over(pattern: str, end: str, use: str) -> None:
    text = f"""
        spn: 1
        colours: {{k: 1..3, pair: k * k, place: 1..2}}
        places: {{a: {{over: place, colour: pair, initial: ["(1, 2)", "(3, 3)"]}}, b: {{over: place, colour: k, initial: all}}, n: 0, none: 0}}
        transitions: {{go: {{{use.format(pattern)}, out: n, delay: 1 s}}, on: {{in: "a(2, c, d)", out: "a(2, c, d)", delay: 1 s}}}}
        """
    plan = plan_of(read(textwrap.dedent(text)))
    assert plan is not None
    assert same_events(plan, interpreted.kernel(plan.source), 1, 50).end == end


@pytest.mark.parametrize("multiplicity", ["0", "(1 if a == 1 else 0)"])
@pytest.mark.parametrize(
    ("reads", "firings"),
    [
        ("guard: c > 1, delay: 1 s", 0),
        ("out: q(c), delay: 1 s", 0),
        ("delay: 'uniform(1, 1 + c)'", 0),
        ("out: n, guard: n < 2 or c > 1, delay: 1 s", 2),
    ],
)
def test_a_variable_without_value_is_an_error_where_it_is_read(reads: str, firings: int, multiplicity: str) -> None:
    text = f"""
        spn: 1
        colours: {{k: 1..3}}
        places: {{a: 4, n: 0, q: {{colour: k, initial: all}}}}
        transitions: {{go: {{in: [a, {multiplicity} * q(c)], {reads}}}}}
        """
    net = read(textwrap.dedent(text))
    with pytest.raises(RunError, match="'c' has no value here: the arc that binds it has multiplicity 0") as caught:
        Simulation(net, 1).run(firings=10)
    assert caught.value.code == "bad-arithmetic"
    plan = plan_of(net)
    assert plan is not None
    found = same_events(plan, interpreted.kernel(plan.source), 1, 10)
    assert (found.end, found.firings) == ("bad-arithmetic", firings)


def test_a_measure_that_nobody_asks_for_is_no_error() -> None:
    net = read(
        textwrap.dedent(
            """
            spn: 1
            colours: {one: 1..1}
            places: {a: {over: one, initial: 1}}
            transitions: {go: {in: a(1), out: a(1), delay: 1 s}}
            measures: {wrong: {average: sum(a(k) for k in 1..2)}, right: {rate: go}}
            """
        )
    )
    plan = plan_of(net)
    assert plan is not None
    kernel = interpreted.kernel(plan.source)
    assert same_events(plan, kernel, 1, 10).firings == 10
    for measures, end in (("right",), End.OBSERVED), (("wrong",), "bad-index"):
        found = same_outcomes(plan, kernel, Task(1, (), measures, (0.0, 5.0)))
        assert (found if isinstance(found, str) else found.end) == end
