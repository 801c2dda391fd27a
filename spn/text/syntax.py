"""What the YAML parser's complaints mean to somebody who wrote a model: a place, plain words and a hint."""

from __future__ import annotations

import re

from yaml import MarkedYAMLError, YAMLError

from spn.text.problems import Problems
from spn.text.source import Source, Span

MAX_DEPTH = 100
"""The deepest nesting that is read."""

MAX_KEY = 1000
"""The longest key that is read."""

_CLOSING = {"[": "]", "{": "}"}
_QUOTE_WHOLE = "if a text has quotes in it, quote the whole of it"
_COMMENT_HINT = "'#' after a space starts a comment; quote the text if it is part of it"


def report(error: YAMLError, source: Source, shift: int, problems: Problems) -> None:
    """Note a syntax error; `shift` is the offset of the parser's text in the source."""
    if not isinstance(error, MarkedYAMLError):
        problems.error("syntax", "this is not YAML", Span(source, 0, 0))
        return
    mark = error.problem_mark or error.context_mark
    at = min(len(source.text), shift + (mark.index if mark else 0))
    start = min(len(source.text), shift + error.context_mark.index) if error.context_mark else at
    deep = _too_deep(source.text, at)
    if deep is not None:  # the parser looks ahead, and gives up before the reader could say so
        problems.error("too-deep", f"nested deeper than {MAX_DEPTH} levels", Span(source, deep, deep + 1))
        return
    message, place, hint = _explain(error.context or "", error.problem or "", source.text, start, at)
    problems.error("syntax", message, Span(source, place, min(place + 1, len(source.text))), hint)


def _too_deep(text: str, at: int) -> int | None:
    """The first bracket too many, if a text stands in more brackets one in the other than are read."""
    opened: list[int] = []
    for match in re.finditer(r"[\[\]{}]", text[max(0, at - 100_000) : at]):
        if match[0] in _CLOSING:
            opened.append(match.start())
        elif opened:
            opened.pop()
    return max(0, at - 100_000) + opened[MAX_DEPTH] if len(opened) > MAX_DEPTH else None


def _explain(context: str, problem: str, text: str, start: int, at: int) -> tuple[str, int, str | None]:
    """Message, offset and hint. The C and the Python parser word their complaints differently; both are known here."""
    character = text[at : at + 1]
    if "flow" in context:
        return _in_flow(context, text, start, at)
    if "mapping values" in problem:
        return "a ':' is not allowed here", at, "quote a text with ': ' in it; or check the indentation"
    if "quoted scalar" in context or ("end of stream" in problem and text[start : start + 1] in "'\""):
        return _in_quotes(problem, start, at)
    if "block scalar" in context:
        return f"a text cannot start with '{text[start : start + 1]}', which announces a block of lines", start, "quote the text"
    if "sequence entries" in problem:
        return "a '-' is not allowed here", at, "start the list on a line of its own, or write it as [...]; quote a text that starts with '- '"
    if character == "\t":
        return "a tab in the indentation", at, "indent with spaces"
    if "cannot start any token" in problem or "node content" in problem:
        return f"a text cannot start with '{character}'", at, "quote the text"
    if "simple key" in context:
        return "there is no ':' after this key", start, "a key is followed by ': ' and its value"
    if "tag" in context or "tag" in problem:
        return "tags ('!') are not part of the model language", at, "write 'not' for a negation, and quote a text that starts with '!'"
    if "alias" in context or "anchor" in context:
        return "anchors and aliases are not part of the model language", start, "quote a text that starts with '*' or '&'"
    if "block mapping" in context or "block collection" in context or "block sequence" in context:
        return _in_block(text, at)
    return f"this is not YAML: {problem or context}", at, None


def _in_quotes(problem: str, start: int, at: int) -> tuple[str, int, str | None]:
    if "end of stream" in problem or "document separator" in problem:
        return "this quote is not closed", start, None
    if "escape" in problem or "hexdecimal" in problem or "hexadecimal" in problem:
        return "unknown escape in a text in double quotes", at, "write '\\\\' for a backslash, or use single quotes"
    return "this text in quotes is not complete", start, None


def _in_block(text: str, at: int) -> tuple[str, int, str | None]:
    before = text[text.rfind("\n", 0, at) + 1 : at].rstrip()
    if before.endswith(("'", '"')):
        return "the text goes on after its closing quote", at, "quote the whole of it"
    if before.endswith(("]", "}")):
        return "the text goes on after its closing bracket", at, "quote a text that starts with '[' or '{'"
    if not before:
        return "the indentation does not fit what stands above", at, "entries of the same mapping or list start in the same column"
    return "this does not belong here", at, _QUOTE_WHOLE


def _in_flow(context: str, text: str, start: int, at: int) -> tuple[str, int, str | None]:
    """Inside [...] or {...}: brackets within a text, a comment that swallows the rest, a bracket that is not closed."""
    what = "list" if "sequence" in context else "mapping"
    closing = "]" if what == "list" else "}"
    opening = text[at : at + 1]
    if opening in _CLOSING and at and (text[at - 1].isalnum() or text[at - 1] in "_)"):
        first = _text_start(text, at)
        found = re.compile(r"[^\n]{0,400}").match(text, at)
        whole = text[first : found.end() if found else at]
        wanted = whole[: _balanced(whole)]
        return f"a text with '{opening}' in it must be quoted inside a {what}", first, f'write "{wanted}"'
    comment = re.compile(r"[ \t]#").search(text, start, at)
    if comment:
        return f"this {what} is not closed before a comment starts", comment.start() + 1, _COMMENT_HINT
    next_key = opening == ":" and "\n" in text[start:at] and _indentation(text, at) <= _indentation(text, start)
    if next_key or at >= len(text.rstrip()) or text[at : at + 3] in ("---", "..."):
        return f"this {what} is not closed", start, f"a '{closing}' is missing"
    if text[:at].rstrip().endswith(("'", '"')):
        end = len(text[:at].rstrip()) - 1
        first = text.rfind(text[end], 0, end)
        if opening == ":" and end - first > MAX_KEY:
            return f"a key of more than {MAX_KEY} characters, the most that is read", max(0, first), None
        return "the text goes on after its closing quote", at, "quote the whole of it"
    if opening == ":":
        return "a ':' is not allowed here", at, "a comma may be missing before; quote a text with ':' in it"
    hint = f"a ',' may be missing before, or a '{closing}'; quote a text with brackets, commas or ': ' in it"
    return f"this does not belong in the {what}", at, hint


def _indentation(text: str, at: int) -> int:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return len(line) - len(line.lstrip(" "))


def _text_start(text: str, at: int) -> int:
    """Where the plain text that ends at `at` starts, inside a flow collection."""
    first, least = at, max(0, at - 200)
    while first > least and text[first - 1] not in ",[{\n" and text[first - 2 : first] != ": ":
        first -= 1
    while first < at and text[first] == " ":
        first += 1
    return first


def _balanced(text: str) -> int:
    """How much of a text there is before a bracket closes that it did not open, or a comma outside of its brackets."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0 or (depth == 0 and character == ","):
            return k
    return len(text)
