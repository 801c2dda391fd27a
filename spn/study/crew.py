"""The usual driver: one batch after the other, and several at a time on threads where the engine can and batches are long.

It decides nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar, final

from spn.observation import Prepared
from spn.study.batches import Conversation, Dialogue, Drive, Request, Run, TimeIsUp
from spn.study.plan import PILOT, BatchResult, Plan

T = TypeVar("T")

PATIENCE_SECONDS = 1.0
"""A thread that has not ended by then is left to itself: it is loading a library or a kernel."""

LONG_FIRINGS = 20_000
"""Batches shorter than this take about as long in Python, of which only one thread can run at a time, as in a kernel."""


def cores() -> int:
    """The processor's cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crew(prepared: Prepared, workers: int, left: Callable[[], float] | None = None) -> Drive:
    """A driver for what `run` does on `prepared`, with up to `workers` threads. An interruption ends batches that run, and so does the end, and the
    time, of which `left` says how many seconds there are.

    Even one batch after the other is run on a thread of its own: Ctrl-C comes up in this one, and never in the middle of what an engine does.
    """

    def drive(dialogue: Dialogue[T], run: Run) -> T:
        talk, outlook = Conversation(dialogue), _Outlook()
        jobs: SimpleQueue[tuple[Plan, int] | None] = SimpleQueue()
        results: SimpleQueue[tuple[Plan, int, BatchResult | Exception]] = SimpleQueue()

        def work() -> None:
            while (job := jobs.get()) is not None:
                results.put((*job, _tried(run, *job)))

        threads: list[threading.Thread] = []
        running = 0
        try:
            while talk.request is not None:
                request = talk.request
                prepared.expect(outlook.firings_left(request))
                several = workers > 1 and prepared.concurrent and outlook.mean * len(request.plan.bounds(request.index)) >= LONG_FIRINGS
                while len(threads) < (workers if several else 1):
                    threads.append(threading.Thread(target=work, daemon=True))
                    threads[-1].start()
                # One more than there are threads, so that none waits for this one.
                for index in talk.take((workers + 1 if several else 1) - running, ahead=several):
                    jobs.put((request.plan, index))
                    running += 1
                try:
                    plan, index, found = results.get(timeout=None if left is None else max(0.0, left()))
                except Empty:
                    talk.interrupt(TimeIsUp)
                    break
                running -= 1
                outlook.note(plan, found)
                talk.put(plan, index, found)
        except KeyboardInterrupt:
            talk.interrupt()
        finally:
            prepared.abandon()
            for _ in threads:
                jobs.put(None)
            for thread in threads:
                thread.join(PATIENCE_SECONDS)
        return talk.result()

    return drive


def _tried(run: Run, plan: Plan, index: int) -> BatchResult | Exception:
    try:
        return run(plan, index)
    except Exception as error:  # noqa: BLE001  # the dialogue decides what becomes of it
        return error


@final
class _Outlook:
    """How many firings a plan will probably take."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._firings = self._replications = 0

    def note(self, plan: Plan, found: BatchResult | Exception) -> None:
        if plan == self._plan and isinstance(found, BatchResult):
            self._firings += int(found.firings.sum())
            self._replications += found.replications

    @property
    def mean(self) -> float:
        """Firings of a replication; 0 as long as there was none."""
        return self._firings / max(1, self._replications)

    def firings_left(self, request: Request) -> float | None:
        """The firings of the batches that are likely to be asked for; None in pilots, which nobody can foresee, and before there was a batch."""
        plan = request.plan
        if plan != self._plan:
            self._plan, self._firings, self._replications = plan, 0, 0
        if plan.experiment == PILOT or not self._replications:
            return None
        left = plan.bounds(request.likely - 1).stop - plan.bounds(request.index).start
        return self.mean * left
