"""Both engines on one net: the same events, the same observations, the same errors, to the last bit. No tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any
from unittest.mock import patch

import numpy as np

from spn.engine.compiled import CompiledPrepared, batch, cells, running
from spn.engine.compiled.handover import HandoverError
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.compiled.layout import flat
from spn.engine.compiled.running import Machine
from spn.engine.reference import ReferenceEngine, Simulation
from spn.engine.seeding import streams_of
from spn.net.types import Net, Tally
from spn.observation import Outcome, Outcomes, RunError, Task, Tasks, gathered

Kernel = Callable[..., int]

EVERYTHING_EVERY = 500
"""After so many events the whole marking and the random generators are compared."""


@dataclass(frozen=True)
class Clocks:
    """How a kernel keeps its clocks: so `few` in a heap, more in buckets, none in blocks; or scanned in this `way`. By default as it chooses."""

    few: int | None = None
    way: int = 0

    @contextmanager
    def kept(self, plan: KernelPlan) -> Iterator[None]:
        """For machines that are made meanwhile, and the runs on them."""
        with ExitStack() as changes:
            if self.few is not None:
                changes.enter_context(patch.object(running, "FEW_QUEUED", self.few))
                changes.enter_context(patch.dict(vars(plan), {"blocks": 0}))
            if self.way and plan.scanned:
                changes.enter_context(patch.object(plan.trials, "best", self.way))
            yield


AS_CHOSEN = Clocks()


class Disagreement(AssertionError):
    """The engines differ."""


@dataclass
class Agreement:
    """What both engines did: `end` is ``most``, ``dead`` or the code of the error; `fired` the firings of each class."""

    firings: int = 0
    end: str = ""
    fired: list[int] = field(default_factory=list)


def same_events(plan: KernelPlan, kernel: Kernel, seed: int, most: int, clocks: Clocks = AS_CHOSEN) -> Agreement:
    """Run both engines event by event. Raises `Disagreement` at the first event that differs.

    Compared are, after each event, time, transition, index, the number of tokens and the tokens that it moved; now and then everything, and
    the states of the random generators.
    """
    with clocks.kept(plan):
        simulation, machine, error = _begun(plan, kernel, seed)
    if simulation is None or machine is None:
        return Agreement(0, error)
    try:
        return _Pair(plan, simulation, machine).run(most)
    finally:
        machine.close()


def same_events_after_moving(plan: KernelPlan, kernel: Kernel, seed: int, moves_at: int, most: int) -> Agreement | None:
    """A run that moves from the reference engine to the kernel at event `moves_at`; None if it cannot. Raises `Disagreement`."""
    try:
        simulation = Simulation(plan.prepared, seed)
        simulation.run(firings=moves_at)
        machine = Machine(plan, kernel, seed, (), simulation)
    except (RunError, HandoverError):
        return None
    try:
        return _Pair(plan, simulation, machine).run(most)
    finally:
        machine.close()


def _begun(plan: KernelPlan, kernel: Kernel, seed: int) -> tuple[Simulation | None, Machine | None, str]:
    """Both engines at the start, or the error with which both end there."""
    simulation = machine = None
    expected = found = ""
    try:
        simulation = Simulation(plan.prepared, seed)
    except RunError as error:
        expected = error.code
    try:
        machine = Machine(plan, kernel, seed, ())
    except RunError as error:
        found = error.code
    if expected != found:
        raise Disagreement(f"at the start: reference {expected or 'goes on'}, compiled {found or 'goes on'}")
    return simulation, machine, expected


class _Pair:
    """Two runs side by side."""

    def __init__(self, plan: KernelPlan, simulation: Simulation, machine: Machine) -> None:
        self.plan, self.simulation, self.machine = plan, simulation, machine
        self.first = np.cumsum([0, *(place.cells for place in plan.layout.places)]).tolist()
        self.tokens, self.errors = memoryview(machine.memory.tokens), memoryview(machine.state)

    def run(self, most: int) -> Agreement:
        simulation, machine = self.simulation, self.machine
        state, values, history = memoryview(machine.state), memoryview(machine.values), memoryview(machine.history)
        end = "most"
        self._compare_everything("at the start")
        for number in range(simulation.firings + 1, most + 1):
            event, expected = None, ""
            try:
                event = simulation.step()
            except RunError as error:
                expected = error.code
            found = self._step()
            if expected != found or (not expected and (event is None) != (state[cells.FIRED] < number)):
                raise Disagreement(f"event {number}: reference {expected or self._told(event)}, compiled {found or machine.firings}")
            if expected or event is None:
                end = expected or "dead"
                break
            code = simulation.net.classes[event.transition].first + event.index
            mine = history[state[cells.INSTANT] - 1]
            if event.time != values[cells.NOW] or code != mine or simulation.marking.total != state[cells.TOTAL]:
                totals = f"{simulation.marking.total} and {state[cells.TOTAL]} tokens"
                raise Disagreement(f"event {number}: {self._told(event)} and {machine.now!r} {machine.prepared.site(mine).label}, {totals}")
            self._compare_moves(number, event)
            if number % EVERYTHING_EVERY == 0:
                self._compare_everything(f"event {number}")
        if end in ("most", "dead"):
            self._compare_everything(f"after {simulation.firings} events")
        return Agreement(simulation.firings, end, list(simulation.fired))

    def _step(self) -> str:
        """One firing of the kernel; the code of the error it met."""
        try:
            self.machine.call(1, 1, 1.7e308, 10**12)
            if self.errors[cells.ERROR]:
                self.machine.check()
        except RunError as error:
            return error.code
        return ""

    @staticmethod
    def _told(event: Any) -> str:
        return "is dead" if event is None else f"{event.time!r} {event.transition}[{event.index}] {event.binding}"

    def _compare_moves(self, number: int, event: Any) -> None:
        """The tokens of the colours and elements that have changed."""
        for place, element, _, value in event.moves:
            count, mine = self.simulation.marking.counts[place][element], self._count(place, element)
            if count != mine:
                raise Disagreement(
                    f"event {number}: {self._told(event)}: {count} and {mine} tokens in {self.plan.layout.places[place].name}[{element}]"
                )
            layout = self.plan.layout.places[place]
            if value is not None and layout.kind == "finite":
                cell = self.first[place] + element * (layout.colours + 1) + 1 + self._colour(layout, value)
                if self.simulation.marking.store(place, element).count(value) != self.tokens[cell]:
                    raise Disagreement(f"event {number}: {self._told(event)}: other numbers of {value} in {layout.name}[{element}]")

    def _count(self, place: int, element: int) -> int:
        layout = self.plan.layout.places[place]
        return int(self.tokens[self.first[place] + element * (layout.colours + 1 if layout.kind == "finite" else 1)])

    @staticmethod
    def _colour(layout: Any, value: Any) -> int:
        number = 0
        for part, leaf in zip(flat(value), layout.leaves, strict=True):
            number = number * (leaf.high - leaf.low + 1) + int(part) - leaf.low
        return number

    def _compare_everything(self, when: str) -> None:
        simulation, machine = self.simulation, self.machine
        marking = simulation.marking
        if machine.rng.bit_generator.state["state"]["state"].tolist() != simulation._rng.bit_generator.state["state"]["state"].tolist():
            raise Disagreement(f"{when}: the random generators are in other states")
        for layout in self.plan.layout.places:
            for element in range(layout.place.size):
                if marking.counts[layout.number][element] != self._count(layout.number, element):
                    raise Disagreement(f"{when}: other numbers of tokens in {layout.name}[{element}]")
                if layout.kind == "finite":
                    cell = self.first[layout.number] + element * (layout.colours + 1) + 1
                    expected = [0] * layout.colours
                    for value in marking.values(layout.number, element):
                        expected[self._colour(layout, value)] += 1
                    if expected != self.tokens[cell : cell + layout.colours].tolist():
                        raise Disagreement(f"{when}: other tokens in {layout.name}[{element}]")
        if simulation.peek() != machine.peek() or marking.sums != machine.sums():
            times = f"next {simulation.peek()!r} and {machine.peek()!r}"
            raise Disagreement(f"{when}: {times}, tokens {marking.sums} and {machine.sums()}")
        if [int(number) for number in machine.fired()] != list(simulation.fired):
            raise Disagreement(f"{when}: other numbers of firings")


# Observations.


def same_outcomes(plan: KernelPlan, kernel: Kernel, task: Task, budget: int | None = None, clocks: Clocks = AS_CHOSEN) -> Outcome | str:
    """One replication on both engines: all that is observed, or the error. The kernel's chunks have `budget` firings. Raises `Disagreement`."""
    expected = outcome(lambda: ReferenceEngine().prepare(plan.prepared.net).run(task))

    def run() -> Outcome:
        machine = Machine(plan, kernel, task.seed, task.key, controlled=task.controlled)
        try:
            replication = running.Replication(machine, task)
            if budget is not None:
                replication.budget = budget
            return replication.run()
        finally:
            machine.close()

    with clocks.kept(plan), patch.object(running, "CHUNK_SECONDS", 0.0 if budget is not None else running.CHUNK_SECONDS):
        found = outcome(run)
    difference = first_difference(expected, found)
    if difference:
        raise Disagreement(difference)
    return expected


