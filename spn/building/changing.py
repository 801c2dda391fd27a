"""Changing a YAML text where its data differs from other data, so that comments, order, quotes and layout stay as they are everywhere else.

The text's own nodes know where they stand, so that an edit is a stretch of text and what is put there. Whatever comes of the edits is read
again: if that is not the data wanted (a layout that nobody foresaw), whole sections are written anew, and if that does not help, the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from spn.building import writing
from spn.building.values import Plain
from spn.text.nodes import Mapping, Node, Scalar, Sequence
from spn.text.problems import Problems
from spn.text.source import Source
from spn.text.yaml import read


def changed(text: str, data: dict[str, Plain]) -> str:
    """The text with as little changed as it takes for reading it to give `data`."""
    node = tree(text)
    if isinstance(node, Mapping):
        for whole_sections in (False, True):
            found = _Changes(text, whole_sections).to(node, data)
            again = tree(found)
            if again is not None and same(plain_of(again), data):
                return found
    ending = "\r\n" if "\r\n" in text else "\n"
    return writing.document(data).replace("\n", ending)


def tree(text: str | Source) -> Node | None:
    """The tree of a text; None if anything is wrong with it."""
    problems = Problems()
    node = read(text if isinstance(text, Source) else Source("<text>", text), problems)
    return None if any(True for _ in problems.errors) else node


def plain_of(node: Node) -> Plain:
    """The data of a tree."""
    match node:
        case Scalar():
            return node.text if node.quoted or not isinstance(node.value, int | float | None) else node.value
        case Sequence():
            return [plain_of(item) for item in node.items]
        case Mapping():
            return {key.text: plain_of(value) for key, value in node.entries}


def same(one: Plain, other: Plain) -> bool:
    """Whether two values are the same: also of the same kind, and in the same order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


class _Edit(NamedTuple):
    start: int
    stop: int
    text: str


