"""From replications to estimates and to how far they can be trusted. Nothing is simulated here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from spn.estimate.intervals import Floats, Interval, mean, proportion, ratio_of_means
from spn.rare.cycles import Row
from spn.rare.result import Trust, positive

LEAST_EFFECTIVE = 100.0
"""The fewest effective replications of an estimate that is to be trusted: below, the normal approximation of a skewed sum is not."""

GREATEST_SHARE = 0.1
"""The greatest share of the estimate that one weight may have."""

CUT_SHARE = 0.001
"""The greatest share of runs that may have been cut short."""


FIRST_LOOK = 200
"""Replications before the precision is looked at for the first time."""


@final
@dataclass
class Sample:
    """Replications of one kind, in their order; at `wanted` of them the precision is looked at next."""

    rows: list[Row]
    lives: bool
    until: bool
    plain: bool
    wanted: int = FIRST_LOOK
    _firings: int = 0
    _summed: int = 0

    def of(self, name: str) -> Floats:
        return np.array([getattr(row, name) for row in self.rows], np.float64)

    @property
    def weights(self) -> Floats:
        """What each replication contributes."""
        return self.of("probability" if self.lives else "entries")

    @property
    def copies(self) -> int:
        return sum(row.found.copies for row in self.rows)

    @property
    def hitting(self) -> int:
        return sum(row.found.hitting for row in self.rows)

    @property
    def firings(self) -> int:
        while self._summed < len(self.rows):
            row = self.rows[self._summed]
            self._firings += row.firings + row.found.firings
            self._summed += 1
        return self._firings

    @property
    def cut(self) -> int:
        return sum(row.found.cut for row in self.rows)

    @property
    def effective(self) -> float:
        """Kish's effective number of replications."""
        x = self.weights / max(float(self.weights.max(initial=0.0)), 1e-300)
        squares = float(np.sum(x * x))
        return float(np.sum(x)) ** 2 / squares if squares > 0.0 else 0.0

    @property
    def greatest(self) -> float:
        """The largest share of one weight in all."""
        total = math.fsum(row.found.hits for row in self.rows)
        return max((row.found.greatest for row in self.rows), default=0.0) / total if total > 0.0 else 0.0

    def estimates(self, confidence: float) -> dict[str, Interval]:
        """What the question asks, the main thing first."""
        if self.plain:
            events = int(sum(row.own_event for row in self.rows))
            probability = proportion(events, len(self.rows), confidence)
        elif self.lives:
            probability = positive(mean(self.weights, confidence), 1.0)
        else:
            return self._long_run(confidence)
        found = {"probability": probability}
        if self.until and not any(row.dead for row in self.rows):
            found["mean_life_s"] = positive(mean(self.of("duration"), confidence))
            found["rate"] = positive(ratio_of_means(self.of("own_event") if self.plain else self.weights, self.of("duration"), confidence))
            found["mean_time_between_s"] = found["rate"].reciprocal()
        return found

    def _long_run(self, confidence: float) -> dict[str, Interval]:
        durations = self.of("duration")
        rate = positive(ratio_of_means(self.weights, durations, confidence))
        found = {"rate": rate, "mean_time_between_s": rate.reciprocal()}
        if not any(row.found.absorbed for row in self.rows):
            found["unavailability"] = positive(ratio_of_means(self.of("seconds"), durations, confidence), 1.0)
        found["probability"] = positive(ratio_of_means(self.of("probability"), self.of("cycles"), confidence), 1.0)
        return found

    def reached(self, confidence: float) -> float:
        """The relative half-width, the worse of those that are asked for."""
        found = self.estimates(confidence)
        names = [name for name in ("probability",) if self.lives] or [name for name in ("rate", "unavailability") if name in found]
        return max(found[name].relative_half_width for name in names)

    def trust(self, confidence: float, precision: float) -> Trust:
        """Whether the estimate can be trusted."""
        if self.plain:
            events = sum(row.own_event for row in self.rows)
            if not events:
                return Trust.NO_EVENT
            return Trust.CONVERGED if self.reached(confidence) <= precision and events >= 30 else Trust.IMPRECISE
        if not self.hitting:
            return Trust.NO_EVENT
        if self.cut > CUT_SHARE * (len(self.rows) + self.copies):
            return Trust.CUT
        if self.effective < LEAST_EFFECTIVE or self.greatest > GREATEST_SHARE:
            return Trust.DEGENERATE
        return Trust.CONVERGED if self.reached(confidence) <= precision else Trust.IMPRECISE
