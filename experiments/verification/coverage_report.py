# ruff: noqa: E501, ISC004 (it is mostly prose)
"""The report on coverage: tables as Markdown, and three figures. Nothing is run here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom, norm

from experiments.verification.coverage import ALL_CASES, Coverage, summed
from experiments.verification.report import table
from spn.plots.style import INK, MILLIMETRE, SETTINGS, SOFT

LOW, HIGH = 0.935, 0.965
"""What nominal 95 % may be."""

BLUE, RED, BAND = "#0b5fa5", "#b3261e", "#dde8f2"

Lines = Mapping[str, Sequence[Mapping[str, Any]]]


def certain(found: Coverage) -> bool:
    """Whether the estimate hardly has an error: an interval that always holds the truth is then no fault of its width."""
    return found.relative < 1e-5


def verdict(found: Coverage) -> str:
    """What the runs say. A share is judged by the whole band: off only if it lies outside by more than chance has it in one of 1000 cases."""
    if found.runs < 100:
        return "few runs"
    if found.share < LOW:
        return "low" if binom.cdf(found.inside, found.runs, LOW) > 1e-3 else "**too low**"
    if found.share <= HIGH:
        return "yes"
    return "certain" if certain(found) else "more, as promised" if found.at_least else "more"


def interval(found: Coverage) -> tuple[float, float]:
    """Clopper and Pearson's, of 95 %."""
    from spn.estimate.intervals import proportion

    exact = proportion(found.inside, found.runs, 0.95)
    return exact.low, exact.high


def all_of(lines: Lines) -> list[Coverage]:
    return [found for case in ALL_CASES if lines.get(case.name) for found in summed(case.name, lines[case.name])]


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


def markdown(lines: Lines, facts: Sequence[str], title: str = "Coverage", about: str = ABOUT, stem: str = "coverage") -> str:
    """The report. `stem`: what its figures are called."""
    found = all_of(lines)
    exact = [part for part in found if not part.at_least and not certain(part)]
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
        f"- {len(found)} kinds of intervals on {len(lines)} cases, {sum(len(part) for part in lines.values()):,} runs.",
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
    for case in ALL_CASES:
        if not lines.get(case.name):
            continue
        runs = lines[case.name]
        stops = ", ".join(f"{count:,} {reason}" for reason, count in Counter(line["stop"] for line in runs).most_common())
        asked = f"precision asked for: {100 * case.precision:g} %; " if case.precision > 1e-5 else ""
        commits = ", ".join(sorted({line["commit"] for line in runs}))
        firings, seconds = (float(np.mean([line[key] for line in runs])) for key in ("firings", "seconds"))
        text += [
            f"### {case.name}",
            f"{case.about[0].upper()}{case.about[1:]}. {asked}{len(runs):,} runs ({stops}), {firings:,.0f} firings and {seconds:.3f} s of processor time each, "
            f"commit {commits}.",
            table(HEAD, [row(part) for part in found if part.case is case]),
        ]
    return "\n\n".join(text) + "\n"


# the figures


def draw(lines: Lines, folder: Path, stem: str = "coverage") -> None:
    """The three figures."""
    import matplotlib as mpl

    mpl.use("agg")
    # Texts as paths: where the font is missing, long names would be cut.
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": "coverage", "svg.fonttype": "path"}):
        for name, made in ((stem, _coverage(lines)), (f"{stem}_scores", _scores(lines)), (f"{stem}_stopping", _stopping(lines))):
            made.savefig(folder / f"{name}.svg", metadata={"Date": None})


def _coverage(lines: Lines) -> Any:
    from matplotlib.figure import Figure

    found = [part for part in all_of(lines) if not certain(part)]
    cases = [case for case in ALL_CASES if lines.get(case.name)]
    ends = np.cumsum([sum(part.case is case for part in found) + 1 for case in cases])
    figure = Figure((180.0 * MILLIMETRE, (18.0 + 2.1 * float(ends[-1])) * MILLIMETRE), layout="constrained")
    axes = figure.add_subplot()
    axes.axvspan(100 * LOW, 100 * HIGH, color=BAND, linewidth=0)
    axes.axvline(95.0, color=SOFT, linewidth=0.6)
    place, ticks = 0.0, []
    for case in cases:
        own = [part for part in found if part.case is case]
        ticks.append((place + (len(own) - 1) / 2.0, case.name))
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


