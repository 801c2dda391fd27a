"""Meters: what is summed up between the start and the stop of a window, for times and for firings. When that is, is decided elsewhere."""

from __future__ import annotations

from typing import Protocol

from spn.engine.reference.enabling import Binding
from spn.engine.reference.state import Function, State


class Sum:
    """A sum that does not lose small terms among large ones (Neumaier 1974, *ZAMM* 54, p. 39)."""

    __slots__ = ("_correction", "_sum")

    def __init__(self) -> None:
        self._sum = 0.0
        self._correction = 0.0

    def add(self, term: float) -> None:
        total = self._sum + term
        if abs(self._sum) >= abs(term):
            self._correction += (self._sum - total) + term
        else:
            self._correction += (term - total) + self._sum
        self._sum = total

    @property
    def value(self) -> float:
        return self._sum + self._correction


class Meter(Protocol):
    """Started and stopped at times of tangible markings (or at time 0); `stop` gives a row of the measure's columns."""

    def start(self, now: float) -> None: ...

    def stop(self, now: float) -> tuple[float, ...]: ...


class Durations:
    """How long a condition holds and does not hold, each summed up for itself, and how often it changes. Columns of `Availability`."""

    def __init__(self, condition: Function) -> None:
        self._condition = condition
        self._holds: bool | None = None
        self.start(0.0)

    def start(self, now: float) -> None:
        self._since = now
        self._up, self._down = Sum(), Sum()
        self._failures = self._repairs = 0

    def refresh(self, state: State) -> None:
        """A tangible marking in which the condition may have changed is reached."""
        holds = bool(self._condition(state))
        if holds is not self._holds:
            self._account(state.now)
            if self._holds is not None:
                self._failures += not holds
                self._repairs += holds
            self._holds = holds

    def _account(self, now: float) -> None:
        (self._up if self._holds else self._down).add(now - self._since)
        self._since = now

    def stop(self, now: float) -> tuple[float, ...]:
        self._account(now)
        return (self._up.value, self._down.value, self._failures, self._repairs)


class TimeIntegral:
    """The integral of an expression over time, and the time. Columns of `Average`, or without `duration` of `Integral`."""

    def __init__(self, expression: Function, duration: bool) -> None:
        self._expression = expression
        self._duration = duration
        self._value = 0.0
        self.start(0.0)

    def start(self, now: float) -> None:
        self._begun = self._since = now
        self._sum = Sum()

    def refresh(self, state: State) -> None:
        """A tangible marking in which the expression may have changed is reached."""
        value = float(self._expression(state))
        if value != self._value:
            self._account(state.now)
            self._value = value

    def _account(self, now: float) -> None:
        self._sum.add(self._value * (now - self._since))
        self._since = now

    def stop(self, now: float) -> tuple[float, ...]:
        self._account(now)
        return (self._sum.value, now - self._begun) if self._duration else (self._sum.value,)


class FiringCount:
    """The number of firings, and the time. Columns of `Rate`, or without `duration` of `Count`."""

    def __init__(self, duration: bool) -> None:
        self._duration = duration
        self.start(0.0)
        self.open = False

    def start(self, now: float) -> None:
        self._begun = now
        self._count = 0
        self.open = True

    def record(self, binding: Binding, value: Function | None, state: State) -> None:
        self._count += 1

    def stop(self, now: float) -> tuple[float, ...]:
        self.open = False
        return (self._count, now - self._begun) if self._duration else (self._count,)


class Tallied:
    """Values at firings. Columns of `Tally`; with `keep` all values stay in `values`, whatever the window's segments."""

    def __init__(self, keep: bool) -> None:
        self._keep = keep
        self.values: list[float] = []
        self.start(0.0)
        self.open = False

    def start(self, now: float) -> None:
        self._count = 0
        self._total = Sum()
        self.open = True

    def record(self, binding: Binding, value: Function | None, state: State) -> None:
        state.variables = binding.environment
        number = 0.0 if value is None else float(value(state))
        self._count += 1
        self._total.add(number)
        if self._keep:
            self.values.append(number)

    def stop(self, now: float) -> tuple[float, ...]:
        self.open = False
        return (self._count, self._total.value)
