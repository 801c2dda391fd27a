"""Coverage: how often intervals hold the truth, over many independent runs with the stopping rule on. Each run is a line of a file, so that any may
be stopped.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from experiments.verification.coverage_cases import CASES, Asked, Case, Truths
from experiments.verification.rare_cases import RARE_CASES
from experiments.verification.report import commit
from spn.engine.compiled import CompiledEngine
from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate, CurveEstimate
from spn.estimate.intervals import Interval
from spn.estimate.paired import Down, down_of, paired_ratio
from spn.net.types import Net
from spn.study import simulate
from spn.study.batches import Dialogue, Run, serial
from spn.study.plan import BatchResult, Plan

T = TypeVar("T")

CHUNK = 20
"""Runs that a process makes before it hands back their lines."""

ALL_CASES = (*CASES, *RARE_CASES)
BY_NAME = {case.name: case for case in ALL_CASES}


@dataclass(frozen=True)
class Outcome:
    """One interval of one run. A band has no estimate; `inside` says whether it holds all truths."""

    estimate: float
    low: float
    high: float
    method: str
    inside: bool


# one run


@cache
def version() -> str:
    return commit()


@cache
def prepared(name: str) -> tuple[Net, Net | None, Truths]:
    case = BY_NAME[name]
    return case.net(), None if case.other is None else case.net(case.other), case.truths()


class Recorded:
    """A driver that runs one batch after the other and keeps them."""

    def __init__(self) -> None:
        self.batches: dict[Plan, list[BatchResult]] = {}

    def __call__(self, dialogue: Dialogue[T], run: Run) -> T:
        def kept(plan: Plan, index: int) -> BatchResult:
            found = run(plan, index)
            self.batches.setdefault(plan, []).append(found)
            return found

        return serial(dialogue, kept)

    @property
    def last(self) -> list[BatchResult]:
        """Those of the experiment that the estimates come from."""
        return list(self.batches.values())[-1]


def one(name: str, seed: int) -> dict[str, Any]:
    """One run of a case, as a line of the file."""
    case, (net, other, truths) = BY_NAME[name], prepared(name)
    began = time.process_time()
    if case.rare is not None:
        return _rare(case, case.rare, truths, seed) | {"seconds": round(time.process_time() - began, 4)}
    drive = Recorded()
    options = {"precision": case.precision, "measures": case.measures, **case.options}
    result = simulate(net, CompiledEngine(), seed, drive=drive, **options)
    found = {f"{measure}/{key}": interval for measure, estimate in result.measures.items() for key, interval in parts(estimate)}
    values = {key: _held(interval, truths[key]) for key, interval in found.items() if key in truths}
    values |= {f"{measure}/band": held for measure, estimate in result.measures.items() if (held := _band(measure, estimate, truths)) is not None}
    if other is not None:
        second = Recorded()
        simulate(other, CompiledEngine(), seed, drive=second, **options)
        a, b = (down(each.last, "system") for each in (drive, second))
        assert a is not None and b is not None
        values["ratio/value"] = _held(paired_ratio(a, b, 0.95), truths["ratio/value"])
    line = {"case": name, "seed": seed, "commit": version(), "stop": result.stop_reason.name.lower(), "firings": result.firings}
    line |= {"replications": [course.replications for course in result.experiments], "seconds": round(time.process_time() - began, 4)}
    line["states"] = {measure: estimate.assessment.state.name.lower() for measure, estimate in result.measures.items()}
    return line | {"values": values}


def _rare(case: Case, asked: Asked, truths: Truths, seed: int) -> dict[str, Any]:
    """One run of a rare event."""
    import spn

    result = spn.rare_event(case.source, asked.condition, case.parameters, seed=seed, precision=case.precision, **asked.options)
    found = {f"rare/{key}": interval for key, interval in result.estimates.items()}
    line = {"case": case.name, "seed": seed, "commit": version(), "stop": result.state.name.lower(), "firings": result.diagnostics.firings}
    line |= {"replications": [result.diagnostics.replications], "states": {"rare": result.state.name.lower()}}
    return line | {"values": {key: _held(interval, truths[key]) for key, interval in found.items() if key in truths}}


def down(batches: Sequence[BatchResult], measure: str) -> Down | None:
    """What all batches saw of an availability."""
    controls = np.concatenate([batch.controls.sum(axis=1) for batch in batches]) if batches[0].controls.size else None
    return down_of("Availability", np.concatenate([batch.observations[measure] for batch in batches]), controls)


def parts(estimate: AnyEstimate) -> Iterator[tuple[str, Interval]]:
    """All intervals of an estimate, by what they are of it."""
    if isinstance(estimate, AvailabilityEstimate):
        yield "U", estimate.unavailability
        for name in ("failures_per_year", "mean_up_s", "mean_down_s"):
            interval = getattr(estimate, name)
            if interval is not None:
                yield name, interval
    elif isinstance(estimate, CurveEstimate):
        yield from ((f"at {moment:g}", point) for moment, point in zip(estimate.times, estimate.points, strict=True))
    else:
        yield "value", estimate.interval
        yield from ((f"quantile {p:g}", interval) for p, interval in estimate.quantiles.items())


def _held(interval: Interval, truth: float) -> list[Any]:
    """Rounding of the integral of a constant is no miss."""
    slack = 1e-9 * abs(truth)
    inside = interval.low - slack <= truth <= interval.high + slack
    return [*(value if math.isfinite(value) else repr(value) for value in (interval.estimate, interval.low, interval.high)), interval.method, inside]


def _band(measure: str, estimate: AnyEstimate, truths: Truths) -> list[Any] | None:
    if not isinstance(estimate, CurveEstimate):
        return None
    pairs = zip(estimate.times, estimate.band, strict=True)
    return [0.0, 0.0, 0.0, "sup-t band", all(band.low - 1e-9 <= truths[f"{measure}/at {moment:g}"] <= band.high + 1e-9 for moment, band in pairs)]


# many runs


def several(name: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    return [one(name, seed) for seed in seeds]


def run_coverage(record: Path, runs: int, base: int, processes: int, cases: Sequence[Case], told: Callable[[str], None]) -> None:
    """Bring each case to so many runs, and append them to the file; those that are there are not made again. In rounds, so that all cases grow
    together.
    """
    known = {name: {line["seed"] for line in lines} for name, lines in recorded(record).items()}
    orders: list[tuple[str, list[int]]] = []
    for start in range(0, runs, 10 * CHUNK):
        for case in cases:
            seeds = [base + number for number in range(start, min(runs, start + 10 * CHUNK)) if base + number not in known.get(case.name, ())]
            orders += [(case.name, seeds[k : k + CHUNK]) for k in range(0, len(seeds), CHUNK)]
    record.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool, record.open("a", encoding="utf-8") as file:
        waiting = iter(orders)
        futures = {pool.submit(several, *order) for _, order in zip(range(2 * processes), waiting, strict=False)}
        done = 0
        while futures:
            finished = next(as_completed(futures))
            futures.remove(finished)
            file.writelines(json.dumps(line) + "\n" for line in finished.result())
            file.flush()
            done += 1
            if done % 50 == 0:
                told(f"{done} of {len(orders)} parts")
            if (order := next(waiting, None)) is not None:
                futures.add(pool.submit(several, *order))


def recorded(record: Path) -> dict[str, list[dict[str, Any]]]:
    """The lines of a file, by case, in the order of their seeds; a last line that was cut off does not count."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    if record.exists():
        for text in record.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            found.setdefault(line["case"], {})[line["seed"]] = line
    return {name: [lines[seed] for seed in sorted(lines)] for name, lines in found.items()}


