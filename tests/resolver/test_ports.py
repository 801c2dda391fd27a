"""Ports and fusion: what is joined is one place, whatever the shape of the two sides."""

from __future__ import annotations

from pathlib import Path

from spn.net.text import digest
from spn.resolver.resolve import load
from tests.resolver.nets import moves, net_of, problems_of, text_of

PART = """
modules:
  part:
    parameters: {k: 2}
    ports: {entry: 0, doors: {over: 1..k}}
    places: {own: 1}
    transitions: {go: {for: d in 1..k, in: own, out: [entry, doors(d)]}}
"""


def test_a_port_is_the_place_it_is_joined_to() -> None:
    net = net_of(PART + "places: {hall: 2}\ninstances: {x: {module: part, connect: {entry: hall}}}\nmeasures: {n: {average: hall + x.entry}}")
    assert [place.name for place in net.places] == ["hall", "part__own", "part__doors"]
    assert text_of(net, "measures", "n") == {"average": "2 * hall"}


def test_an_unconnected_port_is_a_place_of_its_own() -> None:
    net = net_of(PART + "instances: {x: {module: part}, y: {module: part}}")
    assert {place.name: place.size for place in net.places} == {"part__entry": 2, "part__doors": 4, "part__own": 2}


def test_ports_of_two_instances_are_joined_to_each_other() -> None:
    net = net_of(PART + "instances: {x: {module: part, connect: {entry: y.entry}}, y: {module: part}}\nmeasures: {n: {average: x.entry - y.entry}}")
    assert {place.name: place.size for place in net.places}["part__entry"] == 1
    assert text_of(net, "measures", "n") == {"average": 0}


def test_an_array_is_joined_to_an_array_as_a_whole() -> None:
    net = net_of(PART + "places: {lanes: {over: 1..3}}\ninstances: {x: {module: part, with: {k: 3}, connect: {doors: lanes}}}")
    assert {place.name: place.size for place in net.places} == {"lanes": 3, "part__entry": 1, "part__own": 1}


def test_arrays_are_joined_element_by_element() -> None:
    net = net_of(
        PART
        + """
places: {lanes: {over: [1..2, 1..3], initial: 1}}
instances:
  x: {module: part, for: w in 1..2, with: {k: 3}, connect: {doors(k): 'lanes(w, 4 - k) for k in 1..3'}}
measures: {n: {average: 'x(2).doors(1) - lanes(2, 3)'}}
"""
    )
    assert {place.name: place.size for place in net.places} == {"lanes": 6, "part__entry": 2, "part__own": 2}
    assert text_of(net, "measures", "n") == {"average": 0}


def test_instances_over_two_indices_are_named_by_both_in_the_trace() -> None:
    net = net_of(
        PART
        + "colours: {side: [left, right]}\nplaces: {hall: 0}\ninstances: {x: {module: part, for: [w in 2..3, s in side], connect: {entry: hall}}}"
    )
    lines = moves(net, firings=40)
    assert {line.split()[0] for line in lines} <= {f"x({w},{s}).go(d={d})" for w in (2, 3) for s in ("left", "right") for d in (1, 2)}
    assert len(lines) == 4 and "hall+1" in lines[0]


def test_nested_modules_hand_their_ports_on() -> None:
    net = net_of(
        """
        modules:
          outer:
            modules: {inner: {ports: {out: 0}, places: {seed: 1}, transitions: {go: {in: seed, out: out}}}}
            ports: {out: 0}
            instances: {a: {module: inner, connect: {out: out}}, b: {module: inner, connect: {out: out}}}
        places: {end: 0}
        instances: {x: {module: outer, connect: {out: end}}, y: {module: outer, connect: {out: end}}}
        """
    )
    assert sorted(moves(net)) == [f"{o}.{i}.go {o}.{i}.seed-1 end+1" for o in "xy" for i in "ab"]


