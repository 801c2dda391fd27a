"""From a family's name, a form and its values to a distribution. The families themselves are registered where their classes are."""

from __future__ import annotations

from collections.abc import Sequence

from spn.distributions.base import ENTRIES, Argument, Conversion, Distribution, Family, Form, Value, check_form


def families() -> dict[str, Family]:
    """All that has been registered, by name in alphabetical order."""
    return {name: ENTRIES[name].family for name in sorted(ENTRIES)}


def make(name: str, form: tuple[str, ...], values: Sequence[Value]) -> Distribution:
    """The distribution `name` with the arguments named in `form` (in any order) and their values, in seconds and per second.

    Raises ValueError, with a message for the user that names the family, the argument and the value, for everything that is not a distribution.
    """
    entry = ENTRIES.get(name)
    if entry is None:
        raise ValueError(f"there is no distribution {name}; there are {', '.join(sorted(ENTRIES))}")
    if len(form) != len(values):
        raise ValueError(f"{name}: {len(form)} arguments are named, {len(values)} given")
    for known, conversion in zip(entry.family.forms, entry.conversions, strict=True):
        if sorted(known.names) == sorted(form):
            ordered = [values[form.index(argument)] for argument in known.names]
            check_form(name, known, ordered)
            plain = [_plain(argument, value) for argument, value in zip(known.arguments, ordered, strict=True)]
            return entry.distribution(*(plain if conversion is None else _convert(name, known, conversion, plain)))
    raise ValueError(f"{name}: the arguments must be {_listed(entry.family)}, not ({', '.join(form)})")


def _plain(argument: Argument, value: Value) -> float | int | tuple[float, ...]:
    """The value as the classes keep it: a float, an int, or a tuple of floats."""
    if isinstance(value, (int, float)):
        return int(value) if argument.integer else float(value)
    return tuple(float(element) for element in value)


def _convert(name: str, form: Form, conversion: Conversion, values: Sequence[Value]) -> tuple[Value, ...]:
    """The canonical values; arithmetic that leaves the range of doubles is the user's error, not ours."""
    try:
        return conversion(*values)
    except (ArithmeticError, ValueError):
        given = ", ".join(f"{argument} = {value!r}" for argument, value in zip(form.names, values, strict=True))
        raise ValueError(f"{name}: {given} is beyond the range of numbers") from None


def _listed(family: Family) -> str:
    forms = [f"({', '.join(form.names)})" for form in family.forms]
    return forms[0] if len(forms) == 1 else ", ".join(forms[:-1]) + " or " + forms[-1]
