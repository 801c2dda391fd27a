"""What may stand as a value in a model built in code, and the plain data that it becomes: texts, numbers, truth values, lists and mappings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeAlias

Plain: TypeAlias = str | int | float | bool | list["Plain"] | dict[str, "Plain"] | None

MAX_DEPTH = 100
"""As deep as files may be nested."""


def plain(value: Any, depth: int = 0) -> Plain:
    """The plain data of a value: also of NumPy's numbers and arrays, of durations (`timedelta`) and of distributions.

    Raises TypeError for what cannot stand in a model, and ValueError for what holds itself.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels, or in a circle")
    if value is None or type(value) in (str, int, float, bool):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str):
        return str.__str__(value)
    written = getattr(value, "written", None)  # of parts, sections and models
    if written is not None:
        return plain(written(), depth)
    if isinstance(value, Mapping):
        return {key_text(key): plain(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, timedelta):
        return f"{value.total_seconds()!r} s"
    if isinstance(value, float):  # numpy.float64 is one
        return float(value)
    if isinstance(value, int):
        return int(value)
    return _other(value, depth)


def _other(value: Any, depth: int) -> Plain:
    from spn.distributions import Distribution

    if isinstance(value, Distribution):
        return distribution_text(value)
    numbers = getattr(value, "tolist", None)  # NumPy's arrays and scalars, without loading NumPy
    if numbers is not None:
        return plain(numbers(), depth + 1)
    raise TypeError(f"a {type(value).__name__} cannot stand in a model: {shown(value)}")


def key_text(key: Any) -> str:
    """A key as text: a place, a number, a truth value, or a tuple of such for a value of a product."""
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, tuple):
        return f"({', '.join(key_text(part) for part in key)})"
    found = plain(key)
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int | float):
        return number_text(found)
    raise TypeError(f"a {type(key).__name__} cannot be a key in a model: {shown(key)}")


def number_text(value: int | float) -> str:
    """A number as text; hexadecimal where decimal digits would take too long (which no reader accepts, but all can point at)."""
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    return str(value) if abs(value) < 10**400 else f"0x{abs(value):x}"


def distribution_text(distribution: Any) -> str:
    """A distribution in the language, exactly: its values in seconds and per second."""
    from spn.distributions.base import ENTRIES

    family = distribution.family
    names = ENTRIES[family.name].canonical.names
    values = [getattr(distribution, name) for name in ENTRIES[family.name].fields]
    written = [f"[{', '.join(map(repr, value))}]" if isinstance(value, tuple) else repr(value) for value in values]
    if family.positional:
        return f"{family.name}({', '.join(written)})"
    return f"{family.name}({', '.join(f'{name}={text}' for name, text in zip(names, written, strict=True))})"


def shown(value: Any, most: int = 60) -> str:
    """A value for a message, cut if it is long."""
    text = repr(value)
    return text if len(text) <= most else text[: most - 3] + "..."
