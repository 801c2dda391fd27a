"""Expressions of the part of Python that kernels are written in, as LLVM's assembly: numbers, memory, calls. Statements are in `translation`.

What operators mean is in `operations`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, singledispatchmethod
from types import FunctionType
from typing import TYPE_CHECKING

import numpy as np

from spn.engine.compiled import assembly as asm
from spn.engine.compiled import operations, streams
from spn.engine.compiled.assembly import INT, NOTHING, REAL, SHORT, TRUTH, Array, Body, Pointer, Several, Type, Value, integer, pointer
from spn.engine.compiled.cells import FIXED, NAMED, VALUES_HEADER
from spn.engine.compiled.operations import TranslationError, common, condition, converted
from spn.engine.compiled.primitives import in_kernels_only

if TYPE_CHECKING:
    from spn.engine.compiled.translation import Program

MEMORY = {
    "tokens_block": pointer(INT, "tokens"),
    "ints_block": pointer(INT, "ints"),
    "reals_block": pointer(REAL, "reals"),
    "state_block": pointer(INT, "state"),
    "values_block": pointer(REAL, "values"),
    "stream_block": pointer(INT, "stream"),
    "integers": pointer(INT, "heap"),
    "reals_at": pointer(REAL, "heap"),
    "shorts": pointer(SHORT, "shorts"),
}
"""The functions that say what lies at an address."""

ATTRIBUTES = {"plain": "#0", "inlined": "#1", "rare": "#2", "apart": "#5"}
"""How a function's decorator asks for it to be compiled."""


@dataclass(frozen=True)
class Definition:
    """A function: its tree, and what its names mean."""

    node: ast.FunctionDef
    names: Mapping[str, object]

    @cached_property
    def assigned(self) -> frozenset[str]:
        """The names that it gives values to."""
        return frozenset(each.id for each in ast.walk(self.node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))

    @property
    def attribute(self) -> str:
        return next((ATTRIBUTES[d.id] for d in self.node.decorator_list if isinstance(d, ast.Name) and d.id in ATTRIBUTES), ATTRIBUTES["plain"])


@lru_cache(64)
def _trees(file: str) -> dict[str, ast.FunctionDef]:
    with open(file, encoding="utf-8") as source:
        return {node.name: node for node in ast.parse(source.read()).body if isinstance(node, ast.FunctionDef)}


@cache
def definition(function: FunctionType) -> Definition:
    """A function of a module."""
    return Definition(_trees(str(inspect.getsourcefile(function)))[function.__name__], function.__globals__)


