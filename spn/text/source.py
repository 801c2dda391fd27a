"""Source texts and spans in them. Nothing here reads a format."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import field
from typing import Protocol

from spn.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, for people: `line` and `column` (from 1) in what has the `name`, whose line is `text`; `note` helps to find it."""

    name: str
    line: int
    column: int
    text: str
    note: str | None = None


class Places(Protocol):
    """Tells where the parts of a text are that people did not write as this text, such as a model built in code."""

    def place(self, source: Source, offset: int) -> Place:
        """Where a character offset is."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A text and the name people know it by (a path, ``<parameter restart>``, ``<string>``); `places`, if they do not know it as a text of lines."""

    name: str
    text: str
    places: Places | None = field(default=None, repr=False)
    _starts: array[int] = field(init=False, repr=False, default_factory=lambda: array("q"))

    @property
    def _line_starts(self) -> array[int]:
        """The offset of each line, found when first asked for: most texts have no problems to point at."""
        starts = self._starts
        if not starts:
            starts.append(0)
            starts.extend(match.end() for match in re.finditer("\n", self.text))
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, both from 1."""
        starts = self._line_starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def place(self, offset: int) -> Place:
        """Where a character offset is, as people are told."""
        if self.places is not None:
            return self.places.place(self, offset)
        line, column = self.position(offset)
        return Place(self.name, line, column, self.line(line))

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its end."""
        starts = self._line_starts
        start = starts[number - 1]
        stop = starts[number] if number < len(starts) else len(self.text)
        return self.text[start:stop].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source, as character offsets; `stop` is exclusive."""

    source: Source
    start: int
    stop: int

    def part(self, start: int, stop: int) -> Span:
        """The span from `start` to `stop`, counted from this span's start."""
        return Span(self.source, self.start + start, self.start + max(start, stop))

    def to(self, other: Span) -> Span:
        """The span from this one's start to the end of `other`."""
        return Span(self.source, self.start, max(self.stop, other.stop))
