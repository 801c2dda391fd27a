"""Where a net forgets: a marking in which no clock remembers anything, so that each time the net comes there it begins anew. No estimates here.

What lies between two visits, a *cycle*, is then independent of what was before and distributed like any other (Smith, Proc. Roy. Soc. A 232, 1955);
observations of whole cycles from the first visit on have no warm-up, and the ratio of their means is the long run (Crane and Lemoine, An
Introduction to the Regenerative Method for Simulation Analysis, 1977; Law and Kelton, Simulation Modeling and Analysis, sec. 9.5.3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias, final

from numpy.random import SFC64, Generator, SeedSequence

from spn.engine.reference.dependencies import candidates
from spn.engine.reference.enabling import Binding, enabled_bindings
from spn.engine.reference.firing import fire
from spn.engine.reference.marking import Marking
from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.simulation import Simulation
from spn.engine.reference.state import State
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Binary, BinaryOperator, Constant, Expression, Now, Range, Reduce, Tokens, Value, Variable
from spn.expressions.types import BOOLEAN, DURATION, INTEGER, Dot, Number, Product, Record, Type
from spn.expressions.walk import free_variables, walk
from spn.net.rewrite import expressions_of
from spn.net.types import Availability, Average, Measure, Net, Place, Timed, Transition, Until
from spn.observation import End, RunError
from spn.study.batches import Dialogue, first
from spn.study.pilot import Note, SteadyPlan, batch_sizes
from spn.study.plan import PILOT

MOST_MARKINGS = 5_000
MOST_STEPS = 20_000
MOST_COPIED = 5_000_000
"""What is looked at to show that clocks are new: markings, steps between them, and the tokens and elements of places copied for that."""

MOST_RUNS = 64
"""Stretches of elements of one place that are alike; more make the condition dear to evaluate."""

PROBES = 8
"""Replications that tell how long it takes to come home."""

Key: TypeAlias = tuple[int, tuple[Value | None, ...]]
"""A binding: the code of its transition and the values of its variables."""

Clocks: TypeAlias = Mapping[Key, int]
"""How many clocks of a binding have been running since an earlier marking."""


class NotRegenerative(ValueError):
    """It is not known of a net that it forgets. The message is for people."""


@final
@dataclass(frozen=True, slots=True)
class Home:
    """The first tangible marking of a net, in which it forgets; `condition` holds there and nowhere else."""

    condition: Expression


def home(net: Net, check: Callable[[], None] = lambda: None) -> Home:
    """Where a net begins anew. Raises `NotRegenerative` where that is not known, and `RunError`.

    That is so if nothing depends on the time itself, and each clock that runs there is exponential, is drawn anew at every marking (memory
    resampling), or can be shown to be new whenever the net comes there. For the last, all steps between markings are looked at, whatever their
    delays; `check` is called now and then, and may raise what it likes.
    """
    prepared = PreparedNet(replace(net, measures=()))
    for transition in net.transitions:
        _check_transition(transition)
    for measure in net.measures:
        _check_measure(measure)
    simulation = _settled(prepared)
    condition = _both(*(part for number, place in enumerate(net.places) for part in _holds(place, number, simulation.marking)))
    clocks = [clock for clock in simulation.clocks() if not clock.law.is_memoryless and clock.binding.site.kind.memory != "resampling"]
    if clocks:
        watched = frozenset((clock.binding.site.code, clock.binding.values) for clock in clocks)
        _Arrivals(prepared, simulation.marking, watched, check).search()
    return Home(condition)


def until_home(net: Net, found: Home, seconds: float, measures: tuple[Measure, ...]) -> Net:
    """The net with these measures instead of its own, each observed from the initial marking until the net comes home for the first time after so
    many `seconds`.
    """
    over = _compared(">=", Now(DURATION), Constant(DURATION, seconds))
    window = Until(_both(over, found.condition))
    return replace(net, measures=tuple(replace(measure, window=window) for measure in measures))


@final
@dataclass(frozen=True)
class Cycles:
    """How the measures of the long run are observed in whole cycles. `nets` are the net as it is, and what `plan` makes of it."""

    net: Net
    measures: tuple[Measure, ...]
    home: Home
    nets: list[Net]

    @staticmethod
    def of(net: Net, measures: tuple[Measure, ...], check: Callable[[], None]) -> Cycles:
        """Raises `NotRegenerative`, and `RunError`; `check` as in `home`."""
        return Cycles(net, measures, home(replace(net, measures=measures), check), [net])

    def plan(self, planned: SteadyPlan, note: Note) -> Dialogue[SteadyPlan]:
        """What a pilot has planned, with windows of whole cycles: from the initial marking to the first return after the length of a window.

        Some replications, which are not used again, tell what that costs. If one of them does not come home in time, all stays as it was planned.
        """
        if planned.dead or planned.unsettled:
            return planned
        plan = planned.plan
        self.nets.append(until_home(self.net, self.home, plan.length, self.measures))
        cycles = replace(plan, warmup=0.0, segments=0, phase=False, windows=1, net=len(self.nets) - 1)
        probe = replace(cycles, experiment=PILOT, controls=(), unit=PROBES, offset=3_000_000_000)
        found = yield from first(probe, 1)
        note(probe, found)
        fired, simulated = int(found[0].firings.sum()), planned.simulated + found[0].simulated
        planned = replace(planned, firings=planned.firings + fired, simulated=simulated)
        if any(end is not End.OBSERVED for end in found[0].ends):
            warning = "the net seldom comes back to its initial marking: windows after warm-ups take the place of whole cycles"
            return replace(planned, warnings=(*planned.warnings, warning))
        unit, largest = batch_sizes(fired / PROBES)
        return replace(planned, plan=replace(cycles, unit=unit, largest=largest, max_firings=max(plan.max_firings, 20 * int(found[0].firings.max()))))


# What must not be in a net.


def _check_transition(transition: Transition) -> None:
    timing = transition.timing
    if isinstance(timing, Timed) and timing.memory == "age" and timing.delay.name != "exponential":
        raise NotRegenerative(f"transition {transition.name} keeps its age (memory age) while it is not enabled, in every marking")
    times = {variable.name for variable in transition.variables if _has_reals(variable.type)}
    decides = replace(transition, outputs=tuple(replace(arc, token=None) for arc in transition.outputs))
    for expression in expressions_of(decides):
        if any(isinstance(node, Now) for node in walk(expression)):
            raise NotRegenerative(f"transition {transition.name} depends on the time")
        if read := sorted(times & free_variables(expression)):
            raise NotRegenerative(f"transition {transition.name} depends on real numbers of tokens ({', '.join(read)}), which may be times")


def _check_measure(measure: Measure) -> None:
    if isinstance(measure.quantity, Availability | Average) and any(
        isinstance(node, Now) for expression in expressions_of(measure.quantity) for node in walk(expression)
    ):
        raise NotRegenerative(f"measure {measure.name} depends on the time")


def _has_reals(colour: Type) -> bool:
    return (isinstance(colour, Number) and not colour.integer) or any(_has_reals(part) for part in _components(colour))


def _components(colour: Type) -> tuple[Type, ...]:
    if isinstance(colour, Product):
        return colour.components
    return tuple(part for _, part in colour.fields) if isinstance(colour, Record) else ()


def _settled(prepared: PreparedNet) -> Simulation:
    """A run in its first tangible marking."""
    simulation = Simulation(prepared)
    while simulation.vanishing:
        if len(simulation.contenders()) > 1:
            raise NotRegenerative("chance decides in which marking it begins")
        simulation.step()
    return simulation


# The marking as a condition.


def _compared(operator: BinaryOperator, left: Expression, right: Expression) -> Expression:
    return Binary(BOOLEAN, operator, left, right)


def _both(*parts: Expression) -> Expression:
    return reduce(lambda left, right: _compared("and", left, right), parts)


def _holds(place: Place, number: int, marking: Marking) -> Iterator[Expression]:
    """What says that each element of a place holds what it does in a marking."""
    contents = [_content(place, number, element, marking) for element in range(place.size)]
    starts = [element for element in range(place.size) if element == 0 or contents[element] != contents[element - 1]]
    if len(starts) > MOST_RUNS:
        raise NotRegenerative(f"the elements of place {place.name} begin with different tokens, too many to compare again and again")
    for start, stop in zip(starts, [*starts[1:], place.size], strict=True):
        if stop - start == 1:
            yield _both(*_is(place, Constant(INTEGER, start), *contents[start]))
        else:
            body = _both(*_is(place, Variable(INTEGER, "element"), *contents[start]))
            yield Reduce(BOOLEAN, "all", "element", Range(Constant(INTEGER, start), Constant(INTEGER, stop - 1)), body, None)


def _content(place: Place, number: int, element: int, marking: Marking) -> tuple[int, tuple[tuple[Value, int], ...]]:
    """How many tokens an element holds, and, where they have values, how many of each."""
    count = marking.counts[number][element]
    if isinstance(place.colour, Dot) or not count:
        return count, ()
    if _has_reals(place.colour):
        raise NotRegenerative(f"place {place.name} holds tokens with real numbers at the start")
    values = list(marking.values(number, element))
    different = dict.fromkeys(values)
    if len(different) > 1 and (place.order != "multiset" or isinstance(place.colour, Record)):
        raise NotRegenerative(f"place {place.name} holds different tokens at the start, whose order counts")
    return count, tuple((value, values.count(value)) for value in different)


def _is(place: Place, element: Expression, count: int, values: tuple[tuple[Value, int], ...]) -> Iterator[Expression]:
    yield _compared("==", Tokens(INTEGER, place.name, element, ()), Constant(INTEGER, count))
    for value, tokens in values:
        types = _components(place.colour)
        parts = tuple(zip(types, value, strict=True)) if types else ((place.colour, value),)  # type: ignore[arg-type]
        pattern = tuple(Constant(kind, part) for kind, part in parts)
        yield _compared("==", Tokens(INTEGER, place.name, element, pattern), Constant(INTEGER, tokens))


# Whether clocks are new.


class _Arrivals:
    """All ways on which a net comes to a marking, whatever its clocks do, and which clocks may have been running before it did."""

    def __init__(self, net: PreparedNet, marking: Marking, watched: frozenset[Key], check: Callable[[], None]) -> None:
        self._net, self._watched, self._check = net, watched, check
        self._uniform = Generator(SFC64(SeedSequence(0))).random
        self._valued = tuple(number for number, valued in enumerate(net.valued) if valued)
        self._home = marking.key(self._valued)
        self._tangible: deque[Marking] = deque([marking])
        self._known = {self._home}
        self._passed: set[object] = set()
        self._steps = self._copied = 0
        self._size = sum(place.size for place in net.places)

    def search(self) -> None:
        """Raises `NotRegenerative` if a clock may be old, or if there is too much to look at."""
        if any(place.order == "random" for place in self._net.places):
            raise NotRegenerative(f"{self._clock()} may have been running before, as tokens are taken in random order")
        while self._tangible:
            marking = self._tangible.popleft()
            timed, _ = self._enabled(marking)
            running = {key: binding.degree for binding in timed if (key := _key(binding)) in self._watched}
            for binding in timed:
                if binding.degree > 0:
                    own = _key(binding)
                    self._follow(marking, binding, {**running, own: running.get(own, 0) - 1})

    def _follow(self, marking: Marking, binding: Binding, running: Clocks) -> None:
        """Fire, and then what fires at once, to the next tangible markings."""
        waiting = [self._fired(marking, binding)]
        before = [running]
        while waiting:
            marking, running = waiting.pop(), before.pop()
            timed, immediate = self._enabled(marking)
            still = {key: min(running[key], each.degree) for each in timed if running.get(key := _key(each), 0) > 0}
            here = marking.key(self._valued)
            if not immediate:
                if here == self._home and still:
                    raise NotRegenerative(f"{self._clock(next(iter(still))[0])} may have been running before")
                if here not in self._known:
                    self._known.add(here)
                    self._tangible.append(marking)
                continue
            if (passed := (here, frozenset(still.items()))) in self._passed:
                continue
            self._passed.add(passed)
            highest = max(each.site.kind.priority for each in immediate)
            for each in immediate:
                if each.site.kind.priority == highest:
                    waiting.append(self._fired(marking, each))
                    before.append(still)

    def _enabled(self, marking: Marking) -> tuple[list[Binding], list[Binding]]:
        state = State(self._net, {}, marking)
        timed: list[Binding] = []
        immediate: list[Binding] = []
        for code in candidates(self._net, marking):
            site = self._net.site(code)
            (immediate if site.kind.immediate else timed).extend(self._tried(lambda site=site: enabled_bindings(site, state)))  # type: ignore[misc]
        return timed, immediate

    def _fired(self, marking: Marking, binding: Binding) -> Marking:
        self._steps += 1
        self._copied += marking.total + self._size
        self._check()
        if len(self._known) > MOST_MARKINGS or self._steps > MOST_STEPS or self._copied > MOST_COPIED:
            raise NotRegenerative(f"{self._clock()} may have been running before: more ways lead there than can be looked at")
        child = marking.copy(self._uniform)
        self._tried(lambda: fire(binding, State(self._net, {}, child)))
        return child

    def _tried(self, step: Callable[[], list[Binding] | object]) -> list[Binding]:
        try:
            found = step()
        except (RunError, EvaluationError) as error:
            raise NotRegenerative(f"{self._clock()} may have been running before: in a marking that can perhaps be reached: {error}") from None
        return found if isinstance(found, list) else []

    def _clock(self, code: int | None = None) -> str:
        code = min(self._watched)[0] if code is None else code
        site = self._net.site(code)
        return f"the clock of transition {self._net.transition_label(site.kind.number, site.index)}"


def _key(binding: Binding) -> Key:
    return binding.site.code, binding.values
