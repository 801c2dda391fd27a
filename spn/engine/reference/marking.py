"""The marking: how many tokens each element holds and, where they have values, which and in what order. The rules for changing it are elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeAlias

from spn.expressions.tree import Value
from spn.expressions.types import Dot, Record, Type
from spn.net.types import Order, Place

Uniform: TypeAlias = Callable[[], float]
"""One uniform draw from the replication's stream."""

Matches: TypeAlias = Callable[[Value], bool]


class Bag:
    """The valued tokens of one element of a multiset place: for each value the arrival numbers of its tokens, oldest first."""

    __slots__ = ("arrivals", "by_value")

    def __init__(self, by_value: bool) -> None:
        self.arrivals: dict[Value, deque[int]] = {}
        self.by_value = by_value

    def put(self, value: Value, arrival: int, uniform: Uniform) -> None:
        queue = self.arrivals.get(value)
        if queue is None:
            self.arrivals[value] = deque((arrival,))
        else:
            queue.append(arrival)

    def take(self, value: Value, count: int) -> None:
        queue = self.arrivals[value]
        if len(queue) == count:
            del self.arrivals[value]
        else:
            for _ in range(count):
                queue.popleft()

    def count(self, value: Value) -> int:
        return len(self.arrivals.get(value, ()))

    def copy(self) -> Bag:
        twin = Bag(self.by_value)
        twin.arrivals = {value: deque(queue) for value, queue in self.arrivals.items()}
        return twin

    def key(self) -> tuple[Value | tuple[Value, int], ...]:
        """What tells this content from another: the values with their numbers, of records in the order of arrival."""
        return tuple([(value, tokens) for _, value, tokens in self.choices()])

    def choices(self) -> list[tuple[Value, Value, int]]:
        """(order key, value, tokens) of each different value: by value, or for records by arrival of the first equal token."""
        if self.by_value:
            return [(value, value, len(self.arrivals[value])) for value in sorted(self.arrivals)]
        return sorted((queue[0], value, len(queue)) for value, queue in self.arrivals.items())

    def values(self) -> Iterator[Value]:
        """Every token's value, in the order of arrival."""
        tokens = [(arrival, value) for value, queue in self.arrivals.items() for arrival in queue]
        return (value for _, value in sorted(tokens, key=lambda token: token[0]))

    def remove(self, fits: Matches) -> list[tuple[Value, int]]:
        """Take all tokens that fit; their values with their numbers."""
        removed = [(value, tokens) for _, value, tokens in self.choices() if fits(value)]
        for value, _ in removed:
            del self.arrivals[value]
        return removed


class Line:
    """The valued tokens of one element of an ordered place, in a deque; `offered` gives them as they are offered."""

    __slots__ = ("order", "tokens")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.tokens: deque[Value] = deque()

    def put(self, value: Value, arrival: int, uniform: Uniform) -> None:
        tokens = self.tokens
        tokens.append(value)
        others = len(tokens) - 1
        if self.order == "random" and others:
            position = int(uniform() * (others + 1))
            tokens[others], tokens[position] = tokens[position], tokens[others]

    def copy(self) -> Line:
        twin = Line(self.order)
        twin.tokens = deque(self.tokens)
        return twin

    def key(self) -> tuple[Value | tuple[Value, int], ...]:
        """What tells this content from another: the values in the order of the line."""
        return tuple(self.tokens)

    def offered(self, skip: int, count: int) -> list[Value]:
        """`count` tokens after the first `skip` ones, in the order in which they are on offer."""
        if self.order == "lifo":
            return [self.tokens[-1 - k] for k in range(skip, skip + count)]
        return [self.tokens[k] for k in range(skip, skip + count)]

    def pop(self) -> Value:
        """Take the token that is on offer."""
        return self.tokens.pop() if self.order == "lifo" else self.tokens.popleft()

    def count(self, value: Value) -> int:
        return self.tokens.count(value)

    def values(self) -> Iterator[Value]:
        return iter(self.tokens)

    def remove(self, fits: Matches) -> list[tuple[Value, int]]:
        removed = [(value, 1) for value in self.tokens if fits(value)]
        self.tokens = deque(value for value in self.tokens if not fits(value))
        return removed


Store: TypeAlias = Bag | Line


class Marking:
    """Tokens of all places. `counts[place][element]` holds for plain and valued tokens alike; `stores[place]` only where tokens have values.

    Places are numbered in the net's order. Elements without tokens need have no store.
    """

    def __init__(self, places: Sequence[Place], uniform: Uniform) -> None:
        self.places = places
        self.uniform = uniform
        self.counts: list[list[int]] = [[0] * place.size for place in places]
        self.stores: list[dict[int, Store] | None] = [None if isinstance(place.colour, Dot) else {} for place in places]
        self.sums = [0] * len(places)
        self.total = 0
        self._arrivals = 0

    def store(self, place: int, element: int) -> Store:
        """The valued tokens of an element (made when first asked for)."""
        stores = self.stores[place]
        assert stores is not None
        store = stores.get(element)
        if store is None:
            store = stores[element] = _new_store(self.places[place].order, self.places[place].colour)
        return store

    def add(self, place: int, element: int, change: int) -> None:
        """Count `change` tokens more."""
        self.counts[place][element] += change
        self.sums[place] += change
        self.total += change

    def put(self, place: int, element: int, value: Value, count: int) -> None:
        """Put `count` tokens of one value, one after another; draws for places of random order."""
        store = self.store(place, element)
        for _ in range(count):
            self._arrivals += 1
            store.put(value, self._arrivals, self.uniform)
        self.add(place, element, count)

    def copy(self, uniform: Uniform) -> Marking:
        """The same tokens, to be changed by themselves."""
        twin = object.__new__(Marking)
        twin.places, twin.uniform = self.places, uniform
        twin.counts = [list(counts) for counts in self.counts]
        twin.stores = [None if stores is None else {element: store.copy() for element, store in stores.items()} for stores in self.stores]
        twin.sums, twin.total, twin._arrivals = list(self.sums), self.total, self._arrivals
        return twin

    def key(self, valued: Sequence[int]) -> Hashable:
        """What tells this marking from another. `valued` are the places whose values count; of the others only the numbers of tokens do."""
        counts = tuple([tuple(counts) for counts in self.counts])
        if not valued:
            return counts
        return counts, tuple([self._values_key(place) for place in valued])

    def _values_key(self, place: int) -> Hashable:
        counts, stores = self.counts[place], self.stores[place] or {}
        return tuple([(element, stores[element].key()) for element in sorted(stores) if counts[element]])

    def occupied(self, place: int) -> list[int]:
        """The elements of a place with valued tokens that have some."""
        counts = self.counts[place]
        return [element for element in self.stores[place] or () if counts[element]]

    def values(self, place: int, element: int) -> Iterable[Value]:
        """The values of the tokens in an element."""
        stores = self.stores[place]
        if stores is None:
            return iter([()] * self.counts[place][element])
        return stores[element].values() if element in stores else iter(())


def _new_store(order: Order, colour: Type) -> Store:
    if order != "multiset":
        return Line(order)
    return Bag(by_value=not isinstance(colour, Record))
