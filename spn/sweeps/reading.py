"""Reading study files: from text to a `Definition`, with everything that is wrong with it and with its models told at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spn.expressions import syntax
from spn.expressions.check import check
from spn.expressions.parse import parse_expression
from spn.expressions.scope import BrokenSymbol, ParameterSymbol, Scope, Symbol
from spn.expressions.tree import Expression, Parameter
from spn.expressions.walk import walk
from spn.library import models_folder, shipped_models
from spn.model.read import Library, load_model, read_section
from spn.model.types import Model
from spn.resolver.scopes import in_order, names_in, span_of_name
from spn.sweeps.definition import Argument, Compared, Definition, Selected, Use
from spn.sweeps.types import DECLARING, Comparison, ModelUse, StudyFile
from spn.sweeps.values import AxisSpec, axis_values, listed_values, seconds, share, unknown_names, whole_number
from spn.text import nodes
from spn.text.files import load_file
from spn.text.positioned import Name, Text
from spn.text.problems import ModelError, Problems, nearest
from spn.text.source import Source
from spn.text.yaml import read


def is_study(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a study and not a model: it says ``study: 1`` on its outermost level."""
    problems = Problems()
    source = load_file(path, problems)
    if source is None or "study" not in source.text:
        return False
    try:
        node = read(source, problems)
    except ModelError:
        return False
    keys = {str(key.text) for key, _ in node.entries} if isinstance(node, nodes.Mapping) else set()
    return "study" in keys and "spn" not in keys


def load_study(path: str | os.PathLike[str]) -> Definition:
    """The study of a file. Raises `ModelError` with all that is wrong with it and with its models."""
    problems = Problems()
    source = load_file(path, problems)
    problems.stop_if_any()
    assert source is not None
    return read_study(source, Path(path).parent, Path(path).stem)


def read_study(source: Source, folder: Path, name: str) -> Definition:
    """The study of a text; models are looked for in `folder` and among the shipped ones. Raises `ModelError`."""
    problems = Problems()
    file, broken = read_section(source, problems, StudyFile, "study", DECLARING)
    if file is None:
        raise ModelError(problems.found)
    reader = _Reader(file, folder, problems, broken)
    found = reader.run(name)
    problems.stop_if_any()
    return found


