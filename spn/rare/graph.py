"""The markings that a net can reach, whatever its clocks do, with a rate for each step: a map for finding the way to a rare condition.

Clocks are forgotten: a step of a timed binding has the reciprocal of its mean delay as its rate. For a net whose delays are all exponential the map
is its Markov chain; for others it only guides, and no estimate depends on its being right.

Where there are too many markings a *folded* map takes those for one that have as many tokens in each place class and the same in the elements that
the question reads: a thousand components of a kind, of which so many have failed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeAlias

from numpy.random import SFC64, Generator, SeedSequence

from spn.distributions import Distribution
from spn.engine.reference.dependencies import candidates, expression_reads
from spn.engine.reference.enabling import Binding, enabled_bindings
from spn.engine.reference.firing import fire
from spn.engine.reference.marking import Marking
from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.state import State
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Value
from spn.expressions.types import Record
from spn.observation import RunError
from spn.rare.question import Question

MOST_MARKINGS = 20_000
MOST_STEPS = 200_000
MOST_COPIED, MOST_CELLS = 5_000_000, 20_000_000
"""Tokens copied, so that a queue without a bound ends before it is as long as all that; and elements of places, which are kept for each marking."""
FASTEST = 1e12
"""The rate (per second) of a delay that takes no time."""

StepKey: TypeAlias = tuple[int, tuple[Value | None, ...]]
"""A binding: the code of its transition and the values of its variables."""

PLAIN, TARGET, END = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Entry:
    """An enabled timed binding of a marking: its degree, the law of a delay that begins there, and whether its rate may change with the marking."""

    key: StepKey
    degree: int
    law: Distribution
    memory: str
    priority: int
    changing: bool


@dataclass(slots=True)
class Node:
    """A marking: what it is (PLAIN, TARGET or END), and where the steps out of it lead, with rates or, if `vanishing`, with weights.

    `timed` are the enabled timed bindings, `resampled` says whether any draws anew after each firing, `importance` is what the question says of
    it, `expanded` whether all this is known.
    """

    kind: int = PLAIN
    vanishing: bool = False
    expanded: bool = False
    importance: float = 0.0
    steps: dict[StepKey, tuple[int, float]] = field(default_factory=dict)
    timed: tuple[Entry, ...] = ()
    resampled: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """What tells markings apart: everything, but of records only their number (`valued` has the other places with values); or if `folded` the
    tokens in each place class, and in the elements `read`.
    """

    valued: tuple[int, ...]
    folded: bool = False
    read: tuple[tuple[int, int], ...] = ()

    def key(self, marking: Marking) -> Hashable:
        if self.folded:
            counts = marking.counts
            return tuple(marking.sums), tuple([counts[place][element] for place, element in self.read])
        return marking.key(self.valued)


@dataclass(slots=True)
class Graph:
    """Nodes by number; 0 is the initial marking.

    `complete`: every marking that the net can reach is in it, so what is not in it cannot happen. `markovian`: all delays are exponential, and the
    marking alone decides what happens. `why` says what is in the way of completeness.
    """

    nodes: list[Node]
    numbers: dict[Hashable, int]
    fold: Fold
    complete: bool
    markovian: bool
    why: str = ""
    starts: tuple[int, ...] = ()

    def kind_of(self, code: int) -> int:
        """The transition class to which a code belongs."""
        return bisect_right(self.starts, code) - 1

    def find(self, marking: Marking) -> int:
        """The number of a marking; -1 if it is not there."""
        return self.numbers.get(self.fold.key(marking), -1)

    def step_key(self, kind: int, key: StepKey) -> StepKey:
        """What a step of a transition class is known by: in a folded map, all steps of the class are alike."""
        return (-1 - kind, ()) if self.fold.folded else key

    @property
    def targets(self) -> bool:
        """Whether the condition holds in any marking of it."""
        return any(node.kind == TARGET for node in self.nodes)


MOST_READ = 100
"""More elements than this are not told apart in a folded map."""

REPRESENTATIVES = 6
"""In a folded map so many bindings of a class stand for all."""


def fold_of(net: PreparedNet, question: Question) -> Fold:
    """The folded map's way of telling markings apart."""
    read: set[tuple[int, int]] = set()
    for expression in (question.condition, question.until, question.importance):
        for place, elements in () if expression is None else expression_reads(net, expression).elements:
            if elements is not None and elements.size <= MOST_READ:
                read |= {(place, int(element)) for element in elements.ravel() if 0 <= element < net.places[place].size}
    return Fold((), True, tuple(sorted(read)) if len(read) <= MOST_READ else ())


def compared_places(net: PreparedNet) -> tuple[int, ...]:
    """The places whose tokens' values tell markings apart: those of records, which may hold times, do not."""
    return tuple(number for number, place in enumerate(net.places) if net.valued[number] and not isinstance(place.colour, Record))


class _Enough(Exception):
    """There is more than a map is worth, in the middle of a marking."""


