"""`simulate`: from a net and an engine to a result. It joins what to run, how, when to stop and progress, and does none of it itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final, get_args

import numpy as np

from spn.estimate.estimates import AnyEstimate
from spn.estimate.intervals import check_confidence
from spn.estimate.stopping import Criterion, Firings, Precision, Reason, Replications, SimulatedTime, WallTime
from spn.net.types import Measure, Net
from spn.observation import End, Engine, Prepared
from spn.study.batches import Dialogue, Drive, OutOfTime, Run, TimeIsUp
from spn.study.crew import crew
from spn.study.experiment import Experiment, Finished
from spn.study.pilot import Pilot, Sampling, SteadyPlan
from spn.study.plan import TERMINATING, BatchResult, Plan, run_batch
from spn.study.regeneration import Cycles
from spn.study.result import Course, Progress, Result, versions
from spn.study.together import Several

MAX_FIRINGS = 200_000_000
"""The default budget. It decides how a pilot is planned, and so is the same for all engines."""


class NotSupported(Exception):
    """The engine cannot run this net; `reasons` say why."""

    def __init__(self, engine: str, reasons: Sequence[str]) -> None:
        super().__init__(f"the {engine} engine does not support this net: " + "; ".join(reasons))
        self.engine = engine
        self.reasons = tuple(reasons)

    def __reduce__(self) -> tuple[type[NotSupported], tuple[str, tuple[str, ...]]]:
        return (type(self), (self.engine, self.reasons))


@final
@dataclass(frozen=True)
class Settings:
    """What is asked of a simulation. `precision` is relative (of U, for availabilities); a measure's own goes before it.

    `stop` says when it is enough, instead of the precision, which then only plans. `max_firings` and `max_time` (simulated seconds, in all
    replications
    together) count pilot and production together. `min_failures` are the failures (firings, values) that a steady measure must have seen.
    With `max_seconds` the point of stopping depends on the machine; `max_replications` repeats a run that stopped so.
    """

    max_firings: int
    precision: float = 0.05
    confidence: float = 0.95
    max_seconds: float | None = None
    max_replications: int | None = None
    min_failures: int = 100
    point: int = 0
    max_time: float | None = None
    stop: Criterion | None = None
    controls: bool = True
    """Whether control variates are used where they help."""
    sampling: Sampling = "auto"
    """How the long run is sampled; "auto": by what the pilot saw."""

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if not self.precision > 0.0:
            raise ValueError(f"precision must be positive, not {self.precision}")
        if self.sampling not in get_args(Sampling):
            raise ValueError(f"sampling must be one of {', '.join(get_args(Sampling))}, not {self.sampling}")
        if self.max_firings < 1:
            raise ValueError(f"max_firings must be at least 1, not {self.max_firings}")
        for name in ("max_seconds", "max_time", "max_replications"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0.0:
                raise ValueError(f"{name} must be positive, not {limit}")

    def limits(self, firings: int, seconds: float | None, simulated: float | None = None) -> Criterion:
        criterion: Criterion = Firings(firings)
        if seconds is not None:
            criterion = criterion | WallTime(seconds)
        if simulated is not None:
            criterion = criterion | SimulatedTime(simulated)
        return criterion if self.max_replications is None else criterion | Replications(self.max_replications)


def new_seed() -> int:
    """A seed from the operating system, short enough to print and to type."""
    entropy = np.random.SeedSequence().entropy
    assert isinstance(entropy, int)
    return entropy & (2**63 - 1)


def simulate(
    net: Net,
    engine: Engine,
    seed: int | None = None,
    *,
    precision: float = 0.05,
    confidence: float = 0.95,
    max_firings: int | None = None,
    max_seconds: float | None = None,
    max_replications: int | None = None,
    max_time: float | None = None,
    stop: Criterion | None = None,
    min_failures: int = 100,
    measures: Sequence[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    drive: Drive | None = None,
    workers: int = 1,
    point: int = 0,
    controls: bool = True,
    sampling: Sampling = "auto",
    digest: str = "",
    parameters: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Simulate a net until its measures are precise enough, or a budget is used up.

    `max_time` are seconds in the net, of all replications together. `stop` says when it is enough instead of the precision, as in
    ``Precision(0.02) & Events(1000) | SimulatedTime(1e9)`` (of `spn.estimate`); the precision then only plans. If there are steady and other
    measures, each
    kind has half of the budgets, and `stop` is asked for each.
    The same seed gives the same numbers for every number of `workers` (threads, where the engine runs replications concurrently) and for every other
    `drive`, the way in which batches are run. Without `controls` no control variates are used, to see what they are worth. `sampling` says how the
    long run is sampled: by "replications", "batch-means" or whole cycles ("regenerative"), or, "auto", as the pilot finds. `digest` and `parameters`
    are handed on to the result.
    Raises `RunError` (the net cannot go on), `NotSupported`, `NotRegenerative`, ValueError (settings), KeyError (unknown measure), and
    `KeyboardInterrupt` if fewer than two replications had been finished (later, an interrupted result is returned).
    """
    if precision == math.inf:
        raise ValueError(f"precision must be finite, not {precision}")
    settings = Settings(
        budget(max_firings), precision, confidence, max_seconds, max_replications, min_failures, point, max_time, stop, controls, sampling
    )
    chosen = chosen_measures(net, measures)
    if reasons := engine.supports(net):
        raise NotSupported(engine.name, reasons)
    study = Study(net, chosen, new_seed() if seed is None else seed, settings, engine.name, progress, clock, digest, dict(parameters or {}))
    began = clock()
    left = seconds_left(max_seconds, began, clock)
    prepared: Prepared
    steady = tuple(measure for measure in chosen if measure.is_steady)
    if sampling == "regenerative" and steady:
        cycles = Cycles.of(net, steady, _in_time(left, began, clock))
        study = replace(study, cycles=cycles)
        prepared = several = Several(engine, cycles.nets)
        run: Run = several.running(study.seed)
    else:
        prepared = engine.prepare(net)
        run = lambda plan, index: run_batch(prepared, plan, study.seed, index)  # noqa: E731
    drive = drive or crew(prepared, workers, left)
    try:
        result = drive(study.dialogue(began), run)
    except TimeIsUp:
        raise OutOfTime(clock() - began) from None
    return replace(result, engine=prepared.name)


