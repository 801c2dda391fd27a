"""Where in a model built in code a problem is: the path to the value, the value's own text, and the line of the program that gave it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from spn.text.nodes import Mapping, Node, Scalar, Sequence
from spn.text.source import Place, Source

Parts: TypeAlias = tuple[str | int, ...]


class Paths:
    """Knows a model's text (`spn.building.writing`) as paths: ``transitions.fail.delay:1:19``.

    `line_of` gives the file and line that set what is at a path.
    """

    def __init__(self, node: Node, line_of: Callable[[Parts], tuple[str, int] | None]) -> None:
        self.line_of = line_of
        self.found: list[tuple[int, Parts, Scalar, bool]] = []
        self._walk(node, ())
        self.starts = [start for start, _, _, _ in self.found]

    def _walk(self, node: Node, path: Parts) -> None:
        match node:
            case Sequence(items=[]) | Mapping(entries=[]):
                text = "{}" if isinstance(node, Mapping) else "[]"
                self.found.append((node.span.start, path, Scalar(text, text, node.span), False))
            case Scalar():
                self.found.append((node.span.start, path, node, False))
            case Sequence():
                for number, item in enumerate(node.items):
                    self._walk(item, (*path, number))
            case Mapping():
                for key, value in node.entries:
                    self.found.append((key.span.start, (*path, key.text), key, True))
                    self._walk(value, (*path, key.text))

    def at(self, offset: int) -> tuple[Parts, Scalar, bool] | None:
        """What stands at a character offset: its path, its scalar, and whether that is a key."""
        number = bisect_right(self.starts, offset) - 1
        return self.found[number][1:] if number >= 0 else None

    def place(self, source: Source, offset: int) -> Place:
        """As people are told."""
        found = self.at(offset)
        if found is None:
            return Place(source.name, 1, 1, "")
        path, scalar, is_key = found
        note = given_in(self.line_of(path))
        if is_key:
            line, column = source.position(scalar.span.start)
            return Place(shown(path), 1, 1 + max(0, offset - scalar.span.start), source.line(line)[column - 1 :], note)
        if not scalar.exact:
            return Place(shown(path), 1, 1, scalar.text.split("\n")[0], note)
        return Place(shown(path), 1, 1 + min(offset - scalar.span.start, len(scalar.text)), scalar.text, note)


class Lines:
    """Knows a model's text as the lines of its file, and adds where a value was changed since it was read."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    def place(self, source: Source, offset: int) -> Place:
        """As people are told."""
        line, column = source.position(offset)
        found = self.paths.at(offset)
        return Place(source.name, line, column, source.line(line), given_in(self.paths.line_of(found[0])) if found else None)


def shown(path: Parts) -> str:
    """A path as text: ``transitions.fail.in[0]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{part[:60]!r}]"
    return text


def given_in(line: tuple[str, int] | None) -> str | None:
    """The line of a program, for people; without the file where there is none, as in a notebook."""
    if line is None:
        return None
    file, number = line
    path = Path(file)
    if not path.is_file():
        return f"given in line {number}"
    here = Path.cwd()
    return f"given in {path.relative_to(here) if path.is_relative_to(here) else path}:{number}"
