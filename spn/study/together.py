"""Several nets simulated together, replication by replication with the same random numbers, until what is asked of all has the precision asked for.

What that is, a ratio or a derivative, is not known here.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, final

import numpy as np

from spn.estimate.estimates import AnyEstimate
from spn.estimate.influence import Influence, Influences, weighted
from spn.estimate.intervals import Floats
from spn.estimate.orders import Measured, weights
from spn.estimate.paired import Down, down_of
from spn.estimate.stopping import Criterion, Look, Precision, Reason, Status
from spn.net.types import Net
from spn.observation import Abandoned, Engine, Outcome, Prepared, RunError, Task
from spn.study.batches import Dialogue, Request, Run, interruption
from spn.study.experiment import CHOSEN, Experiment, Finished
from spn.study.plan import EXPERIMENTS, PILOT, BatchResult, Plan, run_batch
from spn.study.result import Progress

T = TypeVar("T")


@final
class Several:
    """Nets made ready as they are needed, by their numbers: what a driver sees of them, and the function that runs their batches."""

    def __init__(self, engine: Engine, nets: Sequence[Net], alike: bool = False) -> None:
        """`alike` says that they differ in numbers only: what was worth the while for one is for all, and one kernel serves all."""
        self._engine, self._nets, self._alike = engine, nets, alike
        self._worth_while = False
        self._made: dict[int, Prepared] = {}
        self._names: dict[str, None] = {}
        self._least = 0
        self._lock = threading.Lock()
        self._expected: float | None = None

    def running(self, seed: int) -> Run:
        """Runs a batch, and the same batch of the plan's others."""

        def run(plan: Plan, index: int) -> BatchResult:
            found = self._run(plan, seed, index)
            return replace(found, others=tuple(self._run(other, seed, index) for other in plan.others)) if plan.others else found

        return run

    def _run(self, plan: Plan, seed: int, index: int) -> BatchResult:
        try:
            return run_batch(self._prepared(plan.net), plan, seed, index)
        except RunError as error:
            raise RunError(error.code, f"{self._nets[plan.net].name}: {error.message}", error.time) from error

    def _prepared(self, number: int) -> Prepared:
        with self._lock:
            if number < self._least:
                raise Abandoned
            if number not in self._made:
                self._made[number] = self._engine.prepare(self._nets[number])
                self._made[number].expect(self._told())
            return self._made[number]

    def forget(self) -> None:
        """Let go of all that is ready: other nets follow."""
        with self._lock:
            self._least = max(self._made, default=-1) + 1
            for number in list(self._made):
                self._names.setdefault(self._made[number].name)
                self._made.pop(number).abandon()

    @property
    def name(self) -> str:
        """What has run them so far."""
        return max([*self._names, *(each.name for each in self._made.values())], key=len, default=self._engine.name)

    def name_of(self, *numbers: int) -> str:
        """What has run those of these numbers."""
        names = dict.fromkeys(self._made[number].name for number in numbers if number in self._made)
        return max(names, key=len, default=self._engine.name)

    @property
    def concurrent(self) -> bool:
        """Whether it pays to run several replications at a time."""
        return bool(self._made) and all(each.concurrent for each in self._made.values())

    def run(self, task: Task) -> Outcome:
        """Run one replication of the first. Raises `RunError` and `Abandoned`."""
        return self._prepared(0).run(task)

    def expect(self, firings: float | None) -> None:
        """About so many firings more of each will be asked for (None: nobody knows)."""
        self._expected = firings
        self._worth_while = self._worth_while or (self._alike and any(each.concurrent for each in self._made.values()))
        for each in list(self._made.values()):
            each.expect(self._told())

    def _told(self) -> float | None:
        if self._worth_while:
            return math.inf
        return self._expected if self._expected is None or not self._alike else self._expected * max(1, len(self._made))

    def abandon(self) -> None:
        """Let all replications that run end with `Abandoned`."""
        for each in list(self._made.values()):
            each.abandon()


def of_net(dialogue: Dialogue[T], number: int) -> Dialogue[T]:
    """The dialogue with its plans made those of net `number`."""
    answer: Callable[[], Request] = lambda: next(dialogue)  # noqa: E731
    while True:
        try:
            request = answer()
        except StopIteration as end:
            found: T = end.value
            return found
        try:
            batch = yield replace(request, plan=replace(request.plan, net=number))
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the dialogue decides what becomes of it
            answer = _throwing(dialogue, error)
        else:
            answer = _sending(dialogue, batch)


