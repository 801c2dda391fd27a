"""The net: what machines read. Place classes and transition classes over index spaces; arcs map indices to indices.

A module used 100,000 times is a class with 100,000 indices, not 100,000 objects. Whatever differs between indices is an
expression in the class's index, by the resolver's making a constant, an affine map ``start + step * i`` or a lookup ``t3[i]``.
Engines, solvers and exporters see only this. How a net comes to be is in `spn.resolver.resolve`, its text form in `spn.net.text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spn.expressions.tree import DelayCall, Expression
from spn.expressions.types import DOT, INTEGER, Type
from spn.records import dataclass
from spn.text.source import Span

TableValues = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.bool_]
Memory = Literal["enabling", "age", "resampling"]
Order = Literal["multiset", "fifo", "lifo", "random"]

Bounds = tuple[tuple[int, int] | None, ...]
"""The least and greatest value of each component of a colour; None for what is no integer range."""

INDEX = "i"
"""The name of a class's index variable where no variable of the model bears it."""


@dataclass(frozen=True, slots=True)
class Label:
    """Names indices from `start` on (to the next label's start): `template` with each ``*`` filled by an argument, in order.

    ``{voice|video}`` stands for the member at the position that the argument gives. `spn.net.labels` fills them in.
    """

    start: int
    template: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """An arc's fan: one arc for each value of `variable` from `start` to `stop`, both included.

    `type` is that of the variable: for an enumeration or ``bool`` the bounds are positions of its members.
    """

    variable: str
    start: Expression
    stop: Expression
    type: Type = INTEGER


@dataclass(frozen=True, slots=True)
class InitialTokens:
    """`count` tokens of value `value` in each element; both may depend on the element's index (and on the loop's variable)."""

    value: Expression | None
    count: Expression
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place class: `size` elements with numbers 0 .. size - 1, each holding tokens of `colour`.

    `capacity` bounds the tokens of one element (all colours together). `initial` tokens are put in order.
    `bounds` are the least and greatest values of the colour (of each component, if it is a product or record) where it is an integer range;
    a token beyond them is a run-time error. Empty where there is no integer range.
    """

    name: str
    size: int = 1
    colour: Type = DOT
    order: Order = "multiset"
    capacity: Expression | None = None
    initial: tuple[InitialTokens, ...] = ()
    labels: tuple[Label, ...] = ()
    index: str = INDEX
    bounds: Bounds = ()


@dataclass(frozen=True, slots=True)
class Bind:
    """A pattern's entry that gives a name to what it meets."""

    name: str


Entry = Bind | Expression | None
"""One entry of a token pattern: a variable bound here, a value the token must have, or anything."""


@dataclass(frozen=True, slots=True)
class InputArc:
    """Takes tokens (input), needs them (test), must not find them (inhibitor) or clears them (reset).

    `whole`: `pattern` has one entry, for the whole token; else one entry a component of a product or record.
    Plain tokens have an empty pattern. A reset clears whatever its `multiplicity` is, but 0, which makes it no arc.
    """

    place: str
    element: Expression
    multiplicity: Expression
    pattern: tuple[Entry, ...] = ()
    whole: bool = True
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class OutputArc:
    """Puts `multiplicity` tokens of value `token` (None: plain) into an element."""

    place: str
    element: Expression
    multiplicity: Expression
    token: Expression | None = None
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Immediate:
    """Fires without delay; the highest `priority` first, among equals by chance in proportion to `weight`."""

    priority: int
    weight: Expression


@dataclass(frozen=True, slots=True)
class Timed:
    """Fires after a random delay. `servers` is the most clocks of one binding (None: no limit)."""

    delay: DelayCall
    memory: Memory
    servers: Expression | None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class BoundVariable:
    """A variable that input or test arcs bind, with its type, in the order of binding."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Transition:
    """A transition class: `size` transitions with numbers 0 .. size - 1, each with a binding for every fitting choice of tokens."""

    name: str
    timing: Immediate | Timed
    size: int = 1
    inputs: tuple[InputArc, ...] = ()
    tests: tuple[InputArc, ...] = ()
    inhibitors: tuple[InputArc, ...] = ()
    resets: tuple[InputArc, ...] = ()
    outputs: tuple[OutputArc, ...] = ()
    variables: tuple[BoundVariable, ...] = ()
    guard: Expression | None = None
    labels: tuple[Label, ...] = ()
    index: str = INDEX
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def arcs(self) -> tuple[InputArc | OutputArc, ...]:
        """All its arcs."""
        return (*self.inputs, *self.tests, *self.inhibitors, *self.resets, *self.outputs)


@dataclass(frozen=True, slots=True)
class Steady:
    """In the long run."""


@dataclass(frozen=True, slots=True)
class At:
    """At each of the `times` (seconds, increasing) from the initial marking; several make a curve."""

    times: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Over:
    """From `start` to `stop` (seconds) from the initial marking."""

    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class Until:
    """From the initial marking until `condition` first holds."""

    condition: Expression


Window = Steady | At | Over | Until


@dataclass(frozen=True, slots=True)
class Firings:
    """Firings of a transition class that count: those whose index meets `where` (None: all), with a `value` for tallies."""

    transition: str
    where: Expression | None = None
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """The share of time in which `condition` holds."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Average:
    """The time average of `expression` (at a time: its expected value)."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Integral:
    """The integral of `expression` over time."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Rate:
    """Firings per second."""

    firings: tuple[Firings, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """The number of firings."""

    firings: tuple[Firings, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Mean and quantiles of a value over firings, each in the marking before it."""

    firings: tuple[Firings, ...]
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstPassage:
    """The time until `condition` first holds, or, with `within` (seconds, increasing), the probability that it is at most each of these.

    Without `within`, `quantiles` are the probabilities of quantiles that are wanted besides the mean.
    """

    condition: Expression
    within: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()


Quantity = Availability | Average | Integral | Rate | Count | Tally | FirstPassage


@dataclass(frozen=True, slots=True)
class Measure:
    """What is to be found out. `precision` is the relative half-width asked of it, if the model asks for one."""

    name: str
    quantity: Quantity
    window: Window = Steady()
    precision: float | None = None
    doc: str = ""

    @property
    def is_steady(self) -> bool:
        """Whether it is about the long run. First passages start at time 0, whatever their window says."""
        return isinstance(self.window, Steady) and not isinstance(self.quantity, FirstPassage)


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """A complete net; `spn.net.text.digest` tells whether two are the same.

    `bounds` are those of the components of products and records, by the colour's name.

    `origin` tells where it comes from (model, parameters after overrides, as text) and is no part of its meaning.
    """

    places: tuple[Place, ...]
    transitions: tuple[Transition, ...]
    measures: tuple[Measure, ...] = ()
    colours: Mapping[str, Type] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    tables: Mapping[str, TableValues] = field(default_factory=dict)
    table_types: Mapping[str, Type] = field(default_factory=dict)
    description: str = ""
    name: str = "net"
    origin: Mapping[str, str] = field(default_factory=dict)