class Evaluation:
    """The instructions of one function, as far as it is written: what its names mean, and what its expressions give."""

    def __init__(self, program: Program, of: Definition) -> None:
        self.program, self.of = program, of
        self.body = Body()
        self.variables: dict[str, Value] = {}
        self.parameters: dict[str, Value] = {}

    def _constant(self, name: str) -> Value | None:
        """What a name means that is no variable."""
        found = self.of.names.get(name)
        match found:
            case bool():
                return asm.truth(found)
            case int():
                return integer(found)
            case float():
                return asm.real(found)
            case np.ndarray():
                return self.program.table(found)
        return None

    def value(self, node: ast.expr) -> Value:
        """Translate an expression."""
        # What the descriptor does, without the function that it makes for every access.
        found: Value = _VALUES(type(node))(self, node)
        return found

    @singledispatchmethod
    def _value(self, node: ast.expr) -> Value:
        raise TranslationError(f"an expression {type(node).__name__}")

    @_value.register
    def _(self, node: ast.Constant) -> Value:
        match node.value:
            case bool():
                return asm.truth(node.value)
            case int():
                return integer(node.value)
            case float():
                return asm.real(node.value)
        raise TranslationError(f"the constant {node.value!r}")

    @_value.register
    def _(self, node: ast.Name) -> Value:
        if node.id in self.variables:
            return self.body.load(self.variables[node.id])
        found = self.parameters.get(node.id) or self._constant(node.id)
        if found is None:
            raise TranslationError(f"nothing is called {node.id}")
        return found

    @_value.register
    def _(self, node: ast.Attribute) -> Value:
        if node.attr in operations.CONSTANTS:
            return operations.CONSTANTS[node.attr]
        raise TranslationError(f"an attribute {node.attr}")

    @_value.register
    def _(self, node: ast.Tuple) -> Value:
        values = [self.value(each) for each in node.elts]
        whole = Value(asm.several(tuple(value.type for value in values)), "poison")
        for number, value in enumerate(values):
            whole = self.body.new(whole.type, f"insertvalue {whole.type.llvm} {whole.text}, {value.type.llvm} {value.text}, {number}")
        return whole

    def _part(self, whole: Value, number: int) -> Value:
        if not isinstance(whole.type, Several):
            raise TranslationError("parts of something that has none")
        return self.body.new(whole.type.parts[number], f"extractvalue {whole.type.llvm} {whole.text}, {number}")

    @_value.register
    def _(self, node: ast.UnaryOp) -> Value:
        return operations.unary(self.body, node.op, self.value(node.operand))

    @_value.register
    def _(self, node: ast.BinOp) -> Value:
        return operations.binary(self.body, node.op, self.value(node.left), self.value(node.right))

    @_value.register
    def _(self, node: ast.BoolOp) -> Value:
        body = self.body
        after, stops = body.fresh("known"), isinstance(node.op, ast.Or)
        ways = []
        for each in node.values[:-1]:
            found = condition(body, self.value(each))
            further = body.fresh("also")
            ways.append((asm.truth(stops), body.block))
            body.branch(found, *((after, further) if stops else (further, after)))
            body.start(further)
        last = condition(body, self.value(node.values[-1]))
        ways.append((last, body.block))
        body.start(after)
        return body.phi(TRUTH, *ways)

    @_value.register
    def _(self, node: ast.Compare) -> Value:
        body, left = self.body, self.value(node.left)
        if len(node.ops) == 1:
            return operations.compared(body, node.ops[0], left, self.value(node.comparators[0]))
        after, ways = body.fresh("known"), []
        for number, (operator, each) in enumerate(zip(node.ops, node.comparators, strict=True)):
            right = self.value(each)
            found = operations.compared(body, operator, left, right)
            if number == len(node.ops) - 1:
                ways.append((found, body.block))
                break
            further = body.fresh("also")
            ways.append((asm.truth(False), body.block))
            body.branch(found, further, after)
            body.start(further)
            left = right
        body.start(after)
        return body.phi(TRUTH, *ways)

    @_value.register
    def _(self, node: ast.IfExp) -> Value:
        body = self.body
        yes, no, after = body.fresh("then"), body.fresh("else"), body.fresh("after")
        body.branch(condition(body, self.value(node.test)), yes, no)
        body.start(yes)
        first = self.value(node.body)
        ended, gap = body.block, len(body.lines)
        body.open = False
        body.start(no)
        second = self.value(node.orelse)
        type = common(first.type, second.type)
        second = converted(body, second, type)
        other = body.block
        body.jump(after)
        # The first branch ends once it is known of what type the second is.
        rest, body.lines, body.open = body.lines[gap:], body.lines[:gap], True
        first = converted(body, first, type)
        body.jump(after)
        body.lines += rest
        body.open = False
        body.start(after)
        return body.phi(type, (first, ended), (second, other))

    # Memory.

    @_value.register
    def _(self, node: ast.Subscript) -> Value:
        of = self.value(node.value)
        if isinstance(of.type, Several):
            number = self.value(node.slice).literal
            if number is None:
                raise TranslationError("a part whose number is not known")
            return self._part(of, number)
        if isinstance(of.type, Pointer) and of.type.block == "state" and self.program.known:
            known = self.program.known.get(self._number(node.slice))
            if known is not None:
                return integer(known)
        return self._get(*self._cell(node, of))

    def _number(self, index: ast.expr) -> int:
        """The number of a cell that the source tells; -1 for others."""
        found = index.value if isinstance(index, ast.Constant) else self.of.names.get(index.id) if isinstance(index, ast.Name) else None
        return found if isinstance(found, int) else -1

    def _cell(self, node: ast.Subscript, of: Value | None = None) -> tuple[Type, str, str]:
        """The type of a cell, its address, and the block that it belongs to."""
        of = of or self.value(node.value)
        if isinstance(of.type, Array):
            of = self.body.new(of.type.pointer, f"extractvalue {of.type.llvm} {of.text}, 0")
        if not isinstance(of.type, Pointer):
            raise TranslationError(f"cells of {of.type.llvm}")
        index = converted(self.body, self.value(node.slice), INT)
        block, cell = of.type.block, of.type.cell
        if block == "state" and index.literal is not None and index.literal < NAMED:
            block = "fixed" if index.literal in FIXED else "named"
        elif index.literal is not None and block == "values" and index.literal < VALUES_HEADER:
            block = "now"
        at = self.body.new(of.type, f"getelementptr inbounds {cell.llvm}, ptr {of.text}, i64 {index.text}")
        return cell, at.text, block

    def _get(self, cell: Type, at: str, block: str) -> Value:
        found = self.body.new(cell, f"load {cell.llvm}, ptr {at}{asm.mark(block)}")
        return self.body.new(INT, f"sext i32 {found.text} to i64") if cell == SHORT else found

    def _put(self, cell: Type, at: str, block: str, value: Value) -> None:
        if block in asm.CONSTANT:
            raise TranslationError(f"a store to {block}, which never changes")
        if cell == SHORT:
            value = self.body.new(SHORT, f"trunc i64 {converted(self.body, value, INT).text} to i32")
        self.body.do(f"store {cell.llvm} {converted(self.body, value, cell).text}, ptr {at}{asm.mark(block)}")

    # Calls.

    @_value.register
    def _(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute):
            return self._method(node.func, node.args)
        if not isinstance(node.func, ast.Name):
            raise TranslationError("a call of something without a name")
        name = node.func.id
        if name in MEMORY:
            (address,) = node.args
            return self.body.new(MEMORY[name], f"inttoptr i64 {self.value(address).text} to ptr")
        if name in _SPECIAL:
            return _SPECIAL[name](self, *(self.value(argument) for argument in node.args))
        found = self.of.names.get(name)
        if isinstance(found, FunctionType | Definition) and found is not in_kernels_only and name != "unlikely":
            return self._call(found, node.args)
        if name in operations.FUNCTIONS:
            return self._operation(name, node.args)
        raise TranslationError(f"nothing is called {name}")

    def _method(self, function: ast.Attribute, arguments: list[ast.expr]) -> Value:
        """A function of `math`, or what a stream of random numbers or an array can do."""
        if isinstance(function.value, ast.Name) and function.value.id in ("math", "np"):
            return self._operation(function.attr, arguments)
        of = self.value(function.value)
        found = streams.METHODS.get(function.attr)
        if found is None:
            raise TranslationError(f"nothing is called {function.attr}")
        return self._call(found, arguments, of)

    def _operation(self, name: str, arguments: list[ast.expr]) -> Value:
        if name not in operations.FUNCTIONS:
            raise TranslationError(f"nothing is called {name}")
        self.program.called |= {name, *operations.INTRINSICS.get(name, ())}
        return operations.FUNCTIONS[name](self.body, *(self.value(argument) for argument in arguments))

    def _call(self, function: object, arguments: list[ast.expr], *first: Value) -> Value:
        called = definition(function) if isinstance(function, FunctionType) else function
        assert isinstance(called, Definition)
        given = [*first, *(self.value(argument) for argument in arguments)]
        name, result = self.program.add(called, tuple(value.type for value in given))
        text = f"call {result.llvm} @{name}({', '.join(f'{value.type.llvm} {value.text}' for value in given)})"
        if result == NOTHING:
            self.body.do(text)
            return Value(NOTHING, "")
        return self.body.new(result, text)


