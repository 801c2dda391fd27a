"""The workloads: what each is called everywhere, what its estimate must be, and what the compiled engine is to reach. Nothing is run here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr


def ratio(row: list[float]) -> float:
    """Of an average's integral and duration, or of a rate's count and duration."""
    return row[0] / row[1]


def unavailability(row: list[float]) -> float:
    """Of an availability's up and down time."""
    return row[1] / (row[0] + row[1])


def mean(row: list[float]) -> float:
    """Of a tally's count and total."""
    return row[1] / row[0]


@dataclass(frozen=True)
class Workload:
    """One line of the table.

    `program` and `variants` are the C program with its last arguments, the best of which is the yardstick; `model` and `parameters` the same in the
    language; `estimate` reduces the observed row of `measure` to one number. `expected` gives its right value for a simulated time, as a run from
    the initial marking to that time has it (NaN: not known for so short a run); `spread` is the standard deviation of the estimate relative to its
    value, times the square root of the firings (an upper bound, found by replication). `target` is the wanted rate of the compiled engine
    relative to the best C.
    """

    name: str
    program: str
    n: int
    model: str
    measure: str
    target: float
    expected: Callable[[float], float]
    spread: float
    variants: tuple[str, ...] = ("",)
    parameters: Mapping[str, float] = field(default_factory=dict)
    estimate: Callable[[list[float]], float] = ratio

    def tolerance(self, firings: int) -> float:
        """The relative deviation beyond which a simulation is taken for wrong: six standard deviations, false alarm 2e-9 if they are normal."""
        return 6.0 * self.spread / math.sqrt(max(firings, 1))


MEAN_REPAIR = 165.0
STEPS = 4000


def renewals(time: float, mu: float, sigma: float) -> float:
    """The expected number of failures of one actor up to a time, repairs taken as instantaneous: M = F + M * dF, on a grid.

    D. R. Cox: Renewal Theory, 1962, chapter 4; beyond 25 mean lives the asymptote t / m + (c^2 - 1) / 2, c the coefficient of variation.
    """
    life = math.exp(mu + sigma * sigma / 2.0)
    if time > 25.0 * life:
        return time / life + (math.exp(sigma * sigma) - 2.0) / 2.0
    grid = np.linspace(0.0, time, STEPS + 1)
    cdf = np.zeros(STEPS + 1)
    cdf[1:] = ndtr((np.log(grid[1:]) - mu) / sigma)
    steps = np.diff(cdf)
    found = np.zeros(STEPS + 1)
    for k in range(1, STEPS + 1):
        # The trapezoid over each step, solved for the newest value.
        earlier = found[k - 1 :: -1] if k > 1 else found[:1]
        newer = found[k - 1 : 0 : -1]
        total = cdf[k] + 0.5 * (np.dot(earlier, steps[:k]) + np.dot(newer, steps[1:k]) if k > 1 else 0.0)
        found[k] = total / (1.0 - 0.5 * steps[0])
    return float(found[STEPS])


def share_down(mu: float, mean_down: float) -> Callable[[float], float]:
    """The expected share of [0, t] in which an actor is down. Down times are short against lives, so their own edge effects vanish."""
    return lambda time: renewals(time, mu, 0.4) * mean_down / time / (1.0 + mean_down / math.exp(mu + 0.08))


def constant(value: float) -> Callable[[float], float]:
    """An expectation that a start from the initial marking does not bias by more than the noise."""
    return lambda _: value


def mean_queue(load: float, room: int) -> float:
    """M/M/1/room: the mean number of customers."""
    weights = [load**k for k in range(room + 1)]
    return sum(k * weight for k, weight in enumerate(weights)) / sum(weights)


W2_HOT = 0.73685
"""Share of children that do not run with mu = 3.5, in the long run; no closed form is known. From 3e8 firings of the C program (standard error
5e-5), which the reference engine confirms with a program of its own."""


def hot(time: float) -> float:
    """W2_HOT for a start with all running, which costs 33 s in the long run; not known (NaN) before that holds."""
    return W2_HOT * (1.0 - 33.0 / time) if time > 1000.0 else math.nan


def _w1(n: int, target: float) -> Workload:
    variants = ("sorted", "scan", "calendar") if n <= 8 else ("calendar",)
    return Workload(f"W1 N={n:,}", "w1", n, "w1", "down", target, share_down(15.81, MEAN_REPAIR), 1.6, variants, {"actors": n})


WORKLOADS = (
    _w1(5, 0.85),
    _w1(100, 0.9),
    _w1(10_000, 0.8),
    _w1(100_000, 0.7),
    Workload("W2 one group, rare", "w2", 1, "w2", "down", 0.8, share_down(15.81, 0.55), 2.0, ("rare",), {"groups": 1, "mu": 15.81}),
    Workload("W2 one group, hot", "w2", 1, "w2", "down", 0.65, hot, 3.0, ("hot",), {"groups": 1, "mu": 3.5}),
    Workload("W2 2,000 groups, hot", "w2", 2000, "w2", "down", 0.9, hot, 3.0, ("hot",), {"groups": 2000, "mu": 3.5}),
    Workload("W3a M/M/1/20", "w3a", 1, "w3a", "length", 0.65, constant(mean_queue(0.9, 20)), 15.0),
    Workload("W3b tandem of 50", "w3b", 50, "w3b", "throughput", 0.85, constant(50 * 200 / 249), 3.5),
    Workload("standard system", "monolithic", 6, "monolithic", "system", 0.7, constant(3.61402103e-5), 1.6, estimate=unavailability),
    Workload("sip_transport", "sip_transport", 5, "sip_transport", "system", 0.7, constant(5.41476865e-7), 3.0, estimate=unavailability),
    Workload("M/G/1", "mg1", 1, "mg1", "response", 0.5, constant(4.0), 15.0, estimate=mean),
)
