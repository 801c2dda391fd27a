"""Drawings of models: what is a node, what is written beside it, how lines end, and what a module looks like."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings

from spn.drawing import NotDrawable, draw
from spn.drawing.figure import MOST_NODES, TransitionNode
from spn.drawing.folded import draw_model
from spn.drawing.unfolded import draw_net
from spn.resolver.resolve import read_reading
from spn.text.problems import ModelError
from tests.drawing.seen import EVERY_ARC, drawn, reading_of, seen
from tests.resolver.generate import Data, models


@pytest.fixture(scope="module")
def every_arc():
    return drawn(EVERY_ARC)


@pytest.mark.parametrize(
    ("tail", "head", "arrow", "text"),
    [
        ("p.queue", "t.serve", "normal", "(k)"),
        ("p.idle", "t.serve", "normal", "2"),
        ("t.serve", "p.busy", "normal", "(k)"),
        ("t.finish", "p.idle", "normal", "2"),
        ("t.arrive", "p.queue", "normal", "(voice)"),
        ("p.lock", "t.serve", "dot", ""),
        ("p.lock", "t.arrive", "odot", "3"),
        ("p.log", "t.clear", "normalnormal", ""),
        ("p.busy", "t.clear", "normalnormal", ""),
    ],
)
def test_each_kind_of_arc_has_its_own_head(every_arc, tail, head, arrow, text):
    line = every_arc.between(tail, head)
    assert (line.arrow, line.text) == (arrow, text)


def test_what_is_taken_and_put_back_is_one_line_with_two_heads(every_arc):
    line = every_arc.between("p.lock", "t.clear")
    assert "arrowtail=normal" in line.attributes and line.arrow == "normal" and "dir=both" in line.attributes
    refill = every_arc.between("t.fill", "p.full")
    assert "arrowtail=odot" in refill.attributes and refill.arrow == "normal"
    assert len(every_arc.lines) == 13


def test_kinds_of_arcs_end_at_different_parts_of_a_transition(every_arc):
    assert every_arc.between("p.lock", "t.serve").ends[1] == "t"
    assert every_arc.between("p.queue", "t.serve").ends[1] == "i"
    assert every_arc.between("t.serve", "p.busy").ends[0] == "o"
    assert every_arc.between("p.log", "t.clear").ends[1] == "r"
    assert all(f'PORT="{port}"' in every_arc.raw["t.serve"] for port in "tior")


def test_a_node_says_what_the_model_says_of_it(every_arc):
    assert every_arc.nodes["t.finish"] == "finish [k in {voice, video, data}] erlang(k=3, mean=2 min) age memory"
    assert every_arc.nodes["t.serve"] == "serve [spare > 2 and (k == voice or spare > 5)] priority 4 weight 2.5"
    assert every_arc.nodes["t.arrive"] == "arrive exponential(rate=load / s) infinite servers"
    assert every_arc.nodes["t.clear"] == "clear 1 h"
    assert every_arc.nodes["t.fill"] == "fill 90 s"
    assert every_arc.legend == "load = 0.8"


def test_initial_tokens_are_dots_numbers_or_listed(every_arc):
    assert every_arc.nodes["p.lock"] == "lock ●"
    assert every_arc.nodes["p.idle"].count("●") == 3
    assert every_arc.nodes["p.spare"] == "spare 12"
    assert every_arc.nodes["p.log"] == "log"
    assert every_arc.nodes["p.queue"] == "queue ● ●● 2 voice, data kind fifo at most 20"
    assert every_arc.nodes["p.busy"] == "busy [k in {voice, video, data}] 1 if k == voice else 0 tokens"


def test_bars_are_immediate_and_boxes_timed(every_arc):
    black, white = ('BORDER="1" BGCOLOR="#000000"', 'BORDER="1" BGCOLOR="white"')
    assert black in every_arc.raw["t.serve"] and white not in every_arc.raw["t.serve"]
    assert white in every_arc.raw["t.finish"] and black not in every_arc.raw["t.finish"]
    assert "shape=circle" in every_arc.raw["p.lock"]


def test_delays_are_those_of_the_parameters_in_the_units_written():
    assert drawn("monolithic").nodes["t.fail"] == "fail [s in 1..6] lognormal(mean=2208 h, sigma=0.4)"
    changed = drawn("monolithic", failure="exponential(mean=92 d)", sections="5", clocks="age")
    assert changed.nodes["t.fail"] == "fail [s in 1..5] exponential(mean=92 d) age memory"
    assert drawn("two_state").nodes["t.fail"] == "fail exponential(rate=1 / (2208 h))"


CHOICES = """
parameters:
  strict: {default: true}
  lot: {default: 2, min: 0}
  fast: {default: exponential(mean=1 s)}
colours: {part: 1..lot}
places: {a: {over: part, initial: 1}, b: 0, c: 0}
transitions:
  go:
    for: p in part
    in: a(p)
    guard: (b < 2 or c < lot) and strict
    out: ['(1 if strict else 0) * b', '(0 if strict else b) * c', a(q) for q in part if q != p and not strict]
    delay: fast
  other: {in: b, delay: 1 s, when: not strict}
