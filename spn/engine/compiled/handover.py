"""A replication that the reference engine has begun goes on compiled: marking, clocks, generator and observations are put into a kernel's memory.

It may move after any firing, and the events that follow, their times and all that is observed are the same to the last bit. The kernel first looks at
the marking as at a beginning, with a generator of its own; so everything that follows from the marking alone is found by the kernel itself, and
only the times of clocks and what they remember are set afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spn.engine.compiled import cells
from spn.engine.compiled.enumeration import changes, table_of
from spn.engine.compiled.layout import ClassPlan, bits, bits_of, flat
from spn.engine.reference.meters import Durations, FiringCount, Sum, Tallied, TimeIntegral
from spn.expressions.tree import Value

if TYPE_CHECKING:
    from spn.engine.compiled.observing import Meter
    from spn.engine.compiled.running import Machine, Replication
    from spn.engine.reference.enabling import Binding
    from spn.engine.reference.replication import Replication as ReferenceReplication
    from spn.engine.reference.simulation import Simulation, Standing


class HandoverError(Exception):
    """The state cannot be put into the kernel's memory at this event."""


def adopt(machine: Machine, begun: Simulation) -> None:
    """Fill a machine's fresh memory with the state of a run. Raises `HandoverError`."""
    standing, state, values = begun.standing(), machine.state, machine.values
    for place in machine.plan.layout.places:
        for element, count, value in _tokens(begun, place.number):
            machine.put(place, element, count, value, arrives=False)
    values[cells.NOW] = begun.now
    machine.call(0)
    if state[cells.ERROR]:
        # A delay's parameters may be out of range in a marking in which none is drawn.
        raise HandoverError
    machine.rng.bit_generator.state = standing.generator.bit_generator.state
    _set_clocks(machine, standing)
    _set_frozen(machine, standing)
    state[cells.EPOCH], state[cells.STARTED], state[cells.FIRED] = standing.epoch, standing.started, begun.firings
    state[cells.INSTANT] = len(standing.instant)
    machine.history[: len(standing.instant)] = standing.instant
    for number, fired in enumerate(begun.fired):
        state[machine.plan.observing.fired(number)] = fired


def _tokens(begun: Simulation, place: int) -> Iterator[tuple[int, int, Value | None]]:
    """(element, number, value) of the tokens of a place, those with values one by one in the order in which they stand."""
    marking = begun.marking
    if marking.stores[place] is None:
        yield from ((element, count, None) for element, count in enumerate(marking.counts[place]) if count)
        return
    for element in marking.occupied(place):
        yield from ((element, 1, value) for value in marking.values(place, element))


def _set_clocks(machine: Machine, standing: Standing) -> None:
    rows: list[tuple[int, int, int, int, int]] = []
    for code, bindings in standing.clocks.items():
        kind = machine.prepared.kind_of(code)
        plan = machine.plan.layout.classes[kind.number]
        for binding in bindings:
            if plan.enumerated:
                rows += _list_rows(machine, _record(machine, plan, binding.site.index, kind.names, binding.values), binding)
                continue
            own = own_slot(plan, binding)
            if plan.single:
                rows += [(0, plan.first + own, bits(clock.time), 0, 0) for clock in binding.clocks]
                if plan.memory == "resampling":
                    for clock in binding.clocks:
                        machine.state[machine.plan.region(f"epochs_{plan.name}") + own] = clock.epoch
            else:
                rows += _list_rows(machine, _list(machine, plan, own), binding)
    if rows:
        block = np.array(rows, np.int64)
        machine.call(7, int(block.ctypes.data), 0.0, len(rows))


def _list(machine: Machine, plan: ClassPlan, own: int) -> int:
    """The address of a binding's list of clocks."""
    return int(machine.state.ctypes.data) + 8 * (machine.plan.region(f"clocks_{plan.name}") + 4 * own)


def values_of(plan: ClassPlan, index: int, names: tuple[str, ...], values: tuple[Value | None, ...]) -> list[int]:
    """The numbers by which the record of an enumerated binding is found."""
    variables = dict(zip(names, values, strict=True))
    mask, numbers = 0, list[int]()
    for k, (name, parts) in enumerate(plan.variables.items()):
        value = variables[name]
        mask |= 0 if value is None else 1 << k
        numbers += [0] * len(parts) if value is None else bits_of(flat(value), parts)
    return [mask, index, *numbers]


def _record(machine: Machine, plan: ClassPlan, index: int, names: tuple[str, ...], values: tuple[Value | None, ...]) -> int:
    """The address of the record of an enumerated binding, which begins with its list of clocks."""
    numbers = values_of(plan, index, names, values)
    machine.key[: len(numbers)] = numbers
    return machine.call(10, table_of(machine.plan.writer, plan), 0.0, len(numbers))


