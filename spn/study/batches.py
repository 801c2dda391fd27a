"""Who asks for batches and who runs them: a study is a dialogue that asks for one batch after the other, and a driver answers. No statistics here.

A dialogue sees batch k of a plan only after batch k - 1, so what it decides, and with it the result, is the same whoever runs the batches,
in whatever order, however many at a time, and whether they were run before. A request says beside the batch that is needed next which ones will be
needed after it, so that a driver can run them at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, final

from spn.estimate.stopping import Reason
from spn.study.plan import BatchResult, Plan

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True)
class Request:
    """Batch `index` of `plan` is needed next. The batches before number `sure` will be needed too, those before `likely` probably; both are more than
    `index`.
    """

    plan: Plan
    index: int
    sure: int
    likely: int


class TimeIsUp(KeyboardInterrupt):
    """A limit of time interrupts, and not a person."""


class OutOfTime(Exception):
    """A limit of time was reached before there was anything to say. The message is for people."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the time was over after {seconds:.3g} s, before there was anything to say: give it more time, or ask about a smaller net")
        self.seconds = seconds

    def __reduce__(self) -> tuple[type[OutOfTime], tuple[float]]:
        return (type(self), (self.seconds,))


def interruption(error: KeyboardInterrupt) -> Reason:
    """Why an experiment ends."""
    return Reason.TIME if isinstance(error, TimeIsUp) else Reason.INTERRUPTED


Dialogue = Generator[Request, BatchResult, T]
"""Asks for batches and ends in a T. `RunError` and `KeyboardInterrupt` may be thrown into it in the place of an answer."""

Run = Callable[[Plan, int], BatchResult]
"""Runs one batch."""


class Drive(Protocol):
    """Answers a dialogue with what `run` gives, to its end."""

    def __call__(self, dialogue: Dialogue[T], run: Run, /) -> T: ...


def first(plan: Plan, count: int) -> Dialogue[list[BatchResult]]:
    """The first `count` batches of a plan."""
    found: list[BatchResult] = []
    while len(found) < count:
        found.append((yield Request(plan, len(found), count, count)))
    return found


@final
class Conversation(Generic[T]):
    """A dialogue, and the batches that are on their way to it in any order. `request` is None when it has ended."""

    def __init__(self, dialogue: Dialogue[T]) -> None:
        self._dialogue = dialogue
        self._come: dict[int, BatchResult | BaseException] = {}
        self._ended: Callable[[], T] | None = None
        self.taken = 0
        """How many batches of the current plan have been handed out."""
        self.answered: dict[Plan, int] = {}
        """How many batches of each plan the dialogue has seen."""
        self.request: Request | None = None
        self._step(lambda: next(self._dialogue))

    @property
    def ended(self) -> bool:
        return self.request is None

    def result(self) -> T:
        """What the dialogue ended in; raises what it raised."""
        assert self._ended is not None
        return self._ended()

    def take(self, most: int, ahead: bool = False) -> range:
        """Up to `most` batches of the current plan to run, each handed out once: those surely needed, with `ahead` also those that probably are."""
        if self.request is None:
            return range(0)
        start = self.taken
        stop = max(start, min(start + most, self.request.likely if ahead else self.request.sure))
        self.taken = stop
        return range(start, stop)

    def put(self, plan: Plan, index: int, found: BatchResult | BaseException) -> None:
        """A batch, or the error that it ended in. One that turned out not to be needed is dropped."""
        if not self._is_current(plan):
            return
        self._come[index] = found
        while self._is_current(plan) and (number := self._next) in self._come:
            self._answer(self._come.pop(number))

    def _is_current(self, plan: Plan) -> bool:
        return self.request is not None and self.request.plan == plan

    @property
    def _next(self) -> int:
        return -1 if self.request is None else self.request.index

    def interrupt(self, reason: type[KeyboardInterrupt] = KeyboardInterrupt) -> None:
        """End it with what there is."""
        while self.request is not None:  # more than once: it goes on to what it can say without simulating
            self._answer(reason())

    def _answer(self, found: BatchResult | BaseException) -> None:
        if isinstance(found, BaseException):
            error = found
            self._step(lambda: self._dialogue.throw(error))
        else:
            answer = found
            assert self.request is not None
            self.answered[self.request.plan] = self.request.index + 1
            self._step(lambda: self._dialogue.send(answer))

    def _step(self, step: Callable[[], Request]) -> None:
        before = None if self.request is None else self.request.plan
        try:
            self.request = step()
        except StopIteration as end:
            value = end.value
            self._end(lambda: value)
            return
        except (Exception, KeyboardInterrupt) as problem:  # noqa: BLE001  # raised again by whoever asks for the result
            error = problem
            self._end(lambda: _raise(error))
            return
        if self.request.plan != before:
            self._come.clear()
            self.taken = 0

    def _end(self, result: Callable[[], T]) -> None:
        self.request, self._ended = None, result
        self._come.clear()


def _raise(error: BaseException) -> Any:
    raise error


def serial(dialogue: Dialogue[T], run: Run) -> T:
    """One batch after the other: the oracle for every other way."""
    talk = Conversation(dialogue)
    try:
        while talk.request is not None:
            request = talk.request
            talk.put(request.plan, request.index, _tried(run, request))
    except KeyboardInterrupt:
        talk.interrupt()
    return talk.result()


def _tried(run: Run, request: Request) -> BatchResult | Exception:
    try:
        return run(request.plan, request.index)
    except Exception as error:  # noqa: BLE001  # the dialogue decides what becomes of it
        return error
