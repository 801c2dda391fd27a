"""What a report says of a study, section by section, as HTML. The page around them is in `page`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import final

from spn.drawing import NotDrawable, draw
from spn.drawing.times import duration_text, units_in
from spn.estimate.numbers import percent, with_interval
from spn.net.text import digest
from spn.plots.render import figure
from spn.plots.types import NotPlottable, Plot, listed
from spn.reports.html import details, element, inline, table, text
from spn.resolver.resolve import Reading
from spn.sweeps.kept import restored
from spn.tables.axes import MODEL, dimensions, words
from spn.tables.choice import Choice, TooMuch
from spn.tables.convergence import convergence
from spn.tables.delays import USUAL, of_points, readable
from spn.tables.powers import by_hand, html_power
from spn.tables.results import PointResult, Ratio, Results
from spn.tables.rows import Table, described, tables
from spn.tables.series import plot_of
from spn.text.problems import ModelError

MOST_NAMED = 6
MOST_FIGURES = 12
MOST_DELAYS = 8


@final
@dataclass(slots=True)
class Contents:
    """A report as it grows. `sections` are headings with their HTML; `notes` say what could not be shown, and why."""

    results: Results
    units: frozenset[str]
    sections: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: int = 0

    def add(self, key: str, heading: str, content: str) -> None:
        if content:
            self.sections.append((key, heading, content))

    def picture(self, svg: bytes, title: str, caption: str, kind: str) -> str:
        """A picture with its caption, numbered."""
        self.figures += 1
        shown = inline(svg, f"f{self.figures}", title)
        return element(
            "figure",
            element("div", shown, class_=f"picture {kind}"),
            element("figcaption", f"<b>Figure {self.figures}.</b> {caption}"),
        )

    def plot(self, make: Callable[[], Plot], what: str) -> str:
        """The figure of a plot; if there is none, a note says why."""
        try:
            plot = make()
            wide = len(plot.rows[0]) > 1 if plot.rows else False
            svg = figure(plot, width="page" if wide else "middle").content("svg")
        except NotPlottable as problem:
            self.notes.append(f"no figure of {what}: {problem}")
            return element("p", f"No figure of {text(what)}: {text(problem)}.", class_="note")
        return self.picture(svg, plot.caption, text(plot.caption), "plot wide" if wide else "plot")


def contents(results: Results) -> Contents:
    """All sections of a report."""
    found = Contents(results, units_in([str(about_text(results)), *(value for point in results.points for value in point.axes.values())]))
    found.add("attention", "What to look at first" if not _is_fine(results) else "State", _attention(results))
    found.add("study", "What was studied", _study(results))
    found.add("results", "Results", _measures(found))
    found.add("comparisons", "Comparisons", _comparisons(found))
    found.add("tables", "Tables", _tables(results))
    found.add("convergence", "How the intervals became narrow", _convergence(found))
    found.add("models", "Models", _models(found))
    found.add("repeat", "Where it comes from", provenance(results))
    return found


def about_text(results: Results) -> str:
    """The text of the study."""
    return str(results.about.get("text", ""))


# What to look at


def _is_fine(results: Results) -> bool:
    return results.finished and results.converged


def _attention(results: Results) -> str:
    points = len(results.points)
    if _is_fine(results):
        worst = max((measured.relative for _, _, measured in results.measured()), default=math.nan)
        told = element("p", f"All {points:,} points have the precision that was asked for. The widest interval is ±{percent(worst)} of its estimate.")
        return element("div", told, _notes(results), class_="state")
    items = [*_unfinished(results), *_failed(results), *_imprecise(results)]
    return element("div", element("ul", *(element("li", item) for item in items)), _notes(results), class_="state look")


def _unfinished(results: Results) -> Iterator[str]:
    waiting = [point for point in results.points if point.record is None]
    if waiting:
        begun = sum(point.progress is not None for point in waiting)
        yield (
            f"<b>{len(waiting):,} of {len(results.points):,} points are not finished</b>, {begun:,} of them begun: {_places(waiting)}. "
            f"The same <code>spn sweep</code> goes on with them."
        )


def _failed(results: Results) -> Iterator[str]:
    failed: dict[str, list[PointResult]] = {}
    for point in results.points:
        if point.record is not None and point.record.error:
            failed.setdefault(point.record.error.partition(" (at time")[0], []).append(point)
    for error, points in failed.items():
        yield f"<b>{_count(points)} could not be simulated</b> ({_places(points)}): {text(error)}."


def _imprecise(results: Results) -> Iterator[str]:
    states: dict[tuple[str, str], list[PointResult]] = {}
    for point, name, measured in results.measured():
        if not measured.converged:
            states.setdefault((measured.state, name), []).append(point)
    for (state, name), points in states.items():
        stops = Counter(point.record.stop_reason for point in points if point.record)
        why = "; ".join(text(reason) for reason in stops if reason)
        yield f"<b>{text(state)}</b>: measure <code>{text(name)}</code> at {_count(points)} ({_places(points)}). Stopped: {why}."


def _count(points: Sequence[PointResult]) -> str:
    return f"{len(points):,} point{'' if len(points) == 1 else 's'}"


def _places(points: Sequence[PointResult]) -> str:
    named = [text(place(point)) for point in points[:MOST_NAMED]]
    more = len(points) - len(named)
    return "; ".join(named) + (f"; and {more:,} more" if more > 0 else "")


def place(point: PointResult) -> str:
    """``standard, mttf = 500 h``"""
    return ", ".join([point.model, *(f"{axis} = {value}" for axis, value in point.axes.items())])


def _notes(results: Results) -> str:
    counted = Counter(note for _, _, measured in results.measured() for note in measured.notes)
    counted.update(warning for point in results.points if point.record for warning in point.record.warnings)
    if not counted:
        return ""
    items = [element("li", text(note) + (f" ({count:,} times)" if count > 1 else "")) for note, count in counted.most_common(40)]
    return details(f"{len(counted):,} remark{'s' if len(counted) > 1 else ''} of the estimators", element("ul", *items))


# What was studied


def _study(results: Results) -> str:
    about = results.about
    known = dimensions(results)
    models = list(known[MODEL].shown)
    finished = sum(point.record is not None for point in results.points)
    firings = sum(point.record.firings for point in results.points if point.record)
    sentence = (
        f"{'Model' if len(models) == 1 else f'{len(models)} models'} {listed([f'<code>{text(name)}</code>' for name in models])} at "
        f"{_count(results.points)}, {finished:,} of them finished, with {firings:,} firings in all. Each "
        f"number is asked for to ±{percent(about['precision'])} (of the unavailability, for availabilities), with intervals of "
        f"{percent(about['confidence'])} confidence."
    )
    rows = []
    for axis in results.axes:
        dimension = known[axis]
        values = list(dimension.shown.values())
        applies = list(dict.fromkeys(point.model for point in results.points if axis in point.axes))
        span = f"{values[0]} to {values[-1]}, {len(values)} values" if len(values) > 12 else ", ".join(values)
        doc = f": {dimension.doc}" if dimension.doc else ""
        rows.append((f"<code>{text(axis)}</code>{text(doc)}", text(span), "all" if len(applies) == len(models) else text(listed(applies))))
    if not rows:
        return element("p", sentence)
    return element("p", sentence) + table("Axes of the study", ("axis", "values", "of models"), rows, (True, True, True))


# Numbers


def _choose(results: Results, choice: Choice) -> Plot:
    """A plot; where there are more axes than it can show, at the first value of those that are left over, which its caption says."""
    try:
        return plot_of(results, choice)
    except TooMuch as much:
        known = dimensions(results)
        fixed = tuple((name, next(iter(known[name].shown.values()))) for name in much.axes)
        plot = plot_of(results, replace(choice, only=(*choice.only, *fixed)))
        return replace(plot, caption=f"{plot.caption} Only for {listed([f'{words(name)} = {value}' for name, value in fixed])}.")


def _measures(found: Contents) -> str:
    results = found.results
    kinds = {name: measured.kind for _, name, measured in results.measured()}
    parts = []
    for name, kind in list(kinds.items())[:MOST_FIGURES]:
        quantity = "unavailability" if kind == "availability" else "estimate"
        parts.append(element("h3", text(words(name).capitalize())))
        parts.append(element("p", _range(results, name, quantity)))
        parts.append(found.plot(lambda name=name: _choose(results, Choice(measure=name)), f"'{name}'"))  # type: ignore[misc]
    if len(kinds) > MOST_FIGURES:
        parts.append(element("p", f"The other {len(kinds) - MOST_FIGURES} measures are in the tables."))
    return "".join(parts)


def _range(results: Results, measure: str, quantity: str) -> str:
    """The least and the greatest of a measure, where they are."""
    known = [
        (measured.quantities[quantity], point)
        for point, name, measured in results.measured()
        if name == measure and quantity in measured.quantities and not math.isnan(measured.quantities[quantity].estimate)
    ]
    if not known:
        return f"There is no estimate of {text(measure)}."
    what = "The unavailability" if quantity == "unavailability" else "The estimate"
    low, high = min(known, key=lambda pair: pair[0].estimate), max(known, key=lambda pair: pair[0].estimate)
    if len(known) == 1:
        return f"{what} is {_number(low[0])} ({text(place(low[1]))})."
    return f"{what} goes from {_number(low[0])} ({text(place(low[1]))}) to {_number(high[0])} ({text(place(high[1]))})."


def _number(interval: object) -> str:
    return _typeset(with_interval(interval))  # type: ignore[arg-type]


def _typeset(words: str) -> str:
    """Numbers with their powers of ten, the interval after the estimate in a softer tone."""
    return by_hand(text(words).replace("+-", "±"), html_power)


def _comparisons(found: Contents) -> str:
    results = found.results
    parts = []
    for name in dict.fromkeys(ratio.name for ratio in results.ratios):
        own = [ratio for ratio in results.ratios if ratio.name == name and not math.isnan(ratio.interval.estimate)]
        parts.append(element("h3", text(words(name).capitalize())))
        if own:
            parts.append(element("p", _ratio_words(own)))
        parts.append(found.plot(lambda name=name: _choose(results, Choice(ratio=name)), f"the comparison '{name}'"))  # type: ignore[misc]
    return "".join(parts)


def _ratio_words(ratios: Sequence[Ratio]) -> str:
    low, high = min(ratios, key=lambda r: r.interval.estimate), max(ratios, key=lambda r: r.interval.estimate)

    def said(ratio: Ratio) -> str:
        return f"{_number(ratio.interval)} ({text(described(ratio.of, ratio.measures[0]))} over {text(described(ratio.to, ratio.measures[1]))})"

    if len(ratios) == 1:
        return f"The ratio of unavailabilities is {said(low)}."
    below, above = sum(r.interval.high < 1.0 for r in ratios), sum(r.interval.low > 1.0 for r in ratios)
    undecided = len(ratios) - below - above
    parts = [f"{count:,} {what}" for count, what in ((below, "certainly below 1"), (above, "certainly above 1"), (undecided, "undecided")) if count]
    return f"The ratio of unavailabilities goes from {said(low)} to {said(high)}. Of {len(ratios):,} ratios, {listed(parts)}, by their intervals."


def _tables(results: Results) -> str:
    return "".join(map(_table, tables(results)))


def _table(each: Table) -> str:
    """A table; of what is the same in all its rows, its caption says it once."""
    count = len(each.rows)
    same = [k for k, name in enumerate(each.header) if name in _CONSTANT and count > 2 and len({row[k] for row in each.rows}) == 1]
    shown = [k for k in range(len(each.header)) if k not in same]
    wordy = [each.words[k] for k in shown]
    rows = [[_typeset(row[k]) for k in shown] for row in each.rows]
    common = "".join(f"; {text(each.header[k])}: {text(each.rows[0][k])}" for k in same)
    caption = f"<b>{text(each.title.capitalize())}</b>, {count:,} row{'s' if count != 1 else ''}{common}"
    return table(caption, [text(each.header[k]) for k in shown], rows, wordy)


_CONSTANT = ("model", "measure", "state", "comparison")
_WORDS = ("model", "measure", "state", "comparison", "of", "to", "quantity")


def _convergence(found: Contents) -> str:
    if found.results.path is None or not any(True for _ in found.results.measured()):
        return ""
    return found.plot(lambda: convergence(found.results, Choice()), "the convergence")


# Models


def _models(found: Contents) -> str:
    results = found.results
    entries = results.about.get("models", {})
    parts = []
    for model in dict.fromkeys(point.model for point in results.points):
        point = next(point for point in results.points if point.model == model)
        digests = {p.record.digest for p in results.points if p.model == model and p.record and p.record.digest}
        parts.append(element("h3", text(words(model).capitalize())))
        entry = entries.get(model)
        if entry is None:
            parts.append(
                element("p", "The text of this model is not in the results file, which an earlier version wrote; sweep the study again to keep it.")
            )
            continue
        try:
            exact = restored(entry, point.parameters)
            reading = restored(entry, {name: readable(value, found.units) for name, value in point.parameters.items()})
        except (ModelError, ValueError, OSError) as error:
            found.notes.append(f"the model '{model}' could not be made again: {error}")
            parts.append(element("p", f"This model could not be made again: {text(error)}.", class_="warn"))
            continue
        parts.append(_model(found, point, exact, reading))
        parts.append(_given(found, point, digests))
        parts += [details(f"The text of {text(name)}", element("pre", element("code", text(source)))) for name, source in entry["files"].items()]
    return "".join(parts) + _delays(found)


def _model(found: Contents, point: PointResult, exact: Reading, reading: Reading) -> str:
    """What a model is, and its drawing; `reading` has the numbers of `exact` as they are read best."""
    described = " ".join((reading.library.model.description or "").split())
    parts = [element("p", text(described))] if described else []
    if point.record is not None and point.record.digest and digest(exact.net) != point.record.digest:
        found.notes.append(f"'{point.model}' has changed since it was simulated; what is drawn is what it is now")
        parts.append(element("p", "A shipped model that it is made of has changed since it was simulated: this is what it is now.", class_="warn"))
    try:
        svg = draw(reading).picture("svg")
    except NotDrawable as error:
        found.notes.append(f"no drawing of '{point.model}': {error}")
        return "".join([*parts, element("p", f"No drawing: {text(error)}.")])
    caption = f"{text(words(point.model).capitalize())}. Circles are places, boxes timed transitions, bars immediate ones."
    caption += f" Drawn for {text(place(point))}." if point.axes else ""
    return "".join([*parts, found.picture(svg, f"Petri net of the model {point.model}", caption, "drawing wide")])


def _given(found: Contents, point: PointResult, digests: set[str]) -> str:
    """The parameters that a study gives a model, and the digests of its nets."""
    parts = []
    given = [(text(name), text(readable(value, found.units))) for name, value in point.parameters.items()]
    if given:
        parts.append(element("p", f"Parameters given by the study{', at its first point' if point.axes else ''}; all others are the model's own:"))
        listing = "".join(element("dt", name) + element("dd", element("code", value)) for name, value in given)
        parts.append(element("dl", listing, class_="plain"))
    if digests:
        shown = ", ".join(f"<code>{digest[:12]}</code>" for digest in sorted(digests)[:4])
        parts.append(element("p", f"{len(digests):,} net{'s' if len(digests) > 1 else ''}, by digest: {shown}{', …' if len(digests) > 4 else ''}"))
    return "".join(parts)


def _delays(found: Contents) -> str:
    from spn.distributions.base import Continuous
    from spn.plots.delays import delays_plot

    try:
        delays = [named for named in of_points(found.results, ()) if isinstance(named.delay, Continuous)]
    except (NotPlottable, ModelError):
        return ""
    if not 0 < len(delays) <= MOST_DELAYS:
        return ""
    return element("h3", "Distributions of delays") + found.plot(lambda: delays_plot(delays), "hazard rates")


# Where it comes from


def provenance(results: Results) -> str:
    """Seed, versions, digests, the study's text, and the commands that repeat it."""
    about = results.about
    records = [point.record for point in results.points if point.record]
    versions = [dict(entry) for entry in {tuple(sorted(record.versions.items())) for record in records}] or [dict(about.get("versions", {}))]
    name = str(about.get("name", "study"))
    facts = [
        ("seed", str(about.get("seed", ""))),
        ("versions", "; ".join(", ".join(f"{library} {version}" for library, version in sorted(entry.items())) for entry in versions)),
        ("engine", listed(sorted({record.engine for record in records if record.engine})) or "-"),
        ("most firings at a point", f"{about.get('max_firings', 0):,}"),
        *([("most time simulated at a point", duration_text(float(about["max_time"]), USUAL))] if about.get("max_time") else []),
        ("nets", f"{len({record.digest for record in records if record.digest}):,} different, each with its digest (SHA-256)"),
    ]
    if results.path is not None:
        facts.append(("results file", results.path.name))
    listing = element("dl", *(element("dt", text(key)) + element("dd", text(value)) for key, value in facts), class_="plain")
    commands = element("pre", element("code", text(f"spn sweep {name}.yaml\nspn report results/{name}.sqlite -o {name}.html")))
    source = about_text(results)
    seeded = (
        ""
        if not source or "seed:" in source
        else f" The study names no seed; with <code>seed: {text(about.get('seed', ''))}</code> in it the numbers are these."
    )
    told = element(
        "p", f"These commands, with the study below and its models, give the same numbers to the last bit, on any number of workers.{seeded}"
    )
    study = details(f"The study, {text(name)}.yaml", element("pre", element("code", text(source))), is_open=True) if source else ""
    return listing + told + commands + study