@dataclass(slots=True)
class _Reader:
    file: StudyFile
    folder: Path
    problems: Problems
    broken: set[str] = field(default_factory=set)
    """Names of what the file says in a form that is not understood: nothing more is said of what mentions them."""
    axes: dict[str, AxisSpec] = field(default_factory=dict)
    derived: dict[str, Expression] = field(default_factory=dict)
    names: dict[str, Symbol] = field(default_factory=dict)

    def run(self, name: str) -> Definition:
        file = self.file
        for key, axis in file.parameters.items():
            spec = axis_values(key, axis, self.problems)
            if spec is not None:
                self.axes[key] = spec
            self.names[key] = BrokenSymbol() if spec is None or spec.type is None else ParameterSymbol(spec.type)
        for broken in self.broken:
            self.names.setdefault(broken, BrokenSymbol())
        self._derive()
        uses = [use for key, model in file.models.items() if (use := self._use(key, model)) is not None]
        groups = self._groups()
        settings = self._settings()
        if not self.broken and len(uses) == len(file.models) and len(self.axes) == len(file.parameters):
            if len(self.derived) == len(file.derived):  # else what reaches a model is not known
                self._unused(uses)
            self._measures(uses)
            comparisons = tuple(self._comparison(key, entry, uses) for key, entry in file.compare.items())
        else:
            comparisons = ()
        return Definition(
            name=name,
            description=" ".join((file.description or "").split()),
            uses=tuple(uses),
            axes=self.axes,
            groups=groups,
            derived=self.derived,
            comparisons=comparisons,
            docs={str(key): " ".join(axis.doc.split()) for key, axis in file.parameters.items() if axis.doc is not None},
            text="" if file.study is None else file.study.span.source.text,
            **settings,  # type: ignore[arg-type]
        )

    # Derived parameters

    def _derive(self) -> None:
        parsed = {key: parse_expression(text, text.span, self.problems, text.exact) for key, text in self.file.derived.items()}
        used = {key: set() if node is None else set(names_in(node)) for key, node in parsed.items()}
        needs: dict[str, list[Name]] = {key: [other for other in parsed if other in used[key]] for key in parsed if key not in self.names}
        for key, circle in in_order(needs):
            if circle:
                message = f"derived parameters depend on each other in a circle: {' -> '.join(circle)}"
                self.problems.error("circular-parameters", message, span_of_name(parsed, key))
                self.names[key] = BrokenSymbol()
            else:
                self._derive_one(key, parsed[key], used[key])  # type: ignore[index]

    def _derive_one(self, key: str, node: syntax.Syntax | None, used: set[str]) -> None:
        found = None if node is None else self._checked(node, used)
        if found is not None:
            self.derived[key] = found
        self.names[key] = BrokenSymbol() if found is None else ParameterSymbol(found.type)

    def _checked(self, node: syntax.Syntax, used: set[str]) -> Expression | None:
        for name in used:
            axis = self.axes.get(name)
            if axis is not None and axis.type is None:
                message = f"what the values of '{name}' mean only its models know, so nothing can be computed from them"
                self.problems.error("wrong-type", message, node.span)
        return check(node, Scope(self.names), None, self.problems)

    # Models

    def _use(self, name: Name, model: ModelUse) -> Use | None:
        path = self._path(model.model)
        library = None if path is None else load_model(path, self.problems, models_folder())
        if library is None:
            return None
        known = {str(parameter) for parameter in library.model.parameters}
        arguments: dict[str, Argument] = {}
        for parameter, value in model.arguments.items():
            if parameter not in known:
                hint = nearest(parameter, known) or f"its parameters are {', '.join(sorted(known)) or 'none'}"
                self.problems.error("unknown-parameter", f"'{name}' has no parameter '{parameter}'", parameter.span, hint)
            else:
                arguments[str(parameter)] = self._argument(value)
        for derived in self.file.derived:
            if derived in known and derived in self.derived:
                arguments.setdefault(str(derived), Argument(self.file.derived[derived], tree=self.derived[derived]))
        for axis in self.axes.values():
            if axis.name in known:
                arguments.setdefault(str(axis.name), Argument(axis.name, axis=str(axis.name)))
        reached = set().union(*(self._reaches(argument) for argument in arguments.values()))
        axes = tuple(str(axis) for axis in self.file.parameters if axis in reached)
        return Use(name, library, str(model.model), arguments, axes, tuple(map(str, model.measures or self.file.measures)))

    def _path(self, text: Text) -> Path | None:
        """The file that a model is in: beside the study, with and without ``.yaml``, or shipped."""
        shipped = shipped_models()
        try:
            for candidate in (self.folder / text, self.folder / f"{text}.yaml"):
                if candidate.is_file():
                    return candidate
                if candidate.exists() and not candidate.is_dir():
                    self.problems.error("unreadable-file", f"'{text}' is not a regular file", text.span, "give the path of a model file")
                    return None
        except (OSError, ValueError):  # too long for a path, or with a null character
            self.problems.error("bad-path", "this is no path", text.span)
            return None
        if text not in shipped:
            hint = nearest(text, shipped) or f"shipped models: {', '.join(shipped)}"
            self.problems.error("no-such-file", f"no model '{text}': neither a file in the study's folder nor a shipped model", text.span, hint)
        return shipped.get(text)

    def _argument(self, value: Text | tuple[Text, ...]) -> Argument:
        """A fixed parameter. What reads nothing of the study is for the model to understand."""
        if isinstance(value, tuple):
            text = f"[{', '.join(value)}]"
            return Argument(Text(text, value[0].span if value else None, exact=False, value=text))
        node = parse_expression(value, value.span, self.problems, value.exact)
        if node is None or not set(names_in(node)) & set(self.names):
            return Argument(value)
        if isinstance(node, syntax.Name) and node.name in self.axes:
            return Argument(value, axis=node.name)
        return Argument(value, tree=self._checked(node, set(names_in(node))))

    def _reaches(self, argument: Argument) -> set[str]:
        """The axes that an argument depends on."""
        if argument.axis is not None:
            return {argument.axis}
        return set() if argument.tree is None else self._axes_of(argument.tree)

    def _axes_of(self, expression: Expression) -> set[str]:
        found: set[str] = set()
        for node in walk(expression):
            if isinstance(node, Parameter):
                found |= {node.name} if node.name in self.axes else self._axes_of(self.derived[node.name])
        return found

    # What goes together

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        """The axes in the order of the file, zipped ones as one."""
        member: dict[str, tuple[str, ...]] = {}
        for group in self.file.zip:
            for name in group:
                if name in self.broken:
                    continue
                if name not in self.file.parameters:
                    self.problems.error("unknown-parameter", f"there is no axis '{name}'", name.span, nearest(name, self.file.parameters))
                elif name in member:
                    self.problems.error("zipped-twice", f"'{name}' is zipped twice", name.span)
                member[str(name)] = tuple(map(str, group))
            sizes = {name: len(self.axes[name].values) for name in group if name in self.axes}
            if len(set(sizes.values())) > 1:
                shown = ", ".join(f"{name} has {size}" for name, size in sizes.items())
                self.problems.error("wrong-length", f"axes that go together have as many values: {shown}", group[0].span)
        return tuple(dict.fromkeys(member.get(str(name), (str(name),)) for name in self.file.parameters))

    def _settings(self) -> dict[str, object]:
        file, problems = self.file, self.problems
        found: dict[str, object] = {"engine": str(file.engine or "auto")}
        if file.precision is not None:
            found["precision"] = share(file.precision, "precision", problems) or 0.05
        if file.confidence is not None:
            found["confidence"] = share(file.confidence, "confidence", problems) or 0.95
        if file.seed is not None:
            found["seed"] = whole_number(file.seed, "seed", 0, 2**64 - 1, problems)
        if file.max_firings is not None:
            found["max_firings"] = whole_number(file.max_firings, "max_firings", 1, 2**62, problems)
        if file.max_time is not None:
            found["max_time"] = seconds(file.max_time, "max_time", problems)
        return found

    def _unused(self, uses: Iterable[Use]) -> None:
        """Axes and derived parameters that reach no model are mistyped."""
        reached = {axis for use in uses for axis in use.axes}
        known = sorted({str(parameter) for use in uses for parameter in use.library.model.parameters})
        for axis in self.axes.values():
            if axis.name not in reached:
                hint = nearest(axis.name, known) or f"the models' parameters are {', '.join(known)}"
                self.problems.error("unknown-parameter", f"no model has a parameter that depends on '{axis.name}'", axis.name.span, hint)
        read = {node.name for tree in self._trees(uses) for node in walk(tree) if isinstance(node, Parameter)}
        for name in self.file.derived:
            if name not in known and name not in read:
                hint = nearest(name, known) or f"the models' parameters are {', '.join(known)}"
                self.problems.error("unknown-parameter", f"no model has a parameter '{name}', and nothing else uses it", name.span, hint)

    def _trees(self, uses: Iterable[Use]) -> list[Expression]:
        return [*self.derived.values(), *(a.tree for use in uses for a in use.arguments.values() if a.tree is not None)]

    def _measures(self, uses: Iterable[Use]) -> None:
        """Measures that are asked of a model, or of all, have to be there."""
        of = {use.name: {str(measure) for measure in use.library.model.measures} for use in uses}
        for name, model in self.file.models.items():
            for measure in model.measures:
                if measure not in of[name]:
                    self.problems.error("unknown-measure", f"'{name}' has no measure '{measure}'", measure.span, nearest(measure, of[name]))
            if not model.measures and self.file.measures and not set(self.file.measures) & of[name]:
                hint = f"it has {', '.join(sorted(of[name]))}"
                self.problems.error("unknown-measure", f"'{name}' has none of the study's measures", name.span, hint)
            elif not of[name]:
                self.problems.error("no-measures", f"'{name}' has no measures: there is nothing to simulate for", name.span)
        known = set().union(*of.values())
        for measure in self.file.measures:
            if measure not in known:
                self.problems.error("unknown-measure", f"no model has a measure '{measure}'", measure.span, nearest(measure, known))

    # Comparisons

    def _comparison(self, name: Name, entry: Comparison, uses: list[Use]) -> Compared:
        sides = [self._selected(side, uses) for side in (entry.of, entry.to)]
        if not entry.to:
            self.problems.error("missing-value", "'to' says neither a model nor a value: everything would be compared with itself", name.span)
        wanted: list[Text | None] = [entry.measure[0], entry.measure[-1]] if entry.measure else [None, None]
        for measure, side in zip(wanted, sides, strict=True):
            self._availability(name, measure, [use for use in uses if side.model in (None, str(use.name))])
        measures = tuple(None if measure is None else str(measure) for measure in wanted)
        return Compared(name, sides[0], sides[1], (measures[0], measures[1]))

    def _availability(self, name: Name, measure: Text | None, uses: list[Use]) -> None:
        """Some model of a side has the measure, and it is an availability."""
        for use in uses:
            known = availabilities(use.library, use.measures)
            if (measure in known) if measure is not None else known:
                return
        if uses:
            known = [each for use in uses for each in availabilities(use.library, use.measures)]
            what = "has an availability" if measure is None else f"has an availability '{measure}'"
            span = (measure or name).span
            self.problems.error("unknown-measure", f"no model that is compared {what} among its measures", span, nearest(measure or "", known))

    def _selected(self, side: Mapping[Text, Text], uses: list[Use]) -> Selected:
        model: str | None = None
        axes: dict[str, str] = {}
        for key, text in side.items():
            if key == "model":
                model = str(text)
                names = [str(use.name) for use in uses]
                if text not in names:
                    hint = nearest(text, names) or f"its models are {', '.join(names)}"
                    self.problems.error("unknown-model", f"the study has no model '{text}'", text.span, hint)
            elif key not in self.axes:
                self.problems.error("unknown-parameter", f"there is no axis '{key}'", key.span, nearest(key, [*self.axes, "model"]))
            else:
                axes[str(key)] = self._value(text, self.axes[key])
        return Selected(model, axes)

    def _value(self, text: Text, axis: AxisSpec) -> str:
        """The key of an axis's value that is written `text`."""
        for value in axis.values:
            if text.strip() in (value.key, str(value.text).strip(), value.shown):
                return value.key
        node = parse_expression(text, text.span, self.problems, text.exact)
        if node is not None and not unknown_names(node) and axis.type is not None:
            quiet = Problems()
            other = listed_values(axis.name, (axis.values[0].text, text), quiet)
            if other is not None and other.values[1].key in {value.key for value in axis.values}:
                return other.values[1].key
        shown = ", ".join(value.shown for value in axis.values[:10]) + (", ..." if len(axis.values) > 10 else "")
        self.problems.error("bad-value", f"'{axis.name}' does not have the value '{text}'", text.span, f"it has {shown}")
        return axis.values[0].key


def availabilities(library: Library, measures: tuple[str, ...]) -> list[str]:
    """The availabilities among a model's measures (all, if none are named), in the order of its file."""
    model: Model = library.model
    return [str(name) for name, entry in model.measures.items() if entry.kind == "availability" and (not measures or name in measures)]
