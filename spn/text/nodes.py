"""The tree of a YAML text: scalars, sequences and mappings that know where they stand. How they are read is in `spn.text.yaml`."""

from __future__ import annotations

from spn.records import dataclass
from spn.text.source import Span

ScalarValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, truth value or nothing (None); `text` is how it is written, or what its quotes or block hold.

    `exact`: the character at index k of `text` stands at ``span.start + k``. Else, for blocks, texts over several lines and
    texts with escapes, `span` is the whole node.
    """

    value: ScalarValue
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
