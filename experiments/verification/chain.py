"""Exact values of a net that is a Markov chain: its generator by walking the markings, then linear systems and matrix exponentials.

It reads the resolved net and shares nothing else with the project: not the engine, not the evaluation of expressions. For small nets only, of plain
tokens, places of one element, immediate transitions and exponential delays. What it does not know is refused.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from scipy.linalg import expm

from spn.expressions import tree
from spn.net.types import (
    At,
    Availability,
    Average,
    Count,
    FirstPassage,
    Immediate,
    InputArc,
    Integral,
    Measure,
    Net,
    OutputArc,
    Over,
    Rate,
    Steady,
    Timed,
    Transition,
    Until,
)

Marking = tuple[int, ...]
Tokens = Mapping[str, int]

BINARY: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
}
MOST_MARKINGS = 5000


class NotMarkov(Exception):
    """The net is not one that this solver knows."""


def value(expression: tree.Expression, tokens: Tokens) -> float:
    """An expression's value in a marking."""
    match expression:
        case tree.Constant(value=found) if isinstance(found, bool | int | float):
            return found
        case tree.Tokens(place=place):
            return tokens[place]
        case tree.Unary(operator="-", operand=operand):
            return -value(operand, tokens)
        case tree.Unary(operator="not", operand=operand):
            return not value(operand, tokens)
        case tree.Binary(operator=name, left=left, right=right) if name in BINARY:
            return BINARY[name](value(left, tokens), value(right, tokens))
        case tree.IfElse(condition=condition, then=then, otherwise=otherwise):
            return value(then if value(condition, tokens) else otherwise, tokens)
    raise NotMarkov(f"an expression of kind {type(expression).__name__}")


class Chain:
    """The tangible markings of a net with their generator `q`, the distribution `start` of the first tangible one, and for each transition
    the mean number of its firings per second in each marking (`flow`; those of the immediate transitions that follow a timed one count with it) and
    before the first tangible marking (`first`).
    """

    def __init__(self, net: Net) -> None:
        self.places = [place.name for place in net.places]
        self.transitions = {transition.name: transition for transition in net.transitions}
        if any(place.size != 1 or place.capacity is not None or place.order != "multiset" for place in net.places):
            raise NotMarkov("a place that is not plain")
        if any(transition.size != 1 or transition.variables or transition.resets for transition in net.transitions):
            raise NotMarkov("a transition that is not plain")
        initial = tuple(int(sum(value(part.count, {}) for part in place.initial)) for place in net.places)
        self._walk(initial)
        self._eliminate(initial)

    # the markings

    def tokens(self, marking: Marking) -> Tokens:
        return dict(zip(self.places, marking, strict=True))

    def _walk(self, initial: Marking) -> None:
        """All reachable markings, each with its successors: (transition, weight or rate, marking)."""
        self.moves: dict[Marking, list[tuple[str, float, Marking]]] = {}
        self.vanishing: set[Marking] = set()
        waiting = [initial]
        while waiting:
            marking = waiting.pop()
            if marking in self.moves:
                continue
            if len(self.moves) >= MOST_MARKINGS:
                raise NotMarkov("too many markings")
            tokens = self.tokens(marking)
            enabled = [(transition, degree) for transition in self.transitions.values() if (degree := self._degree(transition, tokens)) > 0]
            immediate = [(transition.timing.priority, transition) for transition, _ in enabled if isinstance(transition.timing, Immediate)]
            moves = []
            if immediate:
                self.vanishing.add(marking)
                highest = max(priority for priority, _ in immediate)
                chosen = [transition for priority, transition in immediate if priority == highest]
                weights = [value(transition.timing.weight, tokens) for transition in chosen if isinstance(transition.timing, Immediate)]
                moves = [(t.name, weight / sum(weights), self._fired(t, tokens)) for t, weight in zip(chosen, weights, strict=True)]
            else:
                moves = [(t.name, self._rate(t, degree, tokens), self._fired(t, tokens)) for t, degree in enabled]
            self.moves[marking] = moves
            waiting.extend(target for _, _, target in moves)

    def _degree(self, transition: Transition, tokens: Tokens) -> int:
        """How often it could fire at once; 0 if it is not enabled."""
        if transition.guard is not None and not value(transition.guard, tokens):
            return 0
        if any(tokens[arc.place] < self._multiplicity(arc, tokens) for arc in transition.tests):
            return 0
        if any(tokens[arc.place] >= self._multiplicity(arc, tokens) > 0 for arc in transition.inhibitors):
            return 0
        needed: dict[str, int] = {}
        for arc in transition.inputs:
            needed[arc.place] = needed.get(arc.place, 0) + self._multiplicity(arc, tokens)
        return min((tokens[place] // number for place, number in needed.items() if number), default=1)

    @staticmethod
    def _multiplicity(arc: InputArc | OutputArc, tokens: Tokens) -> int:
        if arc.loop is not None:
            raise NotMarkov("an arc that fans out")
        return int(value(arc.multiplicity, tokens))

    def _fired(self, transition: Transition, tokens: Tokens) -> Marking:
        after = dict(tokens)
        for taken in transition.inputs:
            after[taken.place] -= self._multiplicity(taken, tokens)
        for put in transition.outputs:
            after[put.place] += self._multiplicity(put, tokens)
        return tuple(after[place] for place in self.places)

    @staticmethod
    def _rate(transition: Transition, degree: int, tokens: Tokens) -> float:
        timing = transition.timing
        assert isinstance(timing, Timed)
        if timing.delay.name != "exponential" or timing.delay.form not in (("rate",), ("mean",)):
            raise NotMarkov(f"a delay that is {timing.delay.name}")
        argument = timing.delay.arguments[0]
        if isinstance(argument, tree.Sequence):
            raise NotMarkov("a list as argument")
        number = float(value(argument, tokens))
        servers = math.inf if timing.servers is None else value(timing.servers, tokens)
        return min(degree, servers) * (number if timing.delay.form == ("rate",) else 1.0 / number)

    # the chain of the tangible markings

    def _eliminate(self, initial: Marking) -> None:
        self.states = [marking for marking in self.moves if marking not in self.vanishing]
        passed = [marking for marking in self.moves if marking in self.vanishing]
        state = {marking: number for number, marking in enumerate(self.states)}
        via = {marking: number for number, marking in enumerate(passed)}
        n, v = len(self.states), len(passed)
        inner, outer = np.zeros((v, v)), np.zeros((v, n))
        chances = {name: np.zeros(v) for name in self.transitions}
        for marking, row in via.items():
            for name, chance, target in self.moves[marking]:
                chances[name][row] += chance
                if target in via:
                    inner[row, via[target]] += chance
                else:
                    outer[row, state[target]] += chance
        visits = np.linalg.inv(np.eye(v) - inner)  # singular, if a vanishing loop has no way out
        rates, into = np.zeros((n, n)), np.zeros((n, v))
        self.flow = {name: np.zeros(n) for name in self.transitions}
        for marking, row in state.items():
            for name, rate, target in self.moves[marking]:
                self.flow[name][row] += rate
                if target in via:
                    into[row, via[target]] += rate
                else:
                    rates[row, state[target]] += rate
        for name, chance in chances.items():
            self.flow[name] += into @ visits @ chance
        rates += into @ visits @ outer
        self.q = rates - np.diag(rates.sum(axis=1))
        self.start, self.first = np.zeros(n), dict.fromkeys(self.transitions, 0.0)
        if initial in via:
            self.start = visits[via[initial]] @ outer
            self.first = {name: float(visits[via[initial]] @ chance) for name, chance in chances.items()}
        else:
            self.start[state[initial]] = 1.0

    def vector(self, expression: tree.Expression) -> np.ndarray:
        """The value of an expression in each tangible marking."""
        return np.array([float(value(expression, self.tokens(marking))) for marking in self.states])

    @cached_property
    def steady(self) -> np.ndarray:
        """The distribution in the long run; it is the only one, or this fails."""
        n = len(self.states)
        system = np.vstack([self.q.T, np.ones(n)])
        if np.linalg.matrix_rank(system, tol=1e-9) < n:
            raise NotMarkov("more than one closed set of markings")
        return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0])

    def at(self, time: float, generator: np.ndarray | None = None) -> np.ndarray:
        return np.asarray(self.start @ expm((self.q if generator is None else generator) * time))

    def occupation(self, time: float) -> np.ndarray:
        """The mean time spent in each marking up to `time`."""
        n = len(self.states)
        augmented = np.block([[self.q, np.eye(n)], [np.zeros((n, 2 * n))]])
        return np.asarray(self.start @ expm(augmented * time)[:n, n:])

    def occupation_until(self, reached: np.ndarray) -> np.ndarray:
        """The mean time spent in each marking before one of those `reached`."""
        found, rest = np.zeros(len(self.states)), ~reached
        found[rest] = np.linalg.solve(-self.q[np.ix_(rest, rest)].T, self.start[rest])
        return found


