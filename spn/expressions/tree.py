"""The typed expression tree: what a checked expression is, from the model to the engines.

A model's expression and a net's expression are the same tree. They differ only in their leaves: a model names
parameters and places by path (`Parameter`, `PlaceRead`); the resolver lowers these to a net's leaves (`Constant`,
`Variable`, `Lookup`, `Tokens`), where a place is a class and an element of it is a number. Nothing here parses, checks or evaluates.

Nodes compare by value; spans do not take part.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from spn.expressions.types import Type
from spn.records import dataclass
from spn.text.source import Span

Value = bool | int | float | tuple["Value", ...]
"""A value: bool, int (integers, and enumeration members by index), float, or a tuple (products, records, the dot)."""


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has: its type and, where it came from text, the span of it."""

    type: Type
    span: Span | None = field(compare=False, repr=False, kw_only=True, default=None)


@dataclass(frozen=True, slots=True)
class Constant(Node):
    value: Value


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A name that has a value in each binding: a ``for`` variable, one bound by an input arc, a loop's, the net's index ``i``."""

    name: str


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """``table[index]``, from 0. `table` is a net's table or a list-valued parameter."""

    table: str
    index: Expression


@dataclass(frozen=True, slots=True)
class Field(Node):
    """Component `index` of a product or record value; `name` is how it is written (``m.size``)."""

    base: Expression
    name: str
    index: int


@dataclass(frozen=True, slots=True)
class Make(Node):
    """A product or record value from its components, all present, in order."""

    components: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    operator: Literal["-", "not"]
    operand: Expression


BinaryOperator = Literal["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or"]


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic, comparison (chains are taken apart into ``and``) or logic; ``and``/``or`` do not evaluate what they need not."""

    operator: BinaryOperator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class IfElse(Node):
    """``then if condition else otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Function(Node):
    """A built-in function of numbers: min max abs floor ceil round sqrt exp log, index of a member, and mean/variance of a constant distribution."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Now(Node):
    """The simulation time, in seconds."""


@dataclass(frozen=True, slots=True)
class Range:
    """All integers from `start` to `stop`, both included; empty if ``stop < start``."""

    start: Expression
    stop: Expression


@dataclass(frozen=True, slots=True)
class Values:
    """All values of a finite colour that is not an integer range, in order."""

    colour: Type


@dataclass(frozen=True, slots=True)
class Instances:
    """All instances of a module (model trees only)."""

    module: str


Domain = Range | Values | Instances


@dataclass(frozen=True, slots=True)
class Reduce(Node):
    """``sum(body for variable in domain if condition)``; likewise all, any, min, max and count (of true bodies)."""

    operator: Literal["sum", "all", "any", "min", "max", "count"]
    variable: str
    domain: Domain
    body: Expression
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Tokens(Node):
    """Net leaf: the number of tokens in an element of a place class, or in all of them if `element` is None.

    `pattern` restricts the count to tokens with the given components (None is a wildcard); an empty pattern counts all.
    For a place whose colour is a product or record the pattern has one entry a component, otherwise one entry.
    """

    place: str
    element: Expression | None
    pattern: tuple[Expression | None, ...]


# What follows occurs in models only; the resolver replaces it.


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of the module that the expression stands in."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: an instance by name and the indices into its array, or (first step only) a variable over instances."""

    name: str
    indices: tuple[Expression, ...]
    is_variable: bool = False


@dataclass(frozen=True, slots=True)
class PlaceRead(Node):
    """The tokens in a place named by path; `indices` select array elements (empty: the whole array, summed)."""

    path: tuple[Step, ...]
    place: str
    indices: tuple[Expression, ...]
    pattern: tuple[Expression | None, ...]


@dataclass(frozen=True, slots=True)
class DelayCall(Node):
    """A distribution by name with its arguments by keyword: ``lognormal(mean=2208 h, sigma=0.4)``.

    `form` is the tuple of keywords used, in the distribution's own order; it says which parametrisation was written.
    A list argument (hyperexponential's ``rates``) is a `Sequence`.
    """

    name: str
    form: tuple[str, ...]
    arguments: tuple[Expression | Sequence, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of expressions as a distribution's argument."""

    items: tuple[Expression, ...]


Expression = (
    Constant
    | Variable
    | Lookup
    | Field
    | Make
    | Unary
    | Binary
    | IfElse
    | Function
    | Now
    | Reduce
    | Tokens
    | Parameter
    | PlaceRead
    | DelayCall
)
