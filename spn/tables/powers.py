"""Powers of ten as people write them by hand, in each form that a table has: ``3.61 [3.58, 3.64] × 10⁻⁵``. Digits are chosen in `numbers`."""

from __future__ import annotations

import re
from collections.abc import Callable

_NUMBER = r"-?\d+(?:\.\d+)?"
_TRIPLE = re.compile(rf"(?<![\w.])({_NUMBER})e([+-]\d+)  \[(\S+), (\S+)\]")
_SINGLE = re.compile(rf"(?<![\w.])({_NUMBER})e([+-]\d+)(?![\w.])")
_POWER = re.compile(r"e[+-]\d+$")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Power = Callable[[str, str], str]
"""Puts together what is multiplied by a power of ten, and that power."""


def by_hand(text: str, power: Power) -> str:
    """The text with its powers of ten written by `power`; an interval has its own in common with its estimate."""

    def triple(match: re.Match[str]) -> str:
        low, high = (_POWER.sub("", match[k]) for k in (3, 4))
        return power(f"{match[1]} [{low}, {high}]", str(int(match[2])))

    found = _SINGLE.sub(lambda match: power(match[1], str(int(match[2]))), _TRIPLE.sub(triple, text))
    return found.replace("  [", " [")


def unicode_power(number: str, exponent: str) -> str:
    """``3.61 × 10⁻⁵``"""
    return f"{number} × 10{exponent.translate(_SUPERSCRIPTS)}"


def html_power(number: str, exponent: str) -> str:
    """``3.61 × 10<sup>−5</sup>``"""
    return f"{number} × 10<sup>{exponent.replace('-', '−')}</sup>"


def latex_power(number: str, exponent: str) -> str:
    r"""``3.61 $\times\,10^{-5}$``"""
    return rf"{number} $\times\,10^{{{exponent}}}$"
