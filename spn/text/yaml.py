"""Reading YAML into nodes that know where they stand. No model types here, and no meaning beyond that of plain scalars.

PyYAML's parser gives events; the nodes, their limits and the meaning of plain scalars (YAML 1.2 core schema) are our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, Literal

import yaml

from spn.text.problems import Problems
from spn.text.source import Source, Span

MAX_BYTES = 20_000_000
MAX_DEPTH = 100
MAX_NODES = 500_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, truth value or nothing (None). `exact`: `text` stands in the source as it is, at `span`."""

    value: str | int | float | bool | None
    text: str
    span: Span
    quoted: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: list[Node]
    span: Span


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, in the order of the file; no key comes twice."""

    entries: list[tuple[Scalar, Node]]
    span: Span


Node = Scalar | Sequence | Mapping
