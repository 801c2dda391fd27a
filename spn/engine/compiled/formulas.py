"""Expressions as source: one rule per kind of node, with the order of operations of `spn.expressions.closures`, so that results are the same bits.

Integers are 64 bits wide; where the ranges of operands cannot exclude an overflow the checked functions of `primitives` are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatch

from spn.engine.compiled.cells import ARITHMETIC
from spn.engine.compiled.counting import colour_of, counter, pattern_widths
from spn.engine.compiled.layout import Leaf, flat, leaves
from spn.engine.compiled.source import CONTEXT, MOST_STRUCTURAL, Formula, Function, Writer, colour_cell, total_cell
from spn.engine.reference.dependencies import Spread, values_of
from spn.expressions.tree import (
    Binary,
    Constant,
    Expression,
    IfElse,
    Lookup,
    Make,
    Now,
    Range,
    Reduce,
    Tokens,
    Unary,
    Variable,
)
from spn.expressions.tree import Field as FieldOf
from spn.expressions.tree import Function as Call
from spn.expressions.types import BOOLEAN, Dot, Product, Record, Type
from spn.expressions.values import COMPARISONS, colour_values, is_integer, is_real
from spn.expressions.walk import free_variables

LIMIT = 2**62
MANY = 2**53
"""No place holds more tokens."""


class UnsupportedError(Exception):
    """What cannot be compiled, for people."""


class IrregularError(Exception):
    """The bindings of a class cannot be numbered beforehand; they have to be found by enumeration."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean where a formula stands, and which time it sees. `spread`: what is known of the class's index and static loops."""

    writer: Writer
    function: Function
    variables: Mapping[str, tuple[Formula, ...]] = field(default_factory=dict)
    spread: Spread = field(default_factory=dict)
    now: str = "values[0]"

    def bind(self, name: str, parts: tuple[Formula, ...]) -> Scope:
        return replace(self, variables={**self.variables, name: parts})


def formulas(node: Expression, scope: Scope) -> tuple[Formula, ...]:
    """The numbers of a value, one source each."""
    found = _emit(node, scope)
    return found if isinstance(found, list | tuple) and not isinstance(found, Formula) else (found,)  # type: ignore[redundant-expr]


def formula(node: Expression, scope: Scope) -> Formula:
    """The source of a single number."""
    (found,) = formulas(node, scope)
    return found


def real(node: Expression, scope: Scope) -> str:
    """The source of a number as a double."""
    if isinstance(node, Constant) and is_integer(node.type):
        return scope.writer.real(float(node.value), "constant")  # type: ignore[arg-type]
    found = formula(node, scope)
    return f"float({found.source})" if not is_real(node.type) else found.source


def wanted(node: Expression, type: Type, scope: Scope) -> tuple[Formula, ...]:
    """The value of `node` where one of type `type` stands."""
    return (Formula(real(node, scope)),) if is_real(type) and is_integer(node.type) else formulas(node, scope)


def zero(leaf: Leaf) -> str:
    """Any value of a leaf's kind."""
    return {"real": "0.0", "bool": "False", "int": "0"}[leaf.kind]


def unique_name(name: str, k: int, count: int) -> str:
    return f"v_{name}" if count == 1 else f"v_{name}_{k}"


def variable_formulas(name: str, parts: tuple[Leaf, ...]) -> tuple[Formula, ...]:
    """The local names of a variable's numbers."""
    return tuple(Formula(unique_name(name, k, len(parts)), leaf.low, leaf.high) for k, leaf in enumerate(parts))


@singledispatch
def _emit(node: Expression, scope: Scope) -> tuple[Formula, ...] | Formula:
    raise UnsupportedError(f"a {type(node).__name__} in an expression")


@_emit.register
def _(node: Constant, scope: Scope) -> tuple[Formula, ...]:
    parts = leaves(node.type)
    return tuple(_constant(number, leaf, scope) for number, leaf in zip(flat(node.value), parts, strict=True))


def _constant(number: float, leaf: Leaf, scope: Scope) -> Formula:
    if leaf.kind == "bool":
        return Formula(str(bool(number)), int(number), int(number))
    if leaf.kind == "int":
        value = int(number)
        if -1 <= value <= 1:
            return Formula(str(value) if value >= 0 else f"({value})", value, value)
        # A number that may be changed without compiling again.
        cell = scope.writer.layout.ints.scalar(value, "constant")
        return Formula(f"ints[{cell}]", value, value)
    return Formula(scope.writer.real(float(number), "constant"))


