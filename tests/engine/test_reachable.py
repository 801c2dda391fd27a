"""Classes that can never be enabled are left out of kernels, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spn.engine.compiled.kernel import KernelPlan
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.tree import IfElse
from spn.expressions.types import INTEGER
from tests.engine.interpreted import kernel
from tests.engine.nets import arc, e, exponential, net, op, out, place, tokens, transition
from tests.engine.test_remembering import expected_at, found_at

BOUNDS = ((0, 5),)


def written(of):
    """The names of the transitions for which there is source; the kernel's events are the reference engine's."""
    plan = KernelPlan(PreparedNet(of))
    stops = (1, 2, 3, 10, 60)
    assert found_at(plan, stops, run=kernel(plan.source)) == expected_at(plan.prepared, stops)
    return [transition.name for transition, known in zip(of.transitions, plan.layout.classes, strict=True) if f"fire_{known.name}(" in plan.source]


def coloured(*more, initial=(), token=1):
    """Work with a verdict after each failure; a class for each verdict."""
    return net(
        [place("up", 1), place("verdict", list(initial), 1, INTEGER, bounds=BOUNDS), place("restarted"), place("stopped")],
        [
            transition("fail", "up", out("verdict", token=token), exponential(1.0)),
            transition("restart", arc("verdict", pattern=(1,)), ["up", "restarted"]),
            transition("stop", arc("verdict", pattern=(2,)), ["up", "stopped"]),
            transition("after_stop", "stopped", (), 2.0),
            *more,
        ],
    )


def test_what_no_token_ever_enables_is_not_written():
    assert written(coloured()) == ["fail", "restart"]


def test_tokens_that_come_later_or_from_the_start_enable():
    assert written(coloured(initial=[2])) == ["fail", "restart", "stop", "after_stop"]
    assert written(coloured(transition("change", "restarted", out("verdict", token=2), 0.5))) == ["fail", "restart", "stop", "after_stop", "change"]


def test_either_branch_of_a_token_counts():
    either = IfElse(INTEGER, op(tokens("restarted", 0), ">", 2), e(2), e(1))
    assert written(coloured(token=either)) == ["fail", "restart", "stop", "after_stop"]
    assert written(coloured(token=op(1, "+", op(tokens("restarted", 0), "%", 2)))) == ["fail", "restart", "stop", "after_stop"]


def test_a_loop_that_nothing_starts_is_not_written():
    of = net(
        [place("up", 1), place("a"), place("b")],
        [transition("beat", "up", "up", 1.0), transition("x", "a", "b"), transition("y", "b", "a", 1.0), transition("z", arc("b", 0), (), 2.0)],
    )
    # A multiplicity of 0 asks for nothing.
    assert written(of) == ["beat", "z"]


def test_all_immediate_transitions_of_a_priority_may_be_missing():
    of = net(
        [place("up", 1), place("a"), place("b")],
        [transition("beat", "up", ["up", "b"], 1.0), transition("x", "a", (), priority=3), transition("y", "b", (), priority=2)],
    )
    assert written(of) == ["beat", "y"]


@pytest.mark.parametrize("first", [arc("a", element=op(tokens("up", 0), "+", 3)), arc("a", op(0, "-", tokens("up", 0)))])
def test_what_may_be_an_error_is_written(first):
    of = net([place("up", 1), place("a", 0, 3)], [transition("beat", "up", "up", 1.0), transition("x", first, ())])
    plan = KernelPlan(PreparedNet(of))
    found = found_at(plan, (5,))
    assert found == expected_at(plan.prepared, (5,))
    assert found[-1][0] in ("bad-index", "bad-multiplicity")


def test_how_many_tokens_there_are_at_first_does_not_matter():
    sources = {KernelPlan(PreparedNet(replace(coloured(), places=(place("up", number), *coloured().places[1:])))).key for number in (2, 3)}
    assert len(sources) == 1
