"""Drawings of nets: every place and transition by itself."""

from __future__ import annotations

import pytest

from spn.drawing import NotDrawable
from tests.drawing.seen import EVERY_ARC, drawn, reading_of


def test_every_element_is_a_node():
    for name in ("monolithic", "two_state", "sip_transport"):
        net = reading_of(name).net
        shown = drawn(name, unfold=True)
        assert sum(node.startswith("p.") for node in shown.nodes) == sum(place.size for place in net.places)
        assert sum(node.startswith("t.") for node in shown.nodes) == sum(transition.size for transition in net.transitions)


def test_arcs_lead_to_elements():
    shown = drawn("monolithic", unfold=True)
    for s in range(1, 7):
        assert shown.between("p.running", f"t.fail(s={s})").arrow == "normal"
        assert shown.between(f"t.fail(s={s})", "p.failed").arrow == "normal"
    assert len(shown.lines) == 2 * 6 + 2


def test_times_are_in_the_units_of_the_model():
    shown = drawn("monolithic", unfold=True)
    assert shown.nodes["t.fail(s=3)"] == "fail(s=3) lognormal(mean=2208 h, sigma=0.4)"
    assert shown.nodes["t.repair"] == "repair uniform(low=30 s, high=300 s)"
    assert drawn("two_state", unfold=True).nodes["t.fail"] == "fail exponential(rate=1 / (2208 h))"


def test_instances_are_frames_and_joined_places_one_node():
    shown = drawn("sip_transport", unfold=True)
    assert {name for name, (_, outer) in shown.frames.items() if outer == ""} == {
        "supervisor",
        "udp_receiver",
        "udp_sender",
        "sip_parser",
        "transaction_router",
    }
    # The supervisor restarts its second child: its port restart(2) and the child's start are one place.
    line = shown.between("t.supervisor.restart_child(c=2)", "p.udp_sender.start")
    assert line.text == "(cold)"
    assert "p.supervisor.restart(2)" not in shown.nodes
    # Nothing else is told of that transition's guard but what it reads, by name.
    assert "[supervisor.restart_count(1) < 3]" in shown.nodes["t.supervisor.restart_child(c=2)"]


def test_arcs_to_an_element_that_tokens_choose_are_dotted():
    shown = drawn(EVERY_ARC, unfold=True)
    possible = [line for line in shown.lines if line.tail == "t.serve"]
    assert [line.head for line in possible] == ["p.busy(voice)", "p.busy(video)", "p.busy(data)"]
    assert all("style=dotted" in line.attributes for line in possible)
    assert "dotted" not in shown.between("p.busy(video)", "t.finish(k=video)").attributes
    assert shown.nodes["p.busy(voice)"] == "busy(voice) ●" and shown.nodes["p.busy(data)"] == "busy(data)"


def test_fans_and_multiplicities_are_worked_out():
    shown = drawn(
        """
parameters: {n: 3}
places: {a: 1, b: {over: 1..n}}
transitions: {go: {for: k in 1..n, in: a, out: ["(k - 1) * b(j) for j in 1..n if j != k"], guard: b(k) < k, delay: k * 1 min}}
""",
        unfold=True,
    )
    arcs = {(line.tail, line.head, line.text) for line in shown.lines if line.tail.startswith("t.")}
    assert arcs == {(f"t.go(k={k})", f"p.b({j})", "" if k == 2 else "2") for k in (2, 3) for j in (1, 2, 3) if j != k}
    assert shown.nodes["t.go(k=2)"] == "go(k=2) 2 min [b(2) < 2]"


def test_a_large_net_is_refused_in_words():
    with pytest.raises(NotDrawable, match=r"unfolded the net has 20,094 places and transitions; at most \d+ can be drawn"):
        drawn("sip_transport", unfold=True, transactions="1000")


def test_too_many_arcs_are_refused_in_words():
    model = "places: {a: {over: 1..100}}\ntransitions: {go: {for: k in 1..100, in: a(k), out: a(j) for j in 1..100, delay: 1 s}}"
    with pytest.raises(NotDrawable, match="arcs"):
        drawn(model, unfold=True)
