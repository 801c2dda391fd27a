"""Parameters: types, order of dependence, values from outside, limits, choices, lists; and what exists only `when` they say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from spn.resolver.resolve import load
from tests.resolver.nets import moves, net_of, problems_of, text_of

CYCLE = "places: {here: 1}\ntransitions: {go: {in: here, out: here, delay: %s}}\n"


def delay_of(parameters: str, delay: str, **given: str) -> object:
    net = net_of(f"parameters: {{{parameters}}}\n" + CYCLE % delay, **given)
    return text_of(net, "transitions", "go")["delay"]


@pytest.mark.parametrize(
    ("parameters", "delay", "given", "found"),
    [
        ("t: 30 s", "t", {}, "deterministic(value=30.0 s)"),
        ("t: 30 s", "t", {"t": "1 min"}, "deterministic(value=60.0 s)"),
        ("r: 0.5 / s", "exponential(rate=r)", {"r": "2"}, "exponential(rate=2.0)"),
        ("n: 3", "exponential(rate=n)", {}, "exponential(rate=3.0)"),
        ("x: 0.5", "exponential(mean=x * 1 h)", {"x": "2"}, "exponential(mean=7200.0 s)"),
        ("d: 'uniform(1 s, 2 s)'", "d", {}, "uniform(low=1.0 s, high=2.0 s)"),
        ("d: 'uniform(1 s, 2 s)'", "d", {"d": "5 s"}, "deterministic(value=5.0 s)"),
        ("b: 2 * a, a: 3 s", "b", {"a": "4 s"}, "deterministic(value=8.0 s)"),
        ("d: exponential(mean=3 s), m: 2 * mean(d)", "m", {}, "deterministic(value=6.0 s)"),
        ("on: true", "1 s if on else 2 s", {"on": "false"}, "deterministic(value=2.0 s)"),
        ("c: {choice: [slow, fast], default: slow}", "2 s if c == slow else 1 s", {"c": "fast"}, "deterministic(value=1.0 s)"),
        ("l: [1 s, 2 s]", "'l[1]'", {"l": "[3 s, 4 s, 5 s]"}, "deterministic(value=4.0 s)"),
        ("w: [1, 3], r: [1 / s, 2 / s]", "'hyperexponential(weights=w, rates=r)'", {}, "hyperexponential(weights=[1.0, 3.0], rates=[1.0, 2.0])"),
        ("r: [1 / s, 2 / s]", "hypoexponential(rates=r)", {"r": "[5, 6, 7]"}, "hypoexponential(rates=[5.0, 6.0, 7.0])"),
    ],
)
def test_a_parameter_has_the_type_of_its_default(parameters: str, delay: str, given: dict[str, str], found: str) -> None:
    assert delay_of(parameters, delay, **given) == found


def test_a_parameter_may_be_typed_by_a_colour() -> None:
    text = "colours: {verdict: [go, halt]}\nparameters: {first: {type: verdict, default: go}}\nplaces: {a: {colour: verdict, initial: [first]}}\n"
    assert text_of(net_of(text, first="halt"), "places", "a")["initial"] == {"halt": 1}


@pytest.mark.parametrize(
    ("parameters", "given", "code", "line", "column"),
    [
        ("n: 3", {"n": "2.5"}, "wrong-type", 0, 1),
        ("n: 3", {"n": "1 + q"}, "unknown-name", 0, 5),
        ("n: 3", {"m": "1"}, "unknown-parameter", 0, 1),
        ("n: {default: 3, min: 1, max: 5}", {"n": "9"}, "out-of-range", 0, 1),
        ("n: {default: 3, min: 4}", {}, "out-of-range", 1, 27),
        ("n: {default: x, min: 1}", {}, "unknown-name", 1, 27),
        ("d: {default: exponential(mean=1 s), min: 1}", {}, "wrong-type", 1, 55),
        ("a: b, b: a", {}, "circular-parameters", 1, 14),
        ("c: {choice: [x, y], default: z}", {}, "unknown-name", 1, 43),
        ("c: {type: colour, default: 1}", {}, "unknown-type", 1, 24),
        ("l: [1, 2]", {"l": "3"}, "wrong-type", 0, 1),
        ("n: 3", {"n": "[1, 2]"}, "wrong-type", 0, 2),
        ("d: exponential(rate=0 - 1)", {}, "bad-value", 1, 17),
        ("w: [1, 2, 3], d: 'hyperexponential(weights=w, rates=[1, 2])'", {}, "bad-value", 1, 32),
        ("q: 1 / 0", {}, "bad-value", 1, 17),
    ],
)
def test_a_parameter_that_does_not_fit_is_told_where_it_is_given(parameters: str, given: dict[str, str], code: str, line: int, column: int) -> None:
    found = problems_of(f"parameters: {{{parameters}}}\nplaces: {{here: 1}}", **given)
    expected = (code, 1, column) if line == 0 else (code, line, column)
    assert expected in found or (code, 0, column) in found, found


def test_each_instance_has_its_own_parameters() -> None:
    net = net_of(
        """
        modules: {m: {parameters: {t: 1 s, n: 1, u: 2 * t}, places: {a: n}, transitions: {go: {in: a, delay: u}}}}
        instances: {x: {module: m, for: w in 1..3, with: {t: 2 s * w, n: w ** 2}}}
        """
    )
    assert text_of(net, "transitions", "m__go")["delay"] == "deterministic(value=t2[i])"
    assert [p.tolist() for p in net.tables.values()] == [[1, 4, 9], [4.0, 8.0, 12.0]]


def test_lists_of_different_lengths_make_classes_of_their_own() -> None:
    net = net_of(
        """
        modules: {m: {parameters: {r: [1 / s]}, places: {a: 1}, transitions: {go: {in: a, delay: hypoexponential(rates=r)}}}}
        instances:
          x: {module: m, for: w in 1..2, with: {r: [w / (1 s), 3 / s]}}
          y: {module: m}
        """
    )
    assert [(t.name, t.size) for t in net.transitions] == [("m__go", 2), ("m__go__2", 1)]
    assert text_of(net, "transitions", "m__go")["delay"] == "hypoexponential(rates=[t1[i], 3.0])"
    assert text_of(net, "transitions", "m__go__2")["delay"] == "hypoexponential(rates=[1.0])"


def test_what_exists_depends_on_conditions() -> None:
    text = """
    parameters: {on: true, n: 3}
    modules: {m: {parameters: {k: 0}, places: {a: 1}, transitions: {go: {in: a, when: k > 1}}}}
    places: {p: {initial: 1, when: on}, q: 1}
    transitions: {take: {in: p, when: on}, other: {for: s in 1..n, in: q, delay: 1 s, when: s != 2}}
    instances: {x: {module: m, for: w in 1..n, with: {k: w}, when: w != 2 or not on}}
    """
    assert sorted(moves(net_of(text)))[-2:] == ["take p-1", "x(3).go x(3).a-1"]
    net = net_of(text, on="false")
    assert "p" not in [place.name for place in net.places]
    assert {line.split()[0] for line in moves(net)} == {"other(s=1)", "x(2).go", "x(3).go"}
    assert [t.size for t in net.transitions if t.name == "other"] == [2]


def test_a_module_that_nothing_uses_is_not_there() -> None:
    text = """
    parameters: {n: 0}
    modules: {m: {ports: {p: 0}, places: {a: 1}, transitions: {go: {in: a, out: p}}}}
    places: {q: 0}
    instances: {x: {module: m, for: w in 1..n, connect: {p: q}}}
    measures: {s: {average: sum(x(w).a for w in 1..n)}, all: {availability: all(i.a == 1 for i in m)}}
    """
    net = net_of(text)
    assert len(net.transitions) == 0 and text_of(net, "measures", "s") == {"average": 0}
    assert text_of(net, "measures", "all") == {"availability": "true"}
    assert problems_of(text.replace("sum(x(w).a for w in 1..n)", "x(1).a"))[0][0] == "bad-index"


def test_a_measure_of_transitions_that_do_not_exist_is_left_out_with_a_warning() -> None:
    net = net_of(
        "parameters: {on: false}\nplaces: {a: 1}\ntransitions: {go: {in: a, delay: 1 s, when: on}}\nmeasures: {r: {rate: go}, a: {average: a}}"
    )
    assert [measure.name for measure in net.measures] == ["a"]


def test_a_module_may_use_itself_until_a_condition_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "tree.yaml"
    file.write_text(
        """spn: 1
parameters: {depth: 3}
modules: {tree: tree.yaml}
ports: {up: 0}
places: {own: 1}
transitions: {go: {in: own, out: up}}
instances: {below: {module: tree, for: k in 1..2, when: depth > 0, with: {depth: depth - 1}, connect: {up: up}}}
"""
    )
    net = load(file)
    assert sorted(place.size for place in net.places) == [1, 15]
    lines = moves(net)
    assert len(lines) == 15 and "below(2).below(1).below(2).go below(2).below(1).below(2).own-1 up+1" in lines
