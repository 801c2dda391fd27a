"""Who works on what: the batches of many points handed out over one pool of workers, so that none is idle while there is something to do.

What is handed out when has no influence on any number: each point's dialogue sees its batches in their order (`spn.study.batches`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, replace
from typing import final

from spn.study.batches import Conversation, Dialogue
from spn.study.plan import Plan
from spn.study.result import Result
from spn.sweeps.coding import Damaged, decode, plan_key
from spn.sweeps.executors import Workers
from spn.sweeps.work import Answer, Order, Parcel

SLICE = 0.1
"""Seconds that an order should take: long beside the time it takes to hand it out, short beside the patience of who waits."""

MOST_LOSSES = 5
"""Workers that a batch may cost; then its point is given up."""

SUSPECT = 2
"""An order that has cost so many is run alone, so that it takes no others with it."""


class GivenUp(Exception):
    """A point that cannot be simulated, in words."""


@final
class Job:
    """A point that is being simulated. `stored` are batches that were run before; `damaged` counts those that could not be read."""

    def __init__(
        self, place: int, number: int, net: Parcel, engine: str, seed: int, dialogue: Dialogue[Result], stored: Mapping[tuple[bytes, int], bytes]
    ) -> None:
        self.place, self.number, self.damaged = place, number, 0
        self._net, self._engine, self._seed = net, engine, seed
        self._stored = dict(stored)
        self._pace: float | None = None
        self._keys: dict[Plan, bytes] = {}
        self._sent = False
        self.failed: str | None = None
        self.talk = Conversation(dialogue)
        self._replay()

    def key(self, plan: Plan) -> bytes:
        """The key of a plan in the results file."""
        found = self._keys.get(plan)
        if found is None:
            found = self._keys[plan] = plan_key(plan)
        return found

    @property
    def ended(self) -> bool:
        return self.talk.ended or self.failed is not None

    def _replay(self) -> None:
        """Answer with what is stored for as long as there is something."""
        while self._stored and (request := self.talk.request) is not None:
            before = self.talk.taken
            self.talk.taken = max(before, request.index + 1)
            if not self._put_stored(request.plan, request.index):
                self.talk.taken = before
                return

    def _put_stored(self, plan: Plan, index: int) -> bool:
        """Answer with a batch that is stored; whether there is one."""
        data = self._stored.pop((self.key(plan), index), None)
        if data is None:
            return False
        try:
            batch = decode(data)
        except (Damaged, ValueError, KeyError):
            self.damaged += 1
            return False
        self.talk.put(plan, index, batch)
        return True

    def remaining(self, ahead: bool) -> int:
        """Batches that could be handed out."""
        request = self.talk.request
        if request is None or self.failed is not None:
            return 0
        return max(0, (request.likely if ahead else request.sure) - self.talk.taken)

    def take(self, most: int, ahead: bool) -> Order | None:
        """The next order, of up to `most` batches that take about a `SLICE`."""
        indices: list[int] = []
        size = 0.0
        plan: Plan | None = None
        while len(indices) < most and self.remaining(ahead):
            assert self.talk.request is not None
            if indices and self.talk.request.plan != plan:
                break
            plan = self.talk.request.plan
            (index,) = self.talk.take(1, ahead)
            if self._put_stored(plan, index):
                continue
            indices.append(index)
            size += len(plan.bounds(index))
            if self._pace is None or size * self._pace >= SLICE:
                break
        if plan is None or not indices:
            return None
        net = self._net.light if self._sent else self._net
        self._sent = True
        return Order(net, self._engine, plan, self._seed, tuple(indices))

    def heavy(self, order: Order) -> Order:
        """The order with the net, for a worker that does not have it."""
        return replace(order, net=self._net)

    def answer(self, order: Order, answer: Answer) -> list[tuple[int, bytes]]:
        """Take in what a worker has done; the batches that are worth keeping."""
        if self.ended:
            return []
        done = list(zip(order.indices, answer.batches, strict=False))
        replications = sum(len(order.plan.bounds(index)) for index, _ in done)
        if replications:
            self._pace = answer.seconds / replications
        for index, data in done:
            self.talk.put(order.plan, index, decode(data))
        if answer.error is not None:
            self.talk.put(order.plan, order.indices[len(done)], answer.error)
        self._replay()
        return done

    def kept(self) -> dict[bytes, int]:
        """The batches that the result was made of, pilots apart: how many of each plan."""
        return {self.key(plan): count for plan, count in self.talk.answered.items() if plan.experiment}


@dataclass(slots=True)
class _Attempt:
    job: Job
    order: Order
    losses: int = 0


@final
class Scheduler:
    """Runs jobs to their ends. `keep` is called with each order's batches, `ended` with each job that has ended."""

    def __init__(
        self,
        workers: Workers,
        jobs: Iterator[Job],
        keep: Callable[[Job, Plan, list[tuple[int, bytes]]], None],
        ended: Callable[[Job], None],
    ) -> None:
        self._workers, self._waiting, self._keep, self._ended = workers, jobs, keep, ended
        self._jobs: list[Job] = []
        self._more = True
        self._running: dict[Future[Answer], _Attempt] = {}
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
            self._receive(wait(self._running, return_when=FIRST_COMPLETED).done)

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

    def _receive(self, done: set[Future[Answer]]) -> None:
        broken = False
        while done:
            for future in done:
                broken = self._settle(future) or broken
            done = wait(self._running).done if broken and self._workers.together else set()
        if broken:
            self.lost += 1
            if self._workers.together:
                self._workers.renew()

    def _settle(self, future: Future[Answer]) -> bool:
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

    def _take_in(self, attempt: _Attempt, answer: Answer) -> None:
        job = attempt.job
        if answer.missing:
            attempt.order = job.heavy(attempt.order)
            self._again.append(attempt)
            return
        batches = job.answer(attempt.order, answer)
        if batches:
            self._keep(job, attempt.order.plan, batches)
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
