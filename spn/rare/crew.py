"""Who runs replications: this process, and where it takes longer, several. Numbers do not depend on it. It decides nothing."""

from __future__ import annotations

import math
import signal
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any, final

from spn.engine.reference.prepared import PreparedNet
from spn.rare.cycles import Late, Row, World, replicate
from spn.rare.graph import Graph
from spn.rare.guide import Guide
from spn.rare.planning import Plan
from spn.rare.question import Question

PATIENCE = 3.0
"""Seconds in one process before others are started."""

_world: World | None = None
_plan: Plan | None = None
_seed = 0


def _begin(question: Question, graph: Graph, guide: Guide | None, plan: Plan, seed: int) -> None:
    """In a new worker: Ctrl-C is for the process that started it."""
    global _world, _plan, _seed  # noqa: PLW0603  # a worker's own
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _world = World(question, PreparedNet(replace(question.net, measures=())), graph, guide)
    _plan, _seed = plan, seed


def _work(numbers: range) -> list[Row]:
    assert _world is not None
    assert _plan is not None
    return [replicate(_world, _plan.search, _plan.course, _seed, number) for number in numbers]


class _Recorded(SpawnContext):
    """Notes the processes that it starts, so that they can be ended."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[BaseProcess] = []

    def Process(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]  # a method here, a class there
        process = SpawnContext.Process(*arguments, **named)
        self.started.append(process)
        return process


@final
class Crew:
    """Replications from number 0 on, in blocks, in order."""

    def __init__(self, world: World, plan: Plan, seed: int, workers: int, clock: Callable[[], float], until: float = math.inf) -> None:
        """By `clock`, at `until` the time is over."""
        self._world, self._plan, self._seed, self._workers, self._clock, self._until = world, plan, seed, workers, clock, until
        self._pool: ProcessPoolExecutor | None = None
        self._began = clock()
        self._waiting: deque[tuple[range, Future[list[Row]]]] = deque()
        self._handed = 0
        self._context = _Recorded()

    def block(self, left: int) -> list[Row]:
        """The next block; `left` says how many replications more are surely wanted, so that workers go no further ahead than that. When the time is
        over it has those that have ended, perhaps none.
        """
        size, waiting = self._plan.block, self._waiting
        if self._pool is None and self._workers > 1 and self._clock() - self._began > PATIENCE and left > 2 * size:
            self._start()
        while self._pool is not None and len(waiting) < 2 * self._workers and (left > size * len(waiting) or not waiting):
            numbers = self._numbers()
            waiting.append((numbers, self._pool.submit(_work, numbers)))
        if not waiting:
            return self._here(self._numbers())
        numbers, future = waiting.popleft()
        try:
            return future.result(None if self._until == math.inf else max(0.0, self._until - self._clock()))
        except TimeoutError:
            return []
        except BrokenExecutor:  # a worker was killed, or could not start, as in a script that does not guard its main module
            self.close()
            self._workers = 1
            self._handed = numbers.start
            waiting.clear()
            return self._here(self._numbers())

    def _numbers(self) -> range:
        self._handed += self._plan.block
        return range(self._handed - self._plan.block, self._handed)

    def _here(self, numbers: range) -> list[Row]:
        rows: list[Row] = []
        try:
            for number in numbers:
                rows.append(replicate(self._world, self._plan.search, self._plan.course, self._seed, number))
        except Late:
            pass
        return rows

    def _start(self) -> None:
        self._context = _Recorded()
        given = (self._world.question, self._world.graph, self._world.guide, self._plan, self._seed)
        self._pool = ProcessPoolExecutor(self._workers, mp_context=self._context, initializer=_begin, initargs=given)

    def close(self) -> None:
        """No more work."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
            for process in self._context.started:  # nobody waits for what they are doing
                process.terminate()
