"""What people write in a study file, section by section, with the position of every text. Only the form is checked; the meaning is in `reading`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from spn.model.forms import (
    MANY_SCHEMA,
    ONE,
    ONE_SCHEMA,
    PAIRS_SCHEMA,
    SEVERAL,
    VALUE,
    VERSION,
    Context,
    Fault,
    Form,
    as_text,
    one_of,
    report,
    span_of,
    twice,
    wrong_kind,
)
from spn.model.ranges import Ranged
from spn.model.section import Section, declare, mapping, section
from spn.text.positioned import Name, Text

Names = tuple[Text, ...]


def _groups(value: Any, context: Context) -> tuple[Names, ...]:
    """``[a, b]`` or ``[[a, b], [c, d]]``."""
    expected = "a list of axes, or a list of such lists"
    if not isinstance(value, list | tuple) or not value:
        raise wrong_kind(value, expected).error()
    groups = value if isinstance(value[0], list | tuple) else [value]
    found = []
    for group in groups:
        if not isinstance(group, list | tuple) or len(group) < 2:
            raise Fault("wrong-length", "two axes or more go together", span_of(group)).error()
        found.append(tuple(as_text(name, "the name of an axis", "an item of this list") for name in group))
    return tuple(found)


def _selection(value: Any, context: Context) -> dict[Text, Text]:
    """A model, or a mapping with ``model`` and values of axes."""
    expected = "a model, or a mapping with 'model' and values of axes"
    if not isinstance(value, dict):
        return {Text("model"): as_text(value, expected)}
    found = {}
    for key, entry in value.items():
        if isinstance(entry, dict | list | tuple) or (isinstance(entry, Text) and entry.empty):
            report(context, wrong_kind(entry, "one value of an axis", f"'{key}'"))
        else:
            found[as_text(key)] = as_text(entry)
    return found


_GROUP = MANY_SCHEMA | {"minItems": 2}
GROUPS = Form(_groups, {"anyOf": [_GROUP, {"type": "array", "items": _GROUP, "minItems": 1}]})
SELECTION = Form(_selection, {"anyOf": [ONE_SCHEMA, PAIRS_SCHEMA]})


class ModelUse(Section):
    """A model of the study. Short form: its file or name."""

    expected = "a model's file or name, or a mapping with 'model'"
    short: ClassVar[str | None] = "model"

    model: Text = declare(ONE, description="The model's file, from the study's folder, or the name of a shipped model.")
    arguments: dict[Name, Text | Names] = declare(
        mapping(VALUE, "parameters to values"),
        {},
        alias="with",
        description="Parameters of the model and their values, which may use axes and derived parameters.",
    )
    measures: Names = declare(SEVERAL, (), description="The measures that are simulated; all, if none are named.")


class Axis(Ranged):
    """A parameter of the study and its values. Short form: the list of values."""

    expected = "a list of values, or a mapping (from, to, points, scale)"
    who = "an axis has"

    doc: Text | None = declare(ONE, None, description="What the axis means.")


class Comparison(Section):
    """A ratio of unavailabilities between points."""

    expected = "a mapping with 'of' and 'to'"

    of: dict[Text, Text] = declare(SELECTION, {}, description="The points that are compared: a model, or 'model' and values of axes.")
    to: dict[Text, Text] = declare(
        SELECTION, description="What they are compared with: the point with the same values of all axes that are not fixed here."
    )
    measure: Names = declare(SEVERAL, (), description="The availability to compare, or two of them, for 'of' and for 'to'.")

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """At most two measures."""
        named = data.get("measure")
        if isinstance(named, list | tuple) and len(named) > 2:
            yield Fault("wrong-length", f"'measure' takes one name or two, not {len(named)}", span_of(named))


DECLARING = ("models", "parameters", "derived", "compare")
"""The keys of a study below which there are declarations by name."""


class StudyFile(Section):
    """A study file."""

    what = "study"
    expected = "a mapping with 'study: 1', models and parameters"

    study: Text | None = declare(VERSION, None, description="The version of the format: 1. Required.")
    description: Text | None = declare(ONE, None, description="What the study is about.")
    models: dict[Name, ModelUse] = declare(mapping(section(ModelUse), "names to models"), description="The models of the study.")
    parameters: dict[Name, Axis] = declare(
        mapping(section(Axis), "names to values"), {}, description="The axes; all combinations of their values are simulated."
    )
    zip: tuple[Names, ...] = declare(GROUPS, (), description="Axes that go together: their values are taken one by one.")
    derived: dict[Name, Text] = declare(mapping(ONE, "names to expressions"), {}, description="Parameters computed from axes and from each other.")
    measures: Names = declare(SEVERAL, (), description="The measures that are simulated; all, if none are named.")
    precision: Text | None = declare(ONE, None, description="The relative half-width to reach (of U, for availabilities): 5 % unless given.")
    confidence: Text | None = declare(ONE, None, description="The confidence of intervals: 95 % unless given.")
    seed: Text | None = declare(ONE, None, description="The seed of the random numbers; without it one is drawn and kept with the results.")
    max_firings: Text | None = declare(ONE, None, description="The most firings at one point.")
    max_time: Text | None = declare(ONE, None, description="The most time to simulate at one point, in all its replications together.")
    engine: Text | None = declare(one_of("auto", "reference", "compiled"), None, description="What simulates; the numbers are the same.")
    compare: dict[Name, Comparison] = declare(
        mapping(section(Comparison), "names to comparisons"), {}, description="Ratios of unavailabilities between points."
    )

    @classmethod
    def faults(cls, data: dict[Any, Any]) -> Iterator[Fault]:
        """Names that are both axes and derived, and a study without models."""
        sections = [(key, data[key]) for key in ("parameters", "derived") if isinstance(data.get(key), dict)]
        yield from twice(((section, key) for section, entries in sections for key in entries), "axes and derived parameters share one name space")
        for key in data["parameters"] if isinstance(data.get("parameters"), dict) else ():
            if key == "model":
                yield Fault("bad-name", "an axis cannot be called 'model'", span_of(key), "the word stands for the model in 'compare'")
        if data.get("models") == {}:
            yield Fault("no-models", "a study needs a model", span_of(next(key for key in data if key == "models")))


def study_schema() -> dict[str, Any]:
    """The JSON Schema of study files."""
    return StudyFile.file_schema("spn study", ["study", "models"])
