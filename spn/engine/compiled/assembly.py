"""LLVM's assembly as text: types, values, the instructions of one function, what the optimiser may know of memory. What to write others decide.

Every load and store says which block of memory it goes to (type-based alias metadata of LLVM's language reference), so that the optimiser knows
that putting a token changes no clock and no parameter, and that sizes and parameters never change.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Type:
    """A type of values, as LLVM writes it."""

    llvm: str


INT, REAL, TRUTH, NOTHING = Type("i64"), Type("double"), Type("i1"), Type("void")
SHORT = Type("i32")
"""In memory only; loaded and stored as INT."""


@dataclass(frozen=True, slots=True)
class Pointer(Type):
    """The first of many cells of a block of memory."""

    cell: Type
    block: str


@dataclass(frozen=True, slots=True)
class Array(Type):
    """Cells and their number."""

    pointer: Pointer


@dataclass(frozen=True, slots=True)
class Several(Type):
    """What a tuple is."""

    parts: tuple[Type, ...]


def pointer(cell: Type, block: str) -> Pointer:
    """A pointer into a block."""
    return Pointer("ptr", cell, block)


def array(of: Pointer) -> Array:
    """An array of a pointer's cells."""
    return Array("{ ptr, i64 }", of)


def several(parts: tuple[Type, ...]) -> Several:
    """A tuple's type."""
    return Several("{ " + ", ".join(part.llvm for part in parts) + " }", parts)


class Value(NamedTuple):
    """A number or a pointer: a register or a constant."""

    type: Type
    text: str

    @property
    def literal(self) -> int | None:
        """The number, if it is an integer known here."""
        return int(self.text) if self.type == INT and not self.text.startswith("%") else None


def integer(number: int) -> Value:
    """A constant of 64 bits."""
    return Value(INT, str((number + 2**63) % 2**64 - 2**63))


def real(number: float) -> Value:
    """A constant."""
    return Value(REAL, f"0x{struct.pack('>d', number).hex().upper()}")


def truth(holds: bool) -> Value:
    """A constant."""
    return Value(TRUTH, "true" if holds else "false")


# The blocks of memory that never overlap; those that never change while a kernel runs.
BLOCKS = ("tokens", "ints", "reals", "state", "named", "fixed", "now", "shorts", "stream", "table")
CONSTANT = ("ints", "reals", "fixed", "table")


UNROLLED = ", !llvm.loop !2"
"""Marks the jump back of a loop whose bounds are known: it is to be written out."""


UNLIKELY = ", !prof !4"
"""Marks a jump that is hardly ever taken."""


def metadata() -> str:
    """What the marks of loads and stores mean."""
    lines = ['!0 = !{!"memory of a kernel"}', "!1 = !{}"]
    lines += ["!2 = distinct !{!2, !3}", '!3 = !{!"llvm.loop.unroll.full"}', '!4 = !{!"branch_weights", i32 1, i32 2000}']
    for number, block in enumerate(BLOCKS):
        lines.append(f'!{2 * number + 6} = !{{!"{block}", !0, i64 0}}')
        lines.append(f"!{2 * number + 7} = !{{!{2 * number + 6}, !{2 * number + 6}, i64 0{', i64 1' if block in CONSTANT else ''}}}")
    return "\n".join(lines) + "\n"


def mark(block: str) -> str:
    """The mark of a load or store. What kernels allocate and `values` count as part of `state`, for addresses in these are passed around."""
    block = "state" if block in ("heap", "values") else block
    marked = f", !tbaa !{2 * BLOCKS.index(block) + 7}"
    return marked + ", !invariant.load !1" if block in CONSTANT else marked


@dataclass
class Body:
    """The instructions of one function. `open` is false after a jump: nothing reaches what would follow."""

    lines: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    block: str = "entry"
    open: bool = True
    _count: int = 0

    def fresh(self, stem: str) -> str:
        """A name not used before."""
        self._count += 1
        return f"{stem}{self._count}"

    def do(self, text: str) -> None:
        """An instruction without a result."""
        if self.open:
            self.lines.append("  " + text)

    def new(self, type: Type, text: str) -> Value:
        """An instruction's result."""
        name = "%" + self.fresh("t")
        self.do(f"{name} = {text}")
        return Value(type, name)

    def variable(self, type: Type) -> Value:
        """Room for a variable; the optimiser makes registers of it."""
        name = "%" + self.fresh("v")
        self.variables.append(f"  {name} = alloca {type.llvm}")
        return Value(type, name)

    def load(self, place: Value) -> Value:
        """A variable's value."""
        return self.new(place.type, f"load {place.type.llvm}, ptr {place.text}")

    def store(self, place: Value, value: Value) -> None:
        """Set a variable."""
        self.do(f"store {value.type.llvm} {value.text}, ptr {place.text}")

    def jump(self, label: str, mark: str = "") -> None:
        self.do(f"br label %{label}{mark}")
        self.open = False

    def branch(self, condition: Value, yes: str, no: str, mark: str = "") -> None:
        self.do(f"br i1 {condition.text}, label %{yes}, label %{no}{mark}")
        self.open = False

    def start(self, label: str) -> None:
        """What follows is reached by jumps to `label`, and from above."""
        if self.open:
            self.jump(label)
        self.lines.append(f"{label}:")
        self.block, self.open = label, True

    def phi(self, type: Type, *ways: tuple[Value, str]) -> Value:
        """The value that came with the jump taken."""
        return self.new(type, f"phi {type.llvm} " + ", ".join(f"[ {value.text}, %{block} ]" for value, block in ways))
