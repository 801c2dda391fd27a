"""Nets whose rare events have known probabilities, and the known values."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

QUEUE = """
spn: 1
parameters: {load: 0.3, n: 20, service: exponential(rate=1 / s)}
places: {queue: 1}
transitions:
  arrive: {out: queue, delay: exponential(rate=load / s), inhibit: (n + 1) * queue}
  serve: {in: queue, delay: service}
"""

TANDEM = """
spn: 1
places: {one: 1, two: 0}
transitions:
  arrive: {out: one, delay: exponential(rate=0.2 / s)}
  move: {in: one, out: two, delay: exponential(rate=0.4 / s)}
  leave: {in: two, delay: exponential(rate=0.4 / s)}
"""

DUPLEX = """
spn: 1
parameters: {rate: 1e-5, repair: exponential(rate=1 / s)}
places: {up: 2, down: 0}
transitions:
  fail: {in: up, out: down, delay: exponential(rate=rate / s), servers: infinite}
  repair: {in: down, out: up, delay: repair}
"""

MISSION = """
spn: 1
parameters: {n: 3, life: "weibull(shape=2.5, scale=1000 h)"}
places: {up: n, down: 0}
transitions:
  fail: {in: up, out: down, delay: life, servers: infinite}
"""

COVERAGE = """
spn: 1
places: {ok: 1, coin: 0, busy: 0, lost: 0}
transitions:
  switch: {in: ok, out: coin, delay: "uniform(1 s, 3 s)"}
  good: {in: coin, out: busy, weight: 1 - 1e-9}
  bad: {in: coin, out: lost, weight: 1e-9}
  back: {in: busy, out: ok, delay: "lognormal(mean=2 s, sigma=1)"}
  restore: {in: lost, out: ok, delay: 10 s}
"""

TIMEOUT = """
spn: 1
parameters: {work: exponential(rate=20 / s)}
places: {ready: 1, working: 0, late: 0}
transitions:
  begin: {in: ready, out: working, delay: 1 s}
  finish: {in: working, out: ready, delay: work}
  expire: {in: working, out: late, delay: 1 s}
  repair: {in: late, out: ready, delay: 5 s}
"""

STANDBY = """
spn: 1
description: A component with a life of any law, and a spare that ages only while it works; each is repaired, one at a time.
parameters: {life: "weibull(shape=2, scale=1e4 s)", repair: "uniform(1 s, 3 s)"}
places: {spare: 1, working: 1, broken: 0}
transitions:
  fail: {in: working, out: broken, delay: life}
  switch: {in: spare, out: working, inhibit: working}
  repair: {in: broken, out: spare, delay: repair}
"""


MACHINES = """
spn: 1
colours: {machine: 1..12}
places: {up: {over: machine, initial: 1}, down: {over: machine}}
transitions:
  fail: {for: m in machine, in: up(m), out: down(m), delay: exponential(rate=0.01 / s)}
  repair: {for: m in machine, in: down(m), out: up(m), delay: exponential(rate=1 / s)}
"""


def ruin(load: float, n: int) -> float:
    """P(the queue grows to n before it is empty | it is 1): the gambler's ruin (Feller, An Introduction to Probability Theory 1, XIV.2)."""
    return (1.0 / load - 1.0) / ((1.0 / load) ** n - 1.0)


def tandem(n: int) -> float:
    """P(both queues together grow to n before they are empty | (1, 0)), by solving the chain."""
    states = [(a, b) for a in range(n + 1) for b in range(n + 1 - a)]
    index = {state: k for k, state in enumerate(states)}
    matrix, right = lil_matrix((len(states),) * 2), np.zeros(len(states))
    for (a, b), k in index.items():
        matrix[k, k] = 1.0
        if a + b in (0, n):
            right[k] = float(a + b == n)
            continue
        moves = [((a + 1, b), 0.2)] + [((a - 1, b + 1), 0.4)] * (a > 0) + [((a, b - 1), 0.4)] * (b > 0)
        for to, rate in moves:
            matrix[k, index[to]] -= rate / sum(rate for _, rate in moves)
    return float(spsolve(matrix.tocsr(), right)[index[1, 0]])


def duplex(rate: float, mean: float, transform: float, late: float) -> tuple[float, float]:
    """(share of time, events per second) of both units down, one repairman. `transform` is E exp(-rate R), `late` E[(R - T)+], T the other's life.

    A busy period has 1 / transform repairs on average, of which those during which the other unit fails begin a further one.
    """
    length = 1.0 / (2.0 * rate) + mean / transform
    return late / transform / length, (1.0 - transform) / transform / length


def duplex_lognormal(rate: float, sigma: float) -> tuple[float, float]:
    """The same for a lognormal repair of mean 1 s, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    repair, weights = np.exp(-sigma * sigma / 2.0 + sigma * nodes), weights / weights.sum()
    failed = float(weights @ -np.expm1(-rate * repair))
    late = float(weights @ (repair + np.expm1(-rate * repair) / rate))
    return duplex(rate, 1.0, 1.0 - failed, late)


def weibull_share(t: float) -> float:
    """P(a life of weibull(2.5, 1000) is at most t)."""
    return -math.expm1(-((t / 1000.0) ** 2.5))