def _in_time(left: Callable[[], float] | None, began: float, clock: Callable[[], float]) -> Callable[[], None]:
    """What raises `OutOfTime` when the time is over."""

    def check() -> None:
        if left is not None and left() <= 0.0:
            raise OutOfTime(clock() - began)

    return check


def seconds_left(most: float | None, began: float, clock: Callable[[], float]) -> Callable[[], float] | None:
    """How many seconds there are until a limit of time; None without one."""
    return None if most is None else lambda: most - (clock() - began)


def budget(max_firings: int | None) -> int:
    """The most firings: what was asked for, or the default."""
    return max_firings if max_firings is not None else MAX_FIRINGS


def chosen_measures(net: Net, names: Sequence[str] | None) -> tuple[Measure, ...]:
    """The measures of those names, in the order of the net; all, if `names` is None. Raises KeyError, and ValueError if there is nothing to
    simulate for.
    """
    if names is None:
        if not net.measures:
            raise ValueError(f"'{net.name}' has no measures: there is nothing to simulate for")
        return net.measures
    if not names:
        raise ValueError("no measure is named: there is nothing to simulate for")
    known = {measure.name: measure for measure in net.measures}
    for name in names:
        if name not in known:
            raise KeyError(f"no measure {name!r}; there are: {', '.join(known) or 'none'}")
    return tuple(measure for measure in net.measures if measure.name in names)


@final
@dataclass(frozen=True, slots=True)
class Budget:
    """What one experiment may use: firings, seconds of wall time, and simulated seconds."""

    firings: int
    seconds: float | None = None
    simulated: float | None = None

    @staticmethod
    def of(settings: Settings, share: int, share_of_seconds: int) -> Budget:
        """A part of all; wall time is counted from the beginning of the study, and so only the first of two experiments has a part of it."""
        seconds, simulated = settings.max_seconds, settings.max_time
        return Budget(
            settings.max_firings // share,
            None if seconds is None else seconds / share_of_seconds,
            None if simulated is None else simulated / share,
        )


