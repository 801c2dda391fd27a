"""Resolving: from a model, as people write it, to the net that machines read.

Check each module once (`opening`, `declare`), lay out all instances (`elaborate`, `locate`), join places (`fuse`), and fold transitions, places
and measures into classes (`transitions`, `places`, `measures`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spn.expressions.tree import Constant
from spn.model.read import Library, load_model, load_source
from spn.model.sound import add_independent
from spn.model.types import MeasureDeclaration, Model, Text
from spn.net.literals import with_fitting_literals
from spn.net.rewrite import tokens_in, with_canonical_tables, with_distinct_variables
from spn.net.types import Measure, Net, Place
from spn.records import dataclass
from spn.resolver.bounds import colour_bounds
from spn.resolver.columns import Tables
from spn.resolver.declare import declare
from spn.resolver.elaborate import Elaboration
from spn.resolver.fuse import fuse
from spn.resolver.locate import Atlas
from spn.resolver.measures import measures, rare_events
from spn.resolver.places import places
from spn.resolver.suspects import Suspects
from spn.resolver.transitions import TransitionClass, transitions
from spn.resolver.unify import colour_groups, with_one_name_for_each_colour
from spn.text.problems import Problem, Problems
from spn.text.source import Source, Span


def load(path: str | os.PathLike[str], overrides: Mapping[str, str] | None = None, library: Path | None = None) -> Net:
    """The net of a model file, with parameters overridden. Raises `ModelError` with everything that is wrong."""
    return load_with_warnings(path, overrides, library)[0]


@dataclass(frozen=True, slots=True)
class Reading:
    """A model that was read: its files, the instances of its modules, its net, and the warnings about it.

    `given` are the parameters that were overridden.
    """

    library: Library
    elaboration: Elaboration
    net: Net
    given: Mapping[str, Text]
    warnings: list[Problem]


def load_with_warnings(
    path: str | os.PathLike[str], overrides: Mapping[str, str] | None = None, library: Path | None = None
) -> tuple[Net, list[Problem]]:
    """The net of a model file, and the warnings about it."""
    found = load_reading(path, overrides, library)
    return found.net, found.warnings


def load_reading(
    path: str | os.PathLike[str],
    overrides: Mapping[str, str] | None = None,
    library: Path | None = None,
    further: Mapping[str, MeasureDeclaration] | None = None,
) -> Reading:
    """The net of a model file, with what it was made from. Raises `ModelError` with everything that is wrong.

    `further` are measures beside those of the file.
    """
    problems = Problems()
    found = _with_measures(_whole(load_model(path, problems, library), overrides, problems), further)
    return _reading(found, overrides or {}, problems, Path(os.fspath(path)).stem)


def read(
    text: str,
    overrides: Mapping[str, str] | None = None,
    name: str = "<string>",
    library: Path | None = None,
    folder: str | os.PathLike[str] = ".",
) -> Net:
    """The net of a model given as text; its modules are looked for in `folder`. Raises `ModelError` with everything that is wrong."""
    return read_with_warnings(text, overrides, name, library, folder)[0]


def read_with_warnings(
    text: str,
    overrides: Mapping[str, str] | None = None,
    name: str = "<string>",
    library: Path | None = None,
    folder: str | os.PathLike[str] = ".",
) -> tuple[Net, list[Problem]]:
    """As `read`, and the warnings about the model."""
    found = read_reading(text, overrides, name, library, folder)
    return found.net, found.warnings


def read_reading(
    text: str | Source,
    overrides: Mapping[str, str] | None = None,
    name: str = "<string>",
    library: Path | None = None,
    folder: str | os.PathLike[str] = ".",
    root: Path | None = None,
    further: Mapping[str, MeasureDeclaration] | None = None,
) -> Reading:
    """As `load_reading`, of a model given as text; `root` is the file whose text it is, if it is one's."""
    problems = Problems()
    source = text if isinstance(text, Source) else Source(name, text)
    found = _with_measures(_whole(load_source(source, folder, problems, library, root), overrides, problems), further)
    return _reading(found, overrides or {}, problems, "model" if root is None else root.stem)


def _whole(library: Library | None, overrides: Mapping[str, str] | None, problems: Problems) -> Library:
    """The library, if nothing is wrong with the form of its files; else what is wrong besides with the declarations that are sound is told, too."""
    if library is not None and any(True for _ in problems.errors):
        further = Problems()
        declare(library, {name: override(name, text) for name, text in (overrides or {}).items()}, further)
        add_independent(problems, (problem for problem in further.found if problem.severity == "error"), library.broken)
    problems.stop_if_any()
    assert library is not None
    return library