"""


def test_what_the_parameters_decide_is_not_drawn():
    strict, free = drawn(CHOICES), drawn(CHOICES, strict="false")
    assert "t.other" not in strict.nodes and "t.other" in free.nodes
    assert {(line.head, line.text) for line in strict.lines if line.tail == "t.go"} == {("p.b", "")}
    assert {(line.head, line.text) for line in free.lines if line.tail == "t.go"} == {("p.c", "b"), ("p.a", "(q) for q in part if q != p")}
    assert strict.nodes["t.go"] == "go [p in 1..2] exponential(mean=1 s) [b < 2 or c < lot]"
    assert strict.nodes["p.a"] == "a [part: 1..2] ●"
    assert "p.a" not in drawn(CHOICES, lot="0").nodes


def test_what_is_not_drawn_is_told():
    assert draw(reading_of(CHOICES)).missing == ("other (when not strict)",)
    assert draw(reading_of("monolithic")).missing == ()


def test_an_arc_that_fans_out_over_nothing_is_not_drawn():
    model = """
parameters: {n: 0}
places: {a: 1, b: 0}
transitions: {go: {in: a, out: [a, b for k in 1..n], delay: 1 s}, back: {in: b, delay: 1 s}}
"""
    assert [line.head for line in drawn(model).lines if "p.b" in (line.tail, line.head)] == ["t.back"]
    assert drawn(model, n="2").between("t.go", "p.b").text == "for k in 1..n"


def test_a_place_that_is_read_is_drawn_though_no_arc_is_left():
    model = """
parameters: {counts: false}
places: {a: 1, seen: 0, idle: 0}
transitions:
  go: {in: a, out: [a, (1 if counts else 0) * seen, (1 if counts else 0) * idle], guard: seen < 3, delay: 1 s}
"""
    assert {node for node in drawn(model).nodes if node.startswith("p.")} == {"p.a", "p.seen"}
    assert "p.idle" in drawn(model, counts="true").nodes


# modules


def test_an_instance_is_a_box_with_its_ports():
    sip = drawn("sip_transport")
    assert sip.nodes["i.udp_sender"] == "udp_sender actor ○ start ○ stop ○ fail ○ pending"
    supervisor = sip.nodes["i.supervisor"]
    assert supervisor.startswith("supervisor actor ○ start restart(1) ○ ○ stop poison_pill(1) ○")
    assert [f"restarting({k}) ○" in supervisor for k in range(6)] == [False, True, True, True, True, False]
    assert {"p.start", "p.stop", "p.fail", "p.pending"} == {node for node in sip.nodes if node.startswith("p.")}
    assert not any(node.startswith("t.") for node in sip.nodes)


def test_joins_lead_from_port_to_port():
    sip = drawn("sip_transport")
    joins = [line for line in sip.lines if line.head == "i.udp_sender"]
    assert [line.tail for line in joins] == ["i.supervisor"] * 4
    assert all("dir=none" in line.attributes and not line.text for line in joins)
    port = r'PORT="(\w+)"[^>]*><FONT[^>]*>(?:○ )?([^<]*?)(?: ○)?</FONT>'
    named, own = (dict(re.findall(port, sip.raw[box])) for box in ("i.supervisor", "i.udp_sender"))
    assert {(named[line.ends[0]], own[line.ends[1]]) for line in joins} == {
        ("restart(2)", "start"),
        ("poison_pill(2)", "stop"),
        ("failed(2)", "fail"),
        ("restarting(2)", "pending"),
    }


def test_an_instance_with_instances_is_a_frame_around_them():
    server = drawn("sip_server")
    assert server.frames == {"transport": ("transport : sip_transport", "")}
    assert {node for node, frame in server.within.items() if frame == "transport" and node.startswith("i.")} == {
        "i.transport.supervisor",
        "i.transport.udp_receiver",
        "i.transport.udp_sender",
        "i.transport.sip_parser",
        "i.transport.transaction_router",
    }
    assert server.nodes["i.session"].startswith("session [s in 1..10] actor")
    assert server.between("p.transport.fail", "i.transport.supervisor").arrow == ""


def test_inside_of_instances_on_request():
    inside = drawn("sip_server", inside=True)
    assert inside.frames["transport.supervisor"] == ("supervisor : actor", "transport")
    assert inside.frames["session"] == ("session [s in 1..10] : actor", "")
    assert inside.within["t.transport.sip_parser.stop"] == "transport.sip_parser"
    assert inside.nodes["t.transport.sip_parser.fail_and_resume"] == "fail_and_resume lognormal(mean=2208 h, sigma=0.4)"
    assert inside.between("p.server.restart", "p.session_router.start").text == "(3)"


def test_a_hundred_thousand_instances_are_one_node():
    few, many = drawn("sip_server"), drawn("sip_server", sessions="100000")
    assert few.nodes.keys() == many.nodes.keys()
    assert many.nodes["i.session"].startswith("session [s in 1..100000] actor")


INDEXED_PORTS = """
modules:
  hub:
    ports: {out: {over: 1..2}}
    transitions: {send: {for: k in 1..2, out: out(k), delay: 1 s}}
