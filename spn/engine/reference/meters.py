"""Meters: what is summed up between the start and the stop of a window, for times and for firings. When that is, is decided elsewhere."""

from __future__ import annotations

from typing import Protocol

from spn.engine.reference.enabling import Binding
from spn.engine.reference.state import Function, State


class Sum:
    """A sum that does not lose small terms among large ones (Neumaier 1974, *ZAMM* 54, p. 39): `total` and what it lacks."""

    __slots__ = ("correction", "total")

    def __init__(self) -> None:
        self.total = 0.0
        self.correction = 0.0

    def add(self, term: float) -> None:
        total = self.total + term
        if abs(self.total) >= abs(term):
            self.correction += (self.total - total) + term
        else:
            self.correction += (term - total) + self.total
        self.total = total

    @property
    def value(self) -> float:
        return self.total + self.correction


class Meter(Protocol):
    """Started and stopped at times of tangible markings (or at time 0); `stop` gives a row of the measure's columns."""

    def start(self, now: float) -> None: ...

    def stop(self, now: float) -> tuple[float, ...]: ...


class Durations:
    """How long a condition holds and does not hold, each summed up for itself, and how often it changes. Columns of `Availability`."""

    def __init__(self, condition: Function) -> None:
        self._condition = condition
        self.holds: bool | None = None
        self.start(0.0)

    def start(self, now: float) -> None:
        self.since = now
        self.up, self.down = Sum(), Sum()
        self.failures = self.repairs = 0

    def refresh(self, state: State) -> None:
        """A tangible marking in which the condition may have changed is reached."""
        holds = bool(self._condition(state))
        if holds is not self.holds:
            self._account(state.now)
            if self.holds is not None:
                self.failures += not holds
                self.repairs += holds
            self.holds = holds

    def _account(self, now: float) -> None:
        (self.up if self.holds else self.down).add(now - self.since)
        self.since = now

    def stop(self, now: float) -> tuple[float, ...]:
        self._account(now)
        return (self.up.value, self.down.value, self.failures, self.repairs)


class TimeIntegral:
    """The integral of an expression over time, and the time. Columns of `Average`, or without `duration` of `Integral`."""

    def __init__(self, expression: Function, duration: bool) -> None:
        self._expression = expression
        self._duration = duration
        self.value = 0.0
        self.start(0.0)

    def start(self, now: float) -> None:
        self.begun = self.since = now
        self.sum = Sum()

    def refresh(self, state: State) -> None:
        """A tangible marking in which the expression may have changed is reached."""
        value = float(self._expression(state))
        if value != self.value:
            self._account(state.now)
            self.value = value

    def _account(self, now: float) -> None:
        self.sum.add(self.value * (now - self.since))
        self.since = now

    def stop(self, now: float) -> tuple[float, ...]:
        self._account(now)
        return (self.sum.value, now - self.begun) if self._duration else (self.sum.value,)


class FiringCount:
    """The number of firings, and the time. Columns of `Rate`, or without `duration` of `Count`."""

    def __init__(self, duration: bool) -> None:
        self._duration = duration
        self.start(0.0)
        self.open = False

    def start(self, now: float) -> None:
        self.begun = now
        self.count = 0
        self.open = True

    def record(self, binding: Binding, value: Function | None, state: State) -> None:
        self.count += 1

    def stop(self, now: float) -> tuple[float, ...]:
        self.open = False
        return (self.count, now - self.begun) if self._duration else (self.count,)


class Tallied:
    """Values at firings. Columns of `Tally`; with `keep` all values stay in `values`, whatever the window's segments."""

    def __init__(self, keep: bool) -> None:
        self._keep = keep
        self.values: list[float] = []
        self.start(0.0)
        self.open = False

    def start(self, now: float) -> None:
        self.count = 0
        self.total = Sum()
        self.open = True

    def record(self, binding: Binding, value: Function | None, state: State) -> None:
        state.variables = binding.environment
        number = 0.0 if value is None else float(value(state))
        self.count += 1
        self.total.add(number)
        if self._keep:
            self.values.append(number)

    def stop(self, now: float) -> tuple[float, ...]:
        self.open = False
        return (self.count, self.total.value)
