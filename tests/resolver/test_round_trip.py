"""A net's text is a model of the same net: same text, same digest, same trace; and what only names things changes no digest."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

from spn.net.text import digest, to_json
from spn.net.types import Net
from spn.resolver.resolve import read
from spn.text.problems import ModelError
from tests.resolver.generate import models
from tests.resolver.nets import events, net_of

Data = dict[str, Any]


def resolved(model: Data) -> Net | None:
    """The net of a model; None if it is one of the few that have a problem which only its numbers show."""
    try:
        return read(json.dumps(model))
    except ModelError as error:
        if {problem.code for problem in error.problems if problem.severity == "error"} <= {"bad-value", "bad-index", "bad-delay", "sizes-differ"}:
            return None
        raise


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_the_text_of_a_net_is_the_same_net(model: Data) -> None:
    net = resolved(model)
    if net is None:
        return
    text = to_json(net)
    again = read(text)
    assert to_json(again) == text
    assert digest(again) == digest(net)
    assert events(again) == events(net)


MODULES = """
colours: {kind: [x, y]}
modules:
  part:
    colours: {kind: [x, y]}
    parameters: {k: 2, slow: exponential(mean=2 s)}
    ports: {entry: {colour: kind}}
    places: {own: {over: 1..k, initial: 1}}
    transitions: {go: {for: d in 1..k, in: [own(d), entry(c)], out: own(k + 1 - d), delay: slow}}
places: {hall: {colour: kind, initial: all}}
instances:
  first: {module: part, connect: {entry: hall}}
  second: {module: part, for: w in 1..3, with: {k: w, slow: 'uniform(0 s, 1 s)'}, connect: {entry: hall}}
measures: {n: {average: hall}, g: {count: second.go, over: 1 h}}
"""


def test_names_of_modules_instances_and_places_do_not_change_the_digest() -> None:
    net = net_of(MODULES)
    renamings = (("part", "unit"), ("first", "alpha"), ("second", "beta"), ("hall", "room"), ("own", "inner"), ("slow", "delay_"), ("w in", "v in"))
    for old, new in renamings:
        other = MODULES.replace(old, new)
        if old == "w in":
            other = other.replace("k: w", "k: v")
        assert digest(net_of(other)) == digest(net)


def test_the_order_of_keys_within_an_entry_does_not_change_the_digest() -> None:
    net = net_of(MODULES)
    entries = "{for: d in 1..k, in: [own(d), entry(c)], out: own(k + 1 - d), delay: slow}"
    turned = "{delay: slow, out: own(k + 1 - d), in: [own(d), entry(c)], for: d in 1..k}"
    assert digest(net_of(MODULES.replace(entries, turned))) == digest(net)


def test_what_changes_the_behaviour_changes_the_digest() -> None:
    changes = (("", ""), ("mean=2 s", "mean=3 s"), ("k: 2", "k: 4"), ("initial: all", "initial: {x: 2}"))
    digests = {digest(net_of(MODULES.replace(*change))) for change in changes}
    assert len(digests) == 4
    one = "places: {a: 1}\ntransitions: {s: {in: a, delay: 1 s}, t: {in: a, out: a, delay: 1 s}}"
    other = "places: {a: 1}\ntransitions: {t: {in: a, out: a, delay: 1 s}, s: {in: a, delay: 1 s}}"
    assert digest(net_of(one)) != digest(net_of(other))  # ties go by the order of the classes


def test_the_order_of_initial_tokens_is_kept() -> None:
    net = net_of("""
        colours: {kind: [x, y]}
        places: {q: {colour: kind, order: fifo, initial: [y, x, y, y]}, many: {over: 1..2, colour: kind, order: lifo, initial: [y, x, y]}}
        transitions: {go: {in: q(c), delay: 1 s}, last: {for: i in 1..2, in: "many(i, c)", delay: 2 s}}
        """)
    assert [line.split()[1] for line in events(net) if " go " in line] == ["go"] * 4
    assert [line.split()[2] for line in events(net) if " go " in line] == ["c=y", "c=x", "c=y", "c=y"]


def test_the_size_of_a_net_does_not_depend_on_the_number_of_instances() -> None:
    small, large = (net_of(MODULES.replace("1..3", f"1..{n}").replace("k: w", "k: 3")) for n in (5, 20_000))
    assert [len(part) for part in (small.places, small.transitions, small.tables)] == [
        len(part) for part in (large.places, large.transitions, large.tables)
    ]
    assert large.places[1].size == 60_002