def same_batch(plan: KernelPlan, kernel: Kernel, tasks: Tasks) -> bool:
    """The kernel runs several replications by itself, or one after the other: whether it can. Raises `Disagreement`."""

    def alone(task: Task) -> Outcome:
        return CompiledPrepared(plan, kernel).run(task)  # type: ignore[arg-type]

    if not batch.suitable(plan, tasks):
        return False
    found: Outcomes | str
    expected: Outcomes | str
    with patch.object(batch, "FIRST_BUDGET", 7), patch.object(batch, "CHUNK_SECONDS", 0.0):
        try:
            found = batch.Batch(batch.Stage(plan, kernel, tasks.measures, tasks.controlled), tasks).run(alone, Event())
        except RunError as error:
            found = error.code
    try:
        expected = gathered([alone(tasks.task(k)) for k in range(len(tasks))], tasks)
    except RunError as error:
        expected = error.code
    if isinstance(expected, str) or isinstance(found, str):
        if expected != found:
            raise Disagreement(f"a batch: {found if isinstance(found, str) else ''}, one by one: {expected if isinstance(expected, str) else ''}")
        return True
    if expected.ends != found.ends:
        raise Disagreement(f"a batch: {found.ends}, one by one {expected.ends}")
    for name in ("firings", "times", "dead_at", "tokens", "fired", "controls"):
        if getattr(expected, name).tobytes() != getattr(found, name).tobytes():
            raise Disagreement(f"a batch: {name}: {getattr(found, name).tolist()}, one by one {getattr(expected, name).tolist()}")
    for measure, rows in expected.observations.items():
        if not np.array_equal(rows, found.observations[measure], equal_nan=True):
            raise Disagreement(f"a batch: {measure}: {found.observations[measure].tolist()}, one by one {rows.tolist()}")
    return True