places: {lane: {over: [1..2, 1..3]}}
instances:
  node: {module: hub, for: w in 1..3, connect: {out(k): 'lane(k, w) for k in 1..2'}}
"""


def test_ports_joined_element_by_element_say_how():
    closed, opened = drawn(INDEXED_PORTS), drawn(INDEXED_PORTS, inside=True)
    assert closed.nodes["i.node"] == "node [w in 1..3] hub ○ out(k)"
    assert closed.between("p.lane", "i.node").text == "(k, w) for k in 1..2"
    assert opened.between("p.lane", "p.node.out").text == "(k) = (k, w) for k in 1..2"


def test_a_model_that_is_a_module_of_itself_is_drawn_alone_by_its_own_name():
    tree = drawn("actor_tree", module="actor_tree")
    assert tree.frames == {"module": ("actor_tree", "")}
    assert tree.nodes["i.top"].startswith("top actor") and tree.nodes["i.below"].startswith("below [c in 1..branching] tree")


def test_a_module_alone_is_as_written():
    actor = drawn("sip_transport", module="actor")
    assert actor.frames == {"module": ("actor", "")}
    assert actor.nodes["t.fail"] == "fail failure"
    assert actor.nodes["t.note_stop"] == "note_stop [c in child] priority 5"
    assert actor.nodes["p.failed"] == "failed [child] verdict"
    assert actor.between("t.note_escalation", "p.poison_pill").text == "(d) for d in child if d != c"
    # Some of its instances are supervised and some are not, so the condition stands there; no instance has a backoff, so that is not drawn.
    assert actor.nodes["t.start_by_environment"].endswith("when not supervised")
    assert "t.restart_child_later" not in actor.nodes
    assert "failure = lognormal(mean=2208 h, sigma=0.4)" in actor.legend and "limit = 3" in actor.legend


def test_ports_of_a_module_are_at_its_border():
    actor = drawn("sip_transport", module="actor")
    assert actor.ranks == {"min": {"p.start", "p.stop", "p.pending", "p.failed", "p.restarting"}, "max": {"p.fail", "p.restart", "p.poison_pill"}}
    assert 'fillcolor="#e4e4e4"' in actor.raw["p.start"] and 'fillcolor="white"' in actor.raw["p.idle"]


def test_a_module_that_is_not_used_is_drawn_in_full():
    model = """
modules:
  spare:
    parameters: {n: 2, hot: false}
    places: {a: {over: 1..n, initial: n}}
    transitions: {go: {for: k in 1..n, in: a(k), delay: 1 s, when: hot}}
"""
    spare = drawn(model, module="spare")
    assert spare.nodes == {"p.a": "a [1..n] n tokens", "t.go": "go [k in 1..n] 1 s when hot"}
    assert spare.legend == "hot = false"


def test_a_module_shows_its_own_instances_as_boxes():
    sip = drawn("sip_server", module="sip_transport")
    assert "i.sip_parser" in sip.nodes and set(sip.frames) == {"module"}


def test_an_unknown_module_is_refused_with_the_nearest_name():
    with pytest.raises(NotDrawable, match="no module 'actr'; did you mean 'actor'"):
        drawn("sip_transport", module="actr")
    with pytest.raises(NotDrawable, match="it has no modules"):
        drawn("monolithic", module="actor")


def test_too_many_classes_are_refused():
    transitions = ", ".join(f"t{k}: {{in: p, out: p, delay: 1 s}}" for k in range(MOST_NODES))
    with pytest.raises(NotDrawable, match=f"more than {MOST_NODES} nodes"):
        drawn(f"places: {{p: 1}}\ntransitions: {{{transitions}}}")


def test_one_thing_at_a_time():
    with pytest.raises(NotDrawable, match="not of several"):
        drawn("sip_transport", module="actor", unfold=True)


# against the net


def without_indices(label: str) -> str:
    return re.sub(r"\([^()]*\)", "", label)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(models())
def test_the_drawing_of_a_model_has_what_its_net_has(model: Data) -> None:
    """The folded drawing is made from the model and the unfolded one from the net: both have the same transitions with the same kinds of arcs."""
    try:
        reading = read_reading(json.dumps(model))
    except ModelError:
        return
    folded, unfolded = draw_model(reading.elaboration, reading.given, inside=True), draw_net(reading.net)
    own = {node.id for node in folded.root.all_nodes() if isinstance(node, TransitionNode)}
    assert own == {without_indices(node.id) for node in unfolded.root.all_nodes() if isinstance(node, TransitionNode)}
    for kind in ("test", "inhibitor", "reset"):
        alike = (kind, "refill") if kind == "inhibitor" else (kind,)
        own = {arc.transition for arc in folded.arcs if arc.kind in alike}
        assert own == {without_indices(arc.transition) for arc in unfolded.arcs if arc.kind in alike}
    for module in reading.elaboration.modules:
        if module:
            seen(draw(reading, module=module).dot)
    seen(draw(reading).dot)