@final
@dataclass(frozen=True)
class Part:
    """What one experiment contributes to the result."""

    estimates: Mapping[str, AnyEstimate]
    course: Course
    warnings: tuple[str, ...]


@final
@dataclass(frozen=True)
class Study:
    """The study of one net with one seed, as a dialogue that asks for batches and ends in the result.

    Steady measures come from one experiment (pilot, then replications with a warm-up), the others from one of replications from the initial marking;
    the budget of firings and of time is halved if there are both.
    """

    net: Net
    measures: tuple[Measure, ...]
    seed: int
    settings: Settings
    engine: str
    progress: Callable[[Progress], None] | None = None
    clock: Callable[[], float] = time.monotonic
    digest: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cycles: Cycles | None = None
    """How the long run is observed in whole cycles, if it is."""

    def dialogue(self, began: float | None = None) -> Dialogue[Result]:
        """The study's requests; `began` is when it did by its clock, if that is earlier than now."""
        began = self.clock() if began is None else began
        session = Session(self, lambda: self.clock() - began)
        settings = self.settings
        steady = tuple(measure for measure in self.measures if measure.is_steady)
        others = tuple(measure for measure in self.measures if not measure.is_steady)
        share = 2 if steady and others else 1
        parts: list[Part] = []
        if steady:
            parts.append((yield from session.steady(steady, Budget.of(settings, share, share))))
        if others and not (parts and parts[0].course.stop_reason is Reason.INTERRUPTED):
            parts.append((yield from session.terminating(others, Budget.of(settings, share, 1), interruptible=bool(parts))))
        elif others:
            parts.append(session.nothing(others))
        return self.result(parts, self.clock() - began)

    def result(self, parts: Sequence[Part], elapsed: float) -> Result:
        """What the experiments gave, after `elapsed` seconds, with its provenance."""
        found = {name: estimate for part in parts for name, estimate in part.estimates.items()}
        return Result(
            model=self.net.name,
            measures={measure.name: found[measure.name] for measure in self.measures},
            stop_reason=max((part.course.stop_reason for part in parts), key=lambda reason: reason.weight, default=Reason.CONVERGED),
            seed=self.seed,
            engine=self.engine,
            firings=sum(part.course.firings for part in parts),
            elapsed_s=elapsed,
            confidence=self.settings.confidence,
            precision=self.settings.precision,
            digest=self.digest,
            parameters=self.parameters,
            experiments=tuple(part.course for part in parts),
            warnings=tuple(warning for part in parts for warning in part.warnings),
            versions=versions(),
        )


