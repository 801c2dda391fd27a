"""What a worker does: run batches of a net that it was sent once, or a whole point. Everything that goes to a worker and comes back is picklable."""

from __future__ import annotations

import hashlib
import json
import pickle
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np

from spn.net.types import Net
from spn.observation import Prepared, RunError
from spn.resolver.again import Member, with_delays
from spn.study.batches import Conversation, Request
from spn.study.plan import BatchResult, Plan, run_batch
from spn.study.result import Progress, Result
from spn.study.run import NotSupported, Settings, Study, chosen_measures
from spn.sweeps.coding import context_of, encode, plan_key
from spn.sweeps.records import Record, record
from spn.version import __version__

SMALL = 4096
"""A net of at most so many bytes goes with every order; larger ones are sent to a worker that asks."""

KEPT = 64
"""Nets that a worker keeps."""

PATIENCE = 10.0
"""How much longer than it works a worker may take over a whole point: other work on its machine can make it wait."""

VERSIONS = (__version__, np.__version__)
"""What all workers must have in common, as the numbers depend on it."""


@final
@dataclass(frozen=True, slots=True)
class Parcel:
    """A net on its way: the bytes of one that many have in common, left out where the worker probably has them, and the delays that are put in it."""

    key: bytes
    content: bytes | None
    delays: bytes = b""

    @staticmethod
    def of(net: Net) -> Parcel:
        """The net as bytes."""
        content = zlib.compress(pickle.dumps(net, protocol=pickle.HIGHEST_PROTOCOL), 1)
        return Parcel(hashlib.blake2b(content, digest_size=16).digest(), content)

    @property
    def light(self) -> Parcel:
        """Without the content, unless it is small anyway."""
        return self if self.content is None or len(self.content) <= SMALL else replace(self, content=None)


@final
class Packer:
    """Packs nets; those that many have in common once."""

    def __init__(self) -> None:
        self._packed: OrderedDict[int, tuple[Net, Parcel]] = OrderedDict()
        self._sent: set[bytes] = set()

    def pack(self, member: Member) -> Parcel:
        """The parcel of a net."""
        base, number = member.base, id(member.base)
        if number not in self._packed:
            self._packed[number] = (base, Parcel.of(base))
            while len(self._packed) > 8:
                self._packed.popitem(last=False)
        self._packed.move_to_end(number)
        parcel = self._packed[number][1]
        return replace(parcel, delays=pickle.dumps(dict(member.delays), protocol=pickle.HIGHEST_PROTOCOL)) if member.delays else parcel

    def sent(self, parcel: Parcel) -> Parcel:
        """The parcel as it is sent: whole the first time."""
        if parcel.key in self._sent:
            return parcel.light
        self._sent.add(parcel.key)
        return parcel


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be found out at a point. `engine` is what the user asked for, and stands in the result."""

    measures: tuple[str, ...]
    settings: Settings
    seed: int
    engine: str
    digest: str

    def study(self, net: Net, progress: Callable[[Progress], None] | None = None) -> Study:
        """The study of the point's net."""
        chosen = chosen_measures(net, self.measures)
        return Study(net, chosen, self.seed, self.settings, self.engine, progress, digest=self.digest)


@final
@dataclass(frozen=True, slots=True)
class Order:
    """Batches of a plan to run."""

    net: Parcel
    engine: str
    plan: Plan
    seed: int
    indices: tuple[int, ...]
    digest: str


@final
@dataclass(frozen=True, slots=True)
class WholeOrder:
    """A point to simulate from its beginning, to its end if that takes no more than so many `seconds` of the processor."""

    net: Parcel
    engine: str
    asked: Asked
    seconds: float


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """The batches of an order, as bytes, up to the first that failed and with its error. `missing`: the worker does not have the net."""

    batches: tuple[bytes, ...] = ()
    error: RunError | NotSupported | None = None
    seconds: float = 0.0
    missing: bool = False
    versions: tuple[str, ...] = VERSIONS


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """What a point ended in: its record as JSON, and what of it is needed at once."""

    record: str
    firings: int

    @staticmethod
    def of(result: Callable[[], Result]) -> Ended:
        """What is kept of a result, or of the error of the net in its place."""
        try:
            found = record(result())
        except RunError as error:
            found = Record(error=f"{error.code}: {error.message} (at time {error.time:.9g} s)", code=error.code)
        return Ended(json.dumps(found.to_dict()), found.firings)


@final
@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """How far a point has come: `batches` of its plans, each from the first on. If it has `ended`, those of pilots are left out."""

    batches: tuple[tuple[Plan, tuple[bytes, ...]], ...] = ()
    ended: Ended | None = None
    error: NotSupported | None = None
    missing: bool = False
    versions: tuple[str, ...] = VERSIONS


