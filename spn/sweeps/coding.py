"""Batches as bytes: a short header, the arrays one after the other, and a checksum. Nothing is executed when they are read."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spn.observation import End
from spn.study.plan import BatchResult, Plan

_HEAD = struct.Struct("<4sI")
_MAGIC = b"spb2"
_CHECK = 16
_ENDS = tuple(End)
_TYPES: Mapping[str, type[np.generic]] = {"d": np.float64, "q": np.int64, "b": np.uint8}

Array = NDArray[Any]


class Damaged(Exception):
    """Bytes that are not what was written."""


def plan_key(plan: Plan) -> bytes:
    """Eight bytes that tell plans apart."""
    parts = [getattr(plan, name) for name in Plan.__slots__]
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()


def encode(batch: BatchResult, context: bytes) -> bytes:
    """A batch as bytes, the same on every machine. Its checksum tells it from a batch of another `context`, too."""
    arrays: list[Array] = []
    header = {
        "index": batch.index,
        "observations": {name: _add(arrays, part) for name, part in batch.observations.items()},
        "values": {name: [_add(arrays, part) for part in parts] for name, parts in batch.values.items()},
        "firings": _add(arrays, batch.firings),
        "times": _add(arrays, batch.times),
        "dead_at": _add(arrays, batch.dead_at),
        "ends": _add(arrays, np.array([_ENDS.index(end) for end in batch.ends], np.uint8)),
        "tokens": _add(arrays, batch.tokens),
        "fired": _add(arrays, batch.fired),
        "controls": _add(arrays, batch.controls),
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    body = b"".join([_HEAD.pack(_MAGIC, len(text)), text, *(np.ascontiguousarray(part).astype(_little(part)).tobytes() for part in arrays)])
    return body + _checksum(body, context)


def _little(array: Array) -> np.dtype[Any]:
    return array.dtype.newbyteorder("<")


def _add(arrays: list[Array], array: Array) -> list[Any]:
    """Note an array to be written; its kind and shape."""
    kind = {"f": "d", "i": "q", "u": "b"}[array.dtype.kind]
    arrays.append(array.astype(_TYPES[kind], copy=False))
    return [kind, *array.shape]


def _checksum(body: bytes, context: bytes) -> bytes:
    found = hashlib.blake2b(context, digest_size=_CHECK)
    found.update(body)
    return found.digest()


def context_of(key: bytes, index: int, digest: str) -> bytes:
    """What a batch is: one of a plan, by its key, by its number, of a net."""
    return key + index.to_bytes(8, "little") + digest.encode()


def decode(data: bytes, context: bytes) -> BatchResult:
    """The batch that `encode` made bytes of. Raises `Damaged`, also if it belongs to something else."""
    body = data[:-_CHECK]
    if len(body) < _HEAD.size or _checksum(body, context) != data[-_CHECK:]:
        raise Damaged("the checksum of a batch is wrong")
    magic, length = _HEAD.unpack_from(body)
    if magic != _MAGIC:
        raise Damaged("a batch is in an unknown form")
    header = json.loads(body[_HEAD.size : _HEAD.size + length])
    reader = _Reader(body, _HEAD.size + length)
    observations = {name: reader.take(part) for name, part in header["observations"].items()}
    values = {name: tuple(reader.take(part) for part in parts) for name, parts in header["values"].items()}
    names = ("firings", "times", "dead_at", "ends", "tokens", "fired", "controls")
    firings, times, dead_at, ends, tokens, fired, controls = (reader.take(header[name]) for name in names)
    found = tuple(_ENDS[k] for k in ends)
    return BatchResult(header["index"], observations, values, firings, times, dead_at, found, tokens, fired, controls)


class _Reader:
    def __init__(self, body: bytes, at: int) -> None:
        self.body, self.at = body, at

    def take(self, form: list[Any]) -> Array:
        """The next array."""
        kind, *shape = form
        dtype = np.dtype(_TYPES[kind]).newbyteorder("<")
        count = int(np.prod(shape)) if shape else 1
        found = np.frombuffer(self.body, dtype, count, self.at).reshape(shape).astype(_TYPES[kind])
        self.at += count * dtype.itemsize
        return found
