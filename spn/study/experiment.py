"""One experiment from its first batch to its estimates: looks, states, stop. Planning is elsewhere, and so is the way batches are run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np

from spn.estimate import batch_means
from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate, State
from spn.estimate.influence import Influences, influences, weighted
from spn.estimate.intervals import Floats
from spn.estimate.measures import LEAST_REPLICATIONS, Sample, Subject, estimate
from spn.estimate.orders import Measured, weights
from spn.estimate.stopping import Criterion, Look, Precision, Reason, Status
from spn.net.types import At, Availability, FirstPassage, Measure, Tally
from spn.observation import End
from spn.study.batches import Dialogue, Request, interruption
from spn.study.plan import EXPERIMENTS, BatchResult, Plan
from spn.study.result import Progress

CHOSEN = (Reason.CONVERGED, Reason.EVENTS)
"""The ends that are chosen by what was observed."""

DEAD_REPLICATIONS = 256
"""Replications that end in the dead marking are all alike but for where they end: no more of them are made."""

REPLICATION_COST = 100
"""The firings that a replication counts for where patience is counted: however short it is, it takes some time."""

HOPELESS_REPLICATIONS = 4096
"""Replications of a steady experiment after which a measure without any event is given up, however few firings they took."""


def subject(measure: Measure) -> Subject:
    """What the statistics have to know of a measure."""
    quantity = measure.quantity
    return Subject(
        type(quantity).__name__,
        point=isinstance(measure.window, At),
        within=isinstance(quantity, FirstPassage) and bool(quantity.within),
        quantiles=quantity.quantiles if isinstance(quantity, Tally | FirstPassage) else (),
        steady=measure.is_steady,
        times=quantity.within if isinstance(quantity, FirstPassage) else measure.window.times if isinstance(measure.window, At) else (),
    )


@final
@dataclass(frozen=True)
class Experiment:
    """What to run and when to stop: by one of the `limits`, or by `stop`. `before` is what had been fired, and `simulated_before` the seconds that
    had
    been simulated, when it began; `patience` the firings after which a measure without any event is
    given up. `controls` are the columns of control variates that explain each measure, `names` what all columns are called.
    `unsettled` says of measures why they have no long run; `dead` that all replications are expected to die.
    """

    plan: Plan
    measures: tuple[Measure, ...]
    precision: Precision
    stop: Criterion
    limits: Criterion
    confidence: float
    min_events: int
    patience: int
    before: int = 0
    simulated_before: float = 0.0
    max_firings: int = 0
    dead: bool = False
    controls: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    unsettled: Mapping[str, str] = field(default_factory=dict)

    def run(self, elapsed: Callable[[], float], progress: Callable[[Progress], None] | None) -> Dialogue[Finished]:
        """Ask for batches until a criterion is met, or an interruption comes. `RunError` goes through."""
        criterion = self.limits | self.stop
        batches: list[BatchResult] = []
        precision: dict[str, tuple[float, float]] = {}
        firings, simulated, sure, likely = self.before, self.simulated_before, 0, 0
        reason: Reason | None = None
        found: Mapping[str, AnyEstimate] | None = None
        course: list[tuple[int, Mapping[str, Look]]] = []
        try:
            while reason is None:
                sure = sure if sure > len(batches) else self.plan.next_look(len(batches)) + 1
                last = yield Request(self.plan, len(batches), sure, max(sure, likely))
                found = None
                batches.append(last)
                firings += int(last.firings.sum())
                simulated += last.simulated
                replications = self.plan.bounds(last.index).stop
                looks: Mapping[str, Look] = {}
                if self.plan.is_look(last.index):
                    found = self.estimates(batches)
                    looks = {name: self.look(part, firings, replications) for name, part in found.items()}
                    course.append((replications, looks))
                    precision.update({name: (look.relative, self.precision.target(name)) for name, look in looks.items()})
                    likely = self._likely(replications, looks)
                if progress is not None:
                    name = EXPERIMENTS[self.plan.experiment]
                    progress(Progress(name, last.index, replications, firings, elapsed(), self.max_firings, dict(precision)))
                reason = criterion.reason(Status(replications, firings, elapsed(), simulated, looks))
        except KeyboardInterrupt as error:
            reason = interruption(error)
        found = self.estimates(batches) if found is None else found
        return Finished(batches, reason, self._without_selection(found, batches, course) if reason in CHOSEN else found)

    def _without_selection(
        self, found: Mapping[str, AnyEstimate], batches: Sequence[BatchResult], course: Sequence[tuple[int, Mapping[str, Look]]]
    ) -> Mapping[str, AnyEstimate]:
        """The estimates without what they owe to the run having ended when they were precise."""
        if len(course) < 2:
            return found
        moving = self.influences(found, batches, course[-1][0])
        measured = {name: Measured(each, [looks[name] for _, looks in course], found[name].assessment.wanted) for name, each in moving.items()}
        counting = weights([number for number, _ in course], measured, self.stop.among)
        return found if counting is None else {name: weighted(each, moving.get(name), counting) for name, each in found.items()}

    def influences(self, found: Mapping[str, AnyEstimate], batches: Sequence[BatchResult], replications: int) -> dict[str, Influences]:
        """What single replications add to the estimates, as far as it can be told."""
        moving: dict[str, Influences] = {}
        for measure in self.measures:
            part = subject(measure)
            each = influences(part, self._sample(part.kind, measure.name, batches), found[measure.name])
            if each is not None:
                moving[measure.name] = each.folded(replications)
        return moving

    def _likely(self, replications: int, looks: Mapping[str, Look]) -> int:
        """How many batches it will probably take, as half-widths shrink with the root of the replications; at most twice as many as there are."""
        ratio = max((look.relative / self.precision.target(name) for name, look in looks.items() if look.hopeless is None), default=0.0)
        return self.plan.batches_for(int(replications * min(2.0, ratio * ratio)))

    def look(self, found: AnyEstimate, firings: int, replications: int) -> Look:
        """How far a measure is."""
        state = found.assessment.state
        hopeless = None
        if self.dead and (replications >= DEAD_REPLICATIONS or found.relative_half_width <= found.assessment.target):
            hopeless = Reason.DEAD
        elif state is State.NOT_STATIONARY and replications * self.plan.windows >= LEAST_REPLICATIONS:
            hopeless = Reason.NOT_STATIONARY
        elif state is State.NO_EVENT and (
            firings + REPLICATION_COST * replications >= self.patience or (self.plan.is_steady and replications >= HOPELESS_REPLICATIONS)
        ):
            hopeless = Reason.NO_EVENT
        return Look(widest(found), state in (State.CONVERGED, State.IMPRECISE), hopeless, found.assessment.events)

    def estimates(self, batches: Sequence[BatchResult]) -> dict[str, AnyEstimate]:
        """The estimates from a prefix of the batches."""
        found = {}
        for measure in self.measures:
            part = subject(measure)
            sample = self._sample(part.kind, measure.name, batches)
            wanted = self.min_events if isinstance(measure.quantity, Availability) or self.plan.is_steady else 0
            estimated = estimate(part, sample, self.confidence, self.precision.target(measure.name), wanted)
            found[measure.name] = self._stated(measure.name, self._named(measure.name, self._batched(estimated, batches)), batches)
        return found

    def _sample(self, kind: str, name: str, batches: Sequence[BatchResult]) -> Sample:
        """What was observed for one measure: by replications, or by windows as far as they are independent."""
        if not batches:
            return Sample(np.zeros((0, 1, 4)))
        observations = np.concatenate([batch.observations[name] for batch in batches])
        values = [value for batch in batches for value in batch.values.get(name, ())]
        windows = self.plan.windows
        if windows == 1:
            return Sample(observations, values, self.controlling(name, batches))
        whole = ~np.isnan(observations).any(axis=(1, 2))
        columns = self._columns(name)
        kept = np.concatenate([batch.controls[:, :, columns] for batch in batches]) if columns else None
        size = batch_means.put_together(kind, observations[whole], windows, None if kept is None else kept[whole])
        if values:
            counts = observations[:, :, 0].reshape(len(observations), windows, -1).sum(axis=2)
            values = [part for each, of in zip(values, counts, strict=True) for part in batch_means.values_of(each, of, size)]
        controls = None if kept is None else batch_means.unfolded(kept, windows, size).sum(axis=1)
        return Sample(batch_means.unfolded(observations, windows, size), values, controls)

    def _batched(self, found: AnyEstimate, batches: Sequence[BatchResult]) -> AnyEstimate:
        """The estimate with the number of replications, where it comes from windows."""
        if self.plan.windows == 1:
            return found
        replications = sum(batch.replications for batch in batches)
        assessment = found.assessment
        return replace(found, assessment=replace(assessment, replications=replications, batches=assessment.replications))

    def controlling(self, name: str, batches: Sequence[BatchResult]) -> Floats | None:
        """The control variates of one measure, shape (replications, number)."""
        columns = self._columns(name)
        if not columns or not batches:
            return None
        return np.concatenate([batch.controls[:, :, columns].sum(axis=1) for batch in batches])

    def _columns(self, name: str) -> list[int]:
        """Where the control variates of a measure stand among those that are kept."""
        return list(self.plan.kept_columns(self.controls.get(name, ())))

    def _named(self, name: str, found: AnyEstimate) -> AnyEstimate:
        """The estimate with the names of the controls that were used."""
        if found.assessment.variance_reduction is None:
            return found
        used = tuple(self.names[column] for column in self.controls[name])
        return replace(found, assessment=replace(found.assessment, controls=used))

    def _stated(self, name: str, found: AnyEstimate, batches: Sequence[BatchResult]) -> AnyEstimate:
        """The estimate with the state that is known from elsewhere than its own observations."""
        if not self.plan.is_steady or not batches:
            return found
        dead = np.concatenate([batch.dead_at for batch in batches])
        died = dead[~np.isnan(dead)]
        if len(died):
            note = f"dead marking: {len(died)} of {len(dead)} replications died, on average after {np.mean(died):.6g} s"
            return _with(found, State.DEAD, note)
        if name in self.unsettled:
            return _with(found, State.NOT_STATIONARY, self.unsettled[name])
        return found


def _with(found: AnyEstimate, state: State, note: str) -> AnyEstimate:
    return replace(found, assessment=replace(found.assessment, state=state, notes=(note, *found.assessment.notes)))


def widest(found: AnyEstimate) -> float:
    """The relative half-width that has to meet the precision: of U, or of the estimate and its quantiles."""
    parts = () if isinstance(found, AvailabilityEstimate) else tuple(found.quantiles.values())
    return max([found.relative_half_width, *(part.relative_half_width for part in parts)])


@final
@dataclass(frozen=True)
class Finished:
    """The prefix of batches that counts, why it ends there, and the estimates from it."""

    batches: Sequence[BatchResult]
    reason: Reason
    estimates: Mapping[str, AnyEstimate]

    @property
    def replications(self) -> int:
        return sum(batch.replications for batch in self.batches)

    @property
    def firings(self) -> int:
        return sum(int(batch.firings.sum()) for batch in self.batches)

    @property
    def deaths(self) -> list[float]:
        return [float(time) for batch in self.batches for time in batch.dead_at if not math.isnan(time)]

    def cut(self, end: End) -> int:
        """The replications that ended so."""
        return sum(part is end for batch in self.batches for part in batch.ends)
