"""Coverage: quick nets simulated with many seeds each, at a loose precision, to see how often the intervals hold the reference."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from experiments.verification.rows import Row, all_rows
from experiments.verification.running import Finding, run

QUICK: dict[tuple[str, str], float] = {
    # case and measure, with the precision asked for
    ("cosmos_age_memory", "mtta"): 0.02,
    ("prism_queue_mm13", "serves_to_full"): 0.05,
    ("prism_queue_mm13", "L"): 0.05,
    ("tb_md1k_dspn", "L"): 0.05,
    ("monolithic k=6, resample", "system"): 0.05,
    ("sip_transport, G = 1 s, defaults", "system"): 0.05,
}


@dataclass(frozen=True)
class Coverage:
    """What many seeds gave for one row. `below`: intervals that lie below the reference."""

    row: Row
    runs: int
    inside: int
    below: int
    above: int
    mean_z: float
    spread_z: float
    relative: float
    firings: float
    states: str


def rows() -> list[Row]:
    return [replace(row, precision=QUICK[row.case, row.measure]) for row in all_rows() if (row.case, row.measure) in QUICK]


def summed(row: Row, findings: Sequence[Finding]) -> Coverage:
    scores = [found.z for found in findings if found.z is not None]
    return Coverage(
        row,
        len(findings),
        sum(found.inside for found in findings),
        sum(found.high < row.reference for found in findings),
        sum(found.low > row.reference for found in findings),
        sum(scores) / len(scores),
        math.sqrt(sum(z * z for z in scores) / len(scores)),
        sum(found.relative for found in findings) / len(findings),
        sum(found.firings for found in findings) / len(findings),
        ", ".join(f"{count} {state}" for state, count in Counter(found.state for found in findings).most_common()),
    )


def run_coverage(seeds: int, base: int, processes: int) -> Iterator[Coverage]:
    """The coverage of each row, `processes` simulations at a time."""
    with ProcessPoolExecutor(processes) as pool:
        started = [(row, [pool.submit(run, row, base + 1 + number) for number in range(seeds)]) for row in rows()]
        for row, futures in started:
            yield summed(row, [future.result() for future in futures])
