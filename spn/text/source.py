"""Source texts and spans in them. Nothing here reads a format."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A text and the name people know it by (a path, ``<parameter restart>``, ``<string>``)."""

    name: str
    text: str
    _line_starts: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        starts = [0]
        find = self.text.find
        position = find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = find("\n", position + 1)
        object.__setattr__(self, "_line_starts", starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character offset, both from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its end."""
        start = self._line_starts[number - 1]
        stop = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
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
