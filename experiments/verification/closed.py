"""The expected values that are not Markov chains, computed anew from closed forms, embedded chains and renewal equations. numpy and scipy only."""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtr

REPAIR = 165.0
"""Mean of uniform(30 s, 300 s), seconds."""


def renewal_function() -> dict[str, float]:
    """Renewals a uniform(0, 1) time apart: m(t) = e^t - 1 up to 1, then e^t - 1 - (t - 1) e^(t - 1) up to 2 (Feller II, XI.1)."""
    acc = quad(math.expm1, 0.0, 1.0)[0]
    return {"N1": math.expm1(1.0), "N2": math.expm1(2.0) - math.e, "acc1": acc}


def md1k(rate: float = 0.8, room: int = 5) -> dict[str, float]:
    """M/D/1/K, service 1 s: the chain embedded at departures, then the state probabilities at any time (Gross & Harris, sec. 5.1.8)."""
    arrivals = [math.exp(-rate) * rate**j / math.factorial(j) for j in range(room)]
    step = np.zeros((room, room))
    for left in range(room):
        base = max(left - 1, 0)
        for target in range(base, room - 1):
            step[left, target] = arrivals[target - base]
        step[left, room - 1] = 1.0 - step[left, :-1].sum()
    system = np.vstack([step.T - np.eye(room), np.ones(room)])
    departures = np.linalg.lstsq(system, np.append(np.zeros(room), 1.0), rcond=None)[0]
    load = departures[0] + rate
    states = np.append(departures / load, 1.0 - 1.0 / load)
    return {"p0": float(states[0]), "pK": float(states[-1]), "L": float(states @ np.arange(room + 1)), "thr": rate * (1.0 - float(states[-1]))}


def cold_standby(rate: float = 0.01, low: float = 10.0, high: float = 30.0) -> dict[str, float]:
    """Two units, one crew: g is the chance that a repair ends before the working unit fails."""
    g = (math.exp(-rate * low) - math.exp(-rate * high)) / (rate * (high - low))
    return {"A": 1.0 / (rate * (low + high) / 2.0 + g), "MTTF": 1.0 / rate + 1.0 / (rate * (1.0 - g))}


def alternating(mu: float = 4.357822065070038, sigma: float = 0.7033464593186682, low: float = 2.0, high: float = 6.0) -> dict[str, float]:
    """A(t) = P(up time > t) + integral of A(t - s) dG(s), G the distribution of up time + repair; trapezoids on a grid of 10 ms."""
    step = 0.01
    points = np.arange(round(150.0 / step) + 1) * step

    def life(times: np.ndarray) -> np.ndarray:
        return np.where(times > 0.0, ndtr((np.log(np.maximum(times, 1e-300)) - mu) / sigma), 0.0)

    repairs = low + (np.arange(400) + 0.5) * (high - low) / 400
    mass = np.diff(np.mean([life(np.maximum(points - repair, 0.0)) for repair in repairs], axis=0))
    share = 1.0 - life(points)
    for i in range(1, len(points)):
        before = share[:i][::-1]
        share[i] += 0.5 * float(mass[:i] @ before + mass[1:i] @ before[:-1])  # no cycle ends in the first cell: mass[0] is 0
    mean = math.exp(mu + sigma * sigma / 2.0)
    found = {f"A_{time}": float(share[round(time / step)]) for time in (50, 100, 150)}
    return {"A": mean / (mean + (low + high) / 2.0), **found}


def least_of(sections: int, sigma: float = 0.4) -> float:
    """The mean of the least of so many lognormal times, over their median: kappa."""
    return float(quad(lambda x: sigma * math.exp(sigma * x) * (1.0 - ndtr(x)) ** sections, -100.0, 30.0, limit=500, points=[-4.0, 4.0])[0])


def monolithic(mean: float, sections: int, age: bool, sigma: float = 0.4) -> float:
    """U of the standard system, times to failure lognormal with `mean` (seconds): clocks renewed at each restart, or kept."""
    if age:
        return sections * REPAIR / (mean + sections * REPAIR)
    median = mean * math.exp(-sigma * sigma / 2.0)
    return REPAIR / (REPAIR + median * least_of(sections, sigma))
