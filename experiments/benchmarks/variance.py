"""What control variates are worth: variance times time without them, over that with them, on every shipped model that has an availability.
With `--sampling` instead what another way of sampling is worth: that of independent replications, over that of batch means or of whole cycles, where
the net is known to forget.

    python experiments/benchmarks/variance.py [--sampling batch-means|regenerative] [--seeds 40] [--precision 2%] [MODEL ...]

Both ways in turns, with the same seeds, on compiled kernels that are warm; processor time of the whole study, pilot included. The variance is that of
the estimates of U over the seeds, the work that of reaching it, so that a ratio of 5 means: the same precision in a fifth of the time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import spn
from spn.engine.compiled import CompiledEngine
from spn.net.types import Availability, Net
from spn.study import NotRegenerative, simulate

MODELS = {
    "monolithic": ("monolithic", {}),
    "monolithic, clocks=age": ("monolithic", {"clocks": "age"}),
    "two_state": ("two_state", {}),
    "sip_transport": ("sip_transport", {}),
    "sip_transport, restarts of 30 s to 300 s": ("sip_transport", {"restart_time": "uniform(30 s, 300 s)"}),
    "sip_server": ("sip_server", {}),
}


@dataclass
class Runs:
    """Estimates of U, their half-widths, the firings and the processor time that they took."""

    estimates: list[float]
    halves: list[float]
    firings: int = 0
    seconds: float = 0.0

    @property
    def spread(self) -> float:
        return float(np.var(self.estimates, ddof=1))


def one(net: Net, measure: str, seed: int, precision: float, options: Mapping[str, Any], runs: Runs) -> None:
    began = time.process_time()
    result = simulate(net, CompiledEngine(), seed=seed, precision=precision, measures=[measure], **options)
    runs.seconds += time.process_time() - began
    interval = result.measures[measure].unavailability  # type: ignore[union-attr]
    runs.estimates.append(interval.estimate)
    runs.halves.append((interval.high - interval.low) / 2.0)
    runs.firings += result.firings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    ways = ("batch-means", "regenerative")
    parser.add_argument("--sampling", choices=ways, help="this against replications, instead of control variates against none")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--precision", default="2%")
    given = parser.parse_args()
    precision = float(given.precision.rstrip("%")) / 100.0
    print(f"{'model':44} {'variance x firings':>20} {'variance x time':>16} {'by half-widths x time':>22}")
    if given.sampling:
        before, after = ({"sampling": way} for way in ("replications", given.sampling))
    else:
        before, after = ({"controls": way} for way in (False, True))
    worst = np.inf
    for name, (model, parameters) in MODELS.items():
        if given.models and name not in given.models:
            continue
        net = spn.resolve(model, parameters)
        measure = next(measure.name for measure in net.measures if isinstance(measure.quantity, Availability))
        plain, better = Runs([], []), Runs([], [])
        try:
            one(net, measure, 0, precision, after, Runs([], []))
        except NotRegenerative:
            print(f"{name:44} {'not known to forget':>20}")
            continue
        for seed in range(given.seeds):
            one(net, measure, seed, precision, before, plain)
            one(net, measure, seed, precision, after, better)
        halves = float(np.mean(np.square(plain.halves)) / np.mean(np.square(better.halves))) * plain.seconds / better.seconds
        variance = plain.spread / better.spread
        print(f"{name:44} {variance * plain.firings / better.firings:20.2f} {variance * plain.seconds / better.seconds:16.2f} {halves:22.2f}")
        worst = min(worst, halves)
    return 0 if worst > 0.8 else 1


if __name__ == "__main__":
    sys.exit(main())