@final
@dataclass(frozen=True)
class Session:
    """The experiments of one study."""

    study: Study
    elapsed: Callable[[], float]

    @property
    def settings(self) -> Settings:
        return self.study.settings

    def piloted(self, plan: Plan, found: list[BatchResult]) -> None:
        if self.study.progress is not None:
            fired = sum(int(batch.firings.sum()) for batch in found)
            replications = sum(batch.replications for batch in found)
            self.study.progress(Progress("pilot", plan.offset, replications, fired, self.elapsed(), self.settings.max_firings))

    def steady(self, measures: tuple[Measure, ...], budget: Budget) -> Dialogue[Part]:
        targets = {measure.name: measure.precision or self.settings.precision for measure in measures}
        planned = yield from self.planned(measures, targets, budget)
        if self.study.cycles is not None:
            planned = yield from self.study.cycles.plan(planned, self.piloted)
        experiment = self.experiment(planned.plan, measures, budget, planned)
        finished = yield from self._run(experiment, interruptible=False)
        return self.part(experiment, finished, planned)

    def planned(self, measures: tuple[Measure, ...], targets: Mapping[str, float], budget: Budget) -> Dialogue[SteadyPlan]:
        """The plan of a steady experiment, by a pilot."""
        kinds = {measure.name: type(measure.quantity).__name__ for measure in measures}
        most = math.inf if budget.simulated is None else budget.simulated
        pilot = Pilot(
            self.study.net,
            kinds,
            targets,
            budget.firings // 5,
            budget.firings,
            self.settings.point,
            self.settings.controls,
            most,
            self.settings.sampling,
        )
        return (yield from pilot.plan(self.piloted))

    def terminating(self, measures: tuple[Measure, ...], budget: Budget, interruptible: bool) -> Dialogue[Part]:
        experiment = self.from_start(measures, budget)
        return self.part(experiment, (yield from self._run(experiment, interruptible)), None)

    def nothing(self, measures: tuple[Measure, ...]) -> Part:
        """The part of an experiment that an interruption prevented."""
        experiment = self.from_start(measures, Budget(self.settings.max_firings))
        return self.part(experiment, Finished((), Reason.INTERRUPTED, experiment.estimates(())), None)

    def from_start(self, measures: tuple[Measure, ...], budget: Budget) -> Experiment:
        """The experiment of replications from the initial marking."""
        names = tuple(measure.name for measure in measures)
        plan = Plan(TERMINATING, names, max_firings=max(1000, budget.firings // 4), point=self.settings.point)
        return self.experiment(plan, measures, budget, None)

    def experiment(self, plan: Plan, measures: tuple[Measure, ...], budget: Budget, planned: SteadyPlan | None) -> Experiment:
        """One experiment of this study, as planned."""
        from spn.engine.reference.controls import control_names

        own = {measure.name: measure.precision for measure in measures if measure.precision is not None}
        settings = self.settings
        precision = Precision(settings.precision, own)
        return Experiment(
            plan,
            measures,
            precision,
            precision if settings.stop is None else settings.stop,
            settings.limits(budget.firings, budget.seconds, budget.simulated),
            settings.confidence,
            settings.min_failures,
            patience=budget.firings // 10,
            before=planned.firings if planned else 0,
            simulated_before=planned.simulated if planned else 0.0,
            max_firings=settings.max_firings,
            dead=planned.dead if planned else False,
            controls=planned.controls if planned else {},
            names=control_names(self.study.net),
            unsettled=planned.unsettled if planned else {},
        )

    def _run(self, experiment: Experiment, interruptible: bool) -> Dialogue[Finished]:
        finished = yield from experiment.run(self.elapsed, self.study.progress)
        if finished.reason is Reason.INTERRUPTED and finished.replications < 2 and not interruptible:
            raise KeyboardInterrupt
        return finished

    def part(self, experiment: Experiment, finished: Finished, planned: SteadyPlan | None) -> Part:
        """What an experiment has come to, with what has to be said of it."""
        plan, deaths = experiment.plan, finished.deaths
        warnings = list(planned.warnings) if planned else []
        for end in (End.FIRINGS, End.TOKENS, End.TIME):
            if number := finished.cut(end):
                warnings.append(f"{number} of {finished.replications} replications were cut short: {end.value}")
        reason = finished.reason
        if planned and deaths and not planned.dead:
            warnings.append(
                f"dead marking: {len(deaths)} of {finished.replications} replications died; the estimates hold for the window observed only"
            )
            reason = max(reason, Reason.DEAD, key=lambda part: part.weight)
        course = Course(
            "steady" if planned else "terminating",
            reason,
            finished.replications,
            finished.firings + (planned.firings if planned else 0),
            warmup_s=plan.warmup if planned else None,
            window_s=plan.length if planned else None,
            windows=plan.windows,
            sampling=plan.sampling if planned else None,
            pilot_firings=planned.firings if planned else 0,
            pilot_horizon_s=planned.horizon if planned else None,
            deaths=len(deaths),
            mean_time_of_death_s=float(np.mean(deaths)) if deaths else None,
            controls={name: plan.kept_columns(columns) for name, columns in planned.controls.items() if columns} if planned else {},
        )
        return Part(finished.estimates, course, tuple(dict.fromkeys(warnings)))
