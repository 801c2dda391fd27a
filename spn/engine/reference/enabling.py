"""Which bindings of a transition are enabled in a marking, in order, and how often: *Enabling* in the semantics. Nothing here changes a marking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from spn.engine.reference.classes import BIND, EQUAL, FREE, Arc, Site
from spn.engine.reference.marking import Bag, Line, Marking
from spn.engine.reference.state import State
from spn.expressions.tree import Value
from spn.observation import RunError

if TYPE_CHECKING:
    from spn.engine.reference.clocks import Clock

Take: TypeAlias = tuple[int, int, int, Value | None]
"""(place, element, number of tokens, their value); of an ordered place simply so many from the front, one after another."""

MOST_BINDINGS = 1_000_000
"""More bindings of one transition are taken for a modelling mistake."""

INFINITE = float("inf")


class Binding:
    """An enabled binding: what its inputs take and, for timed transitions, its clocks (in the order of starting)."""

    __slots__ = ("clocks", "degree", "environment", "order", "rate", "site", "takes", "values", "weight")

    def __init__(
        self, site: Site, values: tuple[Value | None, ...], environment: dict[str, Value], order: tuple[Any, ...], takes: tuple[Take, ...]
    ) -> None:
        self.site = site
        self.values = values
        self.environment = environment
        self.order = order
        self.takes = takes
        self.degree = 1
        """The number of clocks it should have."""
        self.weight = 1.0
        self.rate = -1.0
        self.clocks: list[Clock] = []

    def without_clocks(self) -> Binding:
        """The same binding with no clocks, for another run."""
        twin = Binding(self.site, self.values, self.environment, self.order, self.takes)
        twin.degree, twin.weight, twin.rate = self.degree, self.weight, self.rate
        return twin


def enabled_bindings(site: Site, state: State) -> list[Binding]:
    """The enabled bindings of one index, in order, each with its weight or its number of clocks. Immediate ones of weight 0 are left out."""
    counts = state.marking.counts
    for place, element, number in site.leading:
        if counts[place][element] < number:
            return []
    found = _simple(site, state) if site.simple else _Search(site, state).all()
    if site.kind.immediate:
        if site.kind.weight is None:
            return found
        for binding in found:
            state.variables = binding.environment
            binding.weight = site.weight(state)
        return [binding for binding in found if binding.weight > 0]
    return found


def _simple(site: Site, state: State) -> list[Binding]:
    """The same for a transition that binds nothing and whose arcs count tokens in elements known beforehand."""
    counts = state.marking.counts
    for place, element, number in site.inputs:
        if counts[place][element] < number:
            return []
    for place, element, number in site.tests:
        if counts[place][element] < number:
            return []
    for place, element, number in site.inhibitors:
        if counts[place][element] >= number:
            return []
    kind = site.kind
    state.variables = site.environment
    if kind.guard is not None and not kind.guard(state):
        return []
    for place, element, room in site.capacities:
        if counts[place][element] > room:
            return []
    binding = Binding(site, (), site.environment, (), ())
    if not kind.immediate:
        degree = min([counts[place][element] // number for place, element, number in site.inputs]) if site.inputs else 1
        binding.degree = int(min(degree, site.servers(state)))
    return [binding]


_Position: TypeAlias = tuple[int, "range | None", int]
_Choice: TypeAlias = "tuple[tuple[Any, ...] | None, Value | None]"


class _Served:
    """An arc that is being served, of a fan one value of it: what it may choose, and whether it has chosen."""

    __slots__ = ("arc", "choices", "chosen", "element", "number", "position", "value")

    def __init__(self, position: _Position, arc: Arc, value: int | None, element: int, number: int, choices: Iterator[_Choice]) -> None:
        self.position = position
        self.arc = arc
        self.value = value
        self.element = element
        self.number = number
        self.choices = choices
        self.chosen = False


class _Search:
    """Depth-first over the choices of the input and test arcs, each in its order, so that bindings come out in theirs."""

    def __init__(self, site: Site, state: State) -> None:
        self.site = site
        self.state = state
        self.marking: Marking = state.marking
        self.variables: dict[str, Value] = dict(site.environment)
        self.arcs = (*site.kind.inputs, *site.kind.tests)
        self.inputs = len(site.kind.inputs)
        self.takes: list[Take] = []
        self.order: list[Any] = []
        self.found: dict[tuple[Value | None, ...], Binding] = {}

    def all(self) -> list[Binding]:
        self.state.variables = self.variables
        served: list[_Served] = []
        position = self._next(0, None, 0)
        while True:
            if position is None:
                self._complete()
            else:
                served.append(self._serve(position))
            while served and not self._choose(served[-1]):
                served.pop()
            if not served:
                return list(self.found.values())
            number, values, at = served[-1].position
            position = self._next(number + 1, None, 0) if values is None else self._next(number, values, at + 1)

    def _next(self, number: int, values: range | None, at: int) -> _Position | None:
        """The next arc to serve: its number and, of a fan, its values and which of them it is. A fan's ends are evaluated when it begins."""
        while number < len(self.arcs):
            fan = self.arcs[number].fan
            if fan is None:
                return number, None, 0
            if values is None:
                values = fan.values(self.state)
            if at < len(values):
                return number, values, at
            number, values, at = number + 1, None, 0
        return None

    def _serve(self, position: _Position) -> _Served:
        """Begin with an arc: where, and how many tokens."""
        number, values, at = position
        arc = self.arcs[number]
        value = None if values is None else values[at]
        if arc.fan is not None:
            self.variables[arc.fan.variable] = value  # type: ignore[assignment]
        element, many = self.site.element(arc, self.state), self.site.multiplicity(arc, self.state)
        choices = self._choices(arc, element, many, number < self.inputs) if many else iter(((None, None),))
        return _Served(position, arc, value, element, many, choices)

    def _choose(self, served: _Served) -> bool:
        """The next choice of an arc, instead of its last one; whether there is one. One of multiplicity 0 chooses nothing, once."""
        taking = served.position[0] < self.inputs
        if served.chosen and served.number:
            self.order.pop()
            if taking:
                self.takes.pop()
        if served.arc.fan is not None:
            self.variables[served.arc.fan.variable] = served.value  # type: ignore[assignment]
        choice = next(served.choices, None)
        if choice is None:
            return False
        served.chosen = True
        if served.number:
            key, token = choice
            # With its place a key can be compared with those of clocks set in other markings, in which other arcs counted.
            self.order.append((served.arc.place, *key))  # type: ignore[misc]
            if taking:
                self.takes.append((served.arc.place, served.element, served.number, token))
        return True

    def _choices(self, arc: Arc, element: int, number: int, taking: bool) -> Iterator[_Choice]:
        """(order key, value) of each choice of `number` tokens that fit; while one is given its variables are bound."""
        taken = [take for take in self.takes if take[0] == arc.place and take[1] == element] if taking else []
        if self.marking.counts[arc.place][element] - sum(take[2] for take in taken) < number:
            return
        if not arc.valued:
            yield (), None
            return
        store = self.marking.store(arc.place, element)
        if isinstance(store, Line):
            offered = store.offered(sum(take[2] for take in taken), number)
            new = self._match_all(arc, offered)
            if new is not None:
                yield (), offered[0]
                self._unbind(new)
            return
        for key, value, tokens in self._candidates(arc, store):
            if tokens - sum(take[2] for take in taken if take[3] == value) >= number:
                new = match(arc, value, self.state)
                if new is not None:
                    yield key, value
                    self._unbind(new)

    def _candidates(self, arc: Arc, bag: Bag) -> list[tuple[tuple[Any, ...], Value, int]]:
        """The values to try; only one if the pattern says which."""
        value = only_value(arc, self.state)
        if value is not None:
            return [((), value, bag.count(value))]
        return [((key,), value, tokens) for key, value, tokens in bag.choices()]

    def _match_all(self, arc: Arc, tokens: list[Value]) -> list[str] | None:
        """Match the pattern with all tokens, variables being bound by the first; the names bound, or None."""
        bound = match(arc, tokens[0], self.state)
        if bound is not None:
            for token in tokens[1:]:
                if match(arc, token, self.state) is None:
                    self._unbind(bound)
                    return None
        return bound

    def _unbind(self, names: list[str]) -> None:
        for name in names:
            del self.variables[name]

    def _complete(self) -> None:
        """All arcs have their tokens: check what else it takes, and keep the binding."""
        kind = self.site.kind
        values = tuple([self.variables.get(name) for name in kind.names])
        if values in self.found or not self._not_inhibited():
            return
        if kind.guard is not None and not kind.guard(self.state):
            return
        environment = {**self.variables} if kind.names else self.site.environment
        binding = Binding(self.site, values, environment, tuple(self.order), tuple(self.takes))
        if kind.limits_capacity and not self._fits_capacity(binding):
            return
        if not kind.immediate:
            limit = self.site.servers(self.state)
            binding.degree = int(min(limit, self._degree(limit)))
        if len(self.found) >= MOST_BINDINGS:
            raise RunError("too-many-bindings", f"transition {self.site.label} has more than {MOST_BINDINGS} bindings", self.state.now)
        self.found[values] = binding

    def _not_inhibited(self) -> bool:
        for arc in unfolded(self.site.kind.inhibitors, self.state):
            element, number = self.site.element(arc, self.state), self.site.multiplicity(arc, self.state)
            if number and count_fitting(arc, element, self.state) >= number:
                self._leave_fan()
                return False
        return True

    def _fits_capacity(self, binding: Binding) -> bool:
        """Whether no element with a capacity would be left with more tokens than that."""
        net, state, site = self.site.kind.net, self.state, self.site
        left: dict[tuple[int, int], int] = {}
        for arc in unfolded(site.kind.outputs, state):
            if net.places[arc.place].capacity is not None:
                key, number = (arc.place, site.element(arc, state)), site.multiplicity(arc, state)
                if number:
                    left[key] = left.get(key, 0) + number
        for place, element in left:
            left[place, element] += self._staying(binding, place, element)
        return all(tokens <= net.capacity(place, element) for (place, element), tokens in left.items())

    def _staying(self, binding: Binding, place: int, element: int) -> int:
        """The tokens of an element that neither inputs nor resets take."""
        taken = [take for take in binding.takes if take[0] == place and take[1] == element]
        number = self.marking.counts[place][element] - sum(take[2] for take in taken)
        resets = [arc for arc in self.site.kind.resets if arc.place == place]
        if not resets:
            return number
        tokens = remaining(self.marking, place, element, taken)
        for arc in unfolded(tuple(resets), self.state):
            if self.site.element(arc, self.state) == element and self.site.multiplicity(arc, self.state):
                gone = frozenset(fitting_tokens(arc, tokens, self.state))
                tokens = [token for token in tokens if token not in gone]
        return len(tokens)

    def _degree(self, limit: float) -> int:
        """The enabling degree, if it is at most `limit`, else a number that is at least `limit`."""
        takes = self.takes
        if not takes:
            return 1
        arcs = [arc for arc in self.site.kind.inputs if arc.valued]
        if any(arc.ordered and not arc.counts_all for arc in arcs):
            return 1
        if all(all(kind != FREE for kind, _ in arc.checks) for arc in arcs if not arc.ordered):
            return self._degree_of_values()
        return self._degree_by_serving(limit)

    def _degree_of_values(self) -> int:
        """The binding says the value of each token: add up what one firing takes of each."""
        needs: dict[tuple[int, int, Value | None], int] = {}
        for place, element, number, value in self.takes:
            store = self.marking.store(place, element) if value is not None else None
            key = (place, element, value if isinstance(store, Bag) else None)
            needs[key] = needs.get(key, 0) + number
        return min(self._present(*key) // number for key, number in needs.items())

    def _present(self, place: int, element: int, value: Value | None) -> int:
        return self.marking.counts[place][element] if value is None else self.marking.store(place, element).count(value)

    def _degree_by_serving(self, limit: float) -> int:
        """After what the binding takes serve the input arcs again and again from what is left, its variables fixed.

        The first time it is the binding that says which tokens: an arc that takes any token may otherwise take the one that another arc needs.
        """
        left: dict[tuple[int, int], dict[Value, int]] = {}
        for place, element, number, value in self.takes:
            if (place, element) not in left:
                left[place, element] = self._by_value(place, element)
            there = left[place, element]
            there[() if value is None or value not in there else value] -= number
        degree = 1
        while degree < limit:
            for arc in unfolded(self.site.kind.inputs, self.state):
                element, number = self.site.element(arc, self.state), self.site.multiplicity(arc, self.state)
                if number == 0:
                    continue
                key = (arc.place, element)
                if key not in left:
                    left[key] = self._by_value(*key)
                for value, tokens in left[key].items():
                    if tokens >= number and (arc.ordered or not arc.valued or fits(arc, value, self.state)):
                        left[key][value] = tokens - number
                        break
                else:
                    self._leave_fan()
                    return degree
            degree += 1
        return degree

    def _leave_fan(self) -> None:
        """A fan that is left before its end has bound its variable in variables of its own."""
        self.state.variables = self.variables

    def _by_value(self, place: int, element: int) -> dict[Value, int]:
        """The tokens of an element by value; without a value, in all, where arcs only count them."""
        store = self.marking.store(place, element) if self.site.kind.net.valued[place] else None
        if isinstance(store, Bag):
            return {value: tokens for _, value, tokens in store.choices()}
        return {(): self.marking.counts[place][element]}


def unfolded(arcs: tuple[Arc, ...], state: State) -> Iterator[Arc]:
    """Each arc, a fan once for each value of its variable (which is bound meanwhile)."""
    for arc in arcs:
        if arc.fan is None:
            yield arc
            continue
        variables = state.variables
        for value in arc.fan.values(state):
            state.variables = {**variables, arc.fan.variable: value}
            yield arc
        state.variables = variables


def match(arc: Arc, token: Value, state: State) -> list[str] | None:
    """Match a token with an arc's pattern. The names that this has bound (in `state.variables`), or None if it does not fit."""
    variables = state.variables
    bound: list[str] = []
    values = (token,) if arc.whole else token
    for (kind, entry), value in zip(arc.checks, values, strict=False):  # type: ignore[arg-type]
        if kind == BIND and entry not in variables:
            variables[entry] = value
            bound.append(entry)
        elif (kind == EQUAL and entry(state) != value) or (kind == BIND and variables[entry] != value):
            for name in bound:
                del variables[name]
            return None
    return bound


def only_value(arc: Arc, state: State) -> Value | None:
    """The one value that fits an arc's pattern in the current binding; None if several may."""
    variables = state.variables
    if not all(kind == EQUAL or (kind == BIND and entry in variables) for kind, entry in arc.checks):
        return None
    entries = tuple([entry(state) if kind == EQUAL else variables[entry] for kind, entry in arc.checks])
    return entries[0] if arc.whole else entries


def fits(arc: Arc, token: Value, state: State) -> bool:
    """Whether a token fits an arc's pattern in the current binding."""
    bound = match(arc, token, state)
    if bound:
        for name in bound:
            del state.variables[name]
    return bound is not None


def fitting_tokens(arc: Arc, tokens: Iterable[Value], state: State) -> list[Value]:
    """Those tokens that fit an arc's pattern in the current binding. If only one value does, all its entries are evaluated."""
    if not arc.checks:
        return list(tokens)
    value = only_value(arc, state)
    if value is not None:
        return [token for token in tokens if token == value]
    return [token for token in tokens if fits(arc, token, state)]


def count_fitting(arc: Arc, element: int, state: State) -> int:
    """The number of tokens in an element that fit an arc's pattern."""
    if arc.counts_all:
        return state.marking.counts[arc.place][element]
    return len(fitting_tokens(arc, state.marking.values(arc.place, element), state))


def remaining(marking: Marking, place: int, element: int, taken: list[Take]) -> list[Value]:
    """The tokens of an element, those taken left out."""
    store = marking.stores[place]
    number = sum(take[2] for take in taken)
    if store is None:
        return [()] * (marking.counts[place][element] - number)
    tokens = marking.store(place, element)
    if isinstance(tokens, Line):
        return tokens.offered(number, len(tokens.tokens) - number)
    values = list(tokens.values())
    for _, _, count, value in taken:
        for _ in range(count):
            values.remove(value)  # type: ignore[arg-type]
    return values
