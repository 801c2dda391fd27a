"""A result as an HTML table, for notebooks: what `spn run` prints, in cells. Texts of models are escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from spn.estimate.estimates import AnyEstimate, AvailabilityEstimate, CurveEstimate
from spn.estimate.numbers import duration, percent, with_interval

if TYPE_CHECKING:
    from spn.study.result import Result

HEADER = ("measure", "", "estimate", "state")


def html(result: Result) -> str:
    """A row for each number, its interval beside it; above the table what was run, below it warnings."""
    head = "".join(f"<th>{name}</th>" for name in HEADER)
    body = "\n".join(_row(cells) for name, estimate in result.measures.items() for cells in _rows(name, estimate))
    caption = f"{result.model}: seed {result.seed}, {result.firings:,} firings, {result.stop_reason.value}"
    warnings = "".join(f"<p>{escape(warning)}</p>" for warning in result.warnings)
    return f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{warnings}"


def _rows(name: str, estimate: AnyEstimate) -> list[tuple[str, ...]]:
    """The texts of a measure; its name and state stand once."""
    if isinstance(estimate, AvailabilityEstimate):
        found = [
            ("unavailability U", with_interval(estimate.unavailability)),
            ("availability A", with_interval(estimate.interval)),
            ("downtime per year", duration(estimate.downtime_s_per_year)),
        ]
        if estimate.failures_per_year is not None:
            found.append(("failures per year", with_interval(estimate.failures_per_year)))
        if estimate.mean_down_s is not None:
            found.append(("mean time down", duration(estimate.mean_down_s)))
    elif isinstance(estimate, CurveEstimate):
        points = zip(estimate.times, estimate.shown(estimate.points), strict=True)
        found = [(f"at {time:g} s", f"{with_interval(point)} {estimate.unit}".rstrip()) for time, point in points]
        found += [(f"{p:.6g} quantile", duration(part)) for p, part in estimate.quantiles.items()]
    else:
        parts = [(estimate.kind.replace("_", " "), estimate.interval), *((f"{p:.6g} quantile", part) for p, part in estimate.quantiles.items())]
        unit = "" if estimate.unit == "s" else estimate.unit
        found = [(what, duration(part) if estimate.unit == "s" else f"{with_interval(part)} {unit}".rstrip()) for what, part in parts]
    reached = estimate.relative_half_width
    state = estimate.assessment.state.value + (f", +-{percent(reached)}" if reached < float("inf") else "")
    return [(name if k == 0 else "", what, text, state if k == 0 else "") for k, (what, text) in enumerate(found)]


def _row(cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