def is_fired(machine: Machine, plan: ClassPlan, binding: Binding) -> bool:
    """Whether a binding is the one that the kernel has just fired."""
    if not plan.enumerated:
        return own_slot(plan, binding) == int(machine.state[cells.LAST]) - plan.first
    numbers = values_of(plan, binding.site.index, binding.site.kind.names, binding.values)
    return bool((machine.fired_values[: len(numbers)] == numbers).all())


def _list_rows(machine: Machine, at: int, binding: Binding) -> Iterator[tuple[int, int, int, int, int]]:
    assert machine.number_of_clocks(at) == len(binding.clocks)
    for number, clock in enumerate(binding.clocks):
        yield 2 if number else 1, at, bits(clock.time), clock.started, clock.epoch


def _set_frozen(machine: Machine, standing: Standing) -> None:
    rows: list[tuple[int, int, int, int]] = []
    for (code, bound), frozen in standing.frozen.items():
        kind = machine.prepared.kind_of(code)
        plan = machine.plan.layout.classes[kind.number]
        if plan.enumerated:
            at = _record(machine, plan, code - kind.first, kind.names, bound)
            changing = changes(plan)
            rows += [(at, plan.first + code - kind.first, bits(left), bits(rate if changing else -1.0)) for left, rate, _, _ in frozen]
            continue
        own = _own_slot(plan, code - kind.first, kind.names, bound)
        rates = machine.plan.writer.knows(f"rates_{plan.name}")
        for left, rate, _, _ in frozen:
            if not plan.single:
                rows.append((_list(machine, plan, own), plan.first + own, bits(left), bits(rate if rates else -1.0)))
                continue
            machine.values[machine.plan.region(f"left_{plan.name}") + own] = left
            if rates:
                machine.values[machine.plan.region(f"frozen_{plan.name}") + own] = rate
    if rows:
        block = np.array(rows, np.int64)
        machine.call(8, int(block.ctypes.data), 0.0, len(rows))


def own_slot(plan: ClassPlan, binding: Binding) -> int:
    """The number of a binding's slot within its class."""
    return _own_slot(plan, binding.site.index, binding.site.kind.names, binding.values)


def _own_slot(plan: ClassPlan, index: int, names: Sequence[str], values: Sequence[Value | None]) -> int:
    variables = dict(zip(names, values, strict=True))
    position = 0
    for name in plan.finite:
        value = variables[name]
        assert value is not None
        for number, leaf in zip(flat(value), plan.variables[name], strict=True):
            assert leaf.low is not None
            assert leaf.high is not None
            position = position * (leaf.high - leaf.low + 1) + int(number) - leaf.low
    return index * plan.bindings + position


def adopt_observations(replication: Replication, begun: ReferenceReplication) -> None:
    """What has been observed so far, and what is still to be done at which time."""
    replication.tokens[:], replication.drawn[:] = begun.tokens, begun.drawn
    for number, drawn in begun.simulation.drawn.items():
        _, first = replication.machine.plan.layout.controls[number]
        replication.values[first : first + 2] = drawn.sums
    # Both have the same actions, latest first; those that are left are as many.
    del replication.actions[len(begun.actions) :]
    for meter, observer in zip(replication.meters, begun.observers, strict=True):
        name = observer.name
        replication.rows[name][:] = observer.rows
        replication.missing[name] = observer.missing
        if meter.waits >= 0:
            replication.state[meter.waits] = int(observer.missing > 0)
        match observer.meter:
            case Durations() as durations:
                _adopt_durations(replication, meter, durations)
            case TimeIntegral() as integral:
                replication.begun[name] = integral.begun
                replication.values[meter.reals : meter.reals + 4] = [integral.value, integral.since, *_parts(integral.sum)]
            case FiringCount() as counted:
                replication.begun[name] = counted.begun
                replication.state[meter.ints : meter.ints + 2] = [counted.open, counted.count]
            case Tallied() as tallied:
                replication.state[meter.ints : meter.ints + 2] = [tallied.open, tallied.count]
                replication.values[meter.reals : meter.reals + 2] = _parts(tallied.total)
                replication.earlier[name] = tallied.values


def _adopt_durations(replication: Replication, meter: Meter, durations: Durations) -> None:
    holds = -1 if durations.holds is None else int(durations.holds)
    replication.state[meter.ints : meter.ints + 3] = [holds, durations.failures, durations.repairs]
    replication.values[meter.reals : meter.reals + 5] = [durations.since, *_parts(durations.up), *_parts(durations.down)]


def _parts(sum: Sum) -> tuple[float, float]:
    return sum.total, sum.correction
