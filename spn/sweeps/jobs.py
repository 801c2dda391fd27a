"""A point that is being simulated: which batches it needs next, and what it has seen. Who works on it is decided in `scheduling`.

What a job has seen it has seen in the order of its batches, whoever ran them and in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import final

from spn.study.batches import Conversation, Dialogue
from spn.study.plan import BatchResult, Plan
from spn.study.result import Result
from spn.study.run import NotSupported
from spn.sweeps.coding import Damaged, context_of, decode, plan_key
from spn.sweeps.work import Answer, Asked, Ended, Order, Packer, Parcel, WholeAnswer, WholeOrder

SLICE = 0.1
"""Seconds that an order should take: long beside the time it takes to hand it out, short beside the patience of who waits."""

WHOLE = 0.2
"""Seconds that a worker works on a point by itself; what is not finished by then is handed out in parts."""

Batches = dict[Plan, list[tuple[int, bytes]]]
"""By plan: numbers and bytes."""


@final
class Job:
    """A point that is being simulated. `stored` are batches that were run before; `damaged` counts those that could not be read.

    One of which nothing is known is first given to a worker as a whole. If that does not end it, its batches are handed out one by one.
    """

    def __init__(
        self,
        place: int,
        number: int,
        parcel: Parcel,
        packer: Packer,
        engine: str,
        asked: Asked,
        dialogue: Callable[[], Dialogue[Result]],
        stored: Mapping[tuple[bytes, int], bytes],
    ) -> None:
        self.place, self.number, self.damaged = place, number, 0
        self._parcel, self._packer, self._engine, self._asked, self._dialogue = parcel, packer, engine, asked, dialogue
        self._stored = dict(stored)
        self._pace: float | None = None
        self._keys: dict[Plan, bytes] = {}
        self._talk: Conversation[Result] | None = None
        self._away = False
        self._ended: Ended | None = None
        self._kept: dict[bytes, int] = {}
        self._unsupported: NotSupported | None = None
        self.failed: str | None = None
        if self._stored:
            self._begin()

    def key(self, plan: Plan) -> bytes:
        """The key of a plan in the results file."""
        found = self._keys.get(plan)
        if found is None:
            found = self._keys[plan] = plan_key(plan)
        return found

    @property
    def ended(self) -> bool:
        return (
            self._ended is not None
            or self.failed is not None
            or self._unsupported is not None
            or (self._talk is not None and self._talk.ended)
        )

    def result(self) -> Ended:
        """What it ended in. Raises `NotSupported`."""
        if self._unsupported is not None:
            raise self._unsupported
        if self._ended is None:
            assert self._talk is not None
            self._ended = Ended.of(self._talk.result)
        return self._ended

    def kept(self) -> dict[bytes, int]:
        """The batches that the result was made of, pilots apart: how many of each plan."""
        if self._talk is None:
            return self._kept
        return {self.key(plan): count for plan, count in self._talk.answered.items() if plan.experiment}

    @property
    def replications(self) -> int:
        """How many it has seen, of the plan that it is at."""
        request = None if self._talk is None else self._talk.request
        return 0 if request is None else request.plan.bounds(request.index).start

    # What is stored

    def _begin(self) -> None:
        """Begin the dialogue, and answer with what is stored for as long as there is something."""
        self._talk = Conversation(self._dialogue())
        self._replay(self._talk)

    def _replay(self, talk: Conversation[Result]) -> None:
        while self._stored and (request := talk.request) is not None:
            before = talk.taken
            talk.taken = max(before, request.index + 1)
            if not self._put_stored(talk, request.plan, request.index):
                talk.taken = before
                return

    def _put_stored(self, talk: Conversation[Result], plan: Plan, index: int) -> bool:
        """Answer with a batch that is stored; whether there is one."""
        data = self._stored.pop((self.key(plan), index), None)
        if data is None:
            return False
        try:
            batch = self._decoded(plan, index, data)
        except Damaged:
            self.damaged += 1
            return False
        talk.put(plan, index, batch)
        return True

    def _decoded(self, plan: Plan, index: int, data: bytes) -> BatchResult:
        return decode(data, context_of(self.key(plan), index, self._asked.digest))

    # Orders

    def remaining(self, ahead: bool) -> int:
        """Batches that could be handed out; a whole counts as one."""
        if self.ended or self._away:
            return 0
        if self._talk is None:
            return 1
        request = self._talk.request
        assert request is not None
        return max(0, (request.likely if ahead else request.sure) - self._talk.taken)

    def take(self, most: int, ahead: bool) -> Order | WholeOrder | None:
        """The next order: the whole, or up to `most` batches that take about a `SLICE`."""
        if self._talk is None:
            self._away = True
            return WholeOrder(self._packer.sent(self._parcel), self._engine, self._asked, WHOLE)
        indices: list[int] = []
        size = 0.0
        plan: Plan | None = None
        while len(indices) < most and self.remaining(ahead):
            assert self._talk.request is not None
            if indices and self._talk.request.plan != plan:
                break
            plan = self._talk.request.plan
            (index,) = self._talk.take(1, ahead)
            if self._put_stored(self._talk, plan, index):
                continue
            indices.append(index)
            size += len(plan.bounds(index))
            if self._pace is None or size * self._pace >= SLICE:
                break
        if plan is None or not indices:
            return None
        return Order(self._packer.sent(self._parcel), self._engine, plan, self._asked.seed, tuple(indices), self._asked.digest)

    def heavy(self, order: Order | WholeOrder) -> Order | WholeOrder:
        """The order with the net, for a worker that does not have it."""
        return replace(order, net=self._parcel)

    # Answers

    def answer(self, order: Order | WholeOrder, answer: Answer | WholeAnswer) -> Batches:
        """Take in what a worker has done; the batches that are worth keeping."""
        if self.ended:
            return {}
        if isinstance(answer, WholeAnswer):
            return self._whole(answer)
        assert isinstance(order, Order) and self._talk is not None
        done = list(zip(order.indices, answer.batches, strict=False))
        replications = sum(len(order.plan.bounds(index)) for index, _ in done)
        if replications:
            self._pace = answer.seconds / replications
        for index, data in done:
            self._talk.put(order.plan, index, self._decoded(order.plan, index, data))
        if answer.error is not None:
            self._talk.put(order.plan, order.indices[len(done)], answer.error)
        self._replay(self._talk)
        return {order.plan: done} if done else {}

    def _whole(self, answer: WholeAnswer) -> Batches:
        self._away = False
        self._ended, self._unsupported = answer.ended, answer.error
        batches = {plan: list(enumerate(own)) for plan, own in answer.batches}
        if answer.ended is not None:
            self._kept = {self.key(plan): len(own) for plan, own in batches.items()}
        elif answer.error is None:
            self._stored = {(self.key(plan), index): data for plan, own in batches.items() for index, data in own}
            self._begin()
        return batches