# what they say

EDGES = np.linspace(-2.2, 2.2, 45)
"""Scores are counted between these; those beyond with the first and the last."""


@dataclass(frozen=True)
class Coverage:
    """The intervals of one quantity over all runs of a case. `below`, `above`: those that lie below the truth, and above it."""

    name: str
    quantity: str
    runs: int
    inside: int
    below: int
    above: int
    methods: Mapping[str, Sequence[int]]
    """By method: how many intervals, and how many of them hold the truth."""
    bias: Sequence[float]
    """The mean of (estimate - truth) / truth, and its standard error."""
    relative: float
    """The median of half-width / estimate."""
    scores: Sequence[int]
    """How many (estimate - truth) / half-width there are between two `EDGES`."""

    @property
    def case(self) -> Case:
        return BY_NAME[self.name]

    @property
    def at_least(self) -> bool:
        """Whether the method promises no more than to cover at least as often as it says."""
        return self.quantity in self.case.at_least or any(
            word in method for method in self.methods for word in ("Clopper", "order statistics", "bound")
        )

    @property
    def share(self) -> float:
        return self.inside / self.runs

    @property
    def certain(self) -> bool:
        """Whether the estimate hardly has an error: an interval that always holds the truth is then no fault of its width."""
        return self.relative < 1e-5


@dataclass(frozen=True)
class Group:
    """Runs that stopped early or late: how many, the share of intervals that hold the truth, the mean score and its standard error."""

    name: str
    runs: int
    share: float
    score: float
    error: float


