"""`Sweep`: a study's points simulated over a pool of workers, with a results file that remembers everything. Prints nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from spn.net.types import Net
from spn.study.batches import Dialogue
from spn.study.result import Progress, Result, versions
from spn.study.run import NotSupported, Settings, budget, new_seed
from spn.sweeps.choosing import engine_for
from spn.sweeps.coding import Damaged, context_of, decode
from spn.sweeps.comparing import ratio
from spn.sweeps.definition import Definition
from spn.sweeps.executors import Workers
from spn.sweeps.jobs import Batches, Job
from spn.sweeps.kept import kept
from spn.sweeps.making import Made, Maker, distinct
from spn.sweeps.points import Pair, Point, pairs, points
from spn.sweeps.records import Record, plain_interval
from spn.sweeps.scheduling import Scheduler
from spn.sweeps.store import Store
from spn.sweeps.work import Asked, Packer
from spn.text.problems import ModelError, Problem, Problems

PROBED = 40
"""Points of a study that are made before anything is simulated, so that what is wrong with values is told at once."""


@final
@dataclass(frozen=True, slots=True)
class State:
    """How far a sweep is. `precision` has the relative half-width and the target of the measure that is farthest from its own, for points in work."""

    points: int
    finished: int
    firings: int
    seconds: float
    working: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Summary:
    """What a sweep did. `found`: points that had been finished before; `failed`: why points have no result, by place."""

    points: int
    found: int
    failed: Mapping[int, str]
    unsupported: bool
    lost: int
    damaged: int


@final
class Sweep:
    """One run of a study. Raises `ModelError` when it is made, if the study or its models have errors."""

    def __init__(
        self, study: Definition, store: Store, workers: Workers, told: Callable[[str], None], progress: Callable[[State], None] | None = None
    ) -> None:
        self.study, self.store, self.workers, self.told, self.progress = study, store, workers, told, progress
        problems = Problems()
        self.points = points(study, problems)
        problems.stop_if_any()
        self.pairs = pairs(study, self.points, problems)
        problems.stop_if_any()
        self.seed = self._seed()
        self.budget = budget(study.max_firings)
        self._maker = Maker(study, self.seed, self.budget)
        self._packer = Packer()
        self._made: dict[int, Made] = {}
        self._jobs: dict[int, Job] = {}
        self._near: dict[int, tuple[float, float]] = {}
        self._failed: dict[int, str] = {}
        self._unsupported = False
        self._warned: set[str] = set()
        self._engines: dict[str, str] = {}
        self._damaged = 0
        self._firings = 0
        self._began = time.monotonic()
        self._partners: dict[int, list[Pair]] = {}
        for pair in self.pairs:
            for place in {pair.of, pair.to}:
                self._partners.setdefault(place, []).append(pair)
        self._finished: set[int] = set()
        self._results: dict[int, Record] = {}
        """Of finished points those that are compared; no others are kept, for there may be many."""
        self._numbers: dict[int, int] = {}

    def _seed(self) -> int:
        """The study's seed, or the one that was drawn for these results."""
        if self.study.seed is not None:
            return self.study.seed
        known = self.store.study()
        return int(known["seed"]) if "seed" in known else new_seed()

    def run(self) -> Summary:
        """Simulate what is not finished. An interruption goes through, and leaves in the results file what was done."""
        given = [self._maker.given(point) for point in self.points]
        sources = [self._maker.source(point, texts) for point, texts in zip(self.points, given, strict=True)]
        self._probe(sources)
        self.store.begin(self._about(), ((self._of(point, texts), source) for point, texts, source in zip(self.points, given, sources, strict=True)))
        self._damaged += self.store.repaired
        for place, number in self.store.finished():
            if self._is_usable(place, number):
                self._remember(place)
        found = len(self._finished)
        if found:
            self.told(f"{found:,} of {len(self.points):,} points are finished already")
        scheduler = Scheduler(self.workers, self._open(sources), self._keep, self._end, self.store.together)
        scheduler.run()
        return Summary(len(self.points), found, self._failed, self._unsupported, scheduler.lost, self._damaged)

    def _is_usable(self, place: int, number: int) -> bool:
        """Whether the result of a finished point, which has this number, can stay. If it is compared, its batches have to be there."""
        self._numbers[place] = number
        if place not in self._partners:
            return True
        found = json.loads(self.store.result(number))
        missing = sum(course["replications"] for course in found["experiments"])
        damaged = 0
        for (key, index), data in self.store.batches(number).items():
            try:
                missing -= decode(data, context_of(key, index, found["digest"])).replications
            except Damaged:
                damaged += 1
        self._damaged += damaged
        if damaged or missing:
            self.store.reopen(number)
        return not damaged and not missing

    # What is known of points

    def _of(self, point: Point, given: Mapping[str, str]) -> dict[str, Any]:
        return {"model": str(point.use.name), "of": point.use.label, "axes": point.shown, "keys": point.keys, "parameters": dict(given)}

    def _about(self) -> dict[str, Any]:
        study = self.study
        return {
            "name": study.name,
            "description": study.description,
            "seed": self.seed,
            "precision": study.precision,
            "confidence": study.confidence,
            "max_firings": self.budget,
            "max_time": self.study.max_time,
            "axes": list(study.axes),
            "docs": dict(study.docs),
            "text": study.text,
            "models": {str(use.name): kept(use.library, use.label) for use in study.uses},
            "comparisons": [str(comparison.name) for comparison in study.comparisons],
            "pairs": len(self.pairs),
            "versions": versions(),
        }

    def _make(self, place: int) -> Made:
        """The net of a point. Raises `ModelError`, whose problems name the point."""
        made = self._made.pop(place, None)
        if made is not None:
            return made
        point = self.points[place]
        made = self._maker.make(point)
        if point.use.name not in self._warned:
            self._warned.add(str(point.use.name))
            for warning in made.warnings:
                self.told(warning.render())
        return made

    def _probe(self, sources: Sequence[str]) -> None:
        """Make some points beforehand: of each model the first, and those that differ from it in one value. Raises `ModelError` with all problems."""
        found: list[Problem] = []
        known = self.store.sources()
        first: dict[str, Mapping[str, str]] = {}
        tried = 0
        for place, point in enumerate(self.points):
            base = first.setdefault(str(point.use.name), point.keys)
            if sum(point.keys[axis] != base[axis] for axis in base) > 1 or sources[place] in known or tried >= PROBED * len(self.study.uses):
                continue
            tried += 1
            try:
                self._made[place] = self._make(place)
            except ModelError as error:
                found += error.problems
        if found:
            raise ModelError(distinct(found))

    # The life of a point

    def _open(self, sources: Sequence[str]) -> Iterator[Job]:
        for place in range(len(self.points)):
            if place in self._finished:
                continue
            job = self._job(place, sources[place])
            if job is not None:
                self._jobs[place] = job
                yield job

    def _job(self, place: int, source: str) -> Job | None:
        """The job of a point; None if it turns out to be finished, or cannot be made."""
        point = self.points[place]
        try:
            made = self._make(place)
        except ModelError as error:
            self._failed[place] = "\n".join(problem.render() for problem in error.problems)
            return None
        number, finished = self.store.open(place, made.identity, source)
        self._numbers[place] = number
        if finished and self._is_usable(place, number):
            self._remember(place)
            return None
        net = made.member.net
        asked = Asked(
            tuple(measure.name for measure in net.measures if not point.use.measures or measure.name in point.use.measures),
            self._settings(point),
            self.seed,
            self.study.engine,
            made.member.digest,
        )
        engine = self._engine(point, net)
        parcel = self._packer.pack(made.member)

        def dialogue() -> Dialogue[Result]:
            return asked.study(net, lambda progress: self._note(place, progress)).dialogue()

        return Job(place, number, parcel, self._packer, engine, asked, dialogue, self.store.batches(number))

    def _settings(self, point: Point) -> Settings:
        study = self.study
        return Settings(self.budget, study.precision, study.confidence, max_time=study.max_time, point=point.stream, sampling="replications")

    def _engine(self, point: Point, net: Net) -> str:
        """What simulates the points of a model, decided at its first."""
        name = str(point.use.name)
        if name not in self._engines:
            count = sum(other.use is point.use and place not in self._finished for place, other in enumerate(self.points))
            self._engines[name] = engine_for(self.study.engine, net, count, self.told)
        return self._engines[name]

    def _note(self, place: int, progress: Progress) -> None:
        """How far a point is: the measure that has most before it."""
        far = max(progress.precision.values(), key=lambda pair: pair[0] / pair[1], default=None)
        if far is not None:
            self._near[place] = far

    def _keep(self, job: Job, batches: Batches) -> None:
        near = self._near.get(job.place)
        progress = {"replications": job.replications, "precision": None if near is None else list(near)}
        self.store.add(job.number, ((job.key(plan), plan.experiment, own) for plan, own in batches.items()), None if job.ended else progress)
        self._show()

    def _end(self, job: Job) -> None:
        self._damaged += job.damaged
        del self._jobs[job.place]
        self._near.pop(job.place, None)
        if job.failed is not None:
            self._failed[job.place] = job.failed
            return
        try:
            found = job.result()
        except NotSupported as error:
            self._failed[job.place], self._unsupported = str(error), True
            return
        self._firings += found.firings
        self.store.finish(job.number, found.record, job.kept())
        self._remember(job.place)
        self._show()

    def _remember(self, place: int) -> None:
        """A point is finished."""
        self._finished.add(place)
        if place in self._partners:
            self._results[place] = Record.from_dict(json.loads(self.store.result(self._numbers[place])))
            self._compare(place)

    def _compare(self, place: int) -> None:
        """The ratios that are known now that this point is finished."""
        for pair in self._partners.get(place, ()):
            if pair.of in self._results and pair.to in self._results:
                ends = [(self._results[end], self._numbers[end]) for end in (pair.of, pair.to)]
                found = ratio(self.store, ends, pair.measures, self.study.confidence)
                if found is not None:
                    self.store.add_ratio(pair.name, pair.of, pair.to, {"measures": list(pair.measures), "ratio": plain_interval(found)})

    def _show(self) -> None:
        if self.progress is not None:
            working = {self.points[place].label: near for place, near in self._near.items()}
            self.progress(State(len(self.points), len(self._finished), self._firings, time.monotonic() - self._began, working))


def results_path(folder: Path, study: Definition) -> Path:
    """The results file of a study."""
    return folder / f"{study.name}.sqlite"
