"""The tables and the verdict, as Markdown. Nothing is run here."""

from __future__ import annotations

import math
import os
import platform
import subprocess
from collections.abc import Sequence

import numpy as np
import scipy
from scipy.stats import binomtest

from experiments.verification.rows import PRECISION, ROOT, Check
from experiments.verification.running import CONFIDENCE, Finding

Z_LIMIT = 4.5
"""A right program exceeds it in one of 100 measures with a probability of 7e-4."""

LEAST_P = 1e-3

ESTIMATES = ("case", "measure", "reference", "estimate", "interval", "inside", "z", "asked", "firings", "seconds")

EXPLANATION = f"""\
Intervals of {100 * CONFIDENCE:g} %, precision of {100 * PRECISION:g} % unless it is relaxed (of U for availabilities). For rows marked (U) all
numbers are unavailabilities. z: distance from the reference in standard errors; bound: a certain value, for which a simulation can only give a
one-sided bound. Each measure is simulated by itself, so that the intervals are independent."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] * len(head)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def line(found: Finding) -> list[str]:
    """A row of the main table."""
    row = found.row
    name = [row.case, row.measure + (" (U)" if row.unavailability else "")]
    if found.trouble:
        return [*name, f"{row.reference:.9g}", found.trouble, "", "**no**", "", "", "", ""]
    mark = "bound" if found.z is None else f"{found.z:+.2f}"
    precision = f"{100 * row.precision:g} %" + ("" if row.precision == PRECISION else " (relaxed)")
    return [
        *name,
        f"{row.reference:.9g}",
        f"{found.estimate:.6g}",
        f"[{found.low:.6g}, {found.high:.6g}]",
        "yes" if found.inside else "**no**",
        mark,
        precision,
        f"{found.firings:,}",
        f"{found.seconds:.1f}",
    ]


def verdict(findings: Sequence[Finding]) -> tuple[bool, list[str]]:
    """Whether the findings are what a right program gives, and why."""
    scored = [found for found in findings if found.z is not None]
    bounds = [found for found in findings if found.z is None and not found.trouble]
    troubled = [found for found in findings if found.trouble]
    lines, good = [], not troubled
    if troubled:
        lines.append(f"{len(troubled)} could not be run.")
    if scored:
        misses = sum(not found.inside for found in scored)
        expected = (1.0 - CONFIDENCE) * len(scored)
        p = float(binomtest(misses, len(scored), 1.0 - CONFIDENCE).pvalue)
        worst = max(scored, key=lambda found: abs(found.z or 0.0))
        spread = math.sqrt(float(np.mean([(found.z or 0.0) ** 2 for found in scored])))
        mean = float(np.mean([found.z or 0.0 for found in scored]))
        good = good and p >= LEAST_P and abs(worst.z or 0.0) <= Z_LIMIT
        lines += [
            f"Intervals that miss the reference: {misses} of {len(scored)}; by chance {expected:.1f} would.",
            f"Binomial test of that number, two-sided: p = {p:.3g} (refuted below {LEAST_P:g}).",
            f"Largest |z|: {abs(worst.z or 0.0):.2f} ({worst.row.case}, {worst.row.measure}); the bound is {Z_LIMIT}.",
            f"Mean of z: {mean:+.2f} (right: 0 +- {1.0 / math.sqrt(len(scored)):.2f}).",
            f"Root mean square of z: {spread:.2f} (right: 1 +- {1.0 / math.sqrt(2.0 * len(scored)):.2f}).",
        ]
    if bounds:
        lines.append(f"Bounds that hold: {sum(found.inside for found in bounds)} of {len(bounds)}.")
        good = good and all(found.inside for found in bounds)
    return good, lines


def provenance(base: int, command: str, processes: int) -> list[str]:
    from spn.study.result import versions

    known = {**versions(), "scipy": scipy.__version__}
    return [
        f"- command: `{command}`, {processes} processes",
        f"- code: commit {commit()}",
        "- versions: " + ", ".join(f"{name} {version}" for name, version in known.items()),
        f"- machine: {platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
        f"- base seed: {base}; each measure has a seed of its own, made from it and its name",
    ]


def commit() -> str:
    """The commit that is checked out, and whether the code differs from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--", "spn", "models", "tests/cases", "experiments/verification/*.py")
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + (" with changes" if changed else "")


def check_table(checks: Sequence[Check]) -> str:
    rows = [[c.case, c.measure, f"{c.reference:.12g}", f"{c.anew:.12g}", c.how, "yes" if c.agrees else "**no**"] for c in checks]
    return table(("case", "measure", "reference", "computed anew", "how", "agrees"), rows)


def markdown(findings: Sequence[Finding], checks: Sequence[Check], facts: Sequence[str], seconds: float) -> str:
    """The report of a run."""
    good, reasons = verdict(findings)
    agreed = sum(check.agrees for check in checks)
    parts = [
        "# Verification",
        f"**{'Passed' if good and agreed == len(checks) else 'FAILED'}**, {len(findings)} measures in {seconds / 60.0:.1f} minutes.",
        "\n".join(facts),
        "## Verdict",
        "\n".join(f"- {reason}" for reason in reasons),
        "## Estimates",
        EXPLANATION,
        table(ESTIMATES, [line(found) for found in findings]),
    ]
    noted = [found for found in findings if found.state != "converged" or found.warnings]
    if noted:
        parts += ["### States and warnings", "\n".join(f"- {f.row.case}, {f.row.measure}: " + "; ".join((f.state, *f.warnings)) for f in noted)]
    parts += ["## The references, computed anew", f"{agreed} of {len(checks)} agree.", check_table(checks)]
    return "\n\n".join(parts) + "\n"
