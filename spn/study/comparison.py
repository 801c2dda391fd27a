"""Comparing the unavailabilities of two nets with common random numbers: planning, the ratio that decides when to stop, and the result."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from spn.estimate.comparison import Claim, difference_interval, ratio_interval
from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate
from spn.estimate.influence import Influence
from spn.estimate.intervals import Floats, Interval, number
from spn.estimate.measures import LEAST_REPLICATIONS
from spn.estimate.paired import Down, contrast, paired_difference, ratio_of
from spn.estimate.stopping import Reason
from spn.net.types import At, Availability, Measure, Net
from spn.observation import Engine
from spn.study.batches import Dialogue, Drive, OutOfTime, TimeIsUp
from spn.study.crew import crew
from spn.study.pilot import SteadyPlan, batch_sizes
from spn.study.result import Progress, Result
from spn.study.run import Budget, NotSupported, Session, Settings, Study, budget, new_seed, seconds_left
from spn.study.together import Ended, Several, Together, in_step, of_net

MOST_COST = 3.0
"""Both nets are observed over the same windows unless that takes so many times the firings of windows of their own."""

ALIKE = 1.05
"""A factor below this is none."""


class NotComparable(ValueError):
    """There is nothing to compare: the message says why, for the user."""


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """U of two models with their ratio and difference. `gain` is how many times less variance log(U / U) has for the random numbers in common (None:
    not known, as there were too few failures, or none in common); `same_windows` says that both were seen over the same windows of time (models of
    the same structure: of firings), without which random numbers in common are of little use.
    """

    results: tuple[Result, Result]
    measures: tuple[str, str]
    ratio: Interval
    difference: Interval
    gain: float | None
    common: bool
    same_windows: bool
    stop_reason: Reason
    precision: float
    seed: int
    firings: int
    elapsed_s: float
    claim: Claim | None = None
    warnings: tuple[str, ...] = ()

    @property
    def converged(self) -> bool:
        """The ratio has the precision asked for, and both models have enough events behind it."""
        return self.stop_reason is Reason.CONVERGED and all(result.converged for result in self.results)

    @property
    def estimates(self) -> tuple[AvailabilityEstimate, AvailabilityEstimate]:
        """What is known of either model."""
        first, second = (result.measures[name] for result, name in zip(self.results, self.measures, strict=True))
        assert isinstance(first, AvailabilityEstimate) and isinstance(second, AvailabilityEstimate)
        return first, second

    @property
    def random_numbers(self) -> str:
        """How the random numbers of the two have to do with each other, and what that was worth."""
        if not self.common:
            return "independent"
        if self.gain is None:
            return "in common, but of no use with so few failures or replications: the intervals of the two were combined"
        if math.isinf(self.gain):
            return "in common; the ratio was the same in every replication"
        gained = f"{self.gain:.3g} times less variance of log ratio than with independent ones"
        if self.gain < ALIKE:
            why = "the models draw in different orders" if self.same_windows else "the models need windows of different lengths"
            return f"in common, but of {'little use' if self.gain >= 1.0 / ALIKE else 'no use, rather the contrary'}: {gained}; {why}"
        return f"in common: {gained}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON: plain types, null for what is unknown or unbounded."""
        confidence = {"confidence": self.ratio.confidence}
        return {
            "models": [result.to_dict() for result in self.results],
            "measures": list(self.measures),
            "ratio": self.ratio.to_dict() | confidence | {"relative_half_width": number(self.ratio.relative_half_width), "target": self.precision},
            "difference": self.difference.to_dict() | confidence,
            "common_random_numbers": {
                "used": self.common,
                "same_windows": self.same_windows,
                "variance_reduction": number(self.gain),
                "ratio_did_not_vary": self.gain is not None and math.isinf(self.gain),
            },
            "claim": None if self.claim is None else self.claim.to_dict(self.ratio),
            "stop_reason": self.stop_reason.value,
            "stop_code": self.stop_reason.name.lower(),
            "converged": self.converged,
            "firings": self.firings,
            "elapsed_s": number(self.elapsed_s),
            "seed": self.seed,
            "warnings": list(self.warnings),
        }


def availability_of(net: Net, name: str = "") -> Measure:
    """The availability to compare: `name`, or the net's first. Raises `NotComparable`."""
    from spn.text.problems import nearest

    known = {measure.name: measure for measure in net.measures if isinstance(measure.quantity, Availability)}
    if name and name not in known:
        raise NotComparable("; ".join(filter(None, [f"'{net.name}' has no availability named '{name}'", nearest(name, list(known))])))
    if not known:
        raise NotComparable(f"'{net.name}' has no measure of the kind availability: there is nothing to compare")
    found = known[name or next(iter(known))]
    if isinstance(found.window, At) and len(found.window.times) > 1:
        raise NotComparable(f"'{found.name}' of '{net.name}' is a curve over {len(found.window.times)} times: compare at one time")
    return replace(found, precision=None)


