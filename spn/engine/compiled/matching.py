"""Patterns of arcs and the variables of bindings that are found by enumeration, as source. What is looked for, and in which order, is elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from spn.engine.compiled import records as b
from spn.engine.compiled.counting import line_cell
from spn.engine.compiled.formulas import Scope, formulas, variable_formulas
from spn.engine.compiled.layout import ClassPlan, PlaceCells, entry_leaves
from spn.engine.compiled.searching import class_scope, loop_scope, multiplicity, variable_names
from spn.engine.compiled.source import Function, Writer, bag_cell, bag_number, total_cell
from spn.expressions.walk import free_variables
from spn.net.types import Bind, InputArc, OutputArc

Reader = Callable[[int], str]
"""The source of one number of a token."""


def bit(plan: ClassPlan, name: str) -> int:
    """A variable's bit in the mask of those that are bound."""
    return 1 << list(plan.variables).index(name)


def own_scope(writer: Writer, function: Function, plan: ClassPlan) -> Scope:
    """The index and all variables; those that an arc of multiplicity 0 leaves without a value are checked where they are read."""
    scope = class_scope(writer, function, plan)
    sure: set[str] = set()
    for arc in (*plan.transition.inputs, *plan.transition.tests):
        low = multiplicity(arc.multiplicity, class_scope(writer, function, plan)).low if not _reads(arc, plan) else 0
        if arc.loop is None and low is not None and low >= 1:
            sure |= {entry.name for entry in arc.pattern if isinstance(entry, Bind)}
    for name, parts in plan.variables.items():
        own = variable_formulas(name, parts)
        if name not in sure:
            own = tuple(part._replace(source=f"known(state, mask & {bit(plan, name)}, {part.source})") for part in own)
        scope = scope.bind(name, own)
    return scope


def _reads(arc: InputArc, plan: ClassPlan) -> bool:
    """Whether an arc's multiplicity depends on variables."""
    names = {arc.loop.variable} if arc.loop is not None else set()
    return bool(free_variables(arc.multiplicity) & (names | set(plan.variables)))


def parameters(plan: ClassPlan) -> list[str]:
    """What functions of a binding get: the index, the mask, all numbers of the variables."""
    return ["i", "mask", *variable_names(plan)]


def decode_binding(function: Function, plan: ClassPlan, binding: str) -> None:
    """The mask and the variables from a record."""
    function.add(f"mask = integers({binding})[{b.VALUES}]")
    at = b.VALUES + 2
    for name, parts in plan.variables.items():
        for part, leaf in zip(variable_formulas(name, parts), parts, strict=True):
            read = f"{'reals_at' if leaf.kind == 'real' else 'integers'}({binding})[{at}]"
            function.add(f"{part.source} = {f'({read} != 0)' if leaf.kind == 'bool' else read}")
            at += 1


def open_block(function: Function, head: str) -> None:
    function.add(head)
    function.level += 1


def digits(cells: PlaceCells, colour: str, number: int) -> str:
    """The source of one number of a finite colour from its position."""
    leaf = cells.leaves[number]
    after = 1
    for other in cells.leaves[number + 1 :]:
        after *= other.high - other.low + 1  # type: ignore[operator]
    assert leaf.low is not None and leaf.high is not None
    own = f"{colour} // {after}" if after > 1 else colour
    if number:
        own = f"({own}) % {leaf.high - leaf.low + 1}"
    return f"({own} == 1)" if leaf.kind == "bool" else f"({own} + ({leaf.low}))"


def open_match(function: Function, plan: ClassPlan, arc: InputArc, cells: PlaceCells, scope: Scope, read: Reader, bind: bool) -> None:
    """Conditions, one within another, that a token fits; with `bind` names that are new get its values, else they let anything fit."""
    number = 0
    for entry, parts in zip(arc.pattern, entry_leaves(arc, cells), strict=False):
        reads = [read(number + k) for k in range(len(parts))]
        number += len(parts)
        if entry is None:
            continue
        if isinstance(entry, Bind) and entry.name not in plan.variables:
            continue
        if isinstance(entry, Bind):
            own = variable_formulas(entry.name, parts)
            mark = bit(plan, entry.name)
            same = " and ".join(f"{part.source} == {read}" for part, read in zip(own, reads, strict=True)) or "True"
            if not bind:
                open_block(function, f"if mask & {mark} == 0 or ({same}):")
                continue
            function.add("same = True")
            with function.block(f"if mask & {mark} == 0:"):
                function.add(f"mask |= {mark}", *(f"{part.source} = {read}" for part, read in zip(own, reads, strict=True)))
            with function.block("else:"):
                function.add(f"same = {same}")
            open_block(function, "if same:")
            continue
        given = []
        for part in formulas(entry, scope):
            name = function.fresh("q")
            function.add(f"{name} = {part.source}")
            given.append(name)
        open_block(function, f"if {' and '.join(f'{name} == {read}' for name, read in zip(given, reads, strict=True)) or 'True'}:")


def store_of(writer: Writer, function: Function, cells: PlaceCells, element: str) -> str:
    """A local name for where an element's values are: a bag's or line's cells, or the first colour's cell."""
    name = function.fresh("store")
    if cells.kind == "bag":
        source = bag_cell(writer, function, cells, element)
    elif cells.kind == "line":
        source = line_cell(writer, function, cells, element)
    else:
        source = f"{total_cell(writer, function, cells, element)} + 1"
    function.add(f"{name} = {source}")
    return name


def reader(cells: PlaceCells, store: str, what: str) -> Reader:
    """The numbers of an entry or colour."""
    if cells.kind == "bag":
        return lambda n: bag_number(cells, f"entry_at(state, {store}, {what})", n)
    return lambda n: digits(cells, what, n)


def unfolded(function: Function, arc: InputArc | OutputArc, scope: Scope) -> Scope:
    """Open the loop of a fan; the scope inside. The caller closes it."""
    if arc.loop is None:
        return scope
    over, inner = loop_scope(arc.loop, scope)
    open_block(function, f"for v_{arc.loop.variable} in {over}:")
    return inner
