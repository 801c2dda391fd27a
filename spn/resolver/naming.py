"""Names for the indices of a class: the path of the instance, then the values of the own indices. Filling them in is in `spn.net.labels`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spn.expressions.tree import Variable
from spn.expressions.types import BOOLEAN, INTEGER, Enumeration, Type
from spn.net.types import Label
from spn.records import dataclass
from spn.resolver.columns import Array, Tables, encode
from spn.resolver.elaborate import Block


@dataclass(frozen=True, slots=True)
class Index:
    """One index that a label shows: its values over the class (as numbers), its type, and the name to show before it."""

    values: Array
    type: Type
    name: str = ""


def hole(index: Index) -> str:
    """The hole for an index in a template."""
    lead = f"{index.name}=" if index.name else ""
    if isinstance(index.type, Enumeration):
        return f"{lead}{{{'|'.join(index.type.members)}}}"
    if index.type == BOOLEAN:
        return f"{lead}{{false|true}}"
    return f"{lead}*"


def label(start: int, prefix: str, prefix_indices: Sequence[Index], own: str, indices: Sequence[Index], variable: Variable, tables: Tables) -> Label:
    """The label of consecutive indices from `start` on, with the values of every index that it shows."""
    template = own
    if prefix:
        holes = iter(prefix_indices)
        template = re.sub(r"\*", lambda _: hole(next(holes)), prefix) + "." + own
    if indices:
        template += "(" + ",".join(hole(index) for index in indices) + ")"
    arguments = tuple(
        encode(index.values.astype(np.int64), variable, INTEGER, tables, start) for index in (*prefix_indices, *indices)
    )
    return Label(start, template, arguments)


def runs(keys: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Start and stop of each run of equal keys."""
    if not keys.size:
        return
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    yield from zip(edges[:-1], edges[1:], strict=True)


def block_of(blocks: Sequence[Block], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position in `blocks` of the block that each row belongs to."""
    return np.searchsorted(np.array([block.start for block in blocks]), rows, side="right").astype(np.int64) - 1
