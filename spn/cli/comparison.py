"""The page that ``spn compare`` prints: both systems' numbers one under the other, and the ratio. The simulations are made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from spn.cli.blocks import Rows, aligned
from spn.estimate.comparison import Verdict
from spn.estimate.numbers import duration, percent, with_interval
from spn.estimate.stopping import Reason

if TYPE_CHECKING:
    from spn.estimate.comparison import Claim
    from spn.estimate.estimates import AvailabilityEstimate
    from spn.estimate.intervals import Interval
    from spn.study.comparison import Comparison


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


def page(found: Comparison, changed: Mapping[str, str], against: Mapping[str, str], command: str) -> str:
    """The whole page; `changed` and `against` are the parameters given on the command line, for both and for the second alone."""
    labels = _labels(found, changed, against)
    width = max(map(len, labels))
    table = []
    for title, text in ROWS:
        for number, (label, estimate) in enumerate(zip(labels, found.estimates, strict=True)):
            table.append((title if number == 0 else "", f"{label:<{width}}  {text(estimate)}"))
    confidence = f"intervals of {percent(found.ratio.confidence)} confidence"
    parts = [aligned(_heading(found, changed, against)), [confidence, *aligned(table)], aligned(_last(found, labels))]
    return "\n\n".join([*map("\n".join, parts), f"repeat: {command}"])


def _labels(found: Comparison, changed: Mapping[str, str], against: Mapping[str, str]) -> list[str]:
    """What the two are called: by their models, or, if that is one, by what they differ in."""
    first, second = (f"{result.model} ({measure})" for result, measure in zip(found.results, found.measures, strict=True))
    if first != second:
        return [first, second]
    own = [{name: str(result.parameters.get(name, "")) for name in against} for result in found.results]
    texts = [", ".join(f"{name} = {value.strip()}" for name, value in each.items()) for each in own]
    return [f"{text} ({measure})" for text, measure in zip(texts, found.measures, strict=True)] if against else [f"A: {first}", f"B: {second}"]


def _heading(found: Comparison, changed: Mapping[str, str], against: Mapping[str, str]) -> Rows:
    first, second = found.results
    models = first.model if first.model == second.model else f"{first.model}, {second.model}"
    engines = first.engine if first.engine == second.engine else f"{first.engine}; {second.engine}"
    replications = found.estimates[0].assessment.replications
    rows = [("models" if first.model != second.model else "model", models)]
    rows += [("parameter", f"{name} = {value.strip()}") for name, value in changed.items()]
    rows += [("against", f"{name} = {value.strip()}") for name, value in against.items()]
    rows += [
        ("seed", f"{found.seed} (spn run with this seed gives either model the same random numbers)" if found.common else str(found.seed)),
        ("engine", engines),
        ("effort", f"{found.firings:,} firings in {found.elapsed_s:.3g} s, {replications:,} replications of each"),
        ("stopped", found.stop_reason.value if found.stop_reason is not Reason.CONVERGED else "converged: the ratio has the precision asked for"),
    ]
    said = dict.fromkeys(warning for each in (found, *found.results) for warning in each.warnings)
    return rows + [("warning", warning) for warning in said]


def _last(found: Comparison, labels: Sequence[str]) -> Rows:
    """Ratio, difference, what the random numbers in common were worth, and the claim."""
    a, b = (label.rpartition(" (")[0] for label in labels)
    ratio = found.ratio
    rows = [(f"U({a}) / U({b})", with_interval(ratio))]
    if 0 < ratio.estimate < 1:
        rows.append((f"U({b}) / U({a})", with_interval(ratio.reciprocal())))
    rows.append(("difference", with_interval(found.difference)))
    reached = f"+-{percent(ratio.relative_half_width)}" if ratio.relative_half_width < float("inf") else "unknown"
    rows.append(("precision", f"of the ratio {reached} (asked: {percent(found.precision)}); {ratio.method}"))
    rows.append(("random numbers", found.random_numbers))
    if found.claim is not None:
        rows.append(("claim", claimed(found.claim, ratio)))
    return rows


def claimed(claim: Claim, ratio: Interval) -> str:
    """What became of a claim, in words."""
    verdict = claim.verdict(ratio)
    why = {
        Verdict.SUPPORTED: "the whole interval agrees with it",
        Verdict.REFUTED: "the whole interval contradicts it",
        Verdict.OPEN: "the interval has values on both sides of it; a higher precision may decide",
    }
    return f"a ratio {claim.text} is {verdict.value} at {percent(ratio.confidence)} confidence: {why[verdict]}"
