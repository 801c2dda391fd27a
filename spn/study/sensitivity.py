"""How a measure depends on parameters: elasticities d ln U / d ln p by differences with common random numbers, and how they are planned and stopped.

What a parameter is, and which nets belong to it, is not known here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, final

import numpy as np

from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate
from spn.estimate.influence import Influence
from spn.estimate.intervals import Floats, Interval, number, unknown
from spn.estimate.paired import Down, contrast
from spn.estimate.stopping import Firings, Reason, WallTime
from spn.net.types import Measure, Net
from spn.observation import Engine, RunError
from spn.study.batches import Dialogue, Drive, OutOfTime, TimeIsUp, interruption
from spn.study.crew import crew
from spn.study.experiment import Experiment
from spn.study.pilot import SteadyPlan
from spn.study.result import Progress, Result
from spn.study.run import Budget, NotSupported, Session, Settings, Study, budget, new_seed, seconds_left
from spn.study.together import Ended, Several, Together, in_step, stretched
from spn.text.problems import ModelError

STEP = 0.1
"""The first step h in the logarithm of a parameter: it is changed by factors exp(-2 h) to exp(2 h), 0.82 to 1.22."""

LEAST_STEP = STEP / 2**6

LEAST = 64
"""Replications behind an elasticity. Differences are small but where the order of events changes, and so have heavier tails than what they are
differences of: with 32 the intervals of 95 % held the truth in 92.7 % of 700 runs of the standard system (d ln U / d ln sigma), with 64 in 94.2 %
of 1,090.
"""

HOPELESS = (Reason.NO_EVENT, Reason.DEAD, Reason.NOT_STATIONARY)
"""Why there is nothing to differentiate."""

METHOD = "five-point central difference, common random numbers"


def weights(step: float) -> tuple[float, ...]:
    """Of log U at -2 h, -h, h and 2 h: the derivative, with an error of h^4 f^(5) / 30 (Abramowitz and Stegun, eq. 25.3.21)."""
    return tuple(part / (12.0 * step) for part in (1.0, -8.0, 8.0, -1.0))


def curvature(step: float) -> tuple[float, ...]:
    """The same of what the wider points correct: (D(h) - D(2 h)) / 3, with D the two-point differences, about -h^2 f''' / 6."""
    return tuple(part / (12.0 * step) for part in (1.0, -2.0, 2.0, -1.0))


@final
@dataclass(frozen=True, slots=True)
class Change:
    """A parameter, its value as people read it, and the nets with it changed by factors. `nets` raises `ModelError` where there are none."""

    name: str
    value: str
    nets: Callable[[Sequence[float]], tuple[Net, ...]]

    def at(self, step: float) -> tuple[Net, ...]:
        """The nets at -2 h, -h, h and 2 h."""
        return self.nets([math.exp(k * step) for k in (-2, -1, 1, 2)])


@final
@dataclass(frozen=True, slots=True)
class Elasticity:
    """d ln U / d ln p of one parameter p: about the per cent by which U grows with 1 % more of it.

    `curvature` is what the wider two of the four points corrected, for a check; `gain` how many times less variance it has for the random numbers in
    common (None: not known).
    """

    name: str
    value: str
    interval: Interval
    curvature: Interval
    step: float
    gain: float | None
    target: float
    replications: int
    firings: int
    stop_reason: Reason
    notes: tuple[str, ...] = ()

    @property
    def converged(self) -> bool:
        return self.stop_reason is Reason.CONVERGED

    @property
    def reached(self) -> float:
        """The half-width over the greater of 1 and the absolute estimate."""
        return shared_half(self.interval)

    def to_dict(self) -> dict[str, Any]:
        return {
            "parameter": self.name,
            "value": self.value,
            "elasticity": self.interval.to_dict() | {"confidence": self.interval.confidence},
            "curvature": self.curvature.to_dict(),
            "step": self.step,
            "variance_reduction": number(self.gain),
            "half_width": number(self.reached),
            "target": self.target,
            "replications": self.replications,
            "firings": self.firings,
            "stop_reason": self.stop_reason.value,
            "stop_code": self.stop_reason.name.lower(),
            "converged": self.converged,
            "notes": list(self.notes),
        }


def shared_half(interval: Interval) -> float:
    """The half-width over the greater of 1 and the absolute estimate: relative for great elasticities, absolute for those near 0."""
    half = (interval.high - interval.low) / 2.0
    return half / max(1.0, abs(interval.estimate)) if math.isfinite(half) and math.isfinite(interval.estimate) else math.inf


@final
@dataclass(frozen=True, slots=True)
class Sensitivities:
    """The elasticities of one measure, the greatest first, and the `result` of the model as it is. `left_out`: parameters without one, and why."""

    result: Result
    measure: str
    elasticities: tuple[Elasticity, ...]
    stop_reason: Reason
    seed: int
    firings: int
    elapsed_s: float
    precision: float
    left_out: dict[str, str]

    @property
    def quantity(self) -> str:
        """What is differentiated: ``U``, or the measure itself."""
        return "U" if isinstance(self.result.measures[self.measure], AvailabilityEstimate) else self.measure

    @property
    def converged(self) -> bool:
        return self.stop_reason is Reason.CONVERGED

    def __getitem__(self, name: str) -> Elasticity:
        """That of one parameter. Raises KeyError."""
        return {each.name: each for each in self.elasticities}[name]

    def plot(self, **look: Any) -> Any:
        """A figure (of matplotlib's) of the elasticities; `look` as in `spn.plot`. Raises `spn.plots.types.NotPlottable`, if none is known."""
        from spn.plots.sensitivities import elasticities_plot

        rows = [(each.name, each.interval.estimate, each.interval.low, each.interval.high, not each.converged) for each in self.elasticities]
        plot = elasticities_plot(rows, self.quantity, self.result.model, self.result.confidence)
        return import_module("spn.plots.render").figure(plot, **look)

    def to_pandas(self) -> Any:
        """A DataFrame, one row for each parameter: columns parameter, value, elasticity, low, high, confidence, step, converged."""
        frames = import_module("pandas")
        columns = ["parameter", "value", "elasticity", "low", "high", "confidence", "step", "converged"]
        intervals = [(each, each.interval) for each in self.elasticities]
        rows = [(e.name, e.value, i.estimate, i.low, i.high, i.confidence, e.step, e.converged) for e, i in intervals]
        return frames.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: plain types, null for what is unknown or unbounded."""
        return {
            "model": self.result.to_dict(),
            "measure": self.measure,
            "quantity": "unavailability" if self.quantity == "U" else self.measure,
            "method": METHOD,
            "elasticities": [each.to_dict() for each in self.elasticities],
            "left_out": self.left_out,
            "precision": self.precision,
            "stop_reason": self.stop_reason.value,
            "stop_code": self.stop_reason.name.lower(),
            "converged": self.converged,
            "seed": self.seed,
            "firings": self.firings,
            "elapsed_s": number(self.elapsed_s),
        }


@final
@dataclass(frozen=True)
class _Derivative:
    """The derivative, whose half-width decides."""

    step: float
    confidence: float
    name: str
    least: int = LEAST

    def relative(self, downs: Sequence[Down | None], found: Sequence[AnyEstimate]) -> float:
        return shared_half(self.interval(downs, weights(self.step)))

    def influence(self, downs: Sequence[Down | None]) -> Influence | None:
        parts = [down for down in downs if down is not None and down.enough]
        if len(parts) < len(downs):
            return None
        found = contrast(parts, weights(self.step), self.confidence)
        return None if found.terms is None else Influence(np.array([found.estimate]), found.terms[:, None], absolute=abs(found.estimate) <= 1.0)

    def interval(self, downs: Sequence[Down | None], factors: Sequence[float], counting: Floats | None = None) -> Interval:
        parts = [down for down in downs if down is not None and down.enough]
        if len(parts) < len(downs):
            return unknown(self.confidence, f"{METHOD}: too few events")
        return contrast(parts, factors, self.confidence).interval(self.confidence, METHOD, counting)

    def gain(self, downs: Sequence[Down | None]) -> float | None:
        parts = [down for down in downs if down is not None and down.enough]
        return contrast(parts, weights(self.step), self.confidence).gain if len(parts) == len(downs) else None


def sensitivity(
    net: Net,
    measure: Measure,
    changes: Sequence[Change],
    engine: Engine,
    seed: int | None = None,
    *,
    precision: float = 0.05,
    confidence: float = 0.95,
    max_firings: int | None = None,
    max_seconds: float | None = None,
    min_failures: int = 100,
    progress: Callable[[Progress], None] | None = None,
    drive: Drive | None = None,
    workers: int = 1,
    digest: str = "",
    left_out: dict[str, str] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Sensitivities:
    """d ln U / d ln p for each parameter p, until its half-width is `precision` times the greater of 1 and its absolute value.

    The four nets of a parameter are simulated over the same windows with the same random numbers, so that most noise cancels in their difference. The
    step is wide, for noise falls with it, and the five-point rule takes its bias away; where the wider points correct more than the precision asked
    for, the step is halved and the parameter simulated again, as it is where the net cannot be made or cannot run.
    Raises as `simulate` does.
    """
    asked = Settings(budget(max_firings), precision, confidence, max_seconds, None, min_failures, sampling="replications")
    seed = new_seed() if seed is None else seed
    if reasons := engine.supports(net):
        raise NotSupported(engine.name, reasons)
    began = clock()
    measure = replace(measure, precision=None)
    study = Study(net, (measure,), seed, asked, engine.name, progress, clock, digest, dict(net.origin))
    nets = [net]
    several = Several(engine, nets, alike=True)
    session = Session(study, lambda: clock() - began)
    drive = drive or crew(several, workers, seconds_left(max_seconds, began, clock))
    run = _Sensitivity(session, measure, tuple(changes), nets, several)
    try:
        result, found, ended = drive(run.dialogue(), several.running(seed))
    except TimeIsUp:
        raise OutOfTime(clock() - began) from None
    elapsed = clock() - began
    result = replace(result, engine=several.name, elapsed_s=elapsed)
    ordered = tuple(sorted(found, key=lambda each: -abs(each.interval.estimate) if math.isfinite(each.interval.estimate) else 1.0))
    reasons_seen = [result.stop_reason, *(each.stop_reason for each in found)]
    reason = max(reasons_seen, key=lambda part: part.weight)
    if ended is not None and reason not in HOPELESS:
        reason = ended
    firings = result.firings + sum(each.firings for each in found)
    return Sensitivities(result, measure.name, ordered, reason, seed, firings, elapsed, precision, left_out or {})


@final
@dataclass(frozen=True)
class _Sensitivity:
    """The dialogue: the model as it is, then one parameter after the other."""

    session: Session
    measure: Measure
    changes: tuple[Change, ...]
    nets: list[Net]
    several: Several

    @property
    def asked(self) -> Settings:
        return self.session.settings

    def dialogue(self) -> Dialogue[tuple[Result, list[Elasticity], Reason | None]]:
        """The result, what was found of each parameter, and why there is nothing of others, if so."""
        parts, most = (self.measure,), self.asked.max_firings
        share = most // (1 + len(self.changes))
        planned: SteadyPlan | None = None
        if self.measure.is_steady:
            planned = yield from self.session.planned(parts, {self.measure.name: self.asked.precision}, Budget(share))
            experiment = self.session.experiment(planned.plan, parts, Budget(share, self._until(len(self.changes) + 1)), planned)
        else:
            experiment = self.session.from_start(parts, Budget(share, self._until(len(self.changes) + 1)))
        finished = yield from experiment.run(self.session.elapsed, self.session.study.progress)
        if finished.reason in (Reason.INTERRUPTED, Reason.TIME) and finished.replications < 2:
            raise KeyboardInterrupt if finished.reason is Reason.INTERRUPTED else TimeIsUp
        part = self.session.part(experiment, finished, planned)
        result = self.session.study.result([part], self.session.elapsed())
        found: list[Elasticity] = []
        if result.stop_reason in HOPELESS:
            return result, found, None
        for place, change in enumerate(self.changes):
            if result.stop_reason is Reason.INTERRUPTED or (found and found[-1].stop_reason is Reason.INTERRUPTED):
                return result, found, Reason.INTERRUPTED
            spent = result.firings + sum(each.firings for each in found)
            left = len(self.changes) - place
            try:
                found.append((yield from self._elasticity(change, experiment, planned, max(1, (most - spent) // left), self._until(left))))
            except KeyboardInterrupt as error:
                return result, found, interruption(error)
        return result, found, None

    def _until(self, left: int) -> float | None:
        """When, in seconds since the beginning, the next of `left` parts has to end."""
        seconds = self.asked.max_seconds
        return None if seconds is None else self.session.elapsed() + max(0.0, seconds - self.session.elapsed()) / left

    def _elasticity(self, change: Change, base: Experiment, planned: SteadyPlan | None, most: int, until: float | None) -> Dialogue[Elasticity]:
        step, spent = STEP, 0
        while True:
            trouble = ""
            try:
                ended = yield from self._ended(change, step, base, planned, most - spent, until)
            except RunError as error:
                if step <= LEAST_STEP:
                    raise RunError(error.code, f"with {change.name} changed by {100 * step:.2g} %: {error.message}", error.time) from error
                trouble = error.message
            except ModelError as error:
                if step <= LEAST_STEP:
                    raise
                trouble = error.problems[0].message
            if not trouble:
                spent += ended.spent
                found = self._made(change, step, ended, spent)
                limit = self.asked.precision * max(1.0, abs(found.interval.estimate))
                corrected = abs(found.curvature.estimate) - (found.curvature.high - found.curvature.low) / 2.0
                if not found.converged or corrected <= limit or step <= LEAST_STEP:
                    return found
            step /= 2.0

    def _ended(self, change: Change, step: float, base: Experiment, planned: SteadyPlan | None, most: int, until: float | None) -> Dialogue[Ended]:
        goal = _Derivative(step, self.asked.confidence, change.name)
        limits = Firings(max(1, most)) if until is None else Firings(max(1, most)) | WallTime(until)
        experiments, spent = self._experiments(change, step, base), 0
        if planned is not None and not planned.dead:
            firings = planned.cost(planned.plan.warmup, planned.plan.length)
            stretches, spent = yield from in_step([experiment.plan for experiment in experiments], firings)
            experiments = tuple(replace(each, plan=stretched(each.plan, by)) for each, by in zip(experiments, stretches, strict=True))
        together = Together(experiments, goal, self.asked.precision, limits, spent, most)
        return (yield from together.run(self.session.elapsed, self.session.study.progress))

    def _experiments(self, change: Change, step: float, base: Experiment) -> tuple[Experiment, ...]:
        """Those of the four nets, planned as that of the model as it is. Control variates are used if all have the same."""
        from spn.engine.reference.controls import control_names

        nets = change.at(step)
        first = len(self.nets)
        self.nets.extend(nets)
        self.several.forget()
        same = all(control_names(net) == base.names for net in nets)
        controls = base.controls if same else {}
        kept = base.plan.controls if same else ()
        precision = replace(base.precision, relative=math.inf)
        return tuple(
            replace(base, plan=replace(base.plan, net=first + k, controls=kept), precision=precision, controls=controls, unsettled={}, before=0)
            for k in range(len(nets))
        )

    def _made(self, change: Change, step: float, ended: Ended, spent: int) -> Elasticity:
        goal = _Derivative(step, self.asked.confidence, change.name)
        interval, curved = (goal.interval(ended.downs, factors(step), ended.weights) for factors in (weights, curvature))
        notes = dict.fromkeys(note for part in ended.found for note in part.assessment.notes)
        reason = ended.reason
        return Elasticity(
            change.name,
            change.value,
            interval,
            curved,
            step,
            goal.gain(ended.downs),
            self.asked.precision,
            ended.replications,
            spent,
            reason,
            tuple(notes),
        )