def test_one_file_under_two_aliases_is_one_module(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("spn: 1\nports: {p: 0}\nplaces: {q: 1}\ntransitions: {go: {in: q, out: p}}\n")
    (tmp_path / "both.yaml").write_text("spn: 1\nmodules: {a: part.yaml, b: part.yaml}\ninstances: {x: {module: a}, y: {module: b}}\n")
    (tmp_path / "once.yaml").write_text("spn: 1\nmodules: {a: part.yaml}\ninstances: {x: {module: a}, y: {module: a}}\n")
    both, once = load(tmp_path / "both.yaml"), load(tmp_path / "once.yaml")
    assert digest(both) == digest(once)
    assert len(both.transitions) == 1


def test_initial_tokens_of_joined_places_add_up() -> None:
    net = net_of("modules: {m: {ports: {p: 2}}}\nplaces: {q: 3}\ninstances: {x: {module: m, for: w in 1..4, connect: {p: q}}}")
    assert text_of(net, "places", "q") == {"initial": 11}


def test_the_capacity_of_one_of_the_joined_is_that_of_all_and_others_have_none() -> None:
    net = net_of(
        """
        modules: {m: {ports: {p: 0}, transitions: {go: {out: p, delay: 1 s}}}}
        places: {q: {capacity: 2}}
        instances: {x: {module: m, for: w in 1..2, when: w == 1, connect: {p: q}}, y: {module: m}}
        """
    )
    lines = moves(net, firings=8)
    assert sum("q+1" in line for line in lines) == 2
    assert sum("y.p+1" in line for line in lines) == 6


def test_joined_places_of_colours_with_different_names_are_one_colour() -> None:
    net = net_of(
        """
        colours: {verdict: [go, halt]}
        modules:
          m:
            colours: {outcome: [go, halt], verdict: [one, two]}
            ports: {p: {colour: outcome}}
            places: {store: {colour: outcome}, verdicts: {colour: verdict, initial: all}}
            transitions: {move: {in: p(c), out: store(c), guard: c == go or any(p(v) > 3 for v in outcome)}, other: {in: verdicts(two)}}
        places: {q: {colour: verdict, initial: all}}
        instances: {x: {module: m, connect: {p: q}}}
        """
    )
    assert sorted(moves(net)) == ["x.move c=go q-(go) x.store+(go)", "x.other x.verdicts-(two)"]


def test_names_of_modules_are_told_apart_from_those_of_others() -> None:
    net = net_of(
        """
        colours: {shade: [dark, light]}
        modules:
          m:
            colours: {kind: [x, y]}
            places: {a: {colour: kind, initial: all}, b: {over: 1..2}}
            transitions: {go: {for: i in 1..2, in: a(q), out: b(i), guard: sum(b(hall) for hall in 1..2) < 9}, go__2: {in: b(1), delay: 1 s}}
        places: {kind: 1, m__a: 2, q: 1, hall: 1, i: {over: i_ in 1..2, initial: i_}, t1: 0}
        instances: {x: {module: m}}
        """
    )
    assert len({place.name for place in net.places}) == len(net.places) == 8
    assert any("q_=" in line for line in moves(net))


def test_ports_that_do_not_fit_are_refused() -> None:
    head = "modules: {m: {colours: {k: [x, y]}, ports: {a: 0, b: {over: 1..2}, c: {colour: k}, d: {colour: k, order: fifo}, e: {capacity: 1}}, places: {z: 0}}}\n"  # noqa: E501
    tail = "places: {p: 0, q: {over: 1..3}, l: {capacity: 2}}\ninstances: {i: {module: m, connect: {%s}}}\n"
    assert problems_of(head + tail % "b: q") == [("sizes-differ", 3, 38)]
    assert problems_of(head + tail % "c: p")[0][0] == "wrong-colour"
    assert problems_of(head + tail % "e: l")[0][0] == "two-capacities"
    assert problems_of(head + tail % "z: p") == [("unknown-port", 3, 38)]
    assert problems_of(head + tail % "b(3): p") == [("bad-index", 3, 44)]
    assert problems_of(head + tail % "a: nowhere") == [("unknown-place", 3, 41)]
    assert problems_of(head + tail % "a: 2 * p") == [("syntax", 3, 41)]
    assert problems_of(head + tail % "'b(1, 2)': p") == [("wrong-arguments", 3, 39)]


def test_orders_that_differ_are_refused() -> None:
    text = """
    modules: {m: {colours: {k: [x, y]}, ports: {a: {colour: k, order: fifo}}}}
    colours: {k: [x, y]}
    places: {p: {colour: k, order: lifo}}
    instances: {i: {module: m, connect: {a: p}}}
    """
    assert [code for code, _, _ in problems_of(text)] == ["wrong-order"]


def test_places_that_are_no_ports_are_not_joined_through_one() -> None:
    text = """
    modules: {m: {ports: {a: {over: 1..2}}}}
    places: {p: 0, q: 0}
    instances: {i: {module: m, connect: {a(1): p}}, j: {module: m, connect: {a(1): q, a(2): i.a(1)}}}
    """
    assert net_of(text)
    assert [code for code, _, _ in problems_of(text.replace("a(2): i.a(1)", "'a(1) ': i.a(1)").replace("a(1): q, ", "a(1): q, "))] == [
        "joined-places"
    ]
