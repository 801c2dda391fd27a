"""What expressions see of a run: the marking, the time and a binding's variables. Evaluating them is in `spn.expressions.closures`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from spn.engine.reference.marking import Bag
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Value
from spn.expressions.types import Product, Record

if TYPE_CHECKING:
    from spn.engine.reference.marking import Marking
    from spn.engine.reference.prepared import PreparedNet

Function: TypeAlias = "Callable[[State], Any]"
"""A compiled expression."""


class NoElementError(EvaluationError):
    """An expression reads an element that its place does not have."""


class State:
    """The state of a run. `variables` are those of the binding that is being looked at."""

    __slots__ = ("_number", "marking", "net", "now", "tables", "variables")

    def __init__(self, net: PreparedNet, variables: dict[str, Value], marking: Marking | None = None) -> None:
        self.net = net
        self.now = 0.0
        self.variables = variables
        self.tables: Mapping[str, Any] = net.tables
        self.marking: Marking = marking  # type: ignore[assignment]  # without a marking for expressions that read none
        self._number = net.place_number

    def count(self, place: str, element: int | None, pattern: tuple[Value | None, ...]) -> int:
        """Tokens in an element of a place class, or in all of them, that fit the pattern."""
        number, marking = self._number[place], self.marking
        if element is None:
            if not pattern:
                return marking.sums[number]
            return sum(self._count_fitting(number, each, pattern) for each in marking.occupied(number))
        counts = marking.counts[number]
        if not 0 <= element < len(counts):
            raise NoElementError(f"{place} has no element {element} (it has 0 to {len(counts) - 1})")
        return self._count_fitting(number, element, pattern) if pattern else counts[element]

    def _count_fitting(self, place: int, element: int, pattern: tuple[Value | None, ...]) -> int:
        if not self.marking.counts[place][element]:
            return 0
        composed = isinstance(self.marking.places[place].colour, Product | Record)
        if None not in pattern:
            value = pattern if composed else pattern[0]
            return self.marking.store(place, element).count(value)  # type: ignore[arg-type]
        if not composed:
            return self.marking.counts[place][element]
        store = self.marking.store(place, element)
        if isinstance(store, Bag):
            return sum(len(tokens) for value, tokens in store.arrivals.items() if _fits(value, pattern))
        return sum(_fits(value, pattern) for value in store.values())


def _fits(value: Value, pattern: tuple[Value | None, ...]) -> bool:
    assert isinstance(value, tuple)
    return all(wanted is None or wanted == part for wanted, part in zip(pattern, value, strict=True))
