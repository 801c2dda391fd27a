"""Curves: one quantity at several times, with an interval at each and a band that holds for all of them at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from spn.estimate.estimates import Assessment, CurveEstimate, State
from spn.estimate.intervals import Floats, Interval, check_confidence, mean, proportion, unit_mean

DRAWS = 20_000
"""Normal vectors from which the width of a band is found: its confidence is then right to about 0.2 %."""

At = Callable[[Floats, float], Interval]
"""The interval of one point from the observations at its time, with a confidence."""


def band_confidence(observations: Floats, confidence: float) -> float:
    """The confidence that intervals at single times need for all of them to hold together with `confidence`.

    `observations` has shape (replications, times). The sup-t band (Montiel Olea and Plagborg-Moller, Journal of Applied Econometrics 34, 2019): the
    quantile of the largest of normal numbers that are correlated as the estimates are, here found by simulation with a fixed seed. It is the
    narrowest band of intervals that are all equally sure, between that of a single one and Bonferroni's.
    """
    check_confidence(confidence)
    from scipy.special import ndtr

    spread = observations.std(axis=0)
    varying = observations[:, spread > 1e-12 * np.abs(observations).max(initial=1e-300)]
    number = varying.shape[1]
    if number <= 1:
        return confidence
    bonferroni = 1.0 - (1.0 - confidence) / number
    # Factors of the correlation matrix instead of the matrix: it need not have full rank.
    scaled = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    _, values, rows = np.linalg.svd(scaled, full_matrices=False)
    factor = (values[:, None] * rows) / math.sqrt(len(observations))
    normal = np.random.Generator(np.random.SFC64(20191)).standard_normal((DRAWS, len(factor)))
    largest = np.abs(normal @ factor).max(axis=1)
    level = float(np.quantile(largest, confidence))
    return float(min(bonferroni, max(confidence, 1.0 - 2.0 * float(ndtr(-level)))))


def curve(kind: str, times: Sequence[float], observations: Floats, confidence: float, assessment: Assessment, unit: str = "") -> CurveEstimate:
    """The curve of a `kind` (availability: of its unavailability) from observations of shape (replications, times), at least one."""
    at: At = {"availability": _unit, "first_passage": _share}.get(kind, mean)
    together = band_confidence(observations, confidence)
    columns = [observations[:, k] for k in range(len(times))]
    points = tuple(at(column, confidence) for column in columns)
    band = tuple(at(column, together) for column in columns)
    return CurveEstimate(f"{kind}_curve", tuple(times), points, band, assessment, unit)


def _unit(column: Floats, confidence: float) -> Interval:
    return unit_mean(column, None, confidence)


def _share(column: Floats, confidence: float) -> Interval:
    return proportion(int(column.sum()), len(column), confidence)


def state_of(found: CurveEstimate, least: int) -> State:
    """The state that the observations justify."""
    if found.assessment.replications < least:
        return State.FEW_REPLICATIONS
    if not any(point.estimate for point in found.points):
        return State.NO_EVENT
    return State.CONVERGED if found.relative_half_width <= found.assessment.target else State.IMPRECISE
