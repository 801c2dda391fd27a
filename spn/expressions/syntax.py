"""The untyped syntax tree that the parser makes: what was written, with spans. What the names mean is found out in `check`.

Nodes compare by value; spans and depths do not take part.
"""

from __future__ import annotations

from dataclasses import field

from spn.records import dataclass
from spn.text.source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has: its span, and the height of the tree below it (the parser bounds it, so that recursion is safe)."""

    span: Span | None = field(compare=False, repr=False, kw_only=True, default=None)
    depth: int = field(compare=False, repr=False, kw_only=True, default=1)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as written (an int if it was one) and the unit that follows it directly, ``%`` included."""

    value: int | float
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Wildcard(Node):
    """``_``"""


@dataclass(frozen=True, slots=True)
class Truth(Node):
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Now(Node):
    """``now``"""


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """``base.name``"""

    base: Syntax
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``base[index]``"""

    base: Syntax
    index: Syntax


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call, with its keyword if it has one."""

    name: str | None
    value: Syntax


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``callee(arguments)``: a function, a distribution, a place with indices and pattern, an instance of an array."""

    callee: Syntax
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[a, b]``"""

    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class TupleOf(Node):
    """``(a, b)``: a value of a product colour."""

    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``-a`` or ``not a``."""

    operator: str
    operand: Syntax


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic, ``and``, ``or``. Long chains of an associative operator arrive balanced."""

    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """``a < b <= c``: one operator fewer than operands."""

    operators: tuple[str, ...]
    operands: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class IfElse(Node):
    """``then if condition else otherwise``"""

    condition: Syntax
    then: Syntax
    otherwise: Syntax


@dataclass(frozen=True, slots=True)
class RangeOf(Node):
    """``start..stop``, where a domain may stand."""

    start: Syntax
    stop: Syntax


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """``variable in domain``"""

    variable: str
    domain: Name | RangeOf


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """``operator(body for variable in domain if condition)``"""

    operator: str
    body: Syntax
    loop: Loop
    condition: Syntax | None


Syntax = Number | Name | Wildcard | Truth | Now | Attribute | Index | Call | ListOf | TupleOf | Unary | Binary | Compare | IfElse | Comprehension

Reference = Name | Attribute | Call
"""A name, a dotted path, or one of these with arguments."""


@dataclass(frozen=True, slots=True)
class Arc(Node):
    """``multiplicity * place for ... if condition``"""

    multiplicity: Syntax | None
    place: Reference
    loops: tuple[Loop, ...] = ()
    condition: Syntax | None = None


@dataclass(frozen=True, slots=True)
class Target(Node):
    """A transition as a measure names it: ``a.fail for a in actor``, ``fail(3)``."""

    transition: Reference
    loops: tuple[Loop, ...] = ()
    condition: Syntax | None = None


@dataclass(frozen=True, slots=True)
class ProductOf(Node):
    """``section * kind``, the colours of a product."""

    items: tuple[Name | RangeOf, ...]


def path_of(reference: Syntax) -> str | None:
    """The dotted name of a reference without its arguments, for messages; None if it is no reference."""
    parts: list[str] = []
    while not isinstance(reference, Name):
        if isinstance(reference, Call):
            reference = reference.callee
        elif isinstance(reference, Attribute):
            parts.append(reference.name)
            reference = reference.base
        else:
            return None
    return ".".join([reference.name, *reversed(parts)])