@dataclass(frozen=True)
class Summary:
    """All runs of a case: why they stopped, on which commits, their mean firings and seconds of processor time. `groups` are of the `primary`
    quantity.
    """

    name: str
    runs: int
    stops: Mapping[str, int]
    commits: Sequence[str]
    firings: float
    seconds: float
    quantities: Sequence[Coverage]
    groups: Sequence[Group]

    @property
    def case(self) -> Case:
        return BY_NAME[self.name]

    @property
    def primary(self) -> Coverage:
        """The quantity a case is named for: the first that is not nearly certain."""
        return next((part for part in self.quantities if not part.certain), self.quantities[0])


def summed(name: str, lines: Sequence[Mapping[str, Any]]) -> Summary:
    """What the runs of one case say."""
    firings, seconds = (float(np.mean([line[key] for line in lines])) for key in ("firings", "seconds"))
    quantities = [_summed(name, quantity, lines) for quantity in dict.fromkeys(key for line in lines for key in line["values"])]
    stops, commits = Counter(line["stop"] for line in lines), sorted({line["commit"] for line in lines})
    found = Summary(name, len(lines), dict(stops.most_common()), commits, firings, seconds, quantities, ())
    return replace(found, groups=_stopped(lines, found.primary, prepared(name)[2].get(found.primary.quantity, 0.0)))


def _summed(name: str, quantity: str, lines: Sequence[Mapping[str, Any]]) -> Coverage:
    rows = [line["values"][quantity] for line in lines if quantity in line["values"]]
    numbers = np.array([[float(value) for value in row[:3]] for row in rows])
    methods: dict[str, list[int]] = {}
    for row in rows:
        known = methods.setdefault(row[3], [0, 0])
        known[0] += 1
        known[1] += row[4]
    truth = prepared(name)[2].get(quantity, 0.0)
    halves = (numbers[:, 2] - numbers[:, 1]) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        scores, errors = (numbers[:, 0] - truth) / halves, (numbers[:, 0] - truth) / truth
        relative = float(np.median(halves / np.abs(numbers[:, 0])))
    scores, errors = scores[np.isfinite(scores)], errors[np.isfinite(errors)]
    bias = (0.0, math.inf) if len(errors) < 2 else (float(errors.mean()), float(errors.std(ddof=1) / math.sqrt(len(errors))))
    return Coverage(
        name,
        quantity,
        len(rows),
        sum(row[4] for row in rows),
        int(np.sum(numbers[:, 2] < truth * (1 - 1e-9))),
        int(np.sum(numbers[:, 1] > truth * (1 + 1e-9))),
        methods,
        bias,
        relative,
        np.histogram(np.clip(scores, EDGES[0], EDGES[-1]), EDGES)[0].tolist(),
    )


def _stopped(lines: Sequence[Mapping[str, Any]], part: Coverage, truth: float) -> list[Group]:
    """Runs by when they stopped: at the first look, or later in two halves. Groups of fewer than 20 say nothing."""
    rows = [(sum(line["replications"]), line["values"][part.quantity]) for line in lines if part.quantity in line["values"]]
    counts = np.array([count for count, _ in rows])
    estimates, inside = np.array([float(row[0]) for _, row in rows]), np.array([row[4] for _, row in rows], float)
    half = part.relative * abs(truth)
    first = counts == counts.min()
    later = counts[~first]
    middle = float(np.median(later)) if len(later) else 0.0
    chosen = {"first look": first, "later": ~first & (counts <= middle), "latest": counts > max(middle, counts.min())}
    return [
        Group(
            name,
            int(own.sum()),
            float(inside[own].mean()),
            float((estimates[own].mean() - truth) / half),
            float(estimates[own].std(ddof=1) / math.sqrt(own.sum()) / half),
        )
        for name, own in chosen.items()
        if own.sum() >= 20
    ]


def kept(file: Path, new: Sequence[Summary]) -> list[Summary]:
    """What each case gave with the most runs, now or before, which is in the file: a part can be run anew."""
    known = {found.name: found for found in _known(file)}
    for found in new:
        if found.name not in known or found.runs >= known[found.name].runs:
            known[found.name] = found
    summaries = [known[case.name] for case in ALL_CASES if case.name in known]
    file.write_text("[\n" + ",\n".join(json.dumps(asdict(found)) for found in summaries) + "\n]\n", encoding="utf-8")
    return summaries


def _known(file: Path) -> Iterator[Summary]:
    for found in json.loads(file.read_text(encoding="utf-8")) if file.exists() else ():
        parts, groups = ([kind(**each) for each in found.pop(key)] for kind, key in ((Coverage, "quantities"), (Group, "groups")))
        yield Summary(**found, quantities=parts, groups=groups)
