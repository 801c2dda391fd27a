"""Texts as Graphviz' HTML-like labels: escaped, and wrapped where they are long. Nothing here knows what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_CHARACTERS = 400
"""The longest text that is drawn; what is longer is cut, with an ellipsis."""

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "[": "&#91;", "]": "&#93;"}
_BREAKS = re.compile(r"(?<=,) | (?=(?:if|else|and|or|for|when) )| (?=(?:[<>]=?|[=!]=|[-+]) )")


def escape(text: str) -> str:
    """The text as part of an HTML-like label; control characters, which XML cannot hold, become U+FFFD."""
    clean = _FORBIDDEN.sub("�", " ".join(text.split()))
    return "".join(_ENTITIES.get(character, character) for character in clean)


def quoted(text: str) -> str:
    """The text as a quoted string of DOT, for names: a backslash stays a backslash."""
    clean = _FORBIDDEN.sub("�", text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of about `width` characters, broken after commas, before words of the language, comparisons and signs.

    A piece that is longer is broken at a space, and a word that is longer anywhere.
    """
    text = " ".join(text.split())
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS - 1].rstrip() + "…"
    lines: list[str] = []
    if not text:
        return lines
    for piece in _pieces(text, width):
        if lines and len(lines[-1]) + 1 + len(piece) <= width:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def _pieces(text: str, width: int) -> Iterable[str]:
    for piece in _BREAKS.split(text):
        if len(piece) <= width:
            yield piece
            continue
        for word in piece.split(" "):
            yield from _parts(word, width)


def _parts(word: str, width: int) -> Iterable[str]:
    """A long word in parts, broken after the last sign that ends a part of a name, if there is one."""
    while len(word) > width:
        cut = max((word.rfind(sign, 0, width) for sign in "_.,()"), default=-1) + 1 or width
        yield word[:cut]
        word = word[cut:]
    yield word
