"""A folded net and its unfolding, which another program made, have the same events and observations: folding changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from spn.engine.reference import ReferenceEngine, Simulation
from spn.net.types import Net
from spn.observation import RunError
from tests.agreement.comparing import first_difference, outcome, task_for
from tests.agreement.generated import net_of, seconds_of
from tests.agreement.models import model
from tests.agreement.unfolding import Unfolding

FIRINGS = 300


def events(net: Net) -> Iterator[Any]:
    """Its events, then None if it is dead, or the code of an error."""
    try:
        simulation = Simulation(net, 5)
        for _ in range(FIRINGS):
            event = simulation.step()
            yield event
            if event is None:
                return
    except RunError as error:
        yield error.code


@pytest.mark.parametrize("seed", range(4))
def test_an_unfolded_net_has_the_events_of_the_folded_one(seed: int) -> None:
    r = Random(seed)
    net = net_of(model(r))
    if net is None:
        pytest.skip("one of the few models whose numbers do not fit")
    unfolding = Unfolding(net)
    assert max(place.size for place in unfolding.unfolded.places) == 1
    for mine, other in zip(events(net), events(unfolding.unfolded), strict=True):
        if mine is None or isinstance(mine, str):
            assert mine == other
            break
        moves = tuple((*unfolding.places[place], count, value) for place, _, count, value in other.moves)
        transition = unfolding.transitions[other.transition]
        assert (mine.time, mine.transition, mine.index, mine.binding, mine.moves) == (other.time, *transition, other.binding, moves)
    # Controls are sums over classes, of which the unfolded net has others.
    task = replace(task_for(net, r, seconds_of(net, FIRINGS), FIRINGS), controlled=False)
    expected = outcome(lambda: ReferenceEngine().prepare(net).run(task))
    found = outcome(lambda: ReferenceEngine().prepare(unfolding.unfolded).run(task))
    assert not first_difference(expected, unfolding.folded(found))
