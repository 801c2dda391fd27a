"""Values that are listed or given as a range (from, to, points, scale), as times of measures and axes of studies are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from spn.model.forms import MANY_SCHEMA, ONE, ONE_SCHEMA, SEVERAL, Fault, one_of, span_of
from spn.model.section import Section, declare
from spn.text.positioned import Text

RANGE = ("from", "to", "points", "scale")


class Ranged(Section):
    """Values, or a range of them. Short form: a value, or the list of them."""

    who: ClassVar[str] = "there are"
    """What has them, for people: ``an axis has``."""

    values: tuple[Text, ...] = declare(SEVERAL, (), description="The values, in the language of models.")
    start: Text | None = declare(ONE, None, alias="from", description="The first value of a range.")
    stop: Text | None = declare(ONE, None, alias="to", description="The last value of a range.")
    points: Text | None = declare(ONE, None, description="How many values the range has, both ends included.")
    scale: Text | None = declare(one_of("linear", "log"), None, description="How the range is divided: linear (default) or log.")

    @classmethod
    def spelt_out(cls, data: Any) -> Any:
        """A list, or one value, stands for the values."""
        if isinstance(data, dict) or data is None or (isinstance(data, Text) and data.empty):
            return data
        return {"values": data}

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """Values or a range, and a range with all that makes it."""
        parts = [key for key in data if key in RANGE]
        if "values" in data and parts:
            yield Fault("two-kinds", f"{cls.who} 'values' or a range, and here are 'values' and '{parts[0]}'", span_of(parts[0]))
        elif "values" not in data:
            for key in ("from", "to", "points"):
                if key not in data:
                    span = span_of(next(iter(data), None)) or span_of(data)
                    yield Fault("missing-key", f"'{key}' is missing", span, "give a list of values, or 'from', 'to' and 'points'")

    @classmethod
    def schema(cls, definitions: dict[str, Any]) -> dict[str, Any]:
        """A list of values, one value, or the long form."""
        listed = {"required": ["values"], "properties": dict.fromkeys(RANGE, False)}
        ranged = {"required": ["from", "to", "points"], "properties": {"values": False}}
        return {"anyOf": [ONE_SCHEMA, MANY_SCHEMA | {"minItems": 1}, cls.long_schema(definitions) | {"oneOf": [listed, ranged]}]}


def between(first: float, last: float, count: int, log: bool) -> list[float]:
    """A range of `count` values, linear or logarithmic (both ends positive); the ends are met exactly."""
    steps = [k / (count - 1) for k in range(1, count - 1)]
    inner = [first * (last / first) ** step if log else first + (last - first) * step for step in steps]
    return [first, *inner, last]