def outcome(run: Callable[[], Outcome]) -> Outcome | str:
    """What a replication gave, or the code of its error."""
    try:
        return run()
    except RunError as error:
        return error.code


def first_difference(expected: Outcome | str, found: Outcome | str) -> str:
    """What differs between two outcomes; empty if nothing does."""
    if isinstance(expected, str) or isinstance(found, str):
        return "" if expected == found else f"reference {_short(expected)}, compiled {_short(found)}"
    for name in ("end", "time", "firings", "dead_at"):
        if getattr(expected, name) != getattr(found, name):
            return f"{name}: {getattr(expected, name)!r} and {getattr(found, name)!r}"
    for name in ("observations", "values"):
        mine, other = getattr(expected, name), getattr(found, name)
        if mine.keys() != other.keys():
            return f"{name} of {sorted(mine)} and of {sorted(other)}"
        for measure, rows in mine.items():
            if not np.array_equal(rows, other[measure], equal_nan=True):
                return f"{name} of {measure}: {rows.tolist()} and {other[measure].tolist()}"
    for name in ("tokens", "fired", "controls"):
        if not np.array_equal(getattr(expected, name), getattr(found, name), equal_nan=name == "controls"):
            return f"{name}: {getattr(expected, name).tolist()} and {getattr(found, name).tolist()}"
    return ""


def _short(outcome: Outcome | str) -> str:
    return outcome if isinstance(outcome, str) else f"goes on to {outcome.time!r}"


def tasks_for(net: Net, r: Random, end: float, most: int, number: int = 3) -> Tasks:
    """Some replications of all steady measures of a net whose `most` firings take about `end` seconds, with windows from 0 or later."""
    keys = np.array([(0, 1, k, 0) for k in range(number)])
    steady = [measure for measure in net.measures if measure.is_steady]
    names = tuple(measure.name for measure in steady if not getattr(measure.quantity, "quantiles", ()))
    shares = np.array(sorted(r.sample((0.0, 0.1, 0.3, 0.5, 0.8), r.randrange(2, 5))))
    starts = np.array([r.choice((0.5, 1.0)) for _ in range(number)])
    number_of_firings, seed = r.choice((most, most // 3 + 1)), r.randrange(1000)
    return Tasks(seed, keys, streams_of(seed, keys), names, end * starts[:, np.newaxis] * shares, number_of_firings, r.randrange(2) == 1)


def tasks_from_start(net: Net, r: Random, most: int, number: int = 3) -> Tasks:
    """Some replications of all other measures of a net, `most` firings at most."""
    keys = np.array([(0, 2, k, 0) for k in range(number)])
    others = [measure for measure in net.measures if not measure.is_steady]
    names = tuple(measure.name for measure in others if not (isinstance(measure.quantity, Tally) and measure.quantity.quantiles))
    seed, cuts = r.randrange(1000), np.zeros((number, 0))
    return Tasks(seed, keys, streams_of(seed, keys), names, cuts, r.choice((most, most // 3 + 1)), r.randrange(2) == 1, r.randrange(2) == 1)


def task_for(net: Net, r: Random, end: float, most: int) -> Task:
    """A task for all measures of a net whose `most` firings take about `end` seconds."""
    cuts = tuple(sorted({round(end * share, r.randrange(6)) for share in (0.1, 0.35, 0.7)}))
    limits = {} if r.randrange(4) else {"max_time": end * r.choice((0.3, 0.9))}
    return Task(
        r.randrange(1000),
        (r.randrange(5),),
        tuple(measure.name for measure in net.measures),
        cuts if len(cuts) > 1 else (),
        controlled=True,
        max_firings=most,
        **limits,
    )
