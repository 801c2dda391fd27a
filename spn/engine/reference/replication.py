"""One replication of a task: a simulation, its observers, and the reasons to end. What a firing does and what a measure sums up are elsewhere."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spn.engine.reference.observers import Action, Counter, Observer, observer
from spn.engine.reference.prepared import PreparedNet, watched
from spn.engine.reference.simulation import Simulation, told
from spn.engine.reference.state import NoElementError
from spn.expressions.errors import EvaluationError
from spn.observation import End, Outcome, RunError, Task


class Replication:
    """Runs a task. Observations at a time see the marking after all firings up to it, so they wait until the next firing is later."""

    def __init__(self, net: PreparedNet, task: Task) -> None:
        self.net, self.task = net, task
        self.simulation = Simulation(net, task.seed, task.key, controlled=task.controlled)
        self.observers = _observers(net, task)
        self.tokens = np.full((len(task.cuts), len(net.places)), -1, np.int64)
        self.drawn = np.full((len(task.cuts), len(self._sums())), np.nan)
        self._watches: dict[int, list[Action]] = {}
        self._counters: list[list[Counter]] = [[] for _ in net.classes]
        actions: list[tuple[float, Action]] = []
        for each in self.observers:
            actions += each.actions
            for number, action in each.watches:
                self._watches.setdefault(number, []).append(action)
            for counter in each.firings:
                self._counters[counter.number].append(counter)
        actions += [(cut, lambda state, row=row: self._count_tokens(row)) for row, cut in enumerate(task.cuts)]  # type: ignore[misc]
        # Latest first, to be popped. The sort is stable: of equal times a window's stop comes before the next one's start.
        self.actions = sorted(actions, key=lambda action: action[0])[::-1]
        self.dead_at: float | None = None
        self._begun = False

    def _count_tokens(self, row: int) -> None:
        self.tokens[row] = self.simulation.marking.sums
        self.drawn[row] = self._sums()

    def _sums(self) -> list[float]:
        return [part for drawn in self.simulation.drawn.values() for part in drawn.sums]

    def advance(self, firings: int) -> Outcome | None:
        """So many firings more; None if the end is not reached by then. Raises `RunError`."""
        simulation, state, task = self.simulation, self.simulation.state, self.task
        counters = self._counters
        if not self._begun:
            self._begun = True
            self._act(before=0.0)
            simulation.changed = set(self._watches)
            if self._complete():
                return self._outcome(End.OBSERVED, 0.0)
        for _ in range(firings):
            if not simulation.vanishing:
                if simulation.changed:
                    self._watch(simulation.changed)
                    if self._complete():
                        return self._outcome(End.OBSERVED, simulation.now)
            next_time = simulation.peek()
            if next_time == math.inf and self.dead_at is None:
                self.dead_at = simulation.now
            if self.actions and self.actions[-1][0] < next_time:
                last = self._act(before=next_time)
                if self._complete():
                    return self._outcome(End.OBSERVED, last)
            if next_time > task.max_time or next_time == math.inf:
                return self._outcome(End.TIME, task.max_time)
            if simulation.firings >= task.max_firings:
                return self._outcome(End.FIRINGS, simulation.now)
            if simulation.marking.total > task.max_tokens:
                return self._outcome(End.TOKENS, simulation.now)
            binding = simulation.next_binding()
            assert binding is not None
            concerned = counters[binding.site.kind.number]
            if concerned:
                try:
                    for counter in concerned:
                        counter.record(binding, state)
                except EvaluationError as error:
                    raise self._arithmetic(error) from None
            simulation.fire(binding)
        return None

    def _watch(self, changed: set[int]) -> None:
        """A tangible marking is reached; look at what may have changed since the last one."""
        state = self.simulation.state
        state.variables = {}
        try:
            for number in sorted(changed):
                for action in self._watches.get(number, ()):
                    action(state)
        except EvaluationError as error:
            raise self._arithmetic(error) from None
        changed.clear()

    def _act(self, before: float) -> float:
        """Do what is due before a time; the time of the last of it."""
        state, actions = self.simulation.state, self.actions
        now = state.now
        last = now
        try:
            while actions and actions[-1][0] < before and actions[-1][0] <= self.task.max_time:
                time, action = actions.pop()
                last = max(time, 0.0)
                state.now, state.variables = last, {}
                action(state)
        except EvaluationError as error:
            raise self._arithmetic(error) from None
        state.now = now
        return last

    def _complete(self) -> bool:
        return not any(each.missing for each in self.observers) and (not self.task.cuts or bool(self.tokens[-1, 0] >= 0))

    def _arithmetic(self, error: EvaluationError) -> RunError:
        code = "bad-index" if isinstance(error, NoElementError) else "bad-arithmetic"
        return RunError(code, f"in a measure: {told(error)}", self.simulation.now)

    def _outcome(self, end: End, time: float) -> Outcome:
        for each in self.observers:
            each.cut(time)
        return Outcome(
            end=end,
            time=time if time < math.inf else self.simulation.state.now,
            firings=self.simulation.firings,
            dead_at=self.dead_at,
            observations={each.name: each.rows for each in self.observers},
            values={each.name: np.array(each.tallied.values) for each in self.observers if each.tallied is not None},
            tokens=self.tokens,
            fired=np.array(self.simulation.fired, np.int64),
            controls=self._controls(),
        )

    def _controls(self) -> NDArray[np.float64]:
        if not self.task.controlled:
            return np.zeros((0, 0))
        return np.diff(self.net.usable(self.drawn), axis=0) if self.task.cuts else self.net.usable(np.array([self._sums()]))


def _observers(net: PreparedNet, task: Task) -> list[Observer]:
    """Observers of the measures asked for, in the net's order."""
    asked, made, first = set(task.measures), [], 0
    for measure in net.net.measures:
        if measure.name in asked:
            asked.discard(measure.name)
            made.append(observer(net, measure, first, task.cuts))
        first += len(watched(measure))
    if asked:
        raise ValueError(f"the net has no measure {', '.join(sorted(asked))}")
    return made
