"""Coverage of ratios and elasticities: comparisons and sensitivities with known answers, with many seeds each, as ``spn`` runs them.

The values of U are those of `docs/models.md` and of `rows.py`, by quadrature and renewal equations; elasticities are closed forms.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scipy import integrate, stats

import spn
from experiments.verification.report import commit

REPORT = Path(__file__).parent / "RATIOS.md"
STANDARD, AGEING, FIVE, ACTORS = 3.61402103e-5, 1.24531591e-4, 3.45773063e-5, 5.41476865e-7
REPAIR = 165.0
KAPPA = REPAIR / STANDARD - REPAIR
"""U = R / (R + kappa), kappa the mean of the least of six times to failure."""

SCORE = 4.5
"""Standard errors by which the mean of all estimates may miss."""


@dataclass(frozen=True)
class Case:
    """What is asked, and its answer. `parameter` is that of an elasticity; without one it is a comparison, and the answer the ratio."""

    name: str
    answer: float
    model: str
    other: str | None = None
    against: tuple[tuple[str, str], ...] = ()
    parameter: str = ""
    measure: str = ""


@dataclass(frozen=True)
class Found:
    """What one seed gave: the error (of ratios, of the logarithm), half the width, whether the interval held the answer, and the factor gained."""

    error: float
    half: float
    inside: bool
    gain: float | None
    firings: int


def by_sigma() -> float:
    """d ln U / d ln sigma of the standard system: minus that of the mean of the least of six lognormal times with the mean 1."""

    def least(sigma: float) -> float:
        return float(integrate.quad(lambda x: stats.lognorm.sf(x, sigma, scale=math.exp(-sigma * sigma / 2.0)) ** 6, 0.0, 20.0, epsabs=1e-12)[0])

    step = 1e-4
    return -(math.log(least(0.4 * math.exp(step))) - math.log(least(0.4 * math.exp(-step)))) / (2.0 * step) * (1.0 - STANDARD)


def of_loss(load: float = 0.8, room: int = 5) -> float:
    """d ln P / d ln arrival of M/M/1/K: P = (1 - r) r^K / (1 - r^(K + 1))."""
    last = load ** (room + 1)
    return -load / (1.0 - load) + room + (room + 1) * last / (1.0 - last)


def cases() -> list[Case]:
    halved = (("failure", "lognormal(mean=1104 h, sigma=0.4)"),)
    return [
        Case("thesis: standard / actors", STANDARD / ACTORS, "monolithic", "sip_transport"),
        Case("clocks: resample / age", STANDARD / AGEING, "monolithic", against=(("clocks", "age"),)),
        Case("sections: 6 / 5", STANDARD / FIVE, "monolithic", against=(("sections", "5"),)),
        Case("repair: uniform / fixed", 1.0, "monolithic", against=(("repair", "165 s"),)),
        Case("failure: 2208 h / 1104 h", (REPAIR + KAPPA / 2.0) / (REPAIR + KAPPA), "monolithic", against=halved),
        Case("elasticity: sigma", by_sigma(), "monolithic", parameter="failure.sigma"),
        Case("elasticity: repair.low", 30.0 / 330.0 * (1.0 - STANDARD), "monolithic", parameter="repair.low"),
        Case("elasticity: loss of M/M/1/5 by arrivals", of_loss(), "teaching/mm1k", parameter="arrival", measure="lost"),
    ]


def run(case: Case, seed: int) -> Found:
    if case.parameter:
        found = spn.sensitivity(case.model, case.parameter, measure=case.measure, seed=seed, workers=1, engine="compiled").elasticities[0]
        part = found.interval
        return Found(part.estimate - case.answer, (part.high - part.low) / 2.0, part.low <= case.answer <= part.high, found.gain, found.firings)
    compared = spn.compare(case.model, case.other, against=dict(case.against), seed=seed, workers=1, engine="compiled")
    ratio = compared.ratio
    half = math.log(ratio.high / ratio.low) / 2.0
    return Found(math.log(ratio.estimate / case.answer), half, ratio.low <= case.answer <= ratio.high, compared.gain, compared.firings)


def row(case: Case, found: list[Found]) -> tuple[str, bool]:
    """A line of the table; and whether it is what a right program gives: coverage not below 95 % and no bias, each but by chance."""
    inside, runs = sum(each.inside for each in found), len(found)
    errors = [each.error for each in found]
    score = statistics.mean(errors) / (statistics.stdev(errors) / math.sqrt(runs))
    # An error of rounding only, as where all replications give the same, is no bias.
    right = stats.binom.cdf(inside, runs, 0.95) > 1e-6 and (abs(score) < SCORE or abs(statistics.mean(errors)) < 1e-4)
    gain = statistics.median(math.inf if each.gain is None else each.gain for each in found)
    gained = f"{gain:.3g}" if gain < 1e6 else "> 1e6"
    numbers = f"{case.answer:.6g} | {inside} of {runs} ({inside / runs:.1%}) | {score:+.2f} | {statistics.stdev(errors):.2g}"
    effort = f"{statistics.mean(each.half for each in found):.2g} | {gained} | {statistics.mean(each.firings for each in found):,.0f}"
    return f"| {case.name} | {numbers} | {effort} |", right


HEADER = """\
# Ratios and elasticities over many seeds

How often an interval of 95 % holds the known answer, and whether the estimates are biased: `mean z` is the mean error over its standard error. Errors
and half-widths of ratios are those of the logarithm. `gain` is the median factor by which random numbers in common lower the variance. Where it is
very large, the half-width is the bound for failures too rare to be seen; the intervals do not go below it, and cover more than 95 %.
"""
TITLES = "| case | answer | inside | mean z | sd of errors | mean half-width | gain | mean firings |\n|---|---|---|---|---|---|---|---|"


def kept(file: Path, new: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What each case gave when it was run last, in their order; `new` takes the place of what there was, and the file has it from now on."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    found = {case.name: {**known, **new}[case.name] for case in cases() if case.name in known or case.name in new}
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def report(found: dict[str, dict[str, Any]]) -> str:
    """All cases as a page."""
    runs = Counter((each["seeds"], each["first"], each["commit"]) for each in found.values())
    about = [
        f"- seeds {first} to {first + seeds - 1} on commit {commit}: {number} case{'s' if number > 1 else ''}"
        for (seeds, first, commit), number in runs.items()
    ]
    return "\n".join([HEADER, *about, "", TITLES, *(each["line"] for each in found.values()), ""])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.verification.ratios", description=__doc__)
    parser.add_argument("seeds", type=int, help="comparisons of each case")
    parser.add_argument("--first", type=int, default=1000, metavar="SEED", help="the first seed (default: 1000)")
    parser.add_argument("--only", default="", metavar="NAME", help="cases whose name holds this; of the others the report keeps what it has")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    right, at = True, commit()
    with ProcessPoolExecutor(given.processes) as pool:
        for case in cases():
            if given.only in case.name:
                line, good = row(case, list(pool.map(partial(run, case), range(given.first, given.first + given.seeds), chunksize=4)))
                print(line, flush=True)
                new = {case.name: {"line": line, "seeds": given.seeds, "first": given.first, "commit": at}}
                REPORT.write_text(report(kept(REPORT.with_suffix(".json"), new)), encoding="utf-8")
                right = right and good
    return 0 if right else 1


if __name__ == "__main__":
    raise SystemExit(main())
