"""W1, W3a and W3b as one would write them in SimPy: a process for each actor, customer or server. Nothing is tuned."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

Process = Generator[Any, Any, None]


class Counted:
    """What the processes count: firings, and the integral of a number over time."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.rng = np.random.Generator(np.random.SFC64(1))
        self.firings = 0
        self.level = 0
        self.area = 0.0
        self.since = 0.0

    def change(self, by: int) -> None:
        """A firing that changes the number."""
        self.firings += 1
        self.area += self.level * (self.env.now - self.since)
        self.since = self.env.now
        self.level += by

    def mean(self) -> float:
        """The number's average up to now."""
        return (self.area + self.level * (self.env.now - self.since)) / self.env.now


def actors(run: Counted, n: int) -> Callable[[], float]:
    """W1."""

    def actor() -> Process:
        while True:
            yield run.env.timeout(run.rng.lognormal(15.81, 0.4))
            run.change(1)
            yield run.env.timeout(run.rng.uniform(30.0, 300.0))
            run.change(-1)

    for _ in range(n):
        run.env.process(actor())
    return lambda: run.mean() / n


def queue(run: Counted, _: int) -> Callable[[], float]:
    """W3a. An arrival that finds the queue full is not counted: the net's transition is disabled then, which makes no difference to the others."""
    server = simpy.Resource(run.env)

    def customer() -> Process:
        with server.request() as turn:
            yield turn
            yield run.env.timeout(run.rng.exponential(1.0))
        run.change(-1)

    def source() -> Process:
        while True:
            yield run.env.timeout(run.rng.exponential(1.0 / 0.9))
            if run.level < 20:
                run.change(1)
                run.env.process(customer())

    run.env.process(source())
    return run.mean


def tandem(run: Counted, n: int) -> Callable[[], float]:
    """W3b."""
    stores = [simpy.Container(run.env, init=4) for _ in range(n)]

    def server(i: int) -> Process:
        while True:
            yield stores[i].get(1)
            yield run.env.timeout(run.rng.exponential(1.0))
            run.firings += 1
            yield stores[(i + 1) % n].put(1)

    for i in range(n):
        run.env.process(server(i))
    return lambda: run.firings / run.env.now


VERSIONS = {"w1": actors, "w3a": queue, "w3b": tandem}


def run(program: str, n: int, until: float) -> tuple[int, float, float]:
    """Firings, seconds of the loop and the estimate of a workload up to a simulated time. The first draws belong to the set-up."""
    counted = Counted()
    estimate = VERSIONS[program](counted, n)
    counted.env.run(until=1e-9)
    began = time.process_time()
    counted.env.run(until=until)
    return counted.firings, time.process_time() - began, estimate()
