"""Values that are listed or given as a range (from, to, points, scale), as times of measures and axes of studies are: what a file may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spn.model.forms import MANY_SCHEMA, ONE_SCHEMA, Fault, span_of
from spn.text.positioned import Text

RANGE = ("from", "to", "points", "scale")


def spelt_out(data: Any) -> Any:
    """A list, or one value, stands for the values."""
    if isinstance(data, dict) or data is None or (isinstance(data, Text) and data.empty):
        return data
    return {"values": data}


def range_faults(data: dict[Any, Any], what: str) -> Iterator[Fault]:
    """Values or a range, and a range with all that makes it. `what` has them, for people."""
    parts = [key for key in data if key in RANGE]
    if "values" in data and parts:
        yield Fault("two-kinds", f"{what} 'values' or a range, and here are 'values' and '{parts[0]}'", span_of(parts[0]))
    elif "values" not in data:
        for key in ("from", "to", "points"):
            if key not in data:
                span = span_of(next(iter(data), None)) or span_of(data)
                yield Fault("missing-key", f"'{key}' is missing", span, "give a list of values, or 'from', 'to' and 'points'")


def range_schema(long: dict[str, Any]) -> dict[str, Any]:
    """A list of values, one value, or the long form."""
    listed = {"required": ["values"], "properties": dict.fromkeys(RANGE, False)}
    ranged = {"required": ["from", "to", "points"], "properties": {"values": False}}
    return {"anyOf": [ONE_SCHEMA, MANY_SCHEMA | {"minItems": 1}, long | {"oneOf": [listed, ranged]}]}


def between(first: float, last: float, count: int, log: bool) -> list[float]:
    """A range of `count` values, linear or logarithmic (both ends positive); the ends are met exactly."""
    steps = [k / (count - 1) for k in range(1, count - 1)]
    inner = [first * (last / first) ** step if log else first + (last - first) * step for step in steps]
    return [first, *inner, last]
