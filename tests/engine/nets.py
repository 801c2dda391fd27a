"""Nets for the engine's tests, built in Python: expressions from Python operators, places and transitions in few words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spn.engine.reference import Event, ReferenceEngine, Simulation
from spn.expressions.tree import (
    Binary,
    Constant,
    DelayCall,
    Expression,
    Field,
    Lookup,
    Make,
    Now,
    Range,
    Reduce,
    Sequence,
    Tokens,
    Unary,
    Variable,
)
from spn.expressions.types import BOOLEAN, DISTRIBUTION, DOT, INTEGER, REAL, Number, Product, Record, Type
from spn.net.types import (
    Bind,
    BoundVariable,
    Immediate,
    InitialTokens,
    InputArc,
    Loop,
    Measure,
    Net,
    OutputArc,
    Place,
    Timed,
    Transition,
)
from spn.observation import Outcome, Task

JOB = Record("job", (("number", INTEGER), ("size", REAL)))
PAIR = Product("pair", (INTEGER, INTEGER))


def expression(value: Any) -> Expression:
    """A Python number, boolean or tuple as a constant; a name as a variable; expressions as they are."""
    if isinstance(value, str):
        return Variable(INTEGER, value)
    if isinstance(value, bool):
        return Constant(BOOLEAN, value)
    if isinstance(value, int):
        return Constant(INTEGER, value)
    if isinstance(value, float):
        return Constant(REAL, value)
    if isinstance(value, tuple):
        return Constant(PAIR, value)
    return value


e = expression


def op(left: Any, operator: Any, right: Any) -> Expression:
    comparison = operator in ("==", "!=", "<", "<=", ">", ">=", "and", "or")
    left, right = e(left), e(right)
    integer = all(isinstance(x.type, Number) and x.type.integer for x in (left, right))
    return Binary(BOOLEAN if comparison else Number(integer and operator != "/"), operator, left, right)


def negate(operand: Any) -> Expression:
    return Unary(BOOLEAN, "not", e(operand))


def tokens(place: str, element: Any = 0, pattern: tuple[Any, ...] = ()) -> Expression:
    entries = tuple(None if entry is None else e(entry) for entry in pattern)
    return Tokens(INTEGER, place, None if element is None else e(element), entries)


def field(base: Any, index: int, type: Type = REAL) -> Expression:
    return Field(type, e(base), f"f{index}", index)


def make_token(*components: Any, type: Type = PAIR) -> Expression:
    return Make(type, tuple(e(component) for component in components))


def lookup(table: str, index: Any) -> Expression:
    return Lookup(INTEGER, table, e(index))


def total(variable: str, start: Any, stop: Any, body: Expression) -> Expression:
    return Reduce(INTEGER, "sum", variable, Range(e(start), e(stop)), body, None)


NOW = Now(Number(integer=False, dimension=1))


def place(name: str, initial: Any = 0, size: int = 1, colour: Type = DOT, order: Any = "multiset", capacity: Any = None, bounds: Any = ()) -> Place:
    """`initial` is a number of plain tokens (or an expression of ``i``), or a list of values."""
    if isinstance(initial, list):
        start = tuple(InitialTokens(e(value), e(1)) for value in initial)
    else:
        start = () if initial == 0 and isinstance(initial, int) else (InitialTokens(None, e(initial)),)
    return Place(name, size, colour, order, None if capacity is None else e(capacity), start, bounds=bounds)


def arc(place: str, multiplicity: Any = 1, element: Any = 0, pattern: tuple[Any, ...] = (), whole: bool = True, loop: Any = None) -> InputArc:
    """An input, test, inhibitor or reset arc; in the pattern ``"?c"`` binds c and None is a wildcard."""
    entries = tuple(Bind(x[1:]) if isinstance(x, str) and x.startswith("?") else None if x is None else e(x) for x in pattern)
    return InputArc(place, e(element), e(multiplicity), entries, whole, None if loop is None else Loop(loop[0], e(loop[1]), e(loop[2])))


def out(place: str, multiplicity: Any = 1, element: Any = 0, token: Any = None, loop: Any = None) -> OutputArc:
    put = None if token is None else e(token)
    return OutputArc(place, e(element), e(multiplicity), put, None if loop is None else Loop(loop[0], e(loop[1]), e(loop[2])))


def arcs(given: Any, make: Any) -> tuple[Any, ...]:
    given = given if isinstance(given, (list, tuple)) else [given]
    return tuple(make(each) if isinstance(each, str) else each for each in given)


def exponential(rate: Any) -> DelayCall:
    return DelayCall(DISTRIBUTION, "exponential", ("rate",), (e(rate),))


def deterministic(value: Any) -> DelayCall:
    return DelayCall(DISTRIBUTION, "deterministic", ("value",), (e(value),))


def uniform(low: Any, high: Any) -> DelayCall:
    return DelayCall(DISTRIBUTION, "uniform", ("low", "high"), (e(low), e(high)))


def lognormal(mean: Any, sigma: Any) -> DelayCall:
    return DelayCall(DISTRIBUTION, "lognormal", ("mean", "sigma"), (e(mean), e(sigma)))


def discrete(values: list[Any], weights: list[Any]) -> DelayCall:
    lists = (Sequence(tuple(map(e, values))), Sequence(tuple(map(e, weights))))
    return DelayCall(DISTRIBUTION, "discrete", ("values", "weights"), lists)


def transition(
    name: str,
    inputs: Any = (),
    outputs: Any = (),
    delay: Any = None,
    *,
    tests: Any = (),
    inhibit: Any = (),
    reset: Any = (),
    guard: Any = None,
    size: int = 1,
    variables: Any = (),
    priority: int | None = None,
    weight: Any = 1,
    memory: Any = "enabling",
    servers: Any = 1,
) -> Transition:
    """Immediate without a `delay`; a number is a deterministic delay. `servers` None: infinite. `variables` are names or (name, type)."""
    if delay is None:
        timing: Any = Immediate(1 if priority is None else priority, e(weight))
    else:
        call = delay if isinstance(delay, DelayCall) else deterministic(delay)
        timing = Timed(call, memory, None if servers is None else e(servers), priority or 0)
    bound = tuple(BoundVariable(v, INTEGER) if isinstance(v, str) else BoundVariable(*v) for v in variables)
    lists = [arcs(given, arc) for given in (inputs, tests, inhibit, reset)]
    return Transition(name, timing, size, *lists, arcs(outputs, out), bound, None if guard is None else e(guard))


def net(places: list[Place], transitions: list[Transition], measures: list[Measure] = [], tables: Any = None) -> Net:  # noqa: B006
    return Net(tuple(places), tuple(transitions), tuple(measures), tables=tables or {})


def firings(of: Net, until: float = 1e300, most: int = 1000, seed: int = 1, everything: bool = False) -> list[tuple[float, str]]:
    """(time, transition) of each firing."""
    return [(event.time, of.transitions[event.transition].name) for event in events(of, until, most, seed, everything)]


def events(of: Net, until: float = 1e300, most: int = 1000, seed: int = 1, everything: bool = False) -> Iterator[Event]:
    simulation = Simulation(of, seed, look_at_everything=everything)
    for _ in range(most):
        if simulation.peek() > until:
            return
        event = simulation.step()
        if event is None:
            return
        yield event


def observe(of: Net, *cuts: float, seed: int = 1, **limits: Any) -> Outcome:
    """All measures of a net, observed in one replication."""
    task = Task(seed, (), tuple(measure.name for measure in of.measures), cuts, **limits)
    return ReferenceEngine().prepare(of).run(task)


def machine_net() -> Net:
    """A machine that fails and is repaired."""
    return net(
        [place("up", 1), place("down")],
        [transition("fail", "up", "down", exponential(0.1)), transition("repair", "down", "up", uniform(1.0, 2.0))],
    )