def _throwing(dialogue: Generator[Request, BatchResult, Any], error: BaseException) -> Callable[[], Request]:
    return lambda: dialogue.throw(error)


def _sending(dialogue: Generator[Request, BatchResult, Any], batch: BatchResult) -> Callable[[], Request]:
    return lambda: dialogue.send(batch)


PROBES = 8
"""Replications of each net that tell how fast it goes."""


def in_step(plans: Sequence[Plan], firings: float) -> Dialogue[tuple[list[float], int]]:
    """By what the windows of nets of the same structure have to be stretched so that all see the same part of their sequences of draws.

    A net whose failures come twice as often has made twice as many draws at the same time: draws made for the same purpose would fall into different
    windows, and random numbers in common would be of little use. So a few replications of each, with the same random numbers, tell how long it takes
    to so many `firings`, and the stretches, whose geometric mean is 1, are in proportion. These replications are not used again, so that nothing
    is biased. Also the firings that it took.
    """
    limit = max(64, int(firings))
    probes = [
        Plan(PILOT, plan.measures, 0.0, 1e15, 1, max_firings=limit, unit=PROBES, offset=2_000_000_000, point=plan.point, net=plan.net)
        for plan in plans
    ]
    found = yield Request(replace(probes[0], others=tuple(probes[1:])), 0, 1, 1)
    each = (found, *found.others)
    spent = sum(int(part.firings.sum()) for part in each)
    times = [float(np.mean(part.times)) for part in each]
    if not all(0.0 < time < 1e15 for time in times) or any(not np.isnan(part.dead_at).all() for part in each):
        return [1.0] * len(plans), spent
    middle = float(np.exp(np.mean(np.log(times))))
    return [time / middle for time in times], spent


def stretched(plan: Plan, by: float) -> Plan:
    """The plan with its windows stretched."""
    return replace(plan, warmup=plan.warmup * by, length=plan.length * by)


class Goal(Protocol):
    """What is asked of all together."""

    @property
    def name(self) -> str: ...

    @property
    def least(self) -> int:
        """The replications below which its precision is not trusted."""
        ...

    def relative(self, downs: Sequence[Down | None], found: Sequence[AnyEstimate]) -> float:
        """Its relative half-width, from what the replications of each net saw and the estimates of each."""
        ...

    def influence(self, downs: Sequence[Down | None]) -> Influence | None:
        """What single replications add to it, or None if that cannot be told."""
        ...


