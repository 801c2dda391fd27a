"""Observers: one for each measure asked for. They know the measure's window, and when what they watch has to be looked at. They change nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spn.engine.reference.enabling import Binding
from spn.engine.reference.meters import Durations, FiringCount, Meter, Tallied, TimeIntegral
from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.state import Function, State
from spn.net.types import (
    At,
    Availability,
    Average,
    Count,
    FirstPassage,
    Integral,
    Measure,
    Over,
    Rate,
    Steady,
    Tally,
    Until,
    Window,
)
from spn.observation import COLUMNS

Action: TypeAlias = Callable[[State], None]


@dataclass(slots=True)
class Observer:
    """A measure being observed. `actions` are what it does at given times, `watches` what in tangible markings if an observation has changed."""

    name: str
    rows: NDArray[np.float64]
    missing: int
    actions: list[tuple[float, Action]] = field(default_factory=list)
    watches: list[tuple[int, Action]] = field(default_factory=list)
    firings: list[Counter] = field(default_factory=list)
    meter: Meter | None = None
    tallied: Tallied | None = None
    waits: bool = False
    """Whether an unknown passage is told as (time reached, 0)."""

    def enter(self, row: int, values: tuple[float, ...]) -> None:
        """A row is complete. Later values for it do not count."""
        if math.isnan(self.rows[row, 0]):
            self.rows[row] = values
            self.missing -= 1

    def cut(self, time: float) -> None:
        """The run ends at `time`."""
        if self.waits and self.missing:
            self.rows[np.isnan(self.rows[:, 0])] = (time, 0.0)


@dataclass(slots=True)
class Counter:
    """Counts a class's firings (`number`) whose index meets `where`."""

    number: int
    meter: FiringCount | Tallied
    index_name: str
    where: Function | None
    value: Function | None
    _known: dict[int, bool] = field(default_factory=dict)

    def record(self, binding: Binding, state: State) -> None:
        """A binding is about to fire."""
        if self.meter.open and (self.where is None or self._counts(binding.site.index, state)):
            self.meter.record(binding, self.value, state)

    def _counts(self, index: int, state: State) -> bool:
        known = self._known.get(index)
        if known is None:
            assert self.where is not None
            state.variables = {self.index_name: index}
            known = self._known[index] = bool(self.where(state))
        return known


def rows_of(measure: Measure, cuts: tuple[float, ...]) -> int:
    """The rows of a measure's observation: one for each interval between cuts, for each point of a curve, or one."""
    quantity, window = measure.quantity, measure.window
    if isinstance(quantity, FirstPassage):
        return max(len(quantity.within), 1)
    if isinstance(window, At):
        return len(window.times)
    return max(len(cuts) - 1, 0) if isinstance(window, Steady) else 1


def observer(net: PreparedNet, measure: Measure, first: int, cuts: tuple[float, ...]) -> Observer:
    """The observer of a measure whose expressions have the observation numbers from `first` on."""
    quantity, window = measure.quantity, measure.window
    columns = 1 if isinstance(window, At) else len(COLUMNS[type(quantity).__name__])
    rows = rows_of(measure, cuts)
    made = Observer(measure.name, np.full((rows, columns), np.nan), rows)
    if isinstance(quantity, FirstPassage):
        _await_passage(made, net.function(quantity.condition), quantity.within, first)
    elif isinstance(window, At):
        assert isinstance(quantity, Availability | Average)
        expression = net.function(quantity.condition if isinstance(quantity, Availability) else quantity.expression)
        for row, time in enumerate(window.times):
            made.actions.append((time, lambda state, row=row: made.enter(row, (float(expression(state)),))))  # type: ignore[misc]
    else:
        made.meter = _meter(made, net, measure, first)
        _set_window(made, made.meter, net, window, cuts, first)
    return made


def _meter(made: Observer, net: PreparedNet, measure: Measure, first: int) -> Meter:
    """The meter for a measure, connected with what it observes."""
    quantity = measure.quantity
    if isinstance(quantity, Availability):
        durations = Durations(net.function(quantity.condition))
        made.watches.append((first, durations.refresh))
        return durations
    if isinstance(quantity, Average | Integral):
        integral = TimeIntegral(net.function(quantity.expression), isinstance(quantity, Average))
        made.watches.append((first, integral.refresh))
        return integral
    assert isinstance(quantity, Rate | Count | Tally)
    meter: FiringCount | Tallied
    if isinstance(quantity, Tally):
        made.tallied = meter = Tallied(bool(quantity.quantiles))
        if not quantity.quantiles:
            made.tallied = None
    else:
        meter = FiringCount(isinstance(quantity, Rate))
    for firings in quantity.firings:
        number = net.class_number[firings.transition]
        where, value = (None if part is None else net.function(part) for part in (firings.where, firings.value))
        made.firings.append(Counter(number, meter, net.net.transitions[number].index, where, value))
    return meter


def _set_window(made: Observer, meter: Meter, net: PreparedNet, window: Window, cuts: tuple[float, ...], first: int) -> None:
    """When the meter is read."""
    match window:
        case Steady():
            for row, (start, stop) in enumerate(zip(cuts, cuts[1:], strict=False)):
                _read_between(made, meter, row, start, stop)
        case Over(start=start, stop=stop):
            _read_between(made, meter, 0, start, stop)
        case Until(condition=condition):
            holds = net.function(condition)

            def stop_if_it_holds(state: State) -> None:
                if made.missing and holds(state):
                    made.enter(0, meter.stop(state.now))

            made.actions.append((-1.0, lambda state: meter.start(0.0)))
            made.watches.append((first + len(made.watches), stop_if_it_holds))
        case At():
            raise AssertionError("instants have no meter")


def _read_between(made: Observer, meter: Meter, row: int, start: float, stop: float) -> None:
    # A window that starts at 0 starts with the initial marking and has the firings at time 0; later ones start after the firings at their start.
    made.actions.append((start if start > 0 else -1.0, lambda state: meter.start(start)))
    made.actions.append((stop, lambda state: made.enter(row, meter.stop(stop))))


def _await_passage(made: Observer, holds: Function, within: tuple[float, ...], first: int) -> None:
    """First passage: known when the condition holds in a tangible marking, or, for each of the times within which it may, when that is over."""
    made.waits = True

    def note_passage(state: State) -> None:
        if made.missing and holds(state):
            if not within:
                made.enter(0, (state.now, 1.0))
            for row, time in enumerate(within):
                made.enter(row, (float(state.now <= time), 1.0))

    made.watches.append((first, note_passage))
    for row, time in enumerate(within):
        made.actions.append((time, lambda state, row=row: made.enter(row, (0.0, 1.0))))  # type: ignore[misc]
