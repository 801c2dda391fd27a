"""Running numbered batches and putting them in order: what is decided is decided on the prefix, whatever arrives first. No statistics here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing

from spn.estimate.stopping import Reason
from spn.study.plan import BatchResult

Run = Callable[[int], BatchResult]
MapBatches = Callable[[Run, Iterable[int]], Generator[tuple[int, BatchResult], None, None]]
"""Runs batches by index, possibly many at a time, and yields them as they come, in any order. `indices` may be endless: it takes as many as it can
keep running and stops when it is closed."""

Decide = Callable[[list[BatchResult]], Reason | None]


def serial(run: Run, indices: Iterable[int]) -> Generator[tuple[int, BatchResult], None, None]:
    """One batch after another, in order: the oracle for every other way."""
    for index in indices:
        yield index, run(index)


def gather(map_batches: MapBatches, run: Run, indices: Iterable[int], decide: Decide) -> tuple[list[BatchResult], Reason | None]:
    """The batches 0 .. k, k being the first after which `decide` gives a reason; None as reason if `indices` ended before.

    `decide` sees each prefix of the batches once, in order, and never a batch that arrived before its predecessors: its decision, and with it the
    result, are the same for every executor. What was run beyond k is thrown away. `KeyboardInterrupt` gives the prefix that is there.
    """
    prefix: list[BatchResult] = []
    waiting: dict[int, BatchResult] = {}
    try:
        with closing(map_batches(run, indices)) as stream:
            for index, result in stream:
                waiting[index] = result
                while len(prefix) in waiting:
                    prefix.append(waiting.pop(len(prefix)))
                    reason = decide(prefix)
                    if reason is not None:
                        return prefix, reason
    except KeyboardInterrupt:
        return prefix, Reason.INTERRUPTED
    return prefix, None
