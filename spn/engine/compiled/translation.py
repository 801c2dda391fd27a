"""From the part of Python that kernels are written in to LLVM's assembly: functions of integers, doubles, truth values, tuples and memory.

A function is translated when it is called, once for the types of its arguments. A variable has one type: where a later assignment turns out to need
a wider one (a double after an integer), the function is written again with that. Expressions are in `evaluation`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any

from numpy.typing import NDArray

from spn.engine.compiled import assembly as asm
from spn.engine.compiled import operations
from spn.engine.compiled.assembly import INT, NOTHING, REAL, TRUTH, Type, Value, integer, pointer
from spn.engine.compiled.evaluation import Definition, Evaluation
from spn.engine.compiled.operations import TranslationError, common, condition, converted

GROUPS = (
    "nounwind",
    "alwaysinline nounwind",
    "cold noinline nounwind optsize",
    "nobuiltin nounwind willreturn memory(none)",
    "nobuiltin nounwind",
    "noinline nounwind",
)
"""The groups of attributes of functions, by number."""


class _Wider(Exception):
    """A variable, or the result (""), needs a wider type than it had so far."""

    def __init__(self, name: str, type: Type) -> None:
        super().__init__(name)
        self.name, self.type = name, type


@dataclass
class Program:
    """The functions and tables of one kernel; `known` says of cells of `state` what is in them, so that they need not be read."""

    known: Mapping[int, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    _results: dict[tuple[int, tuple[Type, ...]], tuple[str, Type] | None] = field(default_factory=dict)
    _tables: dict[int, tuple[str, object]] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def add(self, of: Definition, types: tuple[Type, ...], exported: str = "") -> tuple[str, Type]:
        """Translate a function for some types of arguments; its name and the type of its result. Raises `TranslationError`."""
        key = (id(of.node), types)
        if key in self._results:
            known = self._results[key]
            if known is None:
                raise TranslationError(f"{of.node.name} calls itself")
            return known
        self._results[key] = None
        name = exported or self._fresh(of.node.name)
        variables: dict[str, Type] = {}
        while True:
            function = _Function(self, of, types, variables)
            try:
                result = function.write()
                break
            except _Wider as wider:
                variables[wider.name] = wider.type
        self.texts.append(function.text(name, exported != ""))
        self._results[key] = name, result
        return name, result

    def table(self, content: NDArray[Any]) -> Value:
        """Numbers that are part of the code."""
        if id(content) not in self._tables:
            name = self._fresh("table")
            kind, make = (REAL, asm.real) if content.dtype.kind == "f" else (INT, integer)
            items = ", ".join(f"{kind.llvm} {make(item).text}" for item in content.tolist())
            self.texts.append(f"@{name} = internal unnamed_addr constant [{len(content)} x {kind.llvm}] [{items}], align 64\n")
            self._tables[id(content)] = name, content
        return Value(pointer(REAL if content.dtype.kind == "f" else INT, "table"), f"@{self._tables[id(content)][0]}")

    def text(self) -> str:
        """The whole module."""
        declared = "\n".join(line for name, line in operations.DECLARATIONS.items() if name in self.called)
        attributes = "".join(f"attributes #{number} = {{ {words} }}\n" for number, words in enumerate(GROUPS))
        return "\n".join([declared, *self.texts, attributes, asm.metadata()])

    def _fresh(self, stem: str) -> str:
        name, number = stem, 1
        while name in self._names:
            number += 1
            name = f"{stem}.{number}"
        self._names.add(name)
        return name


class _Function(Evaluation):
    """One function being written."""

    def __init__(self, program: Program, of: Definition, types: tuple[Type, ...], variables: dict[str, Type]) -> None:
        super().__init__(program, of)
        self.types, self.wanted = types, variables
        self.result = variables.get("", NOTHING)
        self.line = of.node.lineno
        self.loops: list[tuple[str, str]] = []
        """Where ``continue`` and ``break`` lead to."""
        self.left: set[str] = set()

    # The function as a whole.

    def write(self) -> Type:
        """Translate it; the type of its result."""
        node, body = self.of.node, self.body
        if len(node.args.args) != len(self.types):
            raise TranslationError(f"{node.name} has {len(node.args.args)} parameters, not {len(self.types)}")
        for parameter, type in zip(node.args.args, self.types, strict=True):
            value = Value(type, f"%p_{parameter.arg}")
            if parameter.arg in self.of.assigned:
                self._set(parameter.arg, value)
            else:
                self.parameters[parameter.arg] = value
        try:
            self._block(node.body)
        except TranslationError as error:
            if error.args[1:]:
                raise
            raise TranslationError(f"{node.name}, line {self.line}: {error}", self.line) from None
        if body.open and self.result == NOTHING:
            body.do("ret void")
        elif body.open:
            body.do("unreachable")
        return self.result

    def text(self, name: str, exported: bool) -> str:
        """The function, once it is written."""
        parameters = ", ".join(f"{type.llvm} %p_{parameter.arg}" for parameter, type in zip(self.of.node.args.args, self.types, strict=True))
        head = f"define {'' if exported else 'internal '}{self.result.llvm} @{name}({parameters}) {self.of.attribute} {{\nentry:"
        return "\n".join([head, *self.body.variables, *self.body.lines, "}\n"])

    def _set(self, name: str, value: Value) -> None:
        """Assign to a variable."""
        place = self.variables.get(name)
        if place is None:
            type = self.wanted.get(name, value.type)
            place = self.variables[name] = self.body.variable(type)
        if value.type != place.type:
            wide = common(place.type, value.type)
            if wide != place.type:
                raise _Wider(name, wide)
            value = converted(self.body, value, wide)
        self.body.store(place, value)

    # Statements.

    def _block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if not self.body.open:
                return
            self.line = statement.lineno
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Translate a statement."""
        _STATEMENTS(type(node))(self, node)

    @singledispatchmethod
    def _statement(self, node: ast.stmt) -> None:
        raise TranslationError(f"a statement {type(node).__name__}")

    @_statement.register
    def _pass(self, node: ast.Pass) -> None:
        pass

    @_statement.register
    def _expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    @_statement.register
    def _assignment(self, node: ast.Assign) -> None:
        (target,) = node.targets
        if not isinstance(target, ast.Tuple):
            self._assign(target, self.value(node.value))
        elif isinstance(node.value, ast.Tuple):
            for part, value in zip(target.elts, [self.value(each) for each in node.value.elts], strict=True):
                self._assign(part, value)
        else:
            whole = self.value(node.value)
            for number, part in enumerate(target.elts):
                self._assign(part, self._part(whole, number))

    def _assign(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                self._set(name, value)
            case ast.Subscript():
                cell, at, block = self._cell(target)
                self._put(cell, at, block, value)
            case _:
                raise TranslationError(f"an assignment to a {type(target).__name__}")

    @_statement.register
    def _augassign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            old = self.value(ast.Name(node.target.id, ast.Load()))
            self._set(node.target.id, operations.binary(self.body, node.op, old, self.value(node.value)))
        elif isinstance(node.target, ast.Subscript):
            cell, at, block = self._cell(node.target)
            self._put(cell, at, block, operations.binary(self.body, node.op, self._get(cell, at, block), self.value(node.value)))
        else:
            raise TranslationError(f"an assignment to a {type(node.target).__name__}")

    @_statement.register
    def _if(self, node: ast.If) -> None:
        body = self.body
        test = condition(body, self.value(node.test))
        if test.text in ("true", "false"):
            self._block(node.body if test.text == "true" else node.orelse)
            return
        yes, no, after = body.fresh("then"), body.fresh("else"), body.fresh("after")
        rare = isinstance(node.test, ast.Call) and isinstance(node.test.func, ast.Name) and node.test.func.id == "unlikely"
        body.branch(test, yes, no if node.orelse else after, asm.UNLIKELY if rare else "")
        body.start(yes)
        self._block(node.body)
        ends = not body.open
        if node.orelse:
            if body.open:
                body.jump(after)
            body.start(no)
            self._block(node.orelse)
            if ends and not body.open:
                return
        body.start(after)

    @_statement.register
    def _while(self, node: ast.While) -> None:
        body = self.body
        head, inside, after = body.fresh("while"), body.fresh("do"), body.fresh("after")
        body.start(head)
        for_ever = isinstance(node.test, ast.Constant) and node.test.value is True
        if for_ever:
            body.start(inside)
        else:
            body.branch(condition(body, self.value(node.test)), inside, after)
            body.start(inside)
        with self._loop(head, after):
            self._block(node.body)
            if body.open:
                body.jump(head)
        if not for_ever or after in self.left:
            body.start(after)

    @_statement.register
    def _for(self, node: ast.For) -> None:
        body = self.body
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range" and isinstance(node.target, ast.Name)):
            raise TranslationError("a loop over something other than a range")
        bounds = [converted(body, self.value(argument), INT) for argument in call.args]
        first, last = (bounds[0], bounds[1]) if len(bounds) > 1 else (integer(0), bounds[0])
        step = bounds[2] if len(bounds) > 2 else integer(1)
        if step.literal is None or step.literal == 0:
            raise TranslationError("a range with a step that is not known")
        counter = body.variable(INT)
        body.store(counter, first)
        head, inside, further, after = (body.fresh(stem) for stem in ("for", "do", "next", "after"))
        body.start(head)
        current = body.load(counter)
        body.branch(body.new(TRUTH, f"icmp {'slt' if step.literal > 0 else 'sgt'} i64 {current.text}, {last.text}"), inside, after)
        body.start(inside)
        self._set(node.target.id, current)
        with self._loop(further, after):
            self._block(node.body)
        body.start(further)
        body.store(counter, body.new(INT, f"add nsw i64 {body.load(counter).text}, {step.text}"))
        known = all(bound.literal is not None for bound in bounds)
        body.jump(head, asm.UNROLLED if known else "")
        body.start(after)

    @contextmanager
    def _loop(self, further: str, after: str) -> Iterator[None]:
        self.loops.append((further, after))
        yield
        self.loops.pop()

    @_statement.register
    def _break(self, node: ast.Break) -> None:
        self.left.add(self.loops[-1][1])
        self.body.jump(self.loops[-1][1])

    @_statement.register
    def _continue(self, node: ast.Continue) -> None:
        self.body.jump(self.loops[-1][0])

    @_statement.register
    def _return(self, node: ast.Return) -> None:
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            self.body.do("ret void" if self.result == NOTHING else "unreachable")
        else:
            value = self.value(node.value)
            if value.type != self.result:
                wide = value.type if self.result == NOTHING else common(self.result, value.type)
                if wide != self.result:
                    raise _Wider("", wide)
                value = converted(self.body, value, wide)
            self.body.do("ret void" if value.type == NOTHING else f"ret {value.type.llvm} {value.text}")
        self.body.open = False


_STATEMENTS = vars(_Function)["_statement"].dispatcher.dispatch
"""What translates a statement of a type."""