@dataclass(slots=True)
class _Changes:
    """Collects the edits of a text. With `whole_sections` a section that differs is written anew."""

    text: str
    whole_sections: bool = False
    edits: list[_Edit] = field(default_factory=list)

    def to(self, node: Mapping, data: dict[str, Plain]) -> str:
        """The text with all edits made."""
        self._value(node, data, -2, False)
        pieces, at = [], 0
        for edit in sorted(self.edits):
            pieces += [self.text[at : edit.start], edit.text]
            at = max(at, edit.stop)
        found = "".join(pieces) + self.text[at:]
        return re.sub(r"\r?\n", "\r\n", found) if "\r\n" in self.text else found

    def _value(self, node: Node, data: Plain, indent: int, flow: bool) -> None:
        """Make a value `data`; `indent` is that of the key before it."""
        if same(plain_of(node), data):
            return
        if isinstance(node, Mapping) and isinstance(data, dict) and node.entries and data and self._mapping(node, data, indent, flow):
            return
        if isinstance(node, Sequence) and isinstance(data, list) and node.items and len(node.items) == len(data):
            flow = flow or self.text[node.span.start] == "["
            for item, value in zip(node.items, data, strict=True):
                self._value(item, value, indent, flow)
            return
        self._replace(node, data, indent, flow)

    def _mapping(self, node: Mapping, data: dict[str, Plain], indent: int, flow: bool) -> bool:
        """Change a mapping entry by entry, if that can be done; else False, and nothing is done."""
        known = {key.text: (key, value) for key, value in node.entries}
        kept = [key for key in known if key in data]
        if not kept or kept != [key for key in data if key in known] or (self.whole_sections and indent >= 0):
            return False
        flow = flow or self.text[node.span.start] == "{"
        if not flow and len(kept) < len(data) + len(known) - len(kept) and not all(self._begins_line(key) for key, _ in node.entries):
            return False
        column = self._column(node.entries[0][0].span.start)
        for key in kept:
            self._value(known[key][1], data[key], column, flow)
        for number, (name, _) in enumerate(node.entries):
            if name.text not in data:
                self.edits.append(self._removed_in_flow(node, number, kept) if flow else self._removed_in_block(node, number))
        for before, key in self._added(data, known):
            self.edits.append(self._inserted(known, before, key, data[key], column, flow))
        return True

    @staticmethod
    def _added(data: dict[str, Plain], known: dict[str, tuple[Scalar, Node]]) -> Iterator[tuple[str | None, str]]:
        """New keys, each with the kept one before it."""
        before = None
        for key in data:
            if key in known:
                before = key
            else:
                yield before, key

    def _inserted(self, known: dict[str, tuple[Scalar, Node]], before: str | None, key: str, value: Plain, column: int, flow: bool) -> _Edit:
        if flow:
            written = f"{writing.scalar(key, flow=True, key=True)}: {writing.flow(value)}"
            if before is None:
                first = self._start(next(iter(known.values()))[0])
                return _Edit(first, first, f"{written}, ")
            end = self._stop(known[before][1])
            return _Edit(end, end, f", {written}")
        lines = writing.entry(key, value, column)
        if before is None:
            first = self._line_start(self._start(next(iter(known.values()))[0]))
            return _Edit(first, first, f"{' ' * column}{lines}\n")
        end = self._line_end(self._stop(known[before][1]))
        blank = "\n" if column == 0 and "\n" in lines and "\n\n" in self.text.replace("\r", "") else ""
        return _Edit(end, end, f"\n{blank}{' ' * column}{lines}")

    def _removed_in_block(self, node: Mapping, number: int) -> _Edit:
        key, value = node.entries[number]
        end = self.text.find("\n", max(self._stop(value), self._stop(key)))
        return _Edit(self._line_start(self._start(key)), end + 1 if end >= 0 else len(self.text), "")

    def _removed_in_flow(self, node: Mapping, number: int, kept: list[str]) -> _Edit:
        """An entry of a flow mapping with the comma after it, or that before it if no entry is kept after it."""
        key, value = node.entries[number]
        if any(later.text in kept for later, _ in node.entries[number + 1 :]):
            return _Edit(self._start(key), self._start(node.entries[number + 1][0]), "")
        before = node.entries[number - 1] if number else None
        return _Edit(self._stop(before[1]) if before else self._start(key), self._stop(value), "")

    def _replace(self, node: Node, data: Plain, indent: int, flow: bool) -> None:
        start, stop = self._start(node), self._stop(node)
        if flow or (not isinstance(data, dict | list) and isinstance(node, Scalar)):
            text = self._scalar(node, data, flow) if isinstance(node, Scalar) else writing.flow(data)
            lead = " " if start == stop and self.text[start - 1 : start] in (":", "-", "?") else ""
            self.edits.append(_Edit(start, stop, lead + text))
            return
        before = len(self.text[:start].rstrip(" \r\n"))
        if self.text[before - 1 : before] not in (":", "-"):  # a comment, or a tag
            before = start
        self.edits.append(_Edit(before, stop, writing.after(data, max(indent, 0)) if indent >= 0 else writing.block_or_empty(data)))

    def _scalar(self, node: Scalar, data: Plain, flow: bool) -> str:
        """A value in place of another: in the quotes that the other had."""
        quote = self.text[node.span.start - 1 : node.span.start] if node.exact else self.text[node.span.start : node.span.start + 1]
        if node.quoted and isinstance(data, str) and quote in ("'", '"') and "\n" not in data:
            return writing.quoted(data, double=quote == '"')
        return writing.flow(data) if flow else writing.after(data, 0).lstrip(" ") if "\n" not in str(data) else writing.quoted(str(data), double=True)

    # places in the text

    def _start(self, node: Node) -> int:
        return node.span.start - (isinstance(node, Scalar) and node.quoted and node.exact)

    def _stop(self, node: Node) -> int:
        """The end of what is written; in a block, of its last entry."""
        if isinstance(node, Mapping) and node.entries and self.text[node.span.start] != "{":
            return self._stop(node.entries[-1][1])
        if isinstance(node, Sequence) and node.items and self.text[node.span.start] != "[":
            return self._stop(node.items[-1])
        stop = node.span.stop + (isinstance(node, Scalar) and node.quoted and node.exact)
        if isinstance(node, Scalar) and node.quoted and not node.exact:  # a block scalar's end is noticed at what follows it
            stop = len(self.text[:stop].rstrip())
        return stop

    def _column(self, at: int) -> int:
        return at - self._line_start(at)

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[end - 1 : end] == "\r" and end > at else end

    def _begins_line(self, key: Scalar) -> bool:
        start = self._start(key)
        return not self.text[self._line_start(start) : start].strip(" \ufeff")