Reply = Answer | WholeAnswer


def work(order: Order | WholeOrder) -> Reply:
    """Do what is asked."""
    return _whole(order) if isinstance(order, WholeOrder) else _batches(order)


def _batches(order: Order) -> Answer:
    began = time.perf_counter()
    done: list[bytes] = []
    try:
        known = _prepared(order)
        if known is None:
            return Answer(missing=True)
        for index in order.indices:
            done.append(_encoded(run_batch(known.prepared, order.plan, order.seed, index), order.plan, order.digest))
    except RunError as error:
        return Answer(tuple(done), error, time.perf_counter() - began)
    except NotSupported as error:
        return Answer((), error)
    return Answer(tuple(done), None, time.perf_counter() - began)


def _whole(order: WholeOrder) -> WholeAnswer:
    """One batch after the other, as `serial` does, for as long as it may."""
    try:
        known = _prepared(order)
        if known is None:
            return WholeAnswer(missing=True)
        working, waiting = time.thread_time() + order.seconds, time.perf_counter() + PATIENCE * order.seconds
        talk = Conversation(order.asked.study(known.net).dialogue())
        done: dict[Plan, list[BatchResult]] = {}
        while talk.request is not None and (not done or (time.thread_time() < working and time.perf_counter() < waiting)):
            found = _run(known.prepared, order.asked.seed, talk.request)
            if isinstance(found, BatchResult):
                done.setdefault(talk.request.plan, []).append(found)
            talk.put(talk.request.plan, talk.request.index, found)
        ended = Ended.of(talk.result) if talk.ended else None
    except NotSupported as error:
        return WholeAnswer(error=error)
    wanted = [(plan, own) for plan, own in done.items() if plan.experiment or ended is None]
    return WholeAnswer(tuple((plan, tuple(_encoded(batch, plan, order.asked.digest) for batch in own)) for plan, own in wanted), ended)


def _encoded(batch: BatchResult, plan: Plan, digest: str) -> bytes:
    return encode(batch, context_of(plan_key(plan), batch.index, digest))


def _run(prepared: Prepared, seed: int, request: Request) -> BatchResult | RunError:
    try:
        return run_batch(prepared, request.plan, seed, request.index)
    except RunError as error:
        return error


# Nets that a worker has


@dataclass(slots=True)
class _Known:
    net: Net
    prepared: Prepared


@dataclass(slots=True)
class _Store(threading.local):
    """Of each thread. `nets` are by their parcel and engine."""

    nets: OrderedDict[tuple[bytes, bytes, str], _Known] = field(default_factory=OrderedDict)


_KNOWN = _Store()


def _prepared(order: Order | WholeOrder) -> _Known | None:
    """The net made ready, by this thread; None if it has to be sent. Raises `NotSupported`."""
    parcel = order.net
    key = (parcel.key, parcel.delays, order.engine)
    known = _KNOWN.nets.get(key)
    if known is None:
        base = _base(parcel, order.engine)
        known = base if base is None or not parcel.delays else _again(base, parcel.delays, order.engine)
        if known is None:
            return None
        _keep(key, known)
    _KNOWN.nets.move_to_end(key)
    return known


def _base(parcel: Parcel, engine: str) -> _Known | None:
    key = (parcel.key, b"", engine)
    known = _KNOWN.nets.get(key)
    if known is None:
        if parcel.content is None:
            return None
        net = pickle.loads(zlib.decompress(parcel.content))
        known = _Known(net, _made_ready(net, engine))
        _keep(key, known)
    _KNOWN.nets.move_to_end(key)
    return known


def _again(base: _Known, delays: bytes, engine: str) -> _Known:
    """A net with other delays: by the kernel of the one that it is made from, if that can be."""
    net = with_delays(base.net, pickle.loads(delays))
    again: Callable[[Net], Prepared | None] | None = getattr(base.prepared, "again", None)
    return _Known(net, (again(net) if again else None) or _made_ready(net, engine))


def _made_ready(net: Net, name: str) -> Prepared:
    from spn.engine.engines import find_engine

    engine = find_engine(name)
    if reasons := engine.supports(net):
        raise NotSupported(engine.name, reasons)
    return engine.prepare(net)


def _keep(key: tuple[bytes, bytes, str], known: _Known) -> None:
    _KNOWN.nets[key] = known
    while len(_KNOWN.nets) > KEPT:
        _, oldest = _KNOWN.nets.popitem(last=False)
        oldest.prepared.abandon()
