"""What a module declares, checked: the typed form of a model file, each once however often the module is used.

`spn.resolver.declare` makes these from the text, `spn.resolver.elaborate` and what follows it lay them out over the instances. No instances here.
Expressions are model trees: parameters by name, places by path.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from spn.expressions.tree import Domain, Expression, Step
from spn.expressions.types import Table, Type
from spn.model.types import Model
from spn.net.types import Entry, Order
from spn.records import dataclass
from spn.text.source import Span


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Type
    default: Expression | tuple[Expression, ...]
    span: Span | None
    low: Expression | None = None
    high: Expression | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """``variable in domain``. `type` is that of the variable."""

    variable: str
    type: Type
    domain: Domain
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class PlacePath:
    """A place by path, with indices into it; ``indices`` empty: the whole array."""

    path: tuple[Step, ...]
    place: str
    indices: tuple[Expression, ...]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Initial:
    value: Expression | None
    count: Expression
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label as a resolved net's text gives it."""

    start: int
    template: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """`order` and `capacity` None: whatever the place it is joined to says, else multiset and no bound."""

    name: str
    is_port: bool
    dims: tuple[Loop, ...]
    colour: Type
    bounds: tuple[Domain | None, ...]
    order: Order | None
    capacity: Expression | None
    initial: tuple[Initial, ...]
    when: Expression | None
    span: Span | None
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class InputArc:
    place: PlacePath
    multiplicity: Expression
    pattern: tuple[Entry, ...]
    whole: bool
    loop: Loop | None


@dataclass(frozen=True, slots=True)
class OutputArc:
    place: PlacePath
    multiplicity: Expression
    token: Expression | None
    loop: Loop | None


@dataclass(frozen=True, slots=True)
class Transition:
    """`delay` None: immediate. `servers` None: no limit. `memory` has the type `MEMORY`."""

    name: str
    loops: tuple[Loop, ...]
    inputs: tuple[InputArc, ...]
    tests: tuple[InputArc, ...]
    inhibitors: tuple[InputArc, ...]
    resets: tuple[InputArc, ...]
    outputs: tuple[OutputArc, ...]
    variables: tuple[tuple[str, Type], ...]
    guard: Expression | None
    delay: Expression | None
    priority: Expression
    weight: Expression
    memory: Expression
    servers: Expression | None
    when: Expression | None
    span: Span | None
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """``port: target``; `indices` of the port and the loop if it is spelt out, else the whole port is joined to the whole target."""

    port: str
    indices: tuple[Expression, ...]
    target: PlacePath
    loop: Loop | None
    span: Span | None


@dataclass(frozen=True, slots=True)
class Instance:
    name: str
    module: str
    loops: tuple[Loop, ...]
    arguments: dict[str, Expression | tuple[Expression, ...]]
    connections: tuple[Connection, ...]
    when: Expression | None
    span: Span | None


@dataclass(frozen=True, slots=True)
class Target:
    """Transitions that a measure means: by path, with values of ``for`` variables (empty: all), or over all instances of a module.

    With a `loop` its variable stands for one of the ``for`` variables, restricted to the loop's domain and `condition`.
    """

    path: tuple[Step, ...]
    instances_of: str | None
    transition: str
    module: str
    indices: tuple[Expression, ...]
    value: Expression | None
    span: Span | None
    loop: Loop | None = None
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Points in time: a list of them, or a range of `points`, linear or `log`."""

    values: tuple[Expression, ...]
    range: tuple[Expression, Expression, Expression] | None
    log: bool


@dataclass(slots=True)
class Measure:
    name: str
    kind: Literal["availability", "average", "integral", "rate", "count", "tally", "first_passage"]
    expression: Expression | None
    targets: tuple[Target, ...]
    at: Times | None
    over: tuple[Expression, ...]
    until: Expression | None
    within: Times | None
    quantiles: tuple[Expression, ...]
    precision: Expression | None
    doc: str
    span: Span | None


@dataclass(slots=True)
class Module:
    """One module: the root has the name ''. `model` is what was written.

    `domains` are those of the components of its products and records, by the type's name.
    `order` lists the parameters so that each comes after those it is computed from.
    """

    name: str
    model: Model
    parameters: dict[str, Parameter] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    colours: dict[str, Type] = field(default_factory=dict)
    domains: dict[str, tuple[Domain | None, ...]] = field(default_factory=dict)
    tables: dict[str, tuple[Table, tuple[Expression | int | float, ...]]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    transitions: dict[str, Transition] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    rare: dict[str, Measure] = field(default_factory=dict)
    """What rare events are made of, as measures (`spn.model.types.RareDeclaration.parts`)."""
