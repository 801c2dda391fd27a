"""What was found out about a rare event: estimates with their intervals, method, stop reason, diagnostics, and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, final

from spn.estimate.estimates import YEAR
from spn.estimate.intervals import Interval, number
from spn.estimate.stopping import Reason


class Trust(Enum):
    """How far an estimate can be trusted. The values are what users read."""

    CONVERGED = "converged"
    UNREACHABLE = "the condition cannot come true"
    IMPRECISE = "not converged: the precision asked for was not reached"
    DEGENERATE = "not to be trusted: few runs carry most of the weight"
    STARVED = "not to be trusted: no run got from one level to the next"
    NO_EVENT = "not converged: no run reached the condition"
    CUT = "not to be trusted: runs were cut short by a limit"
    DISAGREES = "not to be trusted: the estimate disagrees with the exact value of the net's Markov chain"


@final
@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What an estimate rests on.

    `effective` is the effective number of replications, (sum x)^2 / sum x^2 (Kish); `greatest` the largest share of the estimate that one weight has;
    `hitting` the share of copies that reached the condition; `markings` how many the map of the net has, `complete` whether that is all;
    `predicted` the value by the net's Markov approximation, `exact` whether that is the net itself; `levels` the runs and those that came further,
    for each level of splitting.
    """

    effective: float
    greatest: float
    hitting: float
    replications: int
    cycles: int
    copies: int
    firings: int
    cut: int
    markings: int
    complete: bool
    predicted: float | None
    exact: bool
    levels: tuple[tuple[float, int, int], ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "effective_replications": number(self.effective),
            "largest_weight_share": number(self.greatest),
            "copies_that_reached_it": number(self.hitting),
            "replications": self.replications,
            "cycles": self.cycles,
            "copies": self.copies,
            "cut": self.cut,
            "markings": self.markings,
            "all_markings": self.complete,
            "markov_approximation": number(self.predicted),
            "markov_approximation_is_exact": self.exact,
            "levels": [{"importance": number(level), "runs": runs, "came_further": further} for level, runs, further in self.levels],
            "notes": list(self.notes),
        }


@final
@dataclass(frozen=True)
class RareResult:
    """The answer to a question about a rare event.

    `estimates` by name: in a life ``probability`` (with `until` also ``mean_life_s``, ``rate`` if lives follow one another, ``mean_time_between_s``);
    in the long run ``rate`` (per second), ``mean_time_between_s``, ``unavailability`` (the share of time in which the condition holds) and
    ``probability`` (of a cycle). The first one decides about the precision. `about` says which question was answered, `method` how.
    """

    model: str
    condition: str
    about: str
    method: str
    estimates: Mapping[str, Interval]
    state: Trust
    stop_reason: Reason
    diagnostics: Diagnostics
    seed: int
    confidence: float
    precision: float
    elapsed_s: float
    digest: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def main(self) -> Interval:
        """The estimate that was asked for first."""
        return next(iter(self.estimates.values()))

    @property
    def converged(self) -> bool:
        return self.state in (Trust.CONVERGED, Trust.UNREACHABLE)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; what JSON has no number for is None."""
        found = {name: interval.to_dict() for name, interval in self.estimates.items()}
        if "rate" in self.estimates:
            found["events_per_year"] = self.estimates["rate"].scaled(YEAR).to_dict()
        return {
            "model": self.model,
            "parameters": dict(self.parameters),
            "condition": self.condition,
            "about": self.about,
            "method": self.method,
            "estimates": found,
            "confidence": self.confidence,
            "precision": self.precision,
            "relative_half_width": number(self.main.relative_half_width),
            "state": self.state.value,
            "converged": self.converged,
            "stop_reason": self.stop_reason.value,
            "seed": self.seed,
            "firings": self.diagnostics.firings,
            "elapsed_s": self.elapsed_s,
            "diagnostics": self.diagnostics.to_dict(),
            "digest": self.digest,
            "versions": dict(self.versions),
        }


def positive(interval: Interval, most: float = math.inf) -> Interval:
    """An interval of what is not negative, and at most `most`."""
    return interval.clipped(0.0, most)