def _with_measures(library: Library, further: Mapping[str, MeasureDeclaration] | None) -> Library:
    """The library with more measures in its root."""
    if not further:
        return library
    model = library.model
    parts: dict[str, Any] = {name: getattr(model, name) for name in model.declared}
    parts["measures"] = dict(model.measures) | dict(further)
    root = Model(**parts)
    return replace(library, models={**library.models, library.root: root})


def resolve(library: Library, overrides: Mapping[str, str], problems: Problems, name: str) -> Net:
    """The net of a model. Raises `ModelError` through `problems`."""
    return _reading(library, overrides, problems, name).net


def _reading(library: Library, overrides: Mapping[str, str], problems: Problems, name: str) -> Reading:
    given = {parameter: override(parameter, text) for parameter, text in overrides.items()}
    elaboration = elaborated(library, given, problems)
    net = assembled(library, given, elaboration, problems, name).net
    return Reading(library, elaboration, net, given, problems.warnings)


def elaborated(library: Library, given: Mapping[str, Text], problems: Problems) -> Elaboration:
    """The instances of all modules."""
    elaboration = Elaboration(declare(library, given, problems), problems)
    if any(True for _ in problems.errors):
        elaboration.check_defaults()
    problems.stop_if_any()
    elaboration.run()
    problems.stop_if_any()
    return elaboration


@dataclass(frozen=True, slots=True)
class Assembly:
    """A net, and what its parts were made from: where everything is, and the declarations of its transition classes, in their order."""

    net: Net
    atlas: Atlas
    classes: list[TransitionClass]


def assembled(library: Library, given: Mapping[str, Text], elaboration: Elaboration, problems: Problems, name: str) -> Assembly:
    """The net of a model whose instances are known."""
    atlas = Atlas(elaboration)
    atlas.build()
    problems.stop_if_any()
    classes = fuse(atlas, problems)
    problems.stop_if_any()
    tables = Tables()
    groups = colour_groups(classes)
    bounds = colour_bounds(atlas, groups, problems)
    net_places = places(atlas, classes, bounds, tables, problems)
    sizes = {place.name: place.size for place in net_places}
    net_transitions = transitions(atlas, tables, sizes, problems)
    net_measures = measures(atlas, net_transitions, tables, sizes, problems)
    net_places = _referred(net_places, net_transitions, net_measures, rare_events(atlas, net_transitions, Tables(), sizes, problems), problems)
    problems.stop_if_any()
    Suspects({place.name: place for place in net_places}, tables, problems).look(net_transitions, elaboration.modules.values())
    problems.stop_if_any()
    model = library.model
    net = Net(
        places=tuple(net_places),
        transitions=tuple(c.transition for c in net_transitions),
        measures=tuple(net_measures),
        bounds=bounds,
        tables=dict(tables.values),
        table_types=dict(tables.types),
        description=str(model.description or ""),
        name=str(model.name or name),
        origin=origin(library, given),
    )
    net = with_canonical_tables(with_distinct_variables(with_fitting_literals(with_one_name_for_each_colour(net, groups))))
    return Assembly(net, atlas, net_transitions)


def _referred(
    found: list[Place], classes: list[TransitionClass], measures: list[Measure], further: list[Measure], problems: Problems
) -> list[Place]:
    """The places that there are: those with elements, and those without that something refers to. What is `further` looked at is not in the net."""
    arcs = {arc.place for c in classes for arc in c.transition.arcs}
    reads = [node for part in (*(c.transition for c in classes), *measures) for node in tokens_in(part)]
    sizes = {place.name: place.size for place in found}
    for node in (*reads, *(node for part in further for node in tokens_in(part))):
        element = node.element.value if isinstance(node.element, Constant) else None
        if node.place not in sizes:
            problems.error("bad-index", "there is no such instance with these parameters", node.span)
        elif isinstance(element, int) and not 0 <= element < sizes[node.place]:
            problems.error("bad-index", "there is no such element with these parameters", node.span)
    named = arcs | {node.place for node in reads}
    return [place for place in found if place.size or place.name in named]


def override(parameter: str, text: str) -> Text:
    """What a parameter is given from outside, with a place of its own if it has none."""
    if isinstance(text, Text):  # it was read from a file, and knows where it stands there
        return text
    source = Source(f"<parameter {parameter}>", text)
    return Text(text, Span(source, 0, len(text)))


def origin(library: Library, overrides: Mapping[str, Text]) -> dict[str, str]:
    """Where a net comes from: for a net read from a net's text, what that says."""
    model = library.model
    if model.origin:
        return {str(key): str(value) for key, value in model.origin.items()}
    values = {str(name): _shown(declaration.default) for name, declaration in model.parameters.items()}
    values.update({name: str(text) for name, text in overrides.items()})
    return values


def _shown(value: Text | tuple[Text, ...]) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)