@final
@dataclass(frozen=True)
class Together:
    """The experiments of several nets, with one measure each, whose batches are run side by side. `before` is what had been fired when it began.

    It stops at the first look at which the goal has its precision and all nets have enough replications and events, or with `limits`. Looks are where
    a single experiment has them (`Plan.is_look`), so few that stopping on a lucky streak is rare.
    """

    experiments: tuple[Experiment, ...]
    goal: Goal
    precision: float
    limits: Criterion
    before: int = 0
    max_firings: int = 0

    @property
    def plan(self) -> Plan:
        first, *others = (experiment.plan for experiment in self.experiments)
        return replace(first, others=tuple(others))

    def run(self, elapsed: Callable[[], float], progress: Callable[[Progress], None] | None) -> Dialogue[Ended]:
        """Ask for batches until a criterion is met, or an interruption comes. `RunError` goes through."""
        plan, names = self.plan, [f"{number}" for number in range(len(self.experiments))]
        criterion = self.limits | Precision(self.precision, dict.fromkeys(names, math.inf))
        batches: list[BatchResult] = []
        firings, simulated, sure, likely = self.before, 0.0, 0, 0
        reached: dict[str, tuple[float, float]] = {}
        course: list[tuple[int, Mapping[str, Look]]] = []
        reason: Reason | None = None
        try:
            while reason is None:
                sure = sure if sure > len(batches) else plan.next_look(len(batches)) + 1
                last = yield Request(plan, len(batches), sure, max(sure, likely))
                batches.append(last)
                firings += sum(int(each.firings.sum()) for each in (last, *last.others))
                simulated += sum(float(each.times.sum()) for each in (last, *last.others))
                replications = plan.bounds(last.index).stop
                looks: Mapping[str, Look] = {}
                if plan.is_look(last.index):
                    looks = self._looks(names, Ended(self.experiments, batches, Reason.CONVERGED), firings, replications)
                    course.append((replications, looks))
                    relative = looks[self.goal.name].relative
                    reached = {self.goal.name: (relative, self.precision)}
                    likely = plan.batches_for(int(replications * min(2.0, (relative / self.precision) ** 2)))
                if progress is not None:
                    progress(Progress(EXPERIMENTS[plan.experiment], last.index, replications, firings, elapsed(), self.max_firings, reached))
                reason = criterion.reason(Status(replications, firings, elapsed(), simulated, looks))
        except KeyboardInterrupt as error:
            reason = interruption(error)
            if sum(batch.replications for batch in batches) < 2:
                raise
        ended = Ended(self.experiments, batches, reason, self.before)
        return replace(ended, weights=self._weights(ended, names, course, criterion)) if reason in CHOSEN else ended

    def _weights(self, ended: Ended, names: Sequence[str], course: Sequence[tuple[int, Mapping[str, Look]]], criterion: Criterion) -> Floats | None:
        """How much each replication counts, so that estimates owe nothing to the run having ended when they were precise."""
        influence = self.goal.influence(ended.downs)
        if len(course) < 2 or influence is None:
            return None
        moving = {self.goal.name: Influences({"": influence})}
        for number, name in enumerate(names):
            if (own := ended.influences(number)) is not None:
                moving[name] = own
        wanted = {name: ended.found[number].assessment.wanted for number, name in enumerate(names)}
        measured = {name: Measured(each, [looks[name] for _, looks in course], wanted.get(name, 0)) for name, each in moving.items()}
        return weights([number for number, _ in course], measured, criterion.among)

    def _looks(self, names: Sequence[str], ended: Ended, firings: int, replications: int) -> dict[str, Look]:
        found = ended.found
        looks = {
            name: experiment.look(part, firings // len(names), replications)
            for name, experiment, part in zip(names, self.experiments, found, strict=True)
        }
        hopeless = next((look.hopeless for look in looks.values() if look.hopeless is not None), None)
        relative = self.goal.relative(ended.downs, found)
        return looks | {self.goal.name: Look(relative, replications >= self.goal.least, hopeless)}


@final
@dataclass(frozen=True)
class Ended:
    """The prefix of batches that counts, and why it ends there."""

    experiments: tuple[Experiment, ...]
    batches: Sequence[BatchResult]
    reason: Reason
    before: int = 0
    weights: Floats | None = None
    """How much each replication counts (`spn.estimate.orders`); None: all the same."""
    found: tuple[AnyEstimate, ...] = field(init=False)
    """The estimate of each net's measure."""
    downs: tuple[Down | None, ...] = field(init=False)
    """What the replications of each net saw; None where some were cut short."""

    def __post_init__(self) -> None:
        own = [self.of(number) for number in range(len(self.experiments))]
        estimates = [experiment.estimates(batches) for experiment, batches in zip(self.experiments, own, strict=True)]
        object.__setattr__(self, "found", tuple(next(iter(each.values())) for each in estimates))
        if self.weights is not None:
            counting = self.weights
            object.__setattr__(self, "found", tuple(weighted(each, self.influences(k), counting) for k, each in enumerate(self.found)))
        object.__setattr__(self, "downs", tuple(_down(experiment, batches) for experiment, batches in zip(self.experiments, own, strict=True)))

    def of(self, number: int) -> list[BatchResult]:
        """The batches of one net."""
        return [(batch, *batch.others)[number] for batch in self.batches]

    def influences(self, number: int) -> Influences | None:
        """What single replications add to the estimate of one net."""
        experiment = self.experiments[number]
        name = experiment.measures[0].name
        return experiment.influences({name: self.found[number]}, self.of(number), self.replications).get(name)

    def finished(self, number: int) -> Finished:
        """What one net contributes, as if it had been alone."""
        name = self.experiments[number].measures[0].name
        return Finished(self.of(number), self.reason, {name: self.found[number]})

    @property
    def replications(self) -> int:
        return sum(batch.replications for batch in self.batches)

    @property
    def spent(self) -> int:
        """All firings, with those before it began."""
        return self.before + sum(int(each.firings.sum()) for batch in self.batches for each in (batch, *batch.others))


def _down(experiment: Experiment, batches: Sequence[BatchResult]) -> Down | None:
    measure = experiment.measures[0]
    if not batches:
        return None
    observations = np.concatenate([batch.observations[measure.name] for batch in batches])
    return down_of(type(measure.quantity).__name__, observations, experiment.controlling(measure.name, batches))