_VALUES = vars(Evaluation)["_value"].dispatcher.dispatch
"""What translates an expression of a type."""


def _reallocate(function: Evaluation, address: Value, size: Value) -> Value:
    function.program.called.add("realloc")
    body = function.body
    old = body.new(MEMORY["integers"], f"inttoptr i64 {address.text} to ptr")
    new = body.new(MEMORY["integers"], f"call ptr @realloc(ptr {old.text}, i64 {size.text})")
    return body.new(INT, f"ptrtoint ptr {new.text} to i64")


def _release(function: Evaluation, address: Value) -> Value:
    function.program.called.add("free")
    old = function.body.new(MEMORY["integers"], f"inttoptr i64 {address.text} to ptr")
    function.body.do(f"call void @free(ptr {old.text})")
    return Value(NOTHING, "")


def _carray(function: Evaluation, cells: Value, length: Value) -> Value:
    if not isinstance(cells.type, Pointer):
        raise TranslationError("an array of no cells")
    kind = asm.array(cells.type)
    half = function.body.new(kind, f"insertvalue {kind.llvm} poison, ptr {cells.text}, 0")
    return function.body.new(kind, f"insertvalue {kind.llvm} {half.text}, i64 {length.text}, 1")


def _len(function: Evaluation, of: Value) -> Value:
    if not isinstance(of.type, Array):
        raise TranslationError("the length of something that has none")
    return function.body.new(INT, f"extractvalue {of.type.llvm} {of.text}, 1")


def _prefetch_cell(function: Evaluation, cells: Value, number: Value) -> Value:
    if not isinstance(cells.type, Pointer):
        raise TranslationError("a cell of no cells")
    function.program.called.add("llvm.prefetch.p0")
    at = function.body.new(cells.type, f"getelementptr {cells.type.cell.llvm}, ptr {cells.text}, i64 {number.text}")
    function.body.do(f"call void @llvm.prefetch.p0(ptr {at.text}, i32 1, i32 3, i32 1)")
    return Value(NOTHING, "")


_SPECIAL: dict[str, Callable[..., Value]] = {
    "reallocate": _reallocate,
    "release": _release,
    "carray": _carray,
    "len": _len,
    "prefetch_cell": _prefetch_cell,
}
"""Functions that need more than their arguments' values."""
