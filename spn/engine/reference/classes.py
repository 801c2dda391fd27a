"""Transition classes compiled, and for each index that is looked at a *site* with what never changes there. No run's state lives here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from spn.distributions import Distribution, make
from spn.engine.reference.state import Function, State
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Constant, DelayCall, Expression, Now, Sequence, Tokens, Value
from spn.expressions.walk import free_variables, walk
from spn.net.types import Immediate, Timed, Transition
from spn.observation import RunError

if TYPE_CHECKING:
    from spn.engine.reference.prepared import PreparedNet

Need: TypeAlias = tuple[int, int, int]
"""(place, element, multiplicity)."""

FREE, BIND, EQUAL = 0, 1, 2
Check: TypeAlias = tuple[int, Any]
"""One entry of a pattern: (FREE, None), (BIND, name) or (EQUAL, function of the state)."""

MEMORISED = 10_000
"""Distributions kept for parameters that change."""


@dataclass(frozen=True, slots=True)
class Fan:
    """A loop of an arc."""

    variable: str
    start: Function
    stop: Function

    def values(self, state: State) -> range:
        return range(self.start(state), self.stop(state) + 1)


@dataclass(frozen=True, slots=True)
class Arc:
    """An arc of a transition class; `token` is an output's, `checks` the pattern of the others. `ordered`: fifo, lifo or random with values."""

    place: int
    valued: bool
    ordered: bool
    element: Function
    multiplicity: Function
    fan: Fan | None
    checks: tuple[Check, ...]
    whole: bool
    token: Function | None
    static: bool
    size: int
    name: str

    @property
    def counts_all(self) -> bool:
        """Whether every token fits and none tells anything: the arc only counts."""
        return all(kind == FREE for kind, _ in self.checks)


@dataclass(slots=True)
class TransitionClass:
    """A transition class compiled. `first` is the code of its index 0: codes number all transitions in the order of bindings."""

    net: PreparedNet
    transition: Transition
    number: int
    first: int
    immediate: bool = field(init=False)
    priority: int = field(init=False)
    inputs: tuple[Arc, ...] = field(init=False)
    tests: tuple[Arc, ...] = field(init=False)
    inhibitors: tuple[Arc, ...] = field(init=False)
    resets: tuple[Arc, ...] = field(init=False)
    outputs: tuple[Arc, ...] = field(init=False)
    names: tuple[str, ...] = field(init=False)
    guard: Function | None = field(init=False)
    weight: Function | None = field(init=False)
    servers: Function | None = field(init=False)
    memory: str = field(init=False)
    exponential: bool = field(init=False)
    static_delay: bool = field(init=False)
    limits_capacity: bool = field(init=False)
    simple: bool = field(init=False)
    _delay: tuple[Function | tuple[Function, ...], ...] = field(init=False)
    _distributions: dict[tuple[Any, ...], Distribution] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        net, transition, timing = self.net, self.transition, self.transition.timing
        self.priority, self.immediate = timing.priority, isinstance(timing, Immediate)
        self.inputs, self.tests, self.inhibitors, self.resets = (
            tuple(net.input_arc(arc, transition) for arc in arcs)
            for arcs in (transition.inputs, transition.tests, transition.inhibitors, transition.resets)
        )
        self.outputs = tuple(net.output_arc(arc, transition) for arc in transition.outputs)
        self.names = tuple(variable.name for variable in transition.variables)
        self.guard = None if transition.guard is None else net.function(transition.guard)
        self.weight = self.servers = None
        self.memory, self.exponential, self.static_delay, self._delay = "enabling", False, True, ()
        if isinstance(timing, Immediate):
            if timing.weight != Constant(timing.weight.type, 1):
                self.weight = net.function(timing.weight)
        else:
            self._compile_timing(timing)
        self.limits_capacity = any(net.places[arc.place].capacity is not None for arc in self.outputs)
        arcs = (*self.inputs, *self.tests, *self.inhibitors)
        self.simple = not self.names and all(arc.static and arc.counts_all for arc in arcs)
        self.simple = self.simple and not any(arc.valued for arc in (*self.inputs, *self.tests))
        if self.limits_capacity:
            self.simple = self.simple and not self.resets and all(arc.static for arc in self.outputs)

    def _compile_timing(self, timing: Timed) -> None:
        self.memory = timing.memory
        self.servers = None if timing.servers is None else self.net.function(timing.servers)
        self.exponential = timing.delay.name == "exponential"
        self.static_delay = is_static(timing.delay, {self.transition.index})
        self._delay = tuple(
            tuple(map(self.net.function, argument.items)) if isinstance(argument, Sequence) else self.net.function(argument)
            for argument in timing.delay.arguments
        )

    def distribution(self, state: State) -> Distribution:
        """The delay's distribution with its parameters in the current marking. Raises ValueError."""
        values = tuple([tuple([item(state) for item in p]) if isinstance(p, tuple) else p(state) for p in self._delay])
        known = self._distributions.get(values)
        if known is None:
            delay: DelayCall = self.transition.timing.delay  # type: ignore[union-attr]
            known = make(delay.name, delay.form, values)
            if len(self._distributions) >= MEMORISED:
                self._distributions.clear()
            self._distributions[values] = known
        return known


