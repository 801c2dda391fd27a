"""A study as the program knows it: models, axes, what is derived from them, and what is asked for. How it is read is in `reading`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spn.expressions.tree import Expression
from spn.model.read import Library
from spn.sweeps.values import AxisSpec
from spn.text.positioned import Name, Text


@dataclass(frozen=True, slots=True)
class Argument:
    """What a parameter of a model is given: an `axis`'s value, an expression (`tree`) over axes and derived parameters, or `text` as it stands."""

    text: Text
    axis: str | None = None
    tree: Expression | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A model of the study. `axes` are those that reach one of its parameters, in the order of the file; `measures` is empty for all."""

    name: Name
    library: Library
    label: str
    arguments: Mapping[str, Argument]
    axes: tuple[str, ...]
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """One side of a comparison: a model (None: each), and the keys of the values of axes."""

    model: str | None
    axes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison by name. `measures` are the availabilities of either side; None for the first."""

    name: Name
    of: Selected
    to: Selected
    measures: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Definition:
    """A study. `groups` are the axes in the order of the file; those of one group go together. `derived` are in the order of their dependence.

    `docs` say what axes mean, where that is written; `text` is the study's file.
    """

    name: str
    description: str
    uses: tuple[Use, ...]
    axes: Mapping[str, AxisSpec]
    groups: tuple[tuple[str, ...], ...]
    derived: Mapping[str, Expression]
    precision: float = 0.05
    confidence: float = 0.95
    seed: int | None = None
    max_firings: int | None = None
    max_time: float | None = None
    engine: str = "auto"
    comparisons: tuple[Compared, ...] = field(default_factory=tuple)
    docs: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