@_emit.register
def _(node: Variable, scope: Scope) -> tuple[Formula, ...]:
    if node.name not in scope.variables:
        # Nothing ever binds it (its arc has the multiplicity 0), and so reading it is an error, if it comes to that.
        return tuple(Formula(f"known(state, 0, {zero(leaf)})", leaf.low, leaf.high) for leaf in leaves(node.type))
    return scope.variables[node.name]


@_emit.register
def _(node: Now, scope: Scope) -> Formula:
    return Formula(scope.now)


@_emit.register
def _(node: Lookup, scope: Scope) -> Formula:
    writer, table = scope.writer, scope.writer.layout.net.tables[node.table]
    index = formula(node.index, scope)
    known = values_of(node.index, scope.spread, writer.layout.net.tables)
    source = index.source
    if known is None or not known.size or known.min() < 0 or known.max() >= len(table):
        source = f"position(state, {source}, {writer.integer(scope.function, f'size_{node.table}', len(table))})"
    if table.dtype.kind == "f":
        return Formula(f"reals[{writer.real_array(scope.function, f'table_{node.table}', table)} + {source}]")  # type: ignore[arg-type]
    values = table.astype("int64")
    read = f"ints[{writer.array(scope.function, f'table_{node.table}', values)} + {source}]"
    if is_real(node.type):
        return Formula(f"float({read})")
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    return Formula(f"({read} != 0)" if table.dtype.kind == "b" else read, low, high)


@_emit.register
def _(node: FieldOf, scope: Scope) -> tuple[Formula, ...]:
    base = formulas(node.base, scope)
    of = node.base.type
    types = of.components if isinstance(of, Product) else tuple(part for _, part in of.fields)  # type: ignore[union-attr]
    widths = [len(leaves(part)) for part in types]
    first = sum(widths[: node.index])
    return base[first : first + widths[node.index]]


@_emit.register
def _(node: Make, scope: Scope) -> tuple[Formula, ...]:
    if isinstance(node.type, Record):
        types: tuple[Type, ...] = tuple(of for _, of in node.type.fields)
    else:
        types = node.type.components if isinstance(node.type, Product) else tuple(c.type for c in node.components)
    return tuple(part for component, of in zip(node.components, types, strict=True) for part in wanted(component, of, scope))


@_emit.register
def _(node: Unary, scope: Scope) -> Formula:
    operand = formula(node.operand, scope)
    if node.operator == "not":
        return Formula(f"(not {operand.source})", 0, 1)
    if is_integer(node.type):
        if operand.low is not None and operand.high is not None and operand.low > -LIMIT:
            return Formula(f"(-{operand.source})", -operand.high, -operand.low)
        return Formula(f"negated(state, {operand.source})")
    return Formula(f"(-{operand.source})")


@_emit.register
def _(node: Binary, scope: Scope) -> Formula:
    operator = node.operator
    if operator in ("and", "or"):
        return Formula(f"({formula(node.left, scope).source} {operator} {formula(node.right, scope).source})", 0, 1)
    both_integer = is_integer(node.left.type) and is_integer(node.right.type)
    if operator in COMPARISONS:
        if is_real(node.left.type) or is_real(node.right.type):
            return Formula(f"({real(node.left, scope)} {operator} {real(node.right, scope)})", 0, 1)
        return _comparison(operator, formulas(node.left, scope), formulas(node.right, scope))
    if both_integer and is_integer(node.type):
        return _integer_operation(operator, formula(node.left, scope), formula(node.right, scope), node.right)
    left, right = real(node.left, scope), real(node.right, scope)
    called = {"/": "divide", "//": "floor_divide_real", "%": "remainder_real", "**": "power_real"}.get(operator)
    return Formula(f"{called}(state, {left}, {right})" if called else f"({left} {operator} {right})")