class Site:
    """One index of a transition class: what never changes there, found when it is first looked at."""

    __slots__ = (
        "_delay",
        "capacities",
        "code",
        "environment",
        "fixed_moves",
        "index",
        "inhibitors",
        "inputs",
        "kind",
        "leading",
        "simple",
        "takes",
        "tests",
    )

    def __init__(self, kind: TransitionClass, index: int) -> None:
        self.kind = kind
        self.index = index
        self.code = kind.first + index
        self.environment: dict[str, Value] = {kind.transition.index: index}
        self._delay: Distribution | None = None
        self.fixed_moves: tuple[tuple[int, int, int, None], ...] | None = None
        self.inputs: tuple[Need, ...] = ()
        self.takes: tuple[tuple[int, int, int, None], ...] = ()
        self.tests: tuple[Need, ...] = ()
        self.capacities: tuple[tuple[int, int, float], ...] = ()
        self.inhibitors: tuple[Need, ...] = ()
        self.simple = kind.simple
        if kind.simple:
            try:
                self._resolve()
            except (RunError, EvaluationError):
                # An element that does not exist: told when, and if, a look at the binding comes to it.
                self.simple, self.fixed_moves = False, None
        self.leading = () if self.simple else self._leading()

    def _leading(self) -> tuple[Need, ...]:
        """What the first arcs need, as far as only the index decides it: without these tokens a search for bindings finds none.

        It ends with the first arc that may meet an error after it has met its tokens, which a search would meet before it comes to the next one.
        """
        state, needs = State(self.kind.net, self.environment), []
        for arc in (*self.kind.inputs, *self.kind.tests):
            if not arc.static or arc.fan is not None:
                break
            try:
                need = (arc.place, self.element(arc, state), self.multiplicity(arc, state))
            except (RunError, EvaluationError):
                break
            if need[2]:
                needs.append(need)
            if any(kind == EQUAL for kind, _ in arc.checks):
                break
        return tuple(needs)

    def _resolve(self) -> None:
        """Evaluate what only the index decides."""
        kind = self.kind
        state = State(kind.net, self.environment)
        inputs = self._needs(kind.inputs, state)
        self.inputs = _together(inputs)
        self.takes = tuple((place, element, number, None) for place, element, number in inputs if number)
        self.tests = tuple(need for need in self._needs(kind.tests, state) if need[2])
        self.inhibitors = tuple(need for need in self._needs(kind.inhibitors, state) if need[2])
        if kind.limits_capacity:
            self.capacities = self._rooms(inputs, self._needs(kind.outputs, state))
        if not kind.resets and all(arc.static and not arc.valued for arc in kind.outputs):
            takes = [(place, element, -number, None) for place, element, number in inputs]
            puts = [(place, element, number, None) for place, element, number in self._needs(kind.outputs, state)]
            self.fixed_moves = tuple(move for move in (*takes, *puts) if move[2])

    def _needs(self, arcs: tuple[Arc, ...], state: State) -> list[Need]:
        """Element and multiplicity of static arcs, fans taken apart."""
        needs: list[Need] = []
        for arc in arcs:
            if arc.fan is None:
                needs.append((arc.place, self.element(arc, state), self.multiplicity(arc, state)))
                continue
            for value in arc.fan.values(state):
                state.variables = {**self.environment, arc.fan.variable: value}
                needs.append((arc.place, self.element(arc, state), self.multiplicity(arc, state)))
            state.variables = self.environment
        return needs

    def _rooms(self, inputs: list[Need], outputs: list[Need]) -> tuple[tuple[int, int, float], ...]:
        """(place, element, most tokens before the firing) where the capacity of an element that gets tokens is kept."""
        changes = {(place, element): 0 for place, element, number in outputs if number}
        for sign, needs in ((1, outputs), (-1, inputs)):
            for place, element, number in needs:
                if (place, element) in changes:
                    changes[place, element] += sign * number
        capacity = self.kind.net.capacity
        rooms = [(place, element, capacity(place, element) - change) for (place, element), change in changes.items()]
        return tuple(room for room in rooms if room[2] < float("inf"))

    def element(self, arc: Arc, state: State) -> int:
        """The arc's element in the current binding."""
        element: int = arc.element(state)
        if not 0 <= element < arc.size:
            text = f"{self.describe(state.variables)}: {arc.name} has no element {element} (it has 0 to {arc.size - 1})"
            raise RunError("bad-index", text, state.now)
        return element

    def multiplicity(self, arc: Arc, state: State) -> int:
        """The arc's multiplicity in the current marking."""
        number: int = arc.multiplicity(state)
        if number < 0 or number != int(number):
            text = f"{self.describe(state.variables)}: the multiplicity of the arc of {arc.name} is {number}"
            raise RunError("bad-multiplicity", text, state.now)
        return int(number)

    def distribution(self, state: State) -> Distribution:
        """The delay's distribution in the current marking; `state.variables` must be the binding's."""
        if self._delay is not None:
            return self._delay
        try:
            found = self.kind.distribution(state)
        except ValueError as error:
            negative = self.kind.exponential and "negative" in str(error)
            text = f"{self.describe(state.variables)}: {error}"
            raise RunError("negative-rate" if negative else "bad-delay", text, state.now) from None
        if self.kind.static_delay:
            self._delay = found
        return found

    def weight(self, state: State) -> float:
        """The weight of an immediate binding in the current marking."""
        if self.kind.weight is None:
            return 1.0
        weight: float = self.kind.weight(state)
        if not 0 <= weight < float("inf"):
            raise RunError("bad-weight", f"{self.describe(state.variables)}: the weight is {weight}", state.now)
        return weight

    def servers(self, state: State) -> float:
        """The most clocks of a binding in the current marking."""
        if self.kind.servers is None:
            return float("inf")
        servers: float = self.kind.servers(state)
        if servers < 0 or servers != int(servers):
            raise RunError("bad-servers", f"{self.describe(state.variables)}: the number of servers is {servers}", state.now)
        return int(servers)

    @property
    def label(self) -> str:
        return self.kind.net.transition_label(self.kind.number, self.index)

    def describe(self, variables: dict[str, Value]) -> str:
        """For people: the transition and its binding."""
        bound = ", ".join(f"{name}={variables[name]}" for name in self.kind.names if name in variables)
        return f"transition {self.label}" + (f" with {bound}" if bound else "")


def _together(needs: list[Need]) -> tuple[Need, ...]:
    """Needs of the same element added up."""
    total: dict[tuple[int, int], int] = {}
    for place, element, number in needs:
        total[place, element] = total.get((place, element), 0) + number
    return tuple((place, element, number) for (place, element), number in total.items() if number)


def is_static(expression: Expression, names: set[str]) -> bool:
    """Whether only the variables `names` (and tables) decide the value."""
    return not any(isinstance(node, Tokens | Now) for node in walk(expression)) and free_variables(expression) <= names
