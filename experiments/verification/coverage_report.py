# ruff: noqa: E501, ISC004 (it is mostly prose)
"""The report on coverage: tables as Markdown, and three figures. Nothing is run here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom, norm

from experiments.verification.coverage import EDGES, Coverage, Summary
from experiments.verification.report import table
from spn.plots.style import INK, MILLIMETRE, SETTINGS, SOFT

LOW, HIGH = 0.935, 0.965
"""What nominal 95 % may be."""

BLUE, RED, BAND = "#0b5fa5", "#b3261e", "#dde8f2"

def verdict(found: Coverage) -> str:
    """What the runs say. A share is judged by the whole band: off only if it lies outside by more than chance has it in one of 1000 cases."""
    if found.runs < 100:
        return "few runs"
    if found.share < LOW:
        return "low" if binom.cdf(found.inside, found.runs, LOW) > 1e-3 else "**too low**"
    if found.share <= HIGH:
        return "yes"
    return "certain" if found.certain else "more, as promised" if found.at_least else "more"


def interval(found: Coverage) -> tuple[float, float]:
    """Clopper and Pearson's, of 95 %."""
    from spn.estimate.intervals import proportion

    exact = proportion(found.inside, found.runs, 0.95)
    return exact.low, exact.high


def all_of(summaries: Sequence[Summary]) -> list[Coverage]:
    return [part for found in summaries for part in found.quantities]


def row(found: Coverage) -> list[str]:
    low, high = interval(found)
    bias, error = found.bias
    method = max(found.methods, key=lambda name: found.methods[name][0])
    others = len(found.methods) - 1
    return [
        found.quantity,
        method + (f" and {others} other{'s' if others > 1 else ''}" if others else ""),
        f"{found.runs}",
        f"{100 * found.share:.1f} [{100 * low:.1f}, {100 * high:.1f}]",
        f"{found.below} / {found.above}",
        "" if found.quantity.endswith("/band") else f"{100 * bias:+.2g} ± {196 * error:.2g} %",
        f"{100 * found.relative:.2g} %" if math.isfinite(found.relative) else "",
        verdict(found),
    ]


HEAD = ("quantity", "interval", "runs", "coverage, %", "misses below / above", "bias", "half-width", "within 93.5 to 96.5 %")


ABOUT = (
    "How often an interval of 95 % holds the truth, on nets with known answers, with the stopping rule on and control variates where the program "
    "uses them. Each run has a seed of its own and is stopped by itself when it has the precision asked for."
)
ABOUT_RARE = (
    "How often an interval of 95 % of `spn run --rare` holds the truth, on nets whose rare events have known probabilities, with the stopping rule "
    "on. Each run has a seed of its own and is stopped by itself when it has the precision asked for."
)


def markdown(summaries: Sequence[Summary], facts: Sequence[str], title: str = "Coverage", about: str = ABOUT, stem: str = "coverage") -> str:
    """The report. `stem`: what its figures are called."""
    found = all_of(summaries)
    exact = [part for part in found if not part.at_least and not part.certain]
    others = [part for part in found if part.at_least]
    inside = sum(LOW <= part.share <= HIGH for part in exact)
    numbers = [part for part in found if not part.quantity.endswith("/band") and not part.case.at_least]
    biased = [part for part in numbers if abs(part.bias[0]) > 1.96 * part.bias[1] > 0.0]
    worst = max((part for part in numbers if part.relative > 1e-5), key=lambda part: abs(part.bias[0]) / part.relative, default=None)
    text = [
        f"# {title}",
        about,
        "\n".join(facts),
        "## In short",
        f"- {len(found)} kinds of intervals on {len(summaries)} cases, {sum(each.runs for each in summaries):,} runs.",
        f"- Of the {len(exact)} that promise 95 %, {inside} cover between 93.5 and 96.5 % "
        f"(from {100 * min((p.share for p in exact), default=0):.1f} to {100 * max((p.share for p in exact), default=0):.1f} %).",
        *([f"- Of the {len(others)} that promise at least 95 %, the least covers {100 * min(p.share for p in others):.1f} %."] if others else []),
        f"- The mean error of the estimates differs from 0 by more than 1.96 standard errors for {len(biased)} of {len(numbers)} (few events left out, whose "
        f"reciprocals are biased by nature); chance alone makes {0.05 * len(numbers):.0f}, and quantities of one net go together."
        + (
            ""
            if worst is None
            else f" The largest mean error is {100 * abs(worst.bias[0]) / worst.relative:.0f} % of the half-width ({worst.case.name}, {worst.quantity})."
        ),
        f"![coverage]({stem}.svg)",
        "Each point is one kind of interval on one net, with its binomial interval of 95 %; the band is 93.5 to 96.5 %. Hollow points promise at least 95 %.",
        f"![scores]({stem}_scores.svg)",
        "(estimate - truth) / half-width over all runs of a net. Within -1 and 1 the interval holds the truth; the line is the normal distribution for which "
        "that is so in 95 %.",
        f"![stopping]({stem}_stopping.svg)",
        "What stopping does: the runs of each net by when they stopped, at the first look or at later ones, with the share that holds the truth and "
        "the mean error in half-widths.",
        "## Every kind of interval",
    ]
    for each in summaries:
        case, runs = each.case, each.runs
        stops = ", ".join(f"{count:,} {reason}" for reason, count in each.stops.items())
        asked = f"precision asked for: {100 * case.precision:g} %; " if case.precision > 1e-5 else ""
        text += [
            f"### {case.name}",
            f"{case.about[0].upper()}{case.about[1:]}. {asked}{runs:,} runs ({stops}), {each.firings:,.0f} firings and {each.seconds:.3f} s of processor time "
            f"each, commit {', '.join(each.commits)}.",
            table(HEAD, [row(part) for part in each.quantities]),
        ]
    return "\n\n".join(text) + "\n"


