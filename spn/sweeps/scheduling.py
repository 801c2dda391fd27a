"""Who works on what: the batches of many points handed out over one pool of workers, so that none is idle while there is something to do.

What is handed out when has no influence on any number: each point's dialogue sees its batches in their order (`spn.study.batches`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import final

from spn.sweeps.executors import ExecutorError, Workers
from spn.sweeps.jobs import Batches, Job
from spn.sweeps.work import VERSIONS, Order, Reply, WholeOrder

MOST_LOSSES = 5
"""Workers that a batch may cost; then its point is given up."""

SUSPECT = 2
"""An order that has cost so many is run alone, so that it takes no others with it."""


@dataclass(slots=True)
class _Attempt:
    job: Job
    order: Order | WholeOrder
    losses: int = 0


@final
class Scheduler:
    """Runs jobs to their ends. `keep` is called with each order's batches, `ended` with each job that has ended; what comes in at one time is taken
    in `together`.
    """

    def __init__(
        self,
        workers: Workers,
        jobs: Iterator[Job],
        keep: Callable[[Job, Batches], None],
        ended: Callable[[Job], None],
        together: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._workers, self._waiting, self._keep, self._ended, self._together = workers, jobs, keep, ended, together
        self._jobs: list[Job] = []
        self._more = True
        self._running: dict[Future[Reply], _Attempt] = {}
        self._again: deque[_Attempt] = deque()
        self._alone = False
        self.lost = 0
        """How often workers have been lost."""

    def run(self) -> None:
        """Until all jobs have ended. An interruption goes through."""
        while True:
            self._fill()
            if not self._running:
                if not self._jobs and not self._more:
                    return
                continue
            done = wait(self._running, return_when=FIRST_COMPLETED).done
            with self._together():
                self._receive(done)

    # Handing out

    def _fill(self) -> None:
        if self._alone and self._running:
            return
        self._alone = False
        most = 1 if self._workers.count == 1 else 2 * self._workers.count + 1
        while len(self._running) < most:
            if self._again:
                attempt = self._again[0]
                if attempt.losses >= SUSPECT and self._running:
                    return
                self._again.popleft()
                if attempt.job.ended:
                    continue
                self._alone = attempt.losses >= SUSPECT
                self._submit(attempt)
                if self._alone:
                    return
                continue
            found = self._next()
            if found is None:
                return
            self._submit(found)

    def _next(self) -> _Attempt | None:
        """What is surely needed, of the points in their order; then another point; then, if a worker would be idle, what is probably needed."""
        for job in list(self._jobs):
            if job.remaining(ahead=False) and (found := self._take(job, ahead=False)):
                return found
        while self._more and len(self._jobs) < 3 * self._workers.count + 2:
            opened = next(self._waiting, None)
            if opened is None:
                self._more = False
                break
            if opened.ended:
                self._ended(opened)
                continue
            self._jobs.append(opened)
            if found := self._take(opened, ahead=False):
                return found
        if len(self._running) >= self._workers.count:
            return None
        for job in sorted(self._jobs, key=lambda each: -each.remaining(ahead=True)):
            if job.remaining(ahead=True) and (found := self._take(job, ahead=True)):
                return found
        return None

    def _take(self, job: Job, ahead: bool) -> _Attempt | None:
        share = job.remaining(ahead)
        if len(self._jobs) < self._workers.count:
            share = math.ceil(share * max(1, len(self._jobs)) / self._workers.count)
        order = job.take(share, ahead)
        if job.ended:  # what was stored was enough
            self._close(job)
        return None if order is None else _Attempt(job, order)

    def _submit(self, attempt: _Attempt) -> None:
        try:
            self._running[self._workers.submit(attempt.order)] = attempt
        except Exception as error:
            if not self._workers.lost(error):
                raise
            self._lose(attempt)
            if self._workers.together:
                self._receive(wait(self._running).done)
                self._workers.renew()

    # Taking in

    def _receive(self, done: set[Future[Reply]]) -> None:
        broken = False
        while done:
            for future in done:
                broken = self._settle(future) or broken
            done = wait(self._running).done if broken and self._workers.together else set()
        if broken:
            self.lost += 1
            if self._workers.together:
                self._workers.renew()

    def _settle(self, future: Future[Reply]) -> bool:
        """Take in what an order has come to; whether its worker was lost."""
        attempt = self._running.pop(future)
        try:
            error = future.exception()
        except CancelledError as cancelled:
            error = cancelled
        if error is None:
            self._take_in(attempt, future.result())
        elif self._workers.lost(error):
            self._lose(attempt)
            return True
        else:
            self._give_up(attempt.job, f"a worker failed: {type(error).__name__}: {error}")
        return False

    def _take_in(self, attempt: _Attempt, answer: Reply) -> None:
        job = attempt.job
        if answer.versions != VERSIONS:
            raise ExecutorError(f"a worker has {_named(answer.versions)}, and this process {_named(VERSIONS)}; the numbers depend on both")
        if answer.missing:
            attempt.order = job.heavy(attempt.order)
            self._again.append(attempt)
            return
        batches = job.answer(attempt.order, answer)
        if batches:
            self._keep(job, batches)
        if job.ended:
            self._close(job)

    def _lose(self, attempt: _Attempt) -> None:
        attempt.losses += 1
        attempt.order = attempt.job.heavy(attempt.order)
        if attempt.losses >= MOST_LOSSES:
            self._give_up(attempt.job, f"{MOST_LOSSES} workers died while they worked on one of its batches")
        else:
            self._again.append(attempt)

    def _give_up(self, job: Job, why: str) -> None:
        if not job.ended:
            job.failed = why
            self._close(job)

    def _close(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
            self._ended(job)


def _named(versions: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {version}" for name, version in zip(("spn", "numpy"), versions, strict=False))