def exact(chain: Chain, measure: Measure) -> float:
    """The value of a measure; of an availability, A."""
    window, quantity = measure.window, measure.quantity
    if isinstance(quantity, FirstPassage):
        reached = chain.vector(quantity.condition) > 0.0
        if not quantity.within:
            return float(chain.occupation_until(reached).sum())
        stopped = np.where(reached[:, None], 0.0, chain.q)
        (time,) = quantity.within  # a curve has no one value
        return float(chain.at(time, stopped)[reached].sum())
    if isinstance(window, Steady):
        weights, length = chain.steady, 1.0
    elif isinstance(window, At):
        (time,) = window.times
        weights, length = chain.at(time), 1.0
    elif isinstance(window, Over):
        weights, length = chain.occupation(window.stop) - chain.occupation(window.start), window.stop - window.start
    else:
        assert isinstance(window, Until)
        weights = chain.occupation_until(chain.vector(window.condition) > 0.0)
        length = float(weights.sum())
    if isinstance(quantity, Availability):
        return float(weights @ chain.vector(quantity.condition)) / length
    if isinstance(quantity, Average | Integral):
        return float(weights @ chain.vector(quantity.expression)) / (length if isinstance(quantity, Average) else 1.0)
    if not isinstance(quantity, Rate | Count):
        raise NotMarkov(f"a measure of kind {type(quantity).__name__}")
    counted = sum(float(weights @ chain.flow[part.transition]) for part in quantity.firings)
    if isinstance(window, Until) or (isinstance(window, Over) and window.start == 0.0):
        counted += sum(chain.first[part.transition] for part in quantity.firings)
    return counted / (length if isinstance(quantity, Rate) else 1.0)