def compare(
    nets: tuple[Net, Net],
    measures: tuple[Measure, Measure],
    engine: Engine,
    seed: int | None = None,
    *,
    precision: float = 0.05,
    confidence: float = 0.95,
    max_firings: int | None = None,
    max_seconds: float | None = None,
    min_failures: int = 100,
    common: bool = True,
    claim: Claim | None = None,
    controls: bool = True,
    progress: Callable[[Progress], None] | None = None,
    drive: Drive | None = None,
    workers: int = 1,
    digests: tuple[str, str] = ("", ""),
    clock: Callable[[], float] = time.monotonic,
) -> Comparison:
    """Simulate two nets until the ratio of their U has the relative half-width `precision`.

    Replication i of both uses the same random numbers; without `common` the second has its own. Raises as `simulate` does.
    """
    asked = Settings(budget(max_firings), precision, confidence, max_seconds, None, min_failures, sampling="replications")
    # Nothing is asked of either by itself but enough failures.
    settings = replace(asked, precision=math.inf, controls=controls)
    seed = new_seed() if seed is None else seed
    for net in nets:
        if reasons := engine.supports(net):
            raise NotSupported(engine.name, reasons)
    began = clock()
    studies = [
        Study(net, (measure,), seed, replace(settings, point=0 if common else own), engine.name, progress, clock, digest, dict(net.origin))
        for own, (net, measure, digest) in enumerate(zip(nets, measures, digests, strict=True))
    ]
    sessions = [Session(study, lambda: clock() - began) for study in studies]
    several = Several(engine, nets)
    paired = _Pair(tuple(sessions), measures, asked, common)
    drive = drive or crew(several, workers, seconds_left(max_seconds, began, clock))
    try:
        ended, planned = drive(paired.dialogue(progress), several.running(seed))
    except TimeIsUp:
        raise OutOfTime(clock() - began) from None
    elapsed = clock() - began
    results = []
    for own, (study, session, part) in enumerate(zip(studies, sessions, planned, strict=True)):
        result = study.result([session.part(ended.experiments[own], ended.finished(own), part)], elapsed)
        results.append(replace(result, engine=several.name_of(own), precision=precision))
    return _made(ended, (results[0], results[1]), asked, common, claim, seed, elapsed)


def _made(ended: Ended, results: tuple[Result, Result], asked: Settings, common: bool, claim: Claim | None, seed: int, elapsed: float) -> Comparison:
    ratio, difference, gain = measured(ended.downs, ended.found, asked.confidence, ended.weights)
    same = _same_windows(ended)
    warnings = ("both are the same net: U / U is 1",) if results[0].digest and results[0].digest == results[1].digest else ()
    reason = max([ended.reason, *(result.stop_reason for result in results)], key=lambda part: part.weight)
    firings = sum(result.firings for result in results)
    names = (ended.experiments[0].measures[0].name, ended.experiments[1].measures[0].name)
    gain = gain if common else None
    return Comparison(results, names, ratio, difference, gain, common, same, reason, asked.precision, seed, firings, elapsed, claim, warnings)


def _same_windows(ended: Ended) -> bool:
    """Whether the windows of both cover the same time, or, stretched, the same draws: then warm-up and length are in the same proportion."""
    first, second = ended.experiments
    if first.plan.experiment != second.plan.experiment:
        return False
    if not first.plan.segments:
        return bool(first.measures[0].window == second.measures[0].window)
    stretches = second.plan.warmup / first.plan.warmup, second.plan.length / first.plan.length
    return math.isclose(*stretches, rel_tol=1e-9)


def measured(
    downs: Sequence[Down | None], found: Sequence[AnyEstimate], confidence: float, weights: Floats | None = None
) -> tuple[Interval, Interval, float | None]:
    """U / U and U - U, and the factor that their covariance is worth: paired where both are known well enough, else from the two intervals. Estimates
    are those with replications counting as much as their weights.
    """
    a, b = downs
    if a is not None and b is not None and a.enough and b.enough:
        contrasted = contrast((a, b), (1.0, -1.0), confidence)
        return ratio_of(contrasted, confidence, weights), paired_difference(a, b, confidence, weights), contrasted.gain
    first, second = found
    assert isinstance(first, AvailabilityEstimate) and isinstance(second, AvailabilityEstimate)
    parts = first.unavailability, second.unavailability
    return ratio_interval(*parts), difference_interval(*parts), None


