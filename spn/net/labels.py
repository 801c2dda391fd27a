"""Names of indices: which place or transition, in which instance, with which values. How a resolver comes by them is in `spn.resolver.naming`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence

from spn.expressions.tree import Expression, Value
from spn.net.types import Label

HOLE = re.compile(r"\*|\{[^}]*\}")


def fill(template: str, values: Sequence[Value]) -> str:
    """A label's template with its holes filled: ``*`` by the value, ``{voice|video}`` by the member at the value's position.

    Labels are free text in a net's file: a hole for which there is no value stays as it is.
    """
    remaining = iter(values)

    def hole(match: re.Match[str]) -> str:
        text = match.group()
        value = next(remaining, None)
        if value is None:
            return text
        members = text[1:-1].split("|")
        return members[value] if text != "*" and isinstance(value, int) and 0 <= value < len(members) else str(value)

    return HOLE.sub(hole, template)


def label_of(name: str, labels: Sequence[Label], index: int, evaluate: Callable[[Expression, int], Value]) -> str:
    """The name of index `index` of a class called `name`; `evaluate` gives a label's argument at an index."""
    position = bisect_right([label.start for label in labels], index) - 1
    if position < 0:
        return name
    label = labels[position]
    return fill(label.template, [evaluate(argument, index) for argument in label.arguments])
