"""The page that ``spn compare`` prints: both systems' numbers one under the other, and the ratio. The simulations are made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from spn.cli.blocks import aligned
from spn.cli.outcome import heading
from spn.estimate.numbers import duration, percent, with_interval

if TYPE_CHECKING:
    from spn.estimate.estimates import AvailabilityEstimate
    from spn.estimate.intervals import Interval
    from spn.study import Result

def _state(estimate: AvailabilityEstimate) -> str:
    precision = f"+-{percent(estimate.relative_half_width)}" if estimate.relative_half_width < float("inf") else "unknown"
    failures = "" if estimate.assessment.events is None else f", {estimate.assessment.events:,} failures"
    return f"{estimate.assessment.state.value}, precision of U {precision}{failures}"


ROWS: tuple[tuple[str, Callable[[AvailabilityEstimate], str]], ...] = (
    ("unavailability U", lambda estimate: with_interval(estimate.unavailability)),
    ("availability A", lambda estimate: with_interval(estimate.interval)),
    ("downtime per year", lambda estimate: duration(estimate.downtime_s_per_year)),
    ("failures per year", lambda estimate: "-" if estimate.failures_per_year is None else with_interval(estimate.failures_per_year)),
    ("mean time down", lambda estimate: "-" if estimate.mean_down_s is None else duration(estimate.mean_down_s)),
    ("state", _state),
)


def page(
    results: Sequence[Result],
    measures: Sequence[str],
    estimates: Sequence[AvailabilityEstimate],
    ratio: Interval,
    changed: Mapping[str, str],
    command: str,
) -> str:
    """The whole page; `changed` are the parameters given on the command line."""
    labels = [f"{result.model} ({measure})" for result, measure in zip(results, measures, strict=True)]
    width = max(map(len, labels))
    heads = ["\n".join(aligned(heading(result, {}))) for result in results]
    table = []
    for title, text in ROWS:
        for number, (label, estimate) in enumerate(zip(labels, estimates, strict=True)):
            table.append((title if number == 0 else "", f"{label:<{width}}  {text(estimate)}"))
    last = [(f"U of {results[0].model} / U of {results[1].model}", with_interval(ratio))]
    if 0 < ratio.estimate < 1:
        last.append((f"U of {results[1].model} / U of {results[0].model}", with_interval(ratio.reciprocal())))
    given = ["\n".join(aligned([("parameter", f"{name} = {value.strip()}") for name, value in changed.items()]))] if changed else []
    confidence = f"intervals of {percent(ratio.confidence)} confidence"
    return "\n\n".join([*heads, *given, "\n".join([confidence, *aligned(table)]), "\n".join(aligned(last)), f"repeat: {command}"])
