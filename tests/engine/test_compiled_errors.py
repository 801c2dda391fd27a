"""Errors of compiled runs are those of the reference engine, word for word. Kernels are run by Python itself."""

from __future__ import annotations

import pytest

from spn.engine.compiled.kernel import KernelPlan
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.types import INTEGER
from spn.resolver.resolve import read
from tests.engine.nets import arc, exponential, net, op, out, place, tokens, transition, uniform
from tests.engine.test_compiled_language import events, expected_events

REST = op(tokens("p"), "-", 1)
BAG = place("b", [2, 7], colour=INTEGER)
TAKE = arc("b", pattern=("?c",))

NETS = {
    "bad-arithmetic in a guard": net([place("p", 2)], [transition("t", "p", (), 1.0, guard=op(op(1, "/", REST), ">", 0))]),
    "bad-arithmetic in an output": net(
        [place("p", 2), place("q")], [transition("t", "p", "q", 1.0), transition("u", "q", out("q", op(1, "//", REST)), 0.5)]
    ),
    "bad-arithmetic in a token": net(
        [place("b", [4, 0], colour=INTEGER), place("r", colour=INTEGER)],
        [transition("t", TAKE, out("r", token=op(6, "//", "c")), 1.0, variables=["c"])],
    ),
    "bad-index in a guard": net(
        [place("p", 1, 2)], [transition("t", arc("p", element="i"), (), 1.0, size=2, guard=op(tokens("p", op("i", "+", 1)), "==", 1))]
    ),
    "bad-index of an output": net([place("p", 1, 2)], [transition("t", "p", out("p", element=op(tokens("p", 1), "+", 1)), 1.0)]),
    "bad-multiplicity of an output": net([place("p", 2), place("q")], [transition("t", "p", out("q", op(tokens("p"), "-", 2)), 1.0)]),
    "bad-multiplicity of an input": net(
        [place("p", 2), place("q", 3)], [transition("t", ["p", arc("q", op(tokens("p"), "-", 2))], (), 1.0), transition("u", "p", (), 1.0)]
    ),
    "bad-weight": net([place("p", 2), place("k", 1)], [transition("t", "p", (), weight=op(tokens("k"), "-", 1)), transition("u", "k", (), 1.0)]),
    "bad-servers": net([place("p", 3)], [transition("t", "p", (), 1.0, servers=op(op(2, "*", tokens("p")), "-", 5))]),
    "negative-rate": net([BAG], [transition("t", TAKE, (), exponential(op(5.0, "-", "c")), variables=["c"])]),
    "bad-delay of a token": net([BAG], [transition("t", TAKE, (), uniform(op(7.0, "-", "c"), 1.0), variables=["c"])]),
    "bad-delay of a number": net([place("p", 2)], [transition("t", "p", (), op(tokens("p"), "-", 1.5))]),
    "bad-value": net(
        [place("b", [1, 2], colour=INTEGER, bounds=((0, 2),))],
        [transition("t", TAKE, out("b", token=op("c", "+", 1)), 1.0, variables=["c"])],
    ),
    "timeless-trap": net([place("p", 1), place("q")], [transition("t", "p", "q"), transition("u", "q", "p")]),
    "bad-arithmetic of a variable without value": read(
        """
        spn: 1
        colours: {kind: [a, b]}
        places: {p: {colour: kind, initial: all}, q: 2}
        transitions:
          t: {in: ["(q - 1) * p(c)", q], guard: "index(c) >= 0", delay: 1 s}
        """
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_the_error_is_the_reference_engines(name):
    plan = KernelPlan(PreparedNet(NETS[name]))
    most = 11_000 if name == "timeless-trap" else 60
    expected = expected_events(plan.prepared, most)
    assert events(plan, most) == expected
    assert name.split()[0] == expected[-1][0]
