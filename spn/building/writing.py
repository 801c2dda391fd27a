"""Plain data as YAML text, such that `spn.text.yaml` reads the same data again. Which data a model is, is in `spn.building.model`."""

from __future__ import annotations

import re

from spn.building.values import Plain, number_text
from spn.text.problems import Problems
from spn.text.scalars import resolve
from spn.text.source import Source, Span

WIDTH = 100
"""Lists that fit into so many characters stand in one line."""

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_NOWHERE = Span(Source("", ""), 0, 0)
_SAFE = re.compile(r"[\w(<]|[.-](?=[\w(])")
_UNSAFE = re.compile(r": |:$| #|[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]|^\s|\s$|^<<$")
_UNSAFE_IN_FLOW = re.compile(r"[,\[\]{}:?]")
_BLOCK = re.compile(r"(?!\s)[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]*[^\s]\n?")


def scalar(value: str | int | float | bool | None, flow: bool = False, key: bool = False) -> str:
    """A text, number, truth value or nothing in one line; as a key a text may be what elsewhere would be a number."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return value if _is_plain(value, flow, key) else quoted(value)


def quoted(text: str, double: bool = False) -> str:
    """A text in quotes: single ones where nothing has to be escaped."""
    if double or "'" in text or _UNSAFE.search(text.strip(" ")):
        return f'"{"".join(map(_escaped, text))}"'
    return f"'{text}'"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _is_plain(text: str, flow: bool, key: bool) -> bool:
    """Whether a text needs no quotes."""
    if not _SAFE.match(text) or _UNSAFE.search(text) or (flow and _UNSAFE_IN_FLOW.search(text)) or text.count("(") != text.count(")"):
        return False
    problems = Problems()
    return (key and text[0].isdecimal() and not text.startswith("0")) or (resolve(text, _NOWHERE, problems) == text and not problems.found)


def entry(key: str, value: Plain, indent: int) -> str:
    """A line ``key: value``, or several of them, without the indentation of the first and the end of the last."""
    name = scalar(key, key=True)
    lead = f"? {name}\n{' ' * indent}:" if len(name) > 900 else f"{name}:"  # YAML wants short keys, or a '?' before them
    return lead + after(value, indent)


def after(value: Plain, indent: int) -> str:
    """A value with what parts it from its key: a space, or a new line and more indentation."""
    if isinstance(value, dict) and value:
        return f"\n{' ' * (indent + 2)}" + block(value, indent + 2)
    if isinstance(value, list) and value:
        line = flow(value)
        if len(line) + indent < WIDTH and not any(isinstance(item, dict | list) for item in value):
            return f" {line}"
        return f"\n{' ' * (indent + 2)}" + block(value, indent + 2)
    if isinstance(value, str) and "\n" in value and _BLOCK.fullmatch(value):
        lines = value.rstrip("\n").split("\n")
        return f" |{'' if value.endswith(chr(10)) else '-'}\n" + "\n".join(f"{' ' * (indent + 2)}{line}" if line else "" for line in lines)
    return f" {flow(value)}" if isinstance(value, dict | list) else f" {scalar(value)}"


def block(value: dict[str, Plain] | list[Plain], indent: int) -> str:
    """A mapping or list over several lines, without the indentation of the first."""
    between = f"\n{' ' * indent}"
    if isinstance(value, dict):
        return between.join(entry(key, inner, indent) for key, inner in value.items())
    return between.join(f"-{_item(inner, indent)}" for inner in value)


def _item(value: Plain, indent: int) -> str:
    """What follows the dash of a list's item."""
    if isinstance(value, dict | list) and value:
        return f" {block(value, indent + 2)}"
    return after(value, indent)


def block_or_empty(value: Plain) -> str:
    """A value that is a whole text."""
    return block(value, 0) if isinstance(value, dict | list) and value else flow(value)


def flow(value: Plain) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key, flow=True, key=True)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value, flow=True)


def document(data: dict[str, Plain]) -> str:
    """A model's whole text, with an empty line where a section of several lines begins."""
    parts = [entry(key, value, 0) for key, value in data.items()]
    lines: list[str] = []
    for number, part in enumerate(parts):
        if number and "\n" in part and "\n" in parts[number - 1]:
            lines.append("")
        lines.append(part)
    return "\n".join(lines) + "\n"