def _primary(case_lines: Sequence[Mapping[str, Any]], name: str) -> Coverage:
    """The quantity a case is named for: the first that is not nearly certain."""
    found = summed(name, case_lines)
    return next((part for part in found if not certain(part)), found[0])


def _scores(lines: Lines) -> Any:
    from matplotlib.figure import Figure

    cases = [case for case in ALL_CASES if lines.get(case.name)]
    columns = 4
    rows = math.ceil(len(cases) / columns)
    figure = Figure((180.0 * MILLIMETRE, 30.0 * rows * MILLIMETRE), layout="constrained")
    grid = np.linspace(-2.2, 2.2, 200)
    edges = np.linspace(-2.2, 2.2, 45)
    width = float(norm.ppf(0.975))
    for number, case in enumerate(cases):
        axes = figure.add_subplot(rows, columns, number + 1)
        part = _primary(lines[case.name], case.name)
        axes.axvspan(-1.0, 1.0, color=BAND, linewidth=0)
        axes.hist(np.clip(part.scores, -2.2, 2.2), edges, density=True, color=BLUE, alpha=0.75)
        axes.plot(grid, width * norm.pdf(width * grid), color=INK, linewidth=0.8)
        axes.set_title(f"{case.name}\n{part.quantity}")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    return figure


def stopped(case_lines: Sequence[Mapping[str, Any]], quantity: str) -> list[tuple[str, int, float, float, float]]:
    """By when runs stopped (at the first look, or later in two halves): name, runs, share inside, mean score and its standard error."""
    rows = [(sum(line["replications"]), line["values"][quantity]) for line in case_lines if quantity in line["values"]]
    counts = np.array([count for count, _ in rows])
    inside = np.array([row[4] for _, row in rows], float)
    return [
        (name, int(chosen.sum()), float(inside[chosen].mean()), *_mean_score(rows, chosen, quantity))
        for name, chosen in _groups(counts)
        if chosen.sum() >= 20
    ]


def _groups(counts: np.ndarray) -> list[tuple[str, np.ndarray]]:
    first = counts == counts.min()
    later = counts[~first]
    middle = float(np.median(later)) if len(later) else 0.0
    return [("first look", first), ("later", ~first & (counts <= middle)), ("latest", counts > max(middle, counts.min()))]


def _mean_score(rows: Sequence[tuple[int, Sequence[Any]]], chosen: np.ndarray, quantity: str) -> tuple[float, float]:
    numbers = np.array([[float(value) for value in row[:3]] for _, row in rows])[chosen]
    return tuple(np.array([numbers.mean(axis=0)[0], numbers.std(axis=0, ddof=1)[0] / math.sqrt(len(numbers))]).tolist())  # type: ignore[return-value]


def _stopping(lines: Lines) -> Any:
    from matplotlib.figure import Figure

    chosen = [case for case in ALL_CASES if lines.get(case.name) and len({sum(line["replications"]) for line in lines[case.name]}) > 1]
    figure = Figure((180.0 * MILLIMETRE, 75.0 * MILLIMETRE), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.axvspan(100 * LOW, 100 * HIGH, color=BAND, linewidth=0)
    right.axvline(0.0, color=SOFT, linewidth=0.6)
    colours = {"first look": BLUE, "later": "#e08214", "latest": "#5aae61"}
    for place, case in enumerate(chosen):
        part = _primary(lines[case.name], case.name)
        half = part.relative * abs(part.truth)
        for step, (name, count, share, mean, error) in enumerate(stopped(lines[case.name], part.quantity)):
            y = place + 0.22 * (step - 1)
            spread = 196.0 * math.sqrt(max(share * (1.0 - share), 0.5 / count) / count)
            left.errorbar(
                [100 * share], [y], xerr=[[spread], [min(spread, 100.0 - 100 * share)]], fmt="o", color=colours[name], markersize=2.6, linewidth=0.7
            )
            score = (mean - part.truth) / half
            label = name if name not in right.get_legend_handles_labels()[1] else None
            right.errorbar([score], [y], xerr=[1.96 * error / half], fmt="o", color=colours[name], markersize=2.6, linewidth=0.7, label=label)
    left.set_yticks(range(len(chosen)), [case.name for case in chosen])
    left.set_ylim(len(chosen) - 0.4, -0.6)
    left.set_xlabel("intervals that hold the truth, %")
    right.set_xlabel("mean of (estimate - truth), in half-widths")
    right.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, title="stopped at", title_fontsize="medium", borderaxespad=0.2)
    return figure
