"""Where the work is done: local processes, threads, this very process, Dask, MPI, or any `concurrent.futures.Executor`. Nothing is decided here.

Dask and MPI are imported when they are asked for.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from typing import Any, final

from spn.study.crew import cores
from spn.sweeps.work import Order, Reply, WholeOrder, work


class ExecutorError(Exception):
    """An executor that cannot be used, in words for the user."""


class Workers(ABC):
    """Some workers. `count` is how many orders they work on at a time."""

    count: int
    together: bool = False
    """When a worker is lost, all orders that are being worked on are, and `renew` has to be called."""

    @abstractmethod
    def submit(self, order: Order | WholeOrder) -> Future[Reply]:
        """Give out an order."""

    @abstractmethod
    def lost(self, error: BaseException) -> bool:
        """Whether this error means that a worker has gone, and not that the work failed."""

    def renew(self) -> None:  # noqa: B027  # nothing, where workers replace themselves
        """Replace workers that have gone."""

    @abstractmethod
    def close(self, now: bool) -> None:
        """No more work; `now`: not even what is running."""


@final
class Here(Workers):
    """This process, one order after the other: the oracle for all others."""

    count = 1

    def submit(self, order: Order | WholeOrder) -> Future[Reply]:
        future: Future[Reply] = Future()
        future.set_result(work(order))
        return future

    def lost(self, error: BaseException) -> bool:
        return False

    def close(self, now: bool) -> None:
        pass


class _Recorded(SpawnContext):
    """Notes the processes that it starts, so that they can be ended."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[BaseProcess] = []

    def Process(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]  # a method here, a class there
        process = _Worker(*arguments, **named)
        self.started.append(process)
        return process


class _Worker(SpawnProcess):
    """A worker does not import the program that started it, if that is no file (a script that is read from standard input)."""

    def start(self) -> None:
        main = sys.modules["__main__"]
        path = getattr(main, "__file__", None)
        if path is None or os.path.exists(path):
            super().start()
            return
        del main.__file__
        try:
            super().start()
        finally:
            main.__file__ = path


def _begin() -> None:
    """In a new worker: Ctrl-C is for the process that started it, and when that has gone, by whatever means, the worker goes too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@final
class Processes(Workers):
    """Local processes."""

    together = True

    def __init__(self, count: int) -> None:
        self.count = count
        self._start()

    def _start(self) -> None:
        self._context = _Recorded()
        self._pool = ProcessPoolExecutor(self.count, mp_context=self._context, initializer=_begin)

    def submit(self, order: Order | WholeOrder) -> Future[Reply]:
        return self._pool.submit(work, order)

    def lost(self, error: BaseException) -> bool:
        return isinstance(error, BrokenExecutor)

    def renew(self) -> None:
        self.close(now=True)
        self._start()

    def close(self, now: bool) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        if now:
            for process in self._context.started:
                process.kill()
        for process in self._context.started:
            process.join()
        # Its semaphores go with it; the process may be about to end at once, and multiprocessing would complain about them.
        self._pool.shutdown(wait=True)
        del self._pool
        gc.collect()


@final
class Other(Workers):
    """Any executor. `shut` ends it, if it was made here; it is told whether at once."""

    def __init__(self, executor: Executor, count: int, shut: Callable[[bool], None] | None = None) -> None:
        self.count, self._executor, self._shut = count, executor, shut

    def submit(self, order: Order | WholeOrder) -> Future[Reply]:
        return self._executor.submit(work, order)

    def lost(self, error: BaseException) -> bool:
        gone = {"KilledWorker", "CommClosedError", "FutureCancelledError"}  # of Dask, which is not imported for this
        return isinstance(error, BrokenExecutor | CancelledError | ConnectionError) or type(error).__name__ in gone

    def close(self, now: bool) -> None:
        if self._shut is not None:
            self._shut(now)


def workers(executor: str | Executor, count: int | None) -> Workers:
    """The workers that are asked for: ``process``, ``thread``, ``dask:ADDRESS``, ``mpi``, or an executor. Raises `ExecutorError`."""
    local = count or cores()
    if isinstance(executor, Executor):
        return Other(executor, local)
    kind, _, address = executor.partition(":")
    if kind == "process" and not address:
        return Processes(local) if local > 1 else Here()
    if kind == "thread" and not address:
        threads = ThreadPoolExecutor(local)
        return Other(threads, local, lambda now: threads.shutdown(wait=not now, cancel_futures=True))
    if kind == "dask" and address:
        return _dask(address, count)
    if kind == "mpi" and not address:
        return _mpi(count)
    raise ExecutorError(f"no executor '{executor}'; there are process, thread, dask:ADDRESS and mpi")


def _imported(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ExecutorError(f"this needs {module.partition('.')[0]}: pip install 'spn-availability[{extra}]' ({error})") from error


def _dask(address: str, count: int | None) -> Workers:
    distributed = _imported("distributed", "dask")
    try:
        client = distributed.Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ExecutorError(f"there is no Dask scheduler at {address}: {error}") from error
    executor = client.get_executor(pure=False)

    def shut(now: bool) -> None:
        executor.shutdown(wait=not now)
        client.close()

    return Other(executor, count or max(1, sum(client.nthreads().values())), shut)


def _mpi(count: int | None) -> Workers:
    futures = _imported("mpi4py.futures", "mpi")
    executor = futures.MPIPoolExecutor()
    ranks = int(executor.num_workers)
    if ranks < 1:
        raise ExecutorError("MPI has no other ranks to work on; start it as: mpiexec -n 4 python -m mpi4py.futures -m spn sweep STUDY --executor mpi")
    return Other(executor, count or ranks, lambda now: executor.shutdown(wait=not now, cancel_futures=True))