def _comparison(operator: str, left: tuple[Formula, ...], right: tuple[Formula, ...]) -> Formula:
    if len(left) == 1:
        return Formula(f"({left[0].source} {operator} {right[0].source})", 0, 1)
    if operator in ("==", "!="):
        equal = " and ".join(f"{a.source} == {b.source}" for a, b in zip(left, right, strict=True)) or "True"
        return Formula(f"({equal})" if operator == "==" else f"(not ({equal}))", 0, 1)
    # As tuples are compared: the first component that differs decides.
    last = len(left) - 1
    source = f"{left[last].source} {operator} {right[last].source}"
    for a, b in list(zip(left, right, strict=True))[:last][::-1]:
        source = f"{a.source} {operator[0]} {b.source} or ({a.source} == {b.source} and ({source}))"
    return Formula(f"({source})", 0, 1)


def _integer_operation(operator: str, a: Formula, b: Formula, right: Expression) -> Formula:
    known = a.low is not None and a.high is not None and b.low is not None and b.high is not None
    if known:
        assert a.low is not None and a.high is not None and b.low is not None and b.high is not None
        corners = [0]
        if operator == "+":
            corners = [a.low + b.low, a.high + b.high]
        elif operator == "-":
            corners = [a.low - b.high, a.high - b.low]
        elif operator == "*":
            corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        low, high = min(corners), max(corners)
        if operator in "+-*" and low > -LIMIT and high < LIMIT:
            return Formula(f"({a.source} {operator} {b.source})", low, high)
        if operator in ("//", "%") and b.low > 0:
            divisor = str(b.low) if b.low == b.high and b.low <= MOST_STRUCTURAL else b.source
            bounds = (min(a.low, a.low // b.high), max(a.high, a.high // b.high)) if operator == "//" else (0, b.high - 1)
            return Formula(f"({a.source} {operator} {divisor})", *bounds)
    called = {"+": "added", "-": "subtracted", "*": "multiplied", "//": "floor_divide", "%": "remainder", "**": "power"}[operator]
    return Formula(f"{called}(state, {a.source}, {b.source})")


@_emit.register
def _(node: IfElse, scope: Scope) -> tuple[Formula, ...]:
    condition = formula(node.condition, scope).source
    pairs = zip(wanted(node.then, node.type, scope), wanted(node.otherwise, node.type, scope), strict=True)
    return tuple(Formula(f"({a.source} if {condition} else {b.source})", _bound(min, a.low, b.low), _bound(max, a.high, b.high)) for a, b in pairs)


def _bound(pick: Callable[[int, int], int], a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else pick(a, b)


@_emit.register
def _(node: Call, scope: Scope) -> Formula:
    if node.name in ("min", "max"):
        parts = [wanted(argument, node.type, scope)[0] for argument in node.arguments]
        pick, called = (min, "least") if node.name == "min" else (max, "greatest")
        found = parts[0]
        for part in parts[1:]:
            found = Formula(f"{called}({found.source}, {part.source})", _bound(pick, found.low, part.low), _bound(pick, found.high, part.high))
        return found
    argument = node.arguments[0]
    if node.name == "abs":
        return Formula(f"magnitude(state, {formula(argument, scope).source})" if is_integer(node.type) else f"abs({real(argument, scope)})")
    if node.name == "index":
        found = formula(argument, scope)
        return Formula(f"int({found.source})" if argument.type == BOOLEAN else found.source, found.low, found.high)
    if node.name in ("floor", "ceil", "round"):
        if is_integer(argument.type):
            return formula(argument, scope)
        return Formula(f"{'round_half_even' if node.name == 'round' else node.name}(state, {real(argument, scope)})")
    called = {"sqrt": "square_root", "exp": "exponential_of", "log": "logarithm"}[node.name]
    return Formula(f"{called}(state, {real(argument, scope)})")


def element_source(place: str, element: Expression, scope: Scope) -> str:
    """The number of an element, checked unless it is known to be one."""
    writer = scope.writer
    cells = writer.layout.place(place)
    found = formula(element, scope)
    known = values_of(element, scope.spread, writer.layout.net.tables)
    if known is not None and known.size and known.min() >= 0 and known.max() < cells.place.size:
        return "0" if cells.place.size == 1 else found.source
    return f"within(state, {found.source}, {writer.integer(scope.function, f'size_{cells.name}', cells.place.size)})"


@_emit.register
def _(node: Tokens, scope: Scope) -> Formula:
    writer, cells = scope.writer, scope.writer.layout.place(node.place)
    pattern = node.pattern if cells.kind != "plain" and any(entry is not None for entry in node.pattern) else ()
    if node.element is None:
        if not pattern:
            return Formula(f"state[{sum_cell(writer, node.place)}]", 0, MANY)
        return _count_everywhere(node, scope)
    element = element_source(node.place, node.element, scope)
    if not pattern:
        return Formula(f"tokens[{total_cell(writer, scope.function, cells, element)}]", 0, MANY)
    return Formula(_count_fitting(node, element, scope), 0, MANY)


def sum_cell(writer: Writer, place: str) -> int:
    """The cell of `state` with the number of tokens in all elements, kept by every firing."""
    layout = writer.layout
    return layout.sum_cell(place)


def _count_fitting(node: Tokens, element: str, scope: Scope) -> str:
    """The number of tokens of an element that fit a pattern."""
    writer, cells = scope.writer, scope.writer.layout.place(node.place)
    entries = [None if entry is None else formulas(entry, scope) for entry in node.pattern]
    widths = pattern_widths(node, cells.place.colour)
    numbers: list[str | None] = []
    for entry, width in zip(entries, widths, strict=True):
        numbers += [None] * width if entry is None else [part.source for part in entry]
    if cells.kind == "finite" and None not in numbers:
        colour, inside = colour_of([n for n in numbers if n is not None], cells.leaves, writer, scope.function)
        read = f"tokens[{colour_cell(writer, scope.function, cells, element, colour if not inside else f'({colour} if {inside} else 0)')}]"
        # It is read in any case: which element that is may be an error, whatever the pattern is.
        return f"({read} * (1 if {inside} else 0))" if inside else read
    present = [n for n in numbers if n is not None]
    name = counter(node.place, tuple(n is not None for n in numbers), writer)
    return f"{name}({CONTEXT}, {', '.join([element, *present])})"


def _count_everywhere(node: Tokens, scope: Scope) -> Formula:
    """The tokens of all elements that fit."""
    cells = scope.writer.layout.place(node.place)
    names = sorted(set().union(*(free_variables(entry) for entry in node.pattern if entry is not None)))
    called, inner, function = _nested(scope, names, "count_all", f"Tokens in all elements of {node.place} that fit a pattern.")
    function.add("found = 0")
    with function.block(f"for element in range({scope.writer.integer(function, f'size_{cells.name}', cells.place.size)}):"):
        function.add(f"found += {_count_fitting(node, 'element', inner)}")
    function.add("return found")
    scope.writer.define(function)
    return Formula(called, 0, MANY)


def _nested(scope: Scope, names: list[str], stem: str, doc: str) -> tuple[str, Scope, Function]:
    """A function of its own within a formula: its call, the scope inside, and itself, to be filled."""
    writer = scope.writer
    name = f"{stem}_{len(writer.functions)}_{writer.serial()}"
    given = [(variable, scope.variables[variable]) for variable in names if variable in scope.variables]
    arguments = ["now", *(part.source for _, parts in given for part in parts)]
    inside: dict[str, tuple[Formula, ...]] = {}
    parameters = ["now"]
    for variable, parts in given:
        own = tuple(Formula(unique_name(variable, k, len(parts)), part.low, part.high) for k, part in enumerate(parts))
        inside[variable] = own
        parameters += [part.source for part in own]
    arguments[0] = scope.now
    function = Function(writer, name, ", ".join(parameters), doc)
    spread = {key: value for key, value in scope.spread.items() if key in inside or key == ""}
    inner = Scope(writer, function, inside, spread, "now")
    return f"{name}({CONTEXT}, {', '.join(arguments)})", inner, function


@_emit.register
def _(node: Reduce, scope: Scope) -> Formula:
    kept = scope.writer.layout.kept(node)
    if kept is not None:
        return kept
    names = sorted(free_variables(node))
    called, inner, function = _nested(scope, names, node.operator, f"{node.operator} over {node.variable}.")
    bounds, finish = _loop(node, inner, function), "found"
    if node.operator in ("min", "max"):
        function.add("empty = True", f"found = {'0.0' if is_real(node.type) else '0'}")
    elif node.operator in ("all", "any"):
        function.add(f"found = {node.operator == 'all'}")
    else:
        function.add(f"found = {'0.0' if is_real(node.type) else '0'}")
    own = _inside(node, inner)
    with function.block(bounds):
        _components(node, function)
        if node.condition is not None:
            with function.block(f"if not {formula(node.condition, own).source}:"):
                function.add("continue")
        _accumulate(node, own, function)
    if node.operator in ("min", "max"):
        with function.block("if empty:"):
            function.add(f"fail(state, {ARITHMETIC})")
    function.add(f"return {finish}")
    scope.writer.define(function)
    return Formula(called, *((0, 1) if node.operator in ("all", "any") else (0, 2**31) if node.operator == "count" else (None, None)))


def _loop(node: Reduce, scope: Scope, function: Function) -> str:
    if isinstance(node.domain, Range):
        start, stop = formula(node.domain.start, scope).source, formula(node.domain.stop, scope).source
        function.add(f"first, last = {start}, {stop}")
        with function.block("if last - first >= 10_000_000:"):
            function.add("fail(state, 1)", "last = first")
        return f"for v_{node.variable} in range(first, last + 1):"
    values = tuple(colour_values(node.domain.colour))  # type: ignore[union-attr]
    return f"for {'number' if isinstance(values[0], tuple) else f'v_{node.variable}'} in range({len(values)}):"


def _components(node: Reduce, function: Function) -> None:
    """The numbers of a loop's variable that runs over a product, from the number of the value."""
    if isinstance(node.domain, Range) or not isinstance(node.domain.colour, Product):  # type: ignore[union-attr]
        return
    parts = leaves(node.domain.colour)  # type: ignore[union-attr]
    after = 1
    for part, leaf in list(zip(variable_formulas(node.variable, parts), parts, strict=True))[::-1]:
        assert leaf.low is not None and leaf.high is not None
        count = leaf.high - leaf.low + 1
        function.add(f"{part.source} = number // {after} % {count}{' == 1' if leaf.kind == 'bool' else ''}")
        after *= count


def _inside(node: Reduce, scope: Scope) -> Scope:
    """The scope of a loop's body. The values that its variable can have are known if its ends are."""
    spread = {key: value for key, value in scope.spread.items() if key != node.variable}
    low = high = None
    if isinstance(node.domain, Range):
        first = values_of(node.domain.start, scope.spread, scope.writer.layout.net.tables)
        last = values_of(node.domain.stop, scope.spread, scope.writer.layout.net.tables)
        if first is not None and last is not None and first.size and last.size and last.max() - first.min() < 20_000_000:
            import numpy as np

            low, high = int(first.min()), int(last.max())
            spread = {key: value[..., np.newaxis] for key, value in spread.items()}
            depth = max((value.ndim for value in spread.values()), default=1)
            spread[node.variable] = np.arange(low, max(high, low) + 1).reshape((1,) * (depth - 1) + (-1,))
    else:
        import numpy as np

        colour = node.domain.colour  # type: ignore[union-attr]
        if isinstance(colour, Product | Dot):
            return replace(scope, spread=spread).bind(node.variable, variable_formulas(node.variable, leaves(colour)))
        low, high = 0, len(tuple(colour_values(colour))) - 1
        spread[node.variable] = np.arange(high + 1)
    return replace(scope, spread=spread).bind(node.variable, (Formula(f"v_{node.variable}", low, high),))


def _accumulate(node: Reduce, scope: Scope, function: Function) -> None:
    match node.operator:
        case "sum":
            if is_real(node.type):
                function.add(f"found += {real(node.body, scope)}")
            else:
                body = formula(node.body, scope)
                small = body.low is not None and body.high is not None and body.low >= -MANY and body.high <= MANY
                function.add(f"found += {body.source}" if small else f"found = added(state, found, {body.source})")
        case "count":
            with function.block(f"if {formula(node.body, scope).source}:"):
                function.add("found += 1")
        case "all" | "any":
            word = "not " if node.operator == "all" else ""
            with function.block(f"if {word}{formula(node.body, scope).source}:"):
                function.add(f"return {node.operator == 'any'}")
        case "min" | "max":
            function.add(f"body = {formula(node.body, scope).source}")
            with function.block(f"if empty or body {'<' if node.operator == 'min' else '>'} found:"):
                function.add("empty, found = False, body")
