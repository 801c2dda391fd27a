"""What other reductions of variance bring, alone and together with control variates: conditioning, antithetic and quasi-random numbers.

    python experiments/benchmarks/alternatives.py [--repeats 400]

Alternating renewals, as the shipped models have them: up until the first of several lives ends, then down. They are simulated here with numpy, by
inversion, which antithetic and quasi-random numbers need. 32 windows of 40 cycles make one estimate of U. Printed is by how many times less the
variance of such estimates is than from independent windows, by each way alone and with the controls that `spn` uses (sums of the delays drawn, less
their means).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from spn.engine.reference.controls import CAP
from spn.estimate.controlled import ratio_with_controls

WINDOWS, CYCLES = 32, 40

Floats = NDArray[np.float64]
Quantile = Callable[[Floats], Floats]


@dataclass(frozen=True)
class System:
    """Up until the first of several `lives` ends, down for a `repair`: both by their quantile functions, with their means."""

    name: str
    lives: int
    life: Quantile
    repair: Quantile
    means: tuple[float, float]

    @property
    def draws(self) -> int:
        """Of a window."""
        return CYCLES * (self.lives + 1)


def lognormal(mean: float, sigma: float) -> Quantile:
    return lambda u: np.asarray(mean * np.exp(sigma * special.ndtri(u) - sigma * sigma / 2.0))


def exponential(mean: float) -> Quantile:
    return lambda u: np.asarray(-mean * np.log1p(-u))


def uniform(low: float, high: float) -> Quantile:
    return lambda u: np.asarray(low + (high - low) * u)


HOUR = 3600.0
SYSTEMS = (
    System("standard system", 6, lognormal(2208 * HOUR, 0.4), uniform(30.0, 300.0), (2208 * HOUR, 165.0)),
    System("two states, constant rates", 1, exponential(2208 * HOUR), exponential(165.0), (2208 * HOUR, 165.0)),
    System("lognormal repair", 1, exponential(1000.0), lognormal(10.0, 1.5), (1000.0, 10.0)),
)


@dataclass(frozen=True)
class Seen:
    """What windows saw: time down, time in all, and the controls, shape (windows, 4)."""

    down: Floats
    total: Floats
    controls: Floats

    def paired(self) -> Seen:
        """The first half of the windows with the second: a window and its antithesis are one observation."""
        half = len(self.down) // 2
        return Seen(*(part[:half] + part[half:] for part in (self.down, self.total, self.controls)))


def seen(system: System, numbers: Floats, capped: tuple[tuple[float, float], ...], conditioned: bool = False) -> Seen:
    """The windows that uniform numbers make, shape (windows, draws)."""
    cycles = numbers.reshape(len(numbers), CYCLES, system.lives + 1)
    lives, repairs = system.life(cycles[:, :, :-1]), system.repair(cycles[:, :, -1:])
    sums = []
    for drawn, mean, (cap, least) in zip((lives, repairs), system.means, capped, strict=True):
        sums += [(drawn - mean).sum(axis=(1, 2)), (np.minimum(drawn, cap) - least).sum(axis=(1, 2))]
    up = lives.min(axis=2).sum(axis=1)
    down = np.full(len(up), CYCLES * system.means[1]) if conditioned else repairs.sum(axis=(1, 2))
    return Seen(down, up + down, np.column_stack(sums))


def plain(part: Seen) -> float:
    return float(part.down.sum() / part.total.sum())


def controlled(part: Seen) -> float:
    """With the controls of `spn`; those that are of no use here (a repair that is conditioned away) are left out."""
    kept = part.controls[:, :2] if np.ptp(part.down) == 0.0 else part.controls
    found = ratio_with_controls(part.down, part.total, kept, 0.95)
    return plain(part) if found is None else found.estimate


def estimates(system: System, random: np.random.Generator, capped: tuple[tuple[float, float], ...]) -> dict[str, float]:
    """One estimate of U by each way."""
    independent = random.random((WINDOWS, system.draws))
    half = independent[: WINDOWS // 2]
    sobol = stats.qmc.Sobol(system.draws, seed=random).random(WINDOWS)
    ways = {
        "independent": seen(system, independent, capped),
        "conditioned": seen(system, independent, capped, conditioned=True),
        "antithetic": seen(system, np.concatenate([half, 1.0 - half]), capped).paired(),
        "quasi-random": seen(system, np.clip(sobol, 1e-12, 1.0 - 1e-12), capped),
    }
    return {name: plain(part) for name, part in ways.items()} | {f"{name}, controls": controlled(part) for name, part in ways.items()}


def caps(system: System) -> tuple[tuple[float, float], ...]:
    """The cap of each kind of delay and the mean below it, by the midpoint rule over the quantile function."""
    grid = (np.arange(1_000_000) + 0.5) / 1_000_000
    return tuple((cap := float(of(np.array([CAP]))[0]), float(np.minimum(of(grid), cap).mean())) for of in (system.life, system.repair))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=400)
    given = parser.parse_args()
    ways = ("independent", "conditioned", "antithetic", "quasi-random")
    print(f"{'less variance, times':28} {'':12}" + "".join(f"{way:>15}" for way in ways))
    for system in SYSTEMS:
        random, capped = np.random.default_rng(1), caps(system)
        found = [estimates(system, random, capped) for _ in range(given.repeats)]
        spread = {way: float(np.var([each[way] for each in found], ddof=1)) for way in found[0]}
        for title, suffix in (("alone", ""), ("and controls", ", controls")):
            gains = [spread["independent"] / max(spread[way + suffix], 1e-300) for way in ways]
            print(f"{system.name:28} {title:12}" + "".join(f"{'> 1e6':>15}" if gain > 1e6 else f"{gain:15.2f}" for gain in gains))
    return 0


if __name__ == "__main__":
    sys.exit(main())
