"""Plain data that knows where it was written: texts, names, lists and mappings with spans. Nothing here parses or checks.

`Text` and `Name` are strings, so that code which does not care about positions reads as usual.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spn.text.nodes import Mapping, Node, Scalar, ScalarValue, Sequence
from spn.text.source import Source, Span


class Text(str):
    """A scalar as it is written, to be parsed as an expression or shown; `value` is what YAML takes it for.

    `exact`: the character at index k of the text stands at ``span.start + k`` of the source, so that `part` is
    exact; else `span` is the whole scalar (a block, a text over several lines, or one with escapes).
    """

    __slots__ = ("exact", "span", "value")
    span: Span
    exact: bool
    value: ScalarValue

    def __new__(cls, text: str, span: Span | None = None, exact: bool = True, value: ScalarValue = None) -> Text:
        """A text that was not read from a file gets a source of its own, so that it always has a span."""
        made = super().__new__(cls, text)
        made.span = span if span is not None else Span(Source("<text>", text), 0, len(text))
        made.exact = exact
        made.value = text if value is None and span is None else value
        return made

    @property
    def empty(self) -> bool:
        """Nothing was written, or ``null``."""
        return self.value is None

    def part(self, start: int, stop: int) -> Span:
        """The span of the characters from `start` to `stop`, as exactly as it is known."""
        return self.span.part(start, stop) if self.exact else self.span


class Name(Text):
    """The name of something declared, with the place of its declaration. As a dictionary key it equals the plain string."""

    __slots__ = ()


class Items(list[Any]):
    """A list with the span it was written in."""

    __slots__ = ("span",)

    def __init__(self, items: Iterable[Any], span: Span) -> None:
        super().__init__(items)
        self.span = span


class Entries(dict[Any, Any]):
    """A mapping with `Text` keys and the span it was written in."""

    __slots__ = ("span",)

    def __init__(self, entries: Iterable[tuple[Text, Any]], span: Span) -> None:
        super().__init__(entries)
        self.span = span


def positioned(node: Node) -> Text | Items | Entries:
    """The data of a YAML tree. Recursive, which is safe as the reader bounds the depth."""
    match node:
        case Scalar():
            return text_of(node)
        case Sequence(items, span):
            return Items([positioned(item) for item in items], span)
        case Mapping(entries, span):
            return Entries([(text_of(key), positioned(value)) for key, value in entries], span)


def text_of(scalar: Scalar) -> Text:
    """A scalar as text; ``True`` and ``FALSE`` become the language's ``true`` and ``false``, which are as long."""
    text = scalar.text.lower() if isinstance(scalar.value, bool) else scalar.text
    return Text(text, scalar.span, scalar.exact, scalar.value)
