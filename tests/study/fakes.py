"""Engines that make up observations from known processes, so that the tests of studies need no simulator."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spn.expressions.tree import Expression
from spn.net.types import At, Availability, Average, FirstPassage, Measure, Net, Place, Rate, Steady, Tally
from spn.observation import End, Outcome, Task

ANY: Expression = None  # type: ignore[assignment]
"""No fake looks at the expressions of a measure."""


def net(*measures: Measure, places: tuple[str, ...] = ("queue",)) -> Net:
    return Net(tuple(Place(name) for name in places), (), measures, name="fake")


def availability(name: str = "up", **options: object) -> Measure:
    return Measure(name, Availability(ANY), **options)  # type: ignore[arg-type]


def average(name: str = "length", **options: object) -> Measure:
    return Measure(name, Average(ANY), **options)  # type: ignore[arg-type]


def tally(name: str = "response", quantiles: tuple[float, ...] = ()) -> Measure:
    return Measure(name, Tally((), quantiles))


def rate(name: str = "served") -> Measure:
    return Measure(name, Rate(()))


def passage(name: str = "mttf", within: tuple[float, ...] = ()) -> Measure:
    return Measure(name, FirstPassage(ANY, within), Steady())


def at(name: str = "early", time: float = 1.0) -> Measure:
    return Measure(name, Availability(ANY), At((time,)))


Process = Callable[[np.random.Generator, Task], Outcome]


@dataclass(frozen=True)
class Fake:
    """An engine whose replications are made by `process`."""

    process: Process
    name: str = "reference"
    concurrent: bool = False

    def supports(self, net: Net) -> list[str]:
        return []

    def prepare(self, net: Net) -> "Fake":
        return self

    def expect(self, firings: float | None) -> None:
        pass

    def abandon(self) -> None:
        pass

    def run(self, task: Task) -> Outcome:
        return self.process(np.random.Generator(np.random.SFC64(np.random.SeedSequence(task.seed, spawn_key=task.key))), task)


Sampler = Callable[[np.random.Generator, int], np.ndarray]


def alternating(up: Sampler, down: Sampler, first: Sampler | None = None) -> Process:
    """Up and down in turn, from an up time at 0. Observes every steady availability."""

    def run(rng: np.random.Generator, task: Task) -> Outcome:
        horizon = task.cuts[-1]
        ends = np.zeros(0)
        size = 70
        last = 0.0
        while last <= horizon and len(ends) < task.max_firings:
            sojourns = np.column_stack([up(rng, size), down(rng, size)])
            more = last + np.cumsum(sojourns.ravel())
            ends = np.concatenate([ends, more])
            last, size = float(ends[-1]), min(size * 2, 70 * 1024)
        ends = ends[: task.max_firings]
        fired = int(np.searchsorted(ends, horizon, side="right"))
        cut_short = fired == len(ends)
        times = np.concatenate([[0.0], ends])
        downs = np.concatenate([[0.0], np.cumsum(np.where(np.arange(len(ends)) % 2 == 1, np.diff(times), 0.0))])
        cuts = np.array(task.cuts)
        down_until = np.interp(cuts, times, downs)
        failed = np.searchsorted(ends[0::2], cuts, side="right")
        repaired = np.searchsorted(ends[1::2], cuts, side="right")
        spans, lost = np.diff(cuts), np.diff(down_until)
        found = np.column_stack([spans - lost, lost, np.diff(failed), np.diff(repaired)]).astype(float)
        if cut_short:
            found[cuts[1:] > ends[-1]] = np.nan
        end = End.FIRINGS if cut_short else End.OBSERVED
        tokens = np.zeros((len(cuts), 1), np.int64)
        return Outcome(end, min(horizon, float(ends[-1])), fired, None, dict.fromkeys(task.measures, found), {}, tokens)

    return run


def exponential(mean: float) -> Sampler:
    return lambda rng, size: rng.exponential(mean, size)


def uniform(low: float, high: float) -> Sampler:
    return lambda rng, size: rng.uniform(low, high, size)


def constant(value: float) -> Sampler:
    return lambda rng, size: np.full(size, value)


def queue(arrival: float, service: float = 1.0) -> Process:
    """M/M/1 from empty: average length (`length`), departures (`served`), time in the system (`response`)."""

    def run(rng: np.random.Generator, task: Task) -> Outcome:
        horizon = task.cuts[-1]
        most = min(task.max_firings // 2, int(horizon * arrival + 10 * math.sqrt(horizon * arrival) + 50))
        arrivals = np.cumsum(rng.exponential(1 / arrival, most))
        services = rng.exponential(1 / service, most)
        total = np.cumsum(services)
        departures = total + np.maximum.accumulate(arrivals - np.concatenate([[0.0], total[:-1]]))
        cuts = np.array(task.cuts)
        cut_short = arrivals[-1] <= horizon
        into = np.sort(arrivals)

        def area(times: np.ndarray) -> np.ndarray:
            sums = np.concatenate([[0.0], np.cumsum(times)])
            number = np.searchsorted(times, cuts, side="right")
            return number * cuts - sums[number]

        length = area(into) - area(departures)
        gone = np.searchsorted(departures, cuts, side="right")
        spent = np.concatenate([[0.0], np.cumsum(departures - arrivals)])[gone]
        found = {
            "length": np.column_stack([np.diff(length), np.diff(cuts)]),
            "served": np.column_stack([np.diff(gone), np.diff(cuts)]).astype(float),
            "response": np.column_stack([np.diff(gone), np.diff(spent)]).astype(float),
        }
        inside = np.searchsorted(into, cuts, side="right")
        tokens = (inside - gone)[:, None].astype(np.int64)
        if cut_short:
            found = {name: np.full_like(part, np.nan) for name, part in found.items()}
        values = {"response": (departures - arrivals)[gone[0] : gone[-1]]} if "response" in task.measures else {}
        fired = int(inside[-1] + gone[-1])
        end = End.FIRINGS if cut_short else End.OBSERVED
        time = float(arrivals[-1]) if cut_short else horizon
        return Outcome(end, time, fired, None, {name: found[name] for name in task.measures}, values, tokens)

    return run


def dying(mean: float, up_after: Sampler) -> Process:
    """Dies after an exponential time; before it the system is up, after it up if `up_after` gives more than 0."""

    def run(rng: np.random.Generator, task: Task) -> Outcome:
        death, up = float(rng.exponential(mean)), float(up_after(rng, 1)[0]) > 0.0
        cuts = np.array(task.cuts)
        before = np.diff(np.minimum(cuts, death))
        after = np.diff(np.maximum(cuts, death))
        down = np.zeros_like(after) if up else after
        failures = np.diff((cuts >= death).astype(float)) * (not up)
        found = np.column_stack([before + after - down, down, failures, np.zeros_like(down)])
        dead = death if death <= cuts[-1] else None
        return Outcome(End.OBSERVED, float(cuts[-1]), 1, dead, dict.fromkeys(task.measures, found), {}, np.zeros((len(cuts), 1), np.int64))

    return run


def single(draw: Callable[[np.random.Generator], tuple[float, ...]], firings: int = 10) -> Process:
    """Terminating measures, each replication of which gives one row."""

    def run(rng: np.random.Generator, task: Task) -> Outcome:
        row = np.array([draw(rng)])
        return Outcome(End.OBSERVED, 1.0, firings, None, dict.fromkeys(task.measures, row))

    return run
