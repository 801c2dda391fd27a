"""W1 and W3b in SimPN, whose simulator looks at every transition at each event. Imported only where SimPN is installed."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from simpn.simulator import SimProblem, SimToken


class Counted:
    """The net under construction, the random numbers and what is counted. Token delays stand for timed transitions."""

    def __init__(self) -> None:
        self.problem = SimProblem()
        self.rng = np.random.Generator(np.random.SFC64(1))
        self.firings = 0
        self.down = 0.0


def actors(run: Counted, n: int) -> Callable[[float], float]:
    """W1: a token waits in its place until its delay is over; each event is the end of one sojourn."""
    for i in range(n):
        idle, failed = run.problem.add_var(f"idle{i}"), run.problem.add_var(f"failed{i}")

        def fail(_: str) -> list[SimToken]:
            run.firings += 1
            repair = run.rng.uniform(30.0, 300.0)
            run.down += repair
            return [SimToken("", delay=repair)]

        def repair(_: str) -> list[SimToken]:
            run.firings += 1
            return [SimToken("", delay=run.rng.lognormal(15.81, 0.4))]

        run.problem.add_event([idle], [failed], fail, name=f"fail{i}")
        run.problem.add_event([failed], [idle], repair, name=f"repair{i}")
        idle.put("", time=run.rng.lognormal(15.81, 0.4))
    return lambda until: run.down / until / n


def tandem(run: Counted, n: int) -> Callable[[float], float]:
    """W3b: a server that is busy is a token with a delay; the customer moves when the service ends."""
    queues = [run.problem.add_var(f"queue{i}") for i in range(n)]
    for i in range(n):
        free, busy = run.problem.add_var(f"free{i}"), run.problem.add_var(f"busy{i}")

        def begin(_: str, __: str) -> list[SimToken]:
            return [SimToken("", delay=run.rng.exponential(1.0))]

        def finish(_: str) -> list[SimToken]:
            run.firings += 1
            return [SimToken(""), SimToken("")]

        run.problem.add_event([queues[i], free], [busy], begin, name=f"begin{i}")
        run.problem.add_event([busy], [free, queues[(i + 1) % n]], finish, name=f"finish{i}")
        free.put("")
        for _ in range(4):
            queues[i].put("")
    return lambda until: run.firings / until


VERSIONS = {"w1": actors, "w3b": tandem}


def run(program: str, n: int, until: float) -> tuple[int, float, float]:
    """Firings, seconds of the loop and the estimate of a workload up to a simulated time."""
    counted = Counted()
    estimate = VERSIONS[program](counted, n)
    began = time.process_time()
    counted.problem.simulate(until)
    return counted.firings, time.process_time() - began, estimate(until)