# the figures


def draw(summaries: Sequence[Summary], folder: Path, stem: str = "coverage") -> None:
    """The three figures."""
    import matplotlib as mpl

    mpl.use("agg")
    # Texts as paths: where the font is missing, long names would be cut.
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": "coverage", "svg.fonttype": "path"}):
        for name, made in ((stem, _coverage(summaries)), (f"{stem}_scores", _scores(summaries)), (f"{stem}_stopping", _stopping(summaries))):
            made.savefig(folder / f"{name}.svg", metadata={"Date": None})


def _coverage(summaries: Sequence[Summary]) -> Any:
    from matplotlib.figure import Figure

    shown = [(each.name, [part for part in each.quantities if not part.certain]) for each in summaries]
    ends = np.cumsum([len(own) + 1 for _, own in shown])
    figure = Figure((180.0 * MILLIMETRE, (18.0 + 2.1 * float(ends[-1])) * MILLIMETRE), layout="constrained")
    axes = figure.add_subplot()
    axes.axvspan(100 * LOW, 100 * HIGH, color=BAND, linewidth=0)
    axes.axvline(95.0, color=SOFT, linewidth=0.6)
    place, ticks = 0.0, []
    for name, own in shown:
        ticks.append((place + (len(own) - 1) / 2.0, name))
        for part in own:
            low, high = (100 * end for end in interval(part))
            colour = RED if verdict(part) == "**too low**" else BLUE
            axes.plot([low, high], [place, place], color=colour, linewidth=0.7)
            axes.plot([100 * part.share], [place], "o", color=colour, markerfacecolor="white" if part.at_least else colour, markersize=2.6)
            axes.annotate(part.quantity, (100.6, place), fontsize=4.2, va="center", color=SOFT, annotation_clip=False)
            place += 1.0
        axes.axhline(place, color="#e4e4e4", linewidth=0.4)
        place += 1.0
    axes.set_yticks([tick for tick, _ in ticks], [name for _, name in ticks])
    axes.set_ylim(place, -1.0)
    axes.set_xlim(90.0, 100.5)
    axes.set_xlabel("intervals of 95 % that hold the truth, %")
    axes.tick_params(axis="y", length=0)
    return figure


def _scores(summaries: Sequence[Summary]) -> Any:
    from matplotlib.figure import Figure

    columns = 4
    rows = math.ceil(len(summaries) / columns)
    figure = Figure((180.0 * MILLIMETRE, 30.0 * rows * MILLIMETRE), layout="constrained")
    grid = np.linspace(EDGES[0], EDGES[-1], 200)
    width = float(norm.ppf(0.975))
    for number, each in enumerate(summaries):
        axes = figure.add_subplot(rows, columns, number + 1)
        part = each.primary
        axes.axvspan(-1.0, 1.0, color=BAND, linewidth=0)
        density = np.array(part.scores) / (max(1, sum(part.scores)) * np.diff(EDGES))
        axes.bar(EDGES[:-1], density, np.diff(EDGES), align="edge", color=BLUE, alpha=0.75)
        axes.plot(grid, width * norm.pdf(width * grid), color=INK, linewidth=0.8)
        axes.set_title(f"{each.name}\n{part.quantity}")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    return figure


def _stopping(summaries: Sequence[Summary]) -> Any:
    from matplotlib.figure import Figure

    chosen = [each for each in summaries if len(each.groups) > 1]
    figure = Figure((180.0 * MILLIMETRE, 75.0 * MILLIMETRE), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.axvspan(100 * LOW, 100 * HIGH, color=BAND, linewidth=0)
    right.axvline(0.0, color=SOFT, linewidth=0.6)
    colours = {"first look": BLUE, "later": "#e08214", "latest": "#5aae61"}
    for place, each in enumerate(chosen):
        for step, group in enumerate(each.groups):
            y = place + 0.22 * (step - 1)
            colour = colours[group.name]
            spread = 196.0 * math.sqrt(max(group.share * (1.0 - group.share), 0.5 / group.runs) / group.runs)
            left.errorbar(
                [100 * group.share], [y], xerr=[[spread], [min(spread, 100.0 - 100 * group.share)]], fmt="o", color=colour, markersize=2.6, linewidth=0.7
            )
            label = group.name if group.name not in right.get_legend_handles_labels()[1] else None
            right.errorbar([group.score], [y], xerr=[1.96 * group.error], fmt="o", color=colour, markersize=2.6, linewidth=0.7, label=label)
    left.set_yticks(range(len(chosen)), [each.name for each in chosen])
    left.set_ylim(len(chosen) - 0.4, -0.6)
    left.set_xlabel("intervals that hold the truth, %")
    right.set_xlabel("mean of (estimate - truth), in half-widths")
    right.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, title="stopped at", title_fontsize="medium", borderaxespad=0.2)
    return figure
