"""Reading YAML into nodes that know where they stand. No model types here.

PyYAML's parser gives events; nodes are made of them without recursion and within limits, so that no text, however hostile, costs
more than a few seconds and a few hundred megabytes. Anchors, aliases and tags, which models do not need, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any, TypeGuard

import yaml

from spn.records import dataclass
from spn.text import syntax
from spn.text.files import is_clean, load_file
from spn.text.nodes import Mapping, Node, Scalar, Sequence
from spn.text.problems import Problems
from spn.text.scalars import resolve
from spn.text.source import Source, Span
from spn.text.syntax import MAX_DEPTH, MAX_KEY

__all__ = ["MAX_DEPTH", "MAX_NODES", "Mapping", "Node", "Scalar", "Sequence", "load_file", "read"]

MAX_NODES = 400_000
"""The most scalars, lists and mappings that one text may have."""

_QUOTES = ("'", '"')
_COMMENT = re.compile(r"[ \t]+#")

make_parser: Callable[[str], Any] = getattr(yaml, "CSafeLoader", None) or yaml.SafeLoader
"""libyaml where PyYAML has it, else the parser in Python."""


def read(source: Source, problems: Problems) -> Node | None:
    """The tree of a YAML text, or None if there is none to be had.

    A tree is given in spite of problems that leave its shape clear (a key that comes twice, a number that is ambiguous), so that
    what else is wrong can be told as well.
    """
    if not is_clean(source, problems):
        return None
    shift = 1 if source.text.startswith("\ufeff") else 0
    builder = _Builder(source, problems, shift)
    try:
        for event in _events(source.text[shift:]):
            if not builder.take(event):
                break
    except yaml.YAMLError as error:
        syntax.report(error, source, shift, problems)
        return None
    if builder.root is None and not builder.stopped:
        problems.error("empty", "there is nothing in it", Span(source, 0, 0), "a model starts with 'spn: 1'")
    return None if builder.stopped else builder.root


def _events(text: str) -> Iterator[Any]:
    parser = make_parser(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet. In a mapping, `items` are keys and values in turn."""

    mapping: bool
    flow: bool
    start: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class _Builder:
    """Makes nodes of events."""

    source: Source
    problems: Problems
    shift: int
    root: Node | None = None
    stopped: bool = False
    nodes: int = 0
    open: list[_Open] = field(default_factory=list)

    def take(self, event: Any) -> bool:
        """Use one event; False to stop, with nothing more to come of it."""
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_properties(event)
            return self._add(self._scalar(event))
        if isinstance(event, yaml.CollectionStartEvent):
            self._refuse_properties(event)
            mapping = isinstance(event, yaml.MappingStartEvent)
            self.open.append(_Open(mapping, bool(event.flow_style), self._span(event).start))
            if len(self.open) > MAX_DEPTH:
                return self._stop("too-deep", f"nested deeper than {MAX_DEPTH} levels", event)
            return True
        if isinstance(event, yaml.CollectionEndEvent):
            return self._add(self._close(self.open.pop(), self._span(event).stop))
        if isinstance(event, yaml.AliasEvent):
            self._refuse_alias(event)
            span = self._span(event)
            return self._add(Scalar(f"*{event.anchor}", f"*{event.anchor}", span))
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self.problems.error("documents", "a second document starts here", self._span(event), "a file holds one model; remove the '---'")
            return False
        return True

    def _stop(self, code: str, message: str, event: Any) -> bool:
        self.problems.error(code, message, self._span(event))
        self.stopped = True
        return False

    def _span(self, event: Any) -> Span:  # `Any`, as the stubs think that events may have no marks
        return Span(self.source, self.shift + event.start_mark.index, self.shift + event.end_mark.index)

    def _refuse_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse_alias(event)
        if event.tag is not None:
            start = self.shift + event.start_mark.index
            tag = re.compile(r"\S+").match(self.source.text, start)
            span = Span(self.source, start, tag.end() if tag else start)
            hint = "write 'not' for a negation, and quote a text that starts with '!'"
            self.problems.error("tag", "tags ('!') are not part of the model language", span, hint)

    def _refuse_alias(self, event: Any) -> None:
        start = self.shift + event.start_mark.index
        hint = "give the value a name under 'parameters'; quote a text that starts with '*' or '&'"
        span = Span(self.source, start, start + 1 + len(event.anchor))
        self.problems.error("alias", "anchors and aliases are not part of the model language", span, hint)

    def _scalar(self, event: Any) -> Scalar:
        start, stop = self.shift + event.start_mark.index, self.shift + event.end_mark.index
        text: str = event.value
        style = event.style
        if style in _QUOTES:
            exact = self.source.text[start + 1 : stop - 1] == text
            span = Span(self.source, start + 1, stop - 1) if exact else Span(self.source, start, stop)
            return Scalar(text, text, span, quoted=True, exact=exact)
        span = Span(self.source, start, stop)
        if style:  # a block, | or >
            return Scalar(text, text, span, quoted=True, exact=False)
        exact = self.source.text[start:stop] == text
        if not (self.open and self.open[-1].flow):
            self._refuse_cut(text, span)
        value = resolve(text, span, self.problems) if exact else text
        return Scalar(value, text, span, exact=exact)

    def _refuse_cut(self, text: str, span: Span) -> None:
        """A comment that starts before a parenthesis is closed is not meant as one."""
        comment = _COMMENT.match(self.source.text, span.stop)
        if comment and _unclosed(text):
            mark = Span(self.source, comment.end() - 1, comment.end())
            hint = "'#' after a space starts a comment; quote the text if it is part of it"
            self.problems.error("comment", "a comment starts here, inside of parentheses", mark, hint)

    def _add(self, node: Node) -> bool:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.problems.error("too-large", f"more than {MAX_NODES} entries, the most that is read", _first(node.span))
            self.stopped = True
            return False
        if self.open:
            self.open[-1].items.append(node)
        else:
            self.root = node
        return True

    def _close(self, opened: _Open, stop: int) -> Node:
        items = opened.items
        if not opened.flow and items:  # the end of a block is noticed only at what follows it
            stop = items[-1].span.stop
        span = Span(self.source, opened.start, stop)
        if not opened.mapping:
            return Sequence(self._mended(items) if opened.flow else items, span)
        entries = list(zip(items[::2], items[1::2], strict=True))
        if opened.flow:
            entries = self._mended_entries(entries)
        return Mapping(self._distinct(entries), span)

    def _distinct(self, entries: list[tuple[Node, Node]]) -> list[tuple[Scalar, Node]]:
        """The entries whose keys are texts that did not come before."""
        found: dict[str, tuple[Scalar, Node]] = {}
        for key, value in entries:
            if not isinstance(key, Scalar):
                hint = "quote a text that starts with '[' or '{'"
                self.problems.error("bad-key", "a key must be a text, not a list or a mapping", _first(key.span), hint)
            elif len(key.text) > MAX_KEY:
                self.problems.error("bad-key", f"a key with {len(key.text)} characters; at most {MAX_KEY} are read", _first(key.span))
            elif key.text == "<<" and not key.quoted:
                self.problems.error("alias", "merge keys ('<<') are not part of the model language", key.span)
            elif key.text == "" and not key.quoted:
                self.problems.error("bad-key", "a key is missing before this", Span(self.source, key.span.start, value.span.stop))
            elif key.text in found:
                first = self.source.position(found[key.text][0].span.start)[0]
                self.problems.error("duplicate-key", f"'{key.text}' is already given in line {first}", key.span)
            else:
                found[key.text] = (key, value)
        return list(found.values())

    def _mended(self, items: list[Node]) -> list[Node]:
        """The items of a flow list, those put together that a comma in parentheses tore apart; each is a problem."""
        mended: list[Node] = []
        rest = iter(items)
        for item in rest:
            if _torn(item):
                parts = _parts(item, ((part, part) for part in rest))
                mended.append(self._joined(item.span, parts[-1][0].span) if parts else self._joined(item.span, item.span))
            else:
                mended.append(item)
        return mended

    def _mended_entries(self, entries: list[tuple[Node, Node]]) -> list[tuple[Node, Node]]:
        """The entries of a flow mapping, likewise: ``{in: f(a, b)}`` is read as ``f(a`` and a key ``b)`` without a value."""
        mended: list[tuple[Node, Node]] = []
        rest = iter(entries)
        for key, value in rest:
            if _torn(key) and _is_nothing(value):
                parts = _parts(key, rest)
                key, value = self._joined(key.span, parts[-1][0].span if parts else key.span), parts[-1][1] if parts else value
            if _torn(value):
                parts = _parts(value, rest)
                value = self._joined(value.span, _end(*parts[-1]) if parts else value.span)
            mended.append((key, value))
        return mended

    def _joined(self, first: Span, last: Span) -> Scalar:
        span = first.to(last)
        text = self.source.text[span.start : span.stop]
        if _unclosed(text) > 0:
            hint = "a text with a comma in it must be quoted inside [...] or {...}"
            self.problems.error("unclosed", "a '(' is not closed", span, hint)
        else:
            hint = f'write "{text}"' if len(text) < 200 and "\n" not in text and '"' not in text else "put the whole text in quotes"
            self.problems.error("unquoted-comma", "a text with a comma in it must be quoted inside [...] or {...}", span, hint)
        return Scalar(text, text, span)


def _first(span: Span) -> Span:
    return span.part(0, 1)


def _unclosed(text: str) -> int:
    return text.count("(") - text.count(")")


def _torn(node: Node) -> TypeGuard[Scalar]:
    """Whether a plain text ends before its parentheses are closed."""
    return isinstance(node, Scalar) and not node.quoted and _unclosed(node.text) > 0


def _parts(torn: Scalar, rest: Iterator[tuple[Node, Node]]) -> list[tuple[Node, Node]]:
    """What comes after a torn text, up to where its parentheses are closed."""
    parts: list[tuple[Node, Node]] = []
    depth = _unclosed(torn.text)
    while depth > 0 and (part := next(rest, None)) is not None:
        parts.append(part)
        depth += _unclosed(part[0].text) if isinstance(part[0], Scalar) else 0
    return parts


def _end(key: Node, value: Node) -> Span:
    return key.span if _is_nothing(value) else value.span


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
