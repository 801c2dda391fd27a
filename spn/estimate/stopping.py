"""When to stop: criteria that combine with ``|`` and ``&``, and the reasons users read. What is simulated is decided elsewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import final

import numpy as np
from numpy.typing import NDArray

from spn.estimate.intervals import Floats


class Reason(Enum):
    """Why a simulation ended. The values are what users read; the order is that of their weight."""

    EVENTS = "every measure has seen the events asked for"
    CONVERGED = "converged: every measure has the precision asked for"
    REPLICATIONS = "the limit of replications was reached"
    FIRINGS = "the budget of firings is used up"
    SIMULATED_TIME = "the budget of simulated time is used up"
    TIME = "the time budget is used up"
    NO_EVENT = "no event seen: what a measure counts did not happen once"
    DEAD = "dead marking: replications came to a standstill"
    NOT_STATIONARY = "not stationary: a measure has no long-run value that could be seen"
    RUN_ERROR = "the net cannot go on: run error"
    INTERRUPTED = "interrupted"

    @property
    def weight(self) -> int:
        return list(Reason).index(self)


@final
@dataclass(frozen=True, slots=True)
class Look:
    """How far one measure is. `relative` is the relative half-width; `enough` says that replications and events are; `hopeless`, if set, why no
    further replication will help; `events` are those behind it, or None where nothing is counted.
    """

    relative: float
    enough: bool
    hopeless: Reason | None = None
    events: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Status:
    """What criteria see: `seconds` have passed, and `simulated` seconds in the nets of all replications together. `looks` is empty between check
    points,
    where neither precision nor events are looked at.
    """

    replications: int
    firings: int
    seconds: float
    simulated: float
    looks: Mapping[str, Look] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Orders:
    """What criteria would have seen at one look in each of `number` orders of the same replications: as in `Look`, arrays of that length by measure.
    `hopeless` are measures that no further replication would have helped.
    """

    number: int
    relative: Mapping[str, Floats]
    enough: Mapping[str, NDArray[np.bool_]]
    events: Mapping[str, Floats | None]
    hopeless: frozenset[str] = frozenset()


def _check_positive(what: str, value: float) -> None:
    if not value > 0.0:
        raise ValueError(f"{what} must be positive, not {value}")


class Criterion(ABC):
    """A condition to stop on."""

    @abstractmethod
    def reason(self, status: Status) -> Reason | None:
        """The reason to stop, or None to go on."""

    def among(self, orders: Orders) -> NDArray[np.bool_]:
        """In which of several orders it would have stopped by what was observed. Criteria that do not look at that stop in none."""
        return np.zeros(orders.number, np.bool_)

    def __or__(self, other: Criterion) -> Criterion:
        return AnyOf((self, other))

    def __and__(self, other: Criterion) -> Criterion:
        return AllOf((self, other))


@final
@dataclass(frozen=True)
class AnyOf(Criterion):
    """Stops with the first part that does."""

    parts: tuple[Criterion, ...]

    def reason(self, status: Status) -> Reason | None:
        return next((reason for part in self.parts if (reason := part.reason(status)) is not None), None)

    def among(self, orders: Orders) -> NDArray[np.bool_]:
        return np.asarray(np.logical_or.reduce([part.among(orders) for part in self.parts]), np.bool_)


@final
@dataclass(frozen=True)
class AllOf(Criterion):
    """Stops when all parts do, with the gravest of their reasons."""

    parts: tuple[Criterion, ...]

    def reason(self, status: Status) -> Reason | None:
        reasons = [part.reason(status) for part in self.parts]
        found = [reason for reason in reasons if reason is not None]
        return max(found, key=lambda reason: reason.weight) if found and len(found) == len(reasons) else None

    def among(self, orders: Orders) -> NDArray[np.bool_]:
        return np.asarray(np.logical_and.reduce([part.among(orders) for part in self.parts]), np.bool_)


@final
@dataclass(frozen=True)
class Precision(Criterion):
    """Each measure has a relative half-width of at most `relative` (or its own), or is hopeless. Asked of U for availabilities."""

    relative: float
    own: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for value in (self.relative, *self.own.values()):
            _check_positive("a relative precision", value)

    def target(self, measure: str) -> float:
        return self.own.get(measure, self.relative)

    def met(self, measure: str, look: Look) -> bool:
        return look.enough and look.relative <= self.target(measure)

    def reason(self, status: Status) -> Reason | None:
        if not status.looks:
            return None
        gravest = Reason.CONVERGED
        for name, look in status.looks.items():
            if look.hopeless is not None:
                gravest = max(gravest, look.hopeless, key=lambda reason: reason.weight)
            elif not self.met(name, look):
                return None
        return gravest

    def among(self, orders: Orders) -> NDArray[np.bool_]:
        met = [orders.enough[name] & (part <= self.target(name)) for name, part in orders.relative.items() if name not in orders.hopeless]
        return np.logical_and.reduce(met) if met else np.ones(orders.number, np.bool_)


@final
@dataclass(frozen=True)
class Events(Criterion):
    """Each measure that counts events (failures, firings, values, passages) has seen `least` of them, or is hopeless. At least one measure must
    count.
    """

    least: int

    def __post_init__(self) -> None:
        _check_positive("events", self.least)

    def reason(self, status: Status) -> Reason | None:
        counting = [look for look in status.looks.values() if look.events is not None]
        seen = all((look.events or 0) >= self.least or look.hopeless is not None for look in counting)
        return Reason.EVENTS if counting and seen else None

    def among(self, orders: Orders) -> NDArray[np.bool_]:
        seen = [part >= self.least for name, part in orders.events.items() if part is not None and name not in orders.hopeless]
        return np.logical_and.reduce(seen) if seen else np.zeros(orders.number, np.bool_)


@final
@dataclass(frozen=True)
class Firings(Criterion):
    """At least `limit` firings were made."""

    limit: int

    def __post_init__(self) -> None:
        _check_positive("firings", self.limit)

    def reason(self, status: Status) -> Reason | None:
        return Reason.FIRINGS if status.firings >= self.limit else None


@final
@dataclass(frozen=True)
class WallTime(Criterion):
    """`seconds` have passed. The only criterion that does not stop at the same place each time; the replications made are reported."""

    seconds: float

    def __post_init__(self) -> None:
        _check_positive("seconds", self.seconds)

    def reason(self, status: Status) -> Reason | None:
        return Reason.TIME if status.seconds >= self.seconds else None


@final
@dataclass(frozen=True)
class SimulatedTime(Criterion):
    """`seconds` were simulated, in all replications together, with warm-ups and pilot."""

    seconds: float

    def __post_init__(self) -> None:
        _check_positive("simulated seconds", self.seconds)

    def reason(self, status: Status) -> Reason | None:
        return Reason.SIMULATED_TIME if status.simulated >= self.seconds else None


@final
@dataclass(frozen=True)
class Replications(Criterion):
    """At least `limit` replications were made."""

    limit: int

    def __post_init__(self) -> None:
        _check_positive("replications", self.limit)

    def reason(self, status: Status) -> Reason | None:
        return Reason.REPLICATIONS if status.replications >= self.limit else None
