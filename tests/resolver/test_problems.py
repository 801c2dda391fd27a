"""What is wrong with a model, told with code, line and column; several faults at once; sizes that nothing can hold refused."""

from __future__ import annotations

import pytest

from spn.resolver.resolve import read_with_warnings
from spn.text.problems import ModelError
from tests.resolver.nets import problems_of

PLACES = "places: {a: 1, q: {over: 1..3}, c: {colour: kind}}\ncolours: {kind: [x, y], pair: kind * kind}\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("transitions: {t: {in: a(b)}}", "wrong-arguments", 3, 23),
        ("transitions: {t: {in: nowhere}}", "unknown-place", 3, 23),
        ("transitions: {t: {in: q}}", "wrong-arguments", 3, 23),
        ("transitions: {t: {in: q(4)}}", "bad-index", 3, 23),
        ("transitions: {t: {for: s in 1..4, in: q(s)}}", "bad-index", 3, 39),
        ("transitions: {t: {in: a, out: q(s + 1) for s in 1..3}}", "bad-index", 3, 31),
        ("transitions: {t: {in: 2 * a, out: {2 * a: 3}}}", "two-multiplicities", 3, 43),
        ("transitions: {t: {in: -1 * a}}", "bad-value", 3, 23),
        ("transitions: {t: {in: a, weight: 2, delay: 1 s}}", "wrong-key", 3, 34),
        ("transitions: {t: {in: a, memory: age}}", "wrong-key", 3, 34),
        ("transitions: {t: {in: a, servers: 0, delay: 1 s}}", "bad-value", 3, 35),
        ("transitions: {t: {in: a, when: a > 1}}", "not-constant", 3, 32),
        ("transitions: {t: {in: a, priority: a}}", "not-constant", 3, 36),
        ("transitions: {t: {in: a, delay: exponential(mean=1 s) if a > 1 else 2 s}}", "not-constant", 3, 58),
        ("transitions: {t: {in: a, delay: 'uniform(2 s, 1 s)'}}", "bad-delay", 3, 34),
        ("transitions: {t: {in: a, inhibit: c(v)}}", "unknown-name", 3, 35),
        ("transitions: {t: {in: a, out: a for k in kind for j in kind}}", "syntax", 3, 51),
        ("transitions: {t: {for: p in pair, in: a}}", "wrong-type", 3, 29),
        ("transitions: {t: {for: a in kind, in: a}}", "declared-twice", 3, 24),
        ("transitions: {t: {for: s in 1..10**9, in: a}}", "too-large", 3, 24),
        ("transitions: {t: {in: a, out: a for k in 1..10**9}}", "too-large", 3, 45),
        ("instances: {i: {module: m}}", "unknown-module", 3, 25),
        ("modules: {m: {parameters: {k: 1}}}\ninstances: {i: {module: m, with: {n: 1}}}", "unknown-parameter", 4, 35),
        ("modules: {m: {parameters: {k: 1}}}\ninstances: {i: {module: m, with: {k: [1]}}}", "wrong-type", 4, 35),
        ("modules: {m: {}}\ninstances: {i: {module: m, for: w in 1..2000000}}", "too-large", 4, 13),
        ("measures: {m: {availability: a}}", "wrong-type", 3, 30),
        ("measures: {m: {average: c.x}}", "unknown-name", 3, 25),
        ("measures: {m: {rate: t}}", "unknown-transition", 3, 22),
        ("measures: {m: {availability: a > 0, at: 0 s - 1 s}}", "bad-value", 3, 41),
        ("measures: {m: {average: a, over: [2 s, 1 s]}}", "bad-value", 3, 40),
        ("measures: {m: {average: a, precision: 0}}", "bad-value", 3, 39),
        ("measures: {m: {average: a, at: a * 1 s}}", "not-constant", 3, 32),
        ("measures: {m: {average: q(7)}}", "bad-index", 3, 25),
    ],
)
def test_a_problem_is_told_where_it_is(text: str, code: str, line: int, column: int) -> None:
    assert (code, line, column) in [(c, n + 1, k) for c, n, k in problems_of(PLACES + text)] or (code, line, column) in problems_of(PLACES + text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("colours: {k: k * bool}", "circular-colours"),
        ("colours: {k: [x, x]}", "declared-twice"),
        ("colours: {r: {f: nothing}}", "unknown-type"),
        ("places: {a: {colour: nothing}}", "unknown-colour"),
        ("places: {a: {colour: bool * bool}}", "wrong-type"),
        ("places: {a: {colour: bool, initial: 2}}", "wrong-initial"),
        ("places: {a: {initial: {x: 2}}}", "wrong-initial"),
        ("places: {a: {initial: 0 - 1}}", "bad-value"),
        ("places: {a: {capacity: 0 - 1}}", "bad-value"),
        ("places: {a: 1, b: {capacity: a}}", "not-constant"),
        ("places: {a: {over: 1..10**18}}", "too-large"),
        ("places: {a: {over: [1..10**6, 1..10**6]}}", "too-large"),
        ("modules: {m: {}}\nplaces: {a: {over: m}}", "wrong-domain"),
        ("tables: {t: {type: nothing, values: [1]}}", "unknown-type"),
        (
            "modules: {m: {modules: {n: {places: {a: 1}}}, instances: {j: {module: n, for: w in 1..10**6}}}}\ninstances: {i: {module: m, for: w in 1..10**6}}",  # noqa: E501
            "too-large",
        ),
    ],
)
def test_declarations_that_cannot_be(text: str, code: str) -> None:
    assert code in [found for found, _, _ in problems_of(text)]


@pytest.mark.parametrize("item", ["x", "x + 1", "max(x, 2)"])
def test_a_table_uses_no_parameter(item: str) -> None:
    assert [code for code, _, _ in problems_of(f'parameters: {{x: 2}}\ntables: {{t: [1, "{item}"]}}')] == ["bad-value"]


def test_several_faults_are_told_together() -> None:
    text = "places: {a: {colour: k}, b: 1}\ntransitions: {t: {in: c, out: d, guard: b}, u: {in: b, delay: 3}}\nmeasures: {m: {rate: v}}"
    assert [code for code, _, _ in problems_of(text)] == ["unknown-colour", "unknown-place", "unknown-place", "wrong-type", "unknown-transition"]


def test_many_errors_end_the_reading_and_many_warnings_do_not() -> None:
    places = "{" + ", ".join(f"p{k}: 0" for k in range(300)) + "}"
    net, warnings = read_with_warnings(f"spn: 1\nplaces: {places}")
    assert len(net.places) == 300 and {w.code for w in warnings} == {"unread-place"} and len(warnings) == 200
    wrong = "{" + ", ".join(f"p{k}: x{k}" for k in range(300)) + "}"
    with pytest.raises(ModelError) as caught:
        read_with_warnings(f"spn: 1\nplaces: {wrong}")
    assert [p.code for p in caught.value.problems].count("unknown-name") == 200 and "too-many" in {p.code for p in caught.value.problems}
