"""`rare`: from a question to its answer. It looks at the net, chooses the method, and simulates until the precision is reached or a limit is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

from spn.engine.reference.prepared import PreparedNet
from spn.estimate.intervals import Interval, check_confidence
from spn.estimate.stopping import Reason
from spn.expressions.tree import Now
from spn.expressions.walk import walk
from spn.rare.analysis import Sample
from spn.rare.crew import Crew
from spn.rare.cycles import Late, World
from spn.rare.graph import Explorer, Graph
from spn.rare.guide import Guide, guide
from spn.rare.planning import NAMES, Method, Plan, Planner, Refused, begins_with_it
from spn.rare.question import Question
from spn.rare.result import Diagnostics, RareResult, Trust
from spn.study.batches import OutOfTime
from spn.study.result import Progress, versions

MAX_FIRINGS = 50_000_000
GROWTH = 1.2
"""There are so many times more replications at the next look, at least."""

UNLIKELY = 8.0
"""Standard errors that an estimate may be off the exact value of the net's Markov chain. More than for a normal estimate: of skewed weights a sample
without great ones is low and has a small error, too, and one right estimate in 200 was 6 such errors off.
"""


@final
@dataclass(frozen=True)
class Settings:
    """What is asked for: relative half-width, confidence, limits. `method` None: chosen by itself."""

    seed: int
    precision: float = 0.1
    confidence: float = 0.95
    method: Method | None = None
    max_firings: int = MAX_FIRINGS
    max_seconds: float | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if not self.precision > 0.0:
            raise ValueError(f"precision must be positive, not {self.precision}")


@final
@dataclass
class Study:
    """One question being answered."""

    question: Question
    settings: Settings
    condition: str
    about: str
    progress: Callable[[Progress], None] | None = None
    clock: Callable[[], float] = time.monotonic
    digest: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def answer(self) -> RareResult:
        """Raises `Refused` (there is nothing to answer, or no way to) and `RunError`; before there are two replications `OutOfTime` and
        `KeyboardInterrupt`.
        """
        self._began = self.clock()
        self._refuse()
        net = PreparedNet(replace(self.question.net, measures=()))
        graph = Explorer(net, self.question, late=self._late).explore()
        if not graph.complete and not graph.targets:
            folded = Explorer(net, self.question, folded=True, late=self._late).explore()
            graph = folded if folded.targets else graph
        found = guide(graph, self.question.within) if graph.targets else None
        world = World(self.question, net, graph, found, None if self.settings.max_seconds is None else self._late)
        if begins_with_it(world):
            raise Refused(f"the condition '{self.condition}' holds at the start: it is no event to wait for")
        if graph.complete and not graph.targets:
            return self._unreachable(graph)
        planner = Planner(world, self.settings.seed, lambda: self._late(0.3), self._tell_pilot)
        if self._late():
            raise OutOfTime(self.clock() - self._began)
        try:
            plan, sample, reason = self._simulated(world, planner, graph, found)
        except Late:
            raise OutOfTime(self.clock() - self._began) from None
        return self._result(plan, sample, reason, graph, found)

    def _refuse(self) -> None:
        """Questions that make no sense."""
        question = self.question
        if question.within is not None and question.within <= 0.0:
            raise Refused("the time within which the condition is to come true must be positive")
        for text, expression in (("condition", question.condition), ("end of a life", question.until), ("importance", question.importance)):
            if expression is not None and any(isinstance(part, Now) for part in walk(expression)):
                raise Refused(f"the {text} reads the time, which nobody watches between firings: let it depend on the marking only (--within TIME)")

    def _simulated(self, world: World, planner: Planner, graph: Graph, found: Guide | None) -> tuple[Plan, Sample, Reason]:
        method = self.settings.method or ("forcing" if found is not None else "splitting")
        self._check(method, graph, found)
        plan = planner.plan(method)
        if self.settings.method is None and method == "forcing" and not plan.promising:
            planner.notes.append("no copy could be led to the condition (delays without a density cannot be forced): runs are split instead")
            plan = planner.plan("splitting")
        sample, reason = self._run(world, plan)
        return plan, sample, reason

    def _check(self, method: Method, graph: Graph, found: Guide | None) -> None:
        if method == "plain":
            if not self.question.has_lives:
                raise Refused("plain simulation of the long run is what measures are for; here it needs --until CONDITION or --within TIME")
            return
        if found is None and (method == "forcing" or self.question.importance is None):
            raise Refused(
                f"no marking in which '{self.condition}' holds was found ({graph.why}), so that nothing leads there; "
                "give --importance EXPRESSION, a number that grows on the way to it"
            )

    def _run(self, world: World, plan: Plan) -> tuple[Sample, Reason]:
        """Replications until the precision is reached or a limit is."""
        settings = self.settings
        until = math.inf if settings.max_seconds is None else self._began + settings.max_seconds
        crew = Crew(world, plan, settings.seed, settings.workers, self.clock, until)
        sample = Sample([], self.question.has_lives, self.question.until is not None, plan.method == "plain")
        reason: Reason | None = None
        try:
            while reason is None:
                block = crew.block(sample.wanted - len(sample.rows))
                sample.rows += block
                reason = self._reason(plan, sample)
        except KeyboardInterrupt:
            if len(sample.rows) < 2:
                raise
            reason = Reason.INTERRUPTED
        finally:
            crew.close()
        if len(sample.rows) < 2:
            raise OutOfTime(self.clock() - self._began)
        return sample, reason

    def _reason(self, plan: Plan, sample: Sample) -> Reason | None:
        """Why to stop; else how many replications are wanted before the next look is noted."""
        settings = self.settings
        fired, elapsed, count = plan.firings + sample.firings, self.clock() - self._began, len(sample.rows)
        if fired >= settings.max_firings:
            return Reason.FIRINGS
        if self._late():
            return Reason.TIME
        if count < sample.wanted:
            self._tell(count, fired, elapsed, math.inf)
            return None
        reached = sample.reached(settings.confidence)
        self._tell(count, fired, elapsed, reached)
        if sample.trust(settings.confidence, settings.precision) is Trust.CONVERGED:
            return Reason.CONVERGED
        grown = (reached / settings.precision) ** 2 * 1.05 if reached < 100.0 else 2.0
        sample.wanted = int(count * min(2.0, max(GROWTH, grown))) + 1
        return None

    def _late(self, share: float = 1.0) -> bool:
        """Whether that share of the time, if it is limited, has passed."""
        limit = self.settings.max_seconds
        return limit is not None and self.clock() - self._began >= share * limit

    def _tell_pilot(self, replications: int, firings: int) -> None:
        if self.progress is not None:
            self.progress(Progress("pilot", 0, replications, firings, self.clock() - self._began, self.settings.max_firings, {}))

    def _tell(self, replications: int, firings: int, elapsed: float, reached: float) -> None:
        if self.progress is not None:
            name = "rare event"
            self.progress(
                Progress(name, 0, replications, firings, elapsed, self.settings.max_firings, {self.condition: (reached, self.settings.precision)})
            )

    def _unreachable(self, graph: Graph) -> RareResult:
        name = "probability" if self.question.has_lives else "rate"
        never = Interval(0.0, 0.0, 0.0, self.settings.confidence, "exact: all markings were looked at")
        notes = (f"none of the {len(graph.nodes):,} markings that the net can reach meets the condition, whatever its clocks do",)
        diagnostics = Diagnostics(0.0, 0.0, 0.0, 0, 0, 0, 0, 0, len(graph.nodes), True, 0.0, True, (), notes)
        return self._answer("search of all markings", {name: never}, Trust.UNREACHABLE, Reason.CONVERGED, diagnostics)

    def _result(self, plan: Plan, sample: Sample, reason: Reason, graph: Graph, found: Guide | None) -> RareResult:
        settings = self.settings
        estimates = sample.estimates(settings.confidence)
        trust = sample.trust(settings.confidence, settings.precision)
        exact = found is not None and found.exact and self.question.within is None
        predicted = None if found is None else found.life if self.question.has_lives else found.cycle
        notes = list(plan.notes)
        if graph.fold.folded:
            notes.append("the map is folded: markings with as many tokens in each place class are taken for one")
        if plan.levels is not None and plan.levels.starved is not None and trust is not Trust.CONVERGED:
            trust = Trust.STARVED
        if exact and predicted is not None and _disagree(estimates["probability"], predicted, sample):
            trust = Trust.DISAGREES
        if trust is Trust.NO_EVENT:
            notes.append("0 is the estimate of a method that failed: the condition may be more probable than it says")
        if any(row.found.absorbed for row in sample.rows):
            notes.append("once the condition holds it may hold for ever, so that the share of time in which it does has no long-run value")
        diagnostics = Diagnostics(
            effective=sample.effective,
            greatest=sample.greatest,
            hitting=sample.hitting / sample.copies if sample.copies else 0.0,
            replications=len(sample.rows),
            cycles=sum(row.cycles for row in sample.rows),
            copies=sample.copies,
            firings=sample.firings + plan.firings,
            cut=sample.cut,
            markings=len(graph.nodes),
            complete=graph.complete,
            predicted=predicted,
            exact=exact,
            levels=_levels(plan, sample),
            notes=tuple(notes),
        )
        how = NAMES[plan.method] + (f", {plan.course.copies} copies a cycle" if plan.course.copies > 1 else "")
        return self._answer(how, estimates, trust, reason, diagnostics)

    def _answer(self, method: str, estimates: dict[str, Interval], trust: Trust, reason: Reason, diagnostics: Diagnostics) -> RareResult:
        settings = self.settings
        return RareResult(
            model=self.question.net.name,
            condition=self.condition,
            about=self.about,
            method=method,
            estimates=estimates,
            state=trust,
            stop_reason=reason,
            diagnostics=diagnostics,
            seed=settings.seed,
            confidence=settings.confidence,
            precision=settings.precision,
            elapsed_s=self.clock() - self._began,
            digest=self.digest,
            parameters=self.parameters,
            versions=versions(),
        )


def _disagree(estimate: Interval, exact: float, sample: Sample) -> bool:
    """Whether an estimate is too far from the exact value to be chance."""
    from spn.estimate.intervals import t_quantile

    half = (estimate.high - estimate.low) / 2.0
    error = half / t_quantile(estimate.confidence, max(1, len(sample.rows) - 1))
    return bool(sample.effective >= 30.0 and abs(estimate.estimate - exact) > UNLIKELY * error + 1e-6 * exact)


def _levels(plan: Plan, sample: Sample) -> tuple[tuple[float, int, int], ...]:
    """Of each level its importance, the runs towards it and those that reached it (RESTART counts only the latter)."""
    if plan.levels is None:
        return ()
    found: list[tuple[float, int, int]] = []
    for number, threshold in enumerate(plan.levels.thresholds):
        key = number if plan.method == "splitting" else number + 1
        stages = [row.stages.get(key, (0, 0)) for row in sample.rows]
        found.append((threshold, sum(runs for runs, _ in stages), sum(further for _, further in stages)))
    return tuple(found)
