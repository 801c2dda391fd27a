"""Why a transition is not enabled in a marking: the arc, guard or capacity that stands in the way. Whether it is enabled is in `enabling`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from spn.engine.reference.classes import Site
from spn.engine.reference.enabling import _Search, _Served, count_fitting, enabled_bindings, unfolded
from spn.engine.reference.state import State
from spn.expressions.errors import EvaluationError
from spn.observation import RunError


class Kind(IntEnum):
    """What stands in the way, in the order in which it is looked at: the later, the nearer the transition was to being enabled."""

    INPUT = 0
    TEST = 1
    INHIBITOR = 2
    GUARD = 3
    CAPACITY = 4
    WEIGHT = 5
    NO_SERVER = 6
    ENABLED = 7


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way. `place` and `element` where it is one; `need` is the multiplicity or capacity; `enough`: none of its tokens fits."""

    kind: Kind
    place: int = -1
    element: int = 0
    need: int = 0
    enough: bool = False


def obstacle(site: Site, state: State) -> Obstacle | None:
    """The obstacle that the nearest of a transition's bindings meets; ENABLED, if there is none, and None if an expression has no value."""
    try:
        found = enabled_bindings(site, state)
        if found:
            servers = site.kind.immediate or any(binding.degree > 0 for binding in found)
            return Obstacle(Kind.ENABLED if servers else Kind.NO_SERVER)
        probe = _Probe(site, state)
        probe.all()
    except (EvaluationError, RunError):
        return None
    return probe.nearest or Obstacle(Kind.WEIGHT)


class _Probe(_Search):
    """A search that remembers how far it came."""

    def __init__(self, site: Site, state: State) -> None:
        super().__init__(site, state)
        self.nearest: Obstacle | None = None
        self.reached = (-1, -1)

    def _note(self, obstacle: Obstacle, at: int = 0) -> None:
        if (obstacle.kind, at) > self.reached:
            self.nearest, self.reached = obstacle, (int(obstacle.kind), at)

    def _choose(self, served: _Served) -> bool:
        first = not served.chosen
        if super()._choose(served):
            return True
        if first:
            number = served.position[0]
            kind = Kind.INPUT if number < self.inputs else Kind.TEST
            place, element = served.arc.place, served.element
            need = served.number + sum(take[2] for take in self.takes if kind is Kind.INPUT and take[:2] == (place, element))
            self._note(Obstacle(kind, place, element, need, enough=self.marking.counts[place][element] >= need), number)
        return False

    def _complete(self) -> None:
        before = len(self.found)
        super()._complete()
        if len(self.found) > before:
            return
        kind = self.site.kind
        for arc in unfolded(kind.inhibitors, self.state):
            element, number = self.site.element(arc, self.state), self.site.multiplicity(arc, self.state)
            if number and count_fitting(arc, element, self.state) >= number:
                self._leave_fan()
                self._note(Obstacle(Kind.INHIBITOR, arc.place, element, number))
                return
        if kind.guard is not None and not kind.guard(self.state):
            self._note(Obstacle(Kind.GUARD))
            return
        for arc in unfolded(kind.outputs, self.state):
            element = self.site.element(arc, self.state)
            capacity = kind.net.capacity(arc.place, element)
            if self.marking.counts[arc.place][element] + self.site.multiplicity(arc, self.state) > capacity:
                self._leave_fan()
                self._note(Obstacle(Kind.CAPACITY, arc.place, element, int(capacity)))
                return
