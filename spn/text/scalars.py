"""What plain scalars mean: YAML 1.2's core schema, without what is ambiguous or not finite. Quoted scalars are always text."""

from __future__ import annotations

import math
import re

from spn.text.nodes import ScalarValue
from spn.text.problems import Problems
from spn.text.source import Span

_WORDS: dict[str, ScalarValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FIRST = frozenset("-+.0123456789")
_MAX_DIGITS = 400
"""No number of a model needs more; converting much longer ones takes time that grows with the square."""


def resolve(text: str, span: Span, problems: Problems) -> ScalarValue:
    """The value of a plain scalar; what no value can be given to is a problem, and stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    if text.isdecimal() and text[0] != "0" and text.isascii() and len(text) <= _MAX_DIGITS:
        return int(text)  # by far the most numbers of a large file
    if _LEADING_ZERO.fullmatch(text):
        plain = text.lstrip("+-0") or "0"
        hint = f"write {plain}, or 0o{plain} for an octal number, or '{text}' in quotes for a text"
        problems.error("ambiguous-number", f"'{_short(text)}' is ambiguous: some read it as octal", span, _short(hint))
        return text
    if _NOT_FINITE.fullmatch(text):
        problems.error("not-finite", f"'{text}' is not a finite number", span)
        return text
    if _INTEGER.fullmatch(text) or _PREFIXED.fullmatch(text):
        return text if _too_long(text, span, problems) else int(text, 0)
    if _REAL.fullmatch(text):
        return text if _too_long(text, span, problems) else _real(text, span, problems)
    return text


def _real(text: str, span: Span, problems: Problems) -> float | str:
    value = float(text)
    if math.isfinite(value):
        return value
    problems.error("not-finite", f"'{text}' is too large for a number", span)
    return text


def _too_long(text: str, span: Span, problems: Problems) -> bool:
    if len(text) <= _MAX_DIGITS:
        return False
    problems.error("too-large", f"a number with {len(text)} characters; at most {_MAX_DIGITS} are read", span)
    return True


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."
