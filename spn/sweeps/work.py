"""What a worker does: run batches of a net that it was sent once. Everything that goes to a worker and comes back is small and picklable."""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, final

from spn.net.types import Net
from spn.observation import Prepared, RunError
from spn.study.plan import Plan, run_batch
from spn.study.run import NotSupported
from spn.sweeps.coding import encode

SMALL = 4096
"""A net of at most so many bytes goes with every order; larger ones are sent to a worker that asks."""

KEPT = 64
"""Nets that a worker keeps."""


@final
@dataclass(frozen=True, slots=True)
class Parcel:
    """A net on its way: its `key`, and its bytes, which are left out where the worker probably has them."""

    key: bytes
    content: bytes | None

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
@dataclass(frozen=True, slots=True)
class Order:
    """Batches of a plan to run."""

    net: Parcel
    engine: str
    plan: Plan
    seed: int
    indices: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """The batches of an order, as bytes, up to the first that failed and with its error. `missing`: the worker does not have the net."""

    batches: tuple[bytes, ...] = ()
    error: RunError | NotSupported | None = None
    seconds: float = 0.0
    missing: bool = False


_KNOWN = threading.local()


def work(order: Order) -> Answer:
    """Run the batches of an order."""
    began = time.perf_counter()
    try:
        prepared = _prepared(order)
        if prepared is None:
            return Answer(missing=True)
        done: list[bytes] = []
        for index in order.indices:
            done.append(encode(run_batch(prepared, order.plan, order.seed, index)))
    except RunError as error:
        return Answer(tuple(done), error, time.perf_counter() - began)
    except NotSupported as error:
        return Answer((), error)
    return Answer(tuple(done), None, time.perf_counter() - began)


def _prepared(order: Order) -> Prepared | None:
    """The net made ready, by this thread; None if it has to be sent. Raises `NotSupported`."""
    known: OrderedDict[Any, Prepared] = _KNOWN.__dict__.setdefault("nets", OrderedDict())
    key = (order.net.key, order.engine)
    if key in known:
        known.move_to_end(key)
        return known[key]
    if order.net.content is None:
        return None
    from spn.engine.engines import find_engine

    net = pickle.loads(zlib.decompress(order.net.content))
    engine = find_engine(order.engine)
    if reasons := engine.supports(net):
        raise NotSupported(engine.name, reasons)
    known[key] = engine.prepare(net)
    while len(known) > KEPT:
        _, oldest = known.popitem(last=False)
        oldest.abandon()
    return known[key]
