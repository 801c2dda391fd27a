"""Running rows: one simulation for each measure, by itself and with a seed of its own, so that the intervals are independent of each other."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from scipy.special import ndtri, stdtr, stdtrit

from experiments.verification.rows import ROOT, Row

CONFIDENCE = 0.95
MAX_FIRINGS = 40_000_000
MAX_FIRINGS_BOUND = 400_000
"""Where nothing will ever happen, more firings only make the bound smaller."""
MAX_SECONDS = 600.0


@dataclass(frozen=True)
class Finding:
    """What a row's simulation gave. `seconds` is wall time, loading included; `z` is signed, None for bounds. `trouble`: it could not be run."""

    row: Row
    seed: int
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    z: float | None = None
    firings: int = 0
    replications: int = 0
    seconds: float = 0.0
    state: str = ""
    method: str = ""
    warnings: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def inside(self) -> bool:
        return self.low <= self.row.reference <= self.high

    @property
    def relative(self) -> float:
        return (self.high - self.low) / 2.0 / abs(self.estimate) if self.estimate else math.nan


def seed_of(row: Row, base: int) -> int:
    """A seed for each row, which does not depend on which other rows there are."""
    text = f"{base}/{row.case}/{row.measure}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def score(estimate: float, low: float, high: float, reference: float, replications: int) -> float:
    """The signed distance from the reference in standard errors; Student's t is turned into the normal's of the same probability."""
    half = estimate - low if reference < estimate else high - estimate
    if half <= 0.0:
        return 0.0 if math.isclose(estimate, reference, rel_tol=1e-9) else math.inf
    degrees = max(1, replications - 1)
    t = abs(estimate - reference) / half * float(stdtrit(degrees, 0.5 + CONFIDENCE / 2.0))
    size = -float(ndtri(max(float(stdtr(degrees, -t)), 1e-300)))
    return math.copysign(size, estimate - reference)


def run(row: Row, base: int, firings: int = MAX_FIRINGS) -> Finding:
    """One row's simulation."""
    from spn.api import resolve
    from spn.engine.engines import find_engine
    from spn.estimate.estimates import AvailabilityEstimate
    from spn.observation import RunError
    from spn.study import simulate

    seed, began = seed_of(row, base), time.monotonic()
    model = ROOT / row.model if row.model.endswith(".yaml") else row.model
    try:
        net = resolve(model, row.parameters)
        result = simulate(
            net,
            find_engine("auto"),
            seed,
            measures=(row.measure,),
            precision=row.precision,
            confidence=CONFIDENCE,
            max_firings=min(firings, MAX_FIRINGS_BOUND) if row.bound else firings,
            max_seconds=MAX_SECONDS,
        )
    except (RunError, ValueError) as error:
        return Finding(row, seed, seconds=time.monotonic() - began, trouble=f"{type(error).__name__}: {error}")
    found = result.measures[row.measure]
    interval = found.unavailability if row.unavailability and isinstance(found, AvailabilityEstimate) else found.interval
    z = None if row.bound else score(interval.estimate, interval.low, interval.high, row.reference, found.assessment.replications)
    return Finding(
        row,
        seed,
        interval.estimate,
        interval.low,
        interval.high,
        z,
        result.firings,
        found.assessment.replications,
        time.monotonic() - began,
        found.assessment.state.value,
        interval.method,
        result.warnings,
    )


def run_all(rows: Iterable[Row], base: int, processes: int, firings: int = MAX_FIRINGS) -> Iterator[Finding]:
    """All rows, in their order, `processes` at a time."""
    with ProcessPoolExecutor(processes) as pool:
        for future in [pool.submit(run, row, base, firings) for row in rows]:
            yield future.result()
