"""Times as people write them: seconds in the unit, of those that a model uses, in which they are shortest."""

from __future__ import annotations

import re
from collections.abc import Iterable

from spn.expressions.units import PER_SECOND, SECONDS, UNITS

_UNIT = re.compile(rf"(?<=[0-9.)/(])\s*({'|'.join(sorted(UNITS, key=len, reverse=True))})\b")


def units_in(texts: Iterable[str]) -> frozenset[str]:
    """The units of time that texts use, and seconds."""
    return frozenset({"s"}.union(*(_UNIT.findall(text) for text in texts)))


def duration_text(seconds: float, units: Iterable[str]) -> str:
    """``2208 h``: to six digits, in the unit that needs the fewest of them; the larger one, if two need as many."""
    return f"{seconds:.6g} s" if seconds == 0 else " ".join(_shortest(seconds, units, 1))


def rate_text(per_second: float, units: Iterable[str]) -> str:
    """``0.5 / s``, or ``1 / (2208 h)`` where that is shorter."""
    if per_second <= 0:
        return f"{per_second:.6g} / s"
    plain, inverse = " / ".join(_shortest(per_second, units, -1)), f"1 / ({duration_text(1 / per_second, units)})"
    return plain if len(plain) <= len(inverse) else inverse


def _shortest(value: float, units: Iterable[str], power: int) -> tuple[str, str]:
    sizes = sorted(((SECONDS[unit] if unit in SECONDS else 1 / PER_SECOND[unit], unit) for unit in units), reverse=True)
    return min(((f"{value / size**power:.6g}", unit) for size, unit in sizes), key=lambda found: len(found[0]))