@final
@dataclass(frozen=True)
class _Ratio:
    """The ratio, whose precision decides."""

    confidence: float
    name: str = "ratio"
    least: int = LEAST_REPLICATIONS

    def relative(self, downs: Sequence[Down | None], found: Sequence[AnyEstimate]) -> float:
        return measured(downs, found, self.confidence)[0].relative_half_width

    def influence(self, downs: Sequence[Down | None]) -> Influence | None:
        a, b = downs
        if a is None or b is None or not (a.enough and b.enough):
            return None
        found = contrast((a, b), (1.0, -1.0), self.confidence)
        # The relative half-width of a ratio depends on the half-width of its logarithm alone.
        return None if found.terms is None else Influence(np.array([found.estimate]), found.terms[:, None], absolute=True)


@final
@dataclass(frozen=True)
class _Pair:
    """The dialogue of two nets: a pilot for each, windows in common, then both together."""

    sessions: tuple[Session, ...]
    measures: tuple[Measure, ...]
    asked: Settings
    common: bool

    @property
    def _alike(self) -> bool:
        """Whether the two nets differ in numbers only: the same transitions."""
        names = [[(transition.name, transition.size) for transition in session.study.net.transitions] for session in self.sessions]
        return names[0] == names[1]

    def dialogue(self, progress: Callable[[Progress], None] | None) -> Dialogue[tuple[Ended, tuple[SteadyPlan | None, ...]]]:
        most, share = self.asked.max_firings, self.asked.precision / math.sqrt(2.0)
        planned: list[SteadyPlan | None] = []
        for own, (session, measure) in enumerate(zip(self.sessions, self.measures, strict=True)):
            if measure.is_steady:
                planned.append((yield from of_net(session.planned((measure,), {measure.name: share}, Budget(most // 2)), own)))
            else:
                planned.append(None)
        stretches, probed = (1.0, 1.0), 0
        first, second = planned
        if self.common and first is not None and second is not None and not (first.dead or second.dead) and self._alike:
            firings = first.cost(first.plan.warmup, first.plan.length)
            plans = [replace(part.plan, net=own) for own, part in enumerate((first, second))]
            (one, other), probed = yield from in_step(plans, firings)
            stretches = one, other
        shared = windows_in_common([part for part in planned if part is not None], stretches)
        aligned = [None if part is None else shared.pop(0) for part in planned]
        experiments = []
        for own, (session, measure, part) in enumerate(zip(self.sessions, self.measures, aligned, strict=True)):
            if part is None:
                experiment = session.from_start((measure,), Budget(most))
            else:
                experiment = session.experiment(part.plan, (measure,), Budget(most), part)
            experiments.append(replace(experiment, plan=replace(experiment.plan, net=own)))
        experiments = _same_batches(experiments)
        before = probed + sum(part.firings for part in aligned if part is not None)
        limits = self.asked.limits(most, self.asked.max_seconds, None)
        together = Together(tuple(experiments), _Ratio(self.asked.confidence), self.asked.precision, limits, before, most)
        ended = yield from together.run(self.sessions[0].elapsed, progress)
        return ended, tuple(aligned)


def windows_in_common(planned: Sequence[SteadyPlan], stretches: Sequence[float]) -> list[SteadyPlan]:
    """The plans with the longest of their warm-ups and windows, stretched for each (`in_step`), if that does not cost too much: draws made for the
    same purpose have to fall into the same window to be of use.
    """
    if len(planned) < 2 or any(part.dead for part in planned):
        return list(planned)
    warmup, length = (max(getattr(part.plan, key) / by for part, by in zip(planned, stretches, strict=True)) for key in ("warmup", "length"))
    costs = [part.cost(warmup * by, length * by) for part, by in zip(planned, stretches, strict=True)]
    if sum(costs) > MOST_COST * sum(part.cost(part.plan.warmup, part.plan.length) for part in planned):
        return list(planned)
    unit, largest = batch_sizes(sum(costs) / len(costs))
    made = []
    for part, by, cost in zip(planned, stretches, costs, strict=True):
        limit = max(10_000, int(20.0 * cost))
        plan = replace(part.plan, warmup=warmup * by, length=length * by, unit=unit, largest=largest, max_firings=limit)
        made.append(replace(part, plan=plan))
    return made


def _same_batches(experiments: Sequence[Any]) -> list[Any]:
    """The experiments with batches of the same replications: the smallest of their sizes."""
    unit, largest = (min(getattr(experiment.plan, key) for experiment in experiments) for key in ("unit", "largest"))
    return [replace(experiment, plan=replace(experiment.plan, unit=unit, largest=max(unit, largest))) for experiment in experiments]