class Explorer:
    """Breadth-first from the initial marking, markings that fewer timed firings reach first, until all are known or there are too many."""

    def __init__(self, net: PreparedNet, question: Question, folded: bool = False, late: Callable[[], bool] = lambda: False) -> None:
        self.net = net
        self._late = late
        valued = compared_places(net)
        self._fold = fold_of(net, question) if folded else Fold(valued)
        self._lives = question.has_lives
        self._importance = None if question.importance is None else net.function(question.importance)
        self._condition = net.function(question.condition)
        self._until = None if question.until is None else net.function(question.until)
        self.nodes: list[Node] = []
        self.numbers: dict[Hashable, int] = {}
        self._markings: list[Marking | None] = []
        self._waiting: deque[int] = deque()
        self._early: deque[int] = deque()
        self._fresh: set[int] = set()
        """What a life can begin with before it has been anywhere but where one ends. It goes on from there; this is looked at first (`_early`)."""
        self._uniform = Generator(SFC64(SeedSequence(0))).random
        self._exact = not folded and len(valued) == sum(net.valued) and not any(place.order == "random" for place in net.places)
        self._exact = self._exact and not net.dependencies.always
        self._markovian = True
        self._steps = self._copied = self._cells = 0
        self._size = sum(place.size for place in net.places)
        self._why = "" if self._exact else "tokens carry times or numbers, or something depends on the time or on a random order"

    def explore(self, most: int = MOST_MARKINGS) -> Graph:
        """The graph with at most `most` markings."""
        marking = Marking(self.net.places, self._uniform)
        for number in range(len(self.net.places)):
            for element, count, value in self.net.initial_tokens(number):
                if value is None:
                    marking.add(number, element, count)
                else:
                    marking.put(number, element, value, count)
        self._number(marking, fresh=True)
        complete = self._exact
        while self._early or self._waiting:
            if len(self.nodes) > most or self._enough:
                complete, self._why = False, self._too_many()
                break
            at = (self._early or self._waiting).popleft()
            if self.nodes[at].expanded:
                continue
            try:
                self._expand(at)
            except _Enough:
                self.nodes[at].steps.clear()
                complete, self._why = False, self._too_many()
                break
            except (RunError, EvaluationError) as error:
                # Perhaps no run comes here: what may happen here is left open.
                complete, self._why = False, f"in a marking that can perhaps be reached: {error}"
            self._markings[at] = None
        starts = tuple(kind.first for kind in self.net.classes)
        return Graph(self.nodes, self.numbers, self._fold, complete, self._markovian and self._exact, self._why, starts)

    @property
    def _enough(self) -> bool:
        """Whether more has been looked at than a map is worth."""
        return self._steps > MOST_STEPS or self._copied > MOST_COPIED or self._cells > MOST_CELLS or self._late()

    def _too_many(self) -> str:
        return f"there {'was no time to look at' if self._late() else 'are'} more than {len(self.nodes):,} markings"

    def _number(self, marking: Marking, fresh: bool) -> int:
        key = self._fold.key(marking)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.nodes)
            self.nodes.append(Node())
            self._markings.append(marking)
            self._waiting.append(number)
        if fresh and number not in self._fresh:
            self._fresh.add(number)
            self._early.append(number)
        return number

    def _expand(self, at: int) -> None:
        node, marking = self.nodes[at], self._markings[at]
        assert marking is not None
        state = State(self.net, {}, marking)
        timed: list[Binding] = []
        immediate: list[Binding] = []
        for code in candidates(self.net, marking):
            site = self.net.site(code)
            found = enabled_bindings(site, state)
            (immediate if site.kind.immediate else timed).extend(found)
        shares = [1.0] * len(timed)
        if self._fold.folded:
            timed, shares = self._representatives(timed)
        node.timed = tuple([self._entry(binding, state) for binding in timed])
        node.resampled = any(entry.memory == "resampling" for entry in node.timed)
        if immediate:
            node.vanishing = True
            highest = max(binding.site.kind.priority for binding in immediate)
            for binding in immediate:
                if binding.site.kind.priority == highest:
                    self._step(node, marking, binding, binding.weight, at)
        else:
            node.kind, node.importance = self._kind(state), self._height(state)
            if node.kind == PLAIN or at in self._fresh or not self._lives:
                for binding, entry, share in zip(timed, node.timed, shares, strict=True):
                    rate = share * _rate(entry)
                    if rate > 0.0:
                        self._step(node, marking, binding, rate, at)
        node.expanded = True

    def _representatives(self, bindings: list[Binding]) -> tuple[list[Binding], list[float]]:
        """Some bindings of each class, with how many each stands for; those that touch what the question reads are all there."""
        read = set(self._fold.read)
        by_class: dict[int, list[Binding]] = {}
        found: list[Binding] = []
        shares: list[float] = []
        for binding in bindings:
            moves = binding.site.fixed_moves
            if moves is not None and any((place, element) in read for place, element, _, _ in moves):
                found.append(binding)
                shares.append(1.0)
            else:
                by_class.setdefault(binding.site.kind.number, []).append(binding)
        for alike in by_class.values():
            some = alike[:: max(1, -(-len(alike) // REPRESENTATIVES))]
            found += some
            shares += [len(alike) / len(some)] * len(some)
        return found, shares

    def _kind(self, state: State) -> int:
        state.variables = {}
        if self._condition(state):
            return TARGET
        return END if self._until is not None and self._until(state) else PLAIN

    def _height(self, state: State) -> float:
        state.variables = {}
        return 0.0 if self._importance is None else float(self._importance(state))

    def _entry(self, binding: Binding, state: State) -> Entry:
        kind = binding.site.kind
        state.variables = binding.environment
        law = binding.site.distribution(state)
        self._markovian = self._markovian and law.is_memoryless
        changing = kind.exponential and not kind.static_delay
        return Entry((binding.site.code, binding.values), binding.degree, law, kind.memory, kind.priority, changing)

    def _step(self, node: Node, marking: Marking, binding: Binding, rate: float, at: int) -> None:
        if self._enough:
            raise _Enough
        self._steps += 1
        self._copied += marking.total
        self._cells += self._size
        child = marking.copy(self._uniform)
        state = State(self.net, {}, child)
        fire(binding, state)
        fresh = at in self._fresh and (node.vanishing or node.kind == END)
        node.steps[binding.site.code, binding.values] = (self._number(child, fresh), rate)


def _rate(entry: Entry) -> float:
    mean = entry.law.mean
    if entry.degree <= 0:
        return 0.0
    return min(FASTEST, entry.degree / mean) if mean > 0.0 else FASTEST
