"""What is in a study, in a few lines: what ``spn check STUDY`` and ``spn sweep --dry-run`` print. Nothing here simulates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from spn.cli.console import note
from spn.estimate.numbers import percent

if TYPE_CHECKING:
    from spn.net.types import Net
    from spn.sweeps.outlook import ModelOutlook, Outlook
    from spn.sweeps.values import AxisSpec

MOST_SHOWN = 8
"""Values of an axis that are listed; of more the first and the last are."""


def outlook_of(path: str | Path, results: Path | None = None) -> str:
    """The summary of a study, all of it checked; with its results file, also how much is done. Raises `ModelError` and `StoreError`."""
    from spn.sweeps.outlook import outlook
    from spn.sweeps.reading import load_study
    from spn.sweeps.run import results_path
    from spn.sweeps.store import Store

    study = load_study(path)
    file = None if results is None else results_path(results, study)
    if file is None or not file.exists():
        return describe(outlook(study, None, lambda problem: note(problem.render())), None)
    with Store.read(file) as store:
        return describe(outlook(study, store, lambda problem: note(problem.render())), file)


def describe(found: Outlook, file: Path | None) -> str:
    """Points, models, axes, comparisons and what is asked for."""
    study = found.study
    lines = [study.name if not study.description else f"{study.name}: {study.description}", "", *aligned(_settings(found, file))]
    if study.axes:
        lines += ["", "axes", *aligned((name, _values(axis)) for name, axis in study.axes.items())]
    lines += ["", "models", *aligned((str(model.use.name), _model(model)) for model in found.models)]
    if found.pairs:
        lines += ["", "comparisons", *aligned((name, f"{number:,} {_plural(number, 'ratio')}") for name, number in found.pairs.items())]
    return "\n".join(lines)


def _settings(found: Outlook, file: Path | None) -> Iterator[tuple[str, str]]:
    study = found.study
    yield "points", f"{found.points:,}" + ("" if found.checked == found.points else f" ({found.checked:,} of them were checked)")
    if found.finished is not None:
        yield "finished", f"{found.finished:,}, in {file}"
    yield "precision", f"+-{percent(study.precision)}, intervals of {percent(study.confidence)} confidence"
    yield "seed", "a new one" if study.seed is None else str(study.seed)
    yield "at most", f"{found.budget:,} firings at each point"
    yield "engine", study.engine


def _values(axis: AxisSpec) -> str:
    shown = [value.shown for value in axis.values]
    if len(shown) <= MOST_SHOWN:
        return ", ".join(shown)
    return f"{shown[0]}, {shown[1]}, ... {shown[-1]} ({len(shown):,} values)"


def _model(model: ModelOutlook) -> str:
    use = model.use
    measures = [measure.name for measure in model.net.measures if not use.measures or measure.name in use.measures]
    by = f" by {', '.join(use.axes)}" if use.axes else ""
    what = f"measures {', '.join(measures)}" if len(measures) > 1 else f"measure {measures[0]}"
    of = "" if use.label == use.name else f"{use.label}, "
    return f"{of}{model.points:,} {_plural(model.points, 'point')}{by}; {_size(model.net)}; {what}"


def _size(net: Net) -> str:
    places, transitions = sum(place.size for place in net.places), sum(transition.size for transition in net.transitions)
    return f"{places:,} {_plural(places, 'place')}, {transitions:,} {_plural(transitions, 'transition')}"


def _plural(number: int, what: str) -> str:
    return what if number == 1 else f"{what}s"


def aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Names and texts in two columns."""
    known = list(rows)
    width = max(len(name) for name, _ in known)
    return [f"  {name:<{width}}  {text}" for name, text in known]
