"""The page that ``spn sensitivity`` prints: the model as it is, and a table of elasticities with bars. They are made in `spn.study.sensitivity`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from spn.cli.blocks import aligned, block
from spn.cli.outcome import heading
from spn.estimate.numbers import percent, with_interval

if TYPE_CHECKING:
    from spn.study.sensitivity import Elasticity, Sensitivities

BAR = 24
"""Characters of the longest bar."""


def page(found: Sensitivities, changed: Mapping[str, str], command: str) -> str:
    """The whole page."""
    rows = heading(found.result, changed)
    effort = f"{found.firings:,} firings in {found.elapsed_s:.3g} s, {found.result.firings:,} of them for the model as it is"
    rows = [(name, effort if name == "effort" else found.stop_reason.value if name == "stopped" else text) for name, text in rows]
    parts = ["\n".join(aligned(rows)), block(found.measure, found.result.measures[found.measure])]
    parts.append("\n".join(table(found)))
    why = [f"  {name}: {text}" for name, text in found.left_out.items() if not _plain(text)]
    if why:
        parts.append("\n".join(["left out", *why]))
    return "\n\n".join([*parts, f"repeat: {command}"])


def _plain(text: str) -> bool:
    """Whether it goes without saying: words and truth values."""
    return "no number" in text


def table(found: Sensitivities) -> list[str]:
    """A line for each parameter with a bar, the greatest first, and a line for what is to be known of it."""
    confidence = next((each.interval.confidence for each in found.elasticities), 0.95)
    lines = [f"d ln {found.quantity} / d ln parameter, intervals of {percent(confidence)} confidence"]
    if not found.elasticities:
        return [*lines, f"  none: {found.stop_reason.value}"]
    names = [each.name for each in found.elasticities]
    texts = [with_interval(each.interval) for each in found.elasticities]
    width, wide = max(map(len, names)), max(map(len, texts))
    most = max((abs(each.interval.estimate) for each in found.elasticities if abs(each.interval.estimate) < float("inf")), default=0.0)
    for each, name, text in zip(found.elasticities, names, texts, strict=True):
        lines.append(f"  {name:<{width}}  {text:<{wide}}  {_bar(each, most):<{BAR}}  at {each.value}".rstrip())
        lines += [f"  {'':<{width}}  {note}" for note in _notes(each)]
    return lines


def _bar(each: Elasticity, most: float) -> str:
    """As long as it is great, with its sign."""
    size = abs(each.interval.estimate)
    if not (most > 0.0 and size < float("inf")):
        return ""
    return ("-" if each.interval.estimate < 0.0 else "+") * round(BAR * size / most)


def _notes(each: Elasticity) -> Sequence[str]:
    notes = list(each.notes)
    if not each.converged:
        asked = f"half-width {percent(each.reached)} of max(1, estimate), asked: {percent(each.target)}"
        notes.insert(0, f"not converged: {asked}; {each.stop_reason.value}")
    if each.step < 0.1:
        notes.append(f"step {100 * each.step:.2g} %: it is curved, or near the end of its range")
    return notes
