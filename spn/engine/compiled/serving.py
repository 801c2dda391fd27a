"""Of bindings that are found by enumeration: how often one can be served, and whether the places with a capacity have room, as source."""

from __future__ import annotations

from spn.engine.compiled import records as b
from spn.engine.compiled.cells import LEFT, LISTED
from spn.engine.compiled.formulas import Scope, element_source
from spn.engine.compiled.layout import ClassPlan, PlaceCells
from spn.engine.compiled.matching import open_block, open_match, own_scope, parameters, reader, store_of, unfolded
from spn.engine.compiled.records import DIFFERENT
from spn.engine.compiled.searching import multiplicity
from spn.engine.compiled.source import CONTEXT, Function, Writer, read_number, total_cell
from spn.expressions.walk import free_variables
from spn.net.types import InputArc


def capacity_of(writer: Writer, function: Function, cells: PlaceCells, element: str) -> str:
    """The most tokens that an element may hold."""
    import numpy as np

    prepared, capacity = writer.layout.prepared, cells.place.capacity
    assert capacity is not None
    if cells.place.index not in free_variables(capacity):
        return writer.integer(function, f"capacity_{cells.name}", int(prepared.capacity(cells.number, 0)))
    table = np.array([int(prepared.capacity(cells.number, k)) for k in range(cells.place.size)], np.int64)
    return f"ints[{writer.array(function, f'capacities_{cells.name}', table)} + {element}]"


# How often.


def degree(writer: Writer, function: Function, plan: ClassPlan) -> None:
    """Bring `wanted` down to the enabling degree of what the frames have chosen."""
    valued = [(arc, writer.layout.place(arc.place).kind) for arc in plan.transition.inputs]
    if any(kind == "line" and not all(entry is None for entry in arc.pattern) for arc, kind in valued):
        function.add("wanted = min(wanted, 1)")
    elif all(kind in ("plain", "line") or (arc.pattern and None not in arc.pattern) for arc, kind in valued):
        function.add("wanted = min(wanted, degree_of_frames(state, depth))")
    else:
        called = _serve_again(writer, plan)
        with function.block("if wanted > 0:"):
            function.add(f"wanted = {called}({CONTEXT}, {', '.join(parameters(plan))}, depth, wanted)")


def _serve_again(writer: Writer, plan: ClassPlan) -> str:
    """A function that serves all inputs of a binding from what is left, as often as it goes, at most `limit` times."""
    name = f"degree_{plan.name}"
    about = f"How often {plan.transition.name} can be served, the first time as chosen."
    function = Function(writer, name, ", ".join([*parameters(plan), "depth", "limit"]), about)
    scope = own_scope(writer, function, plan)
    function.add("taking, degree, count = 0, 1, 0")
    with function.block("for k in range(depth):"):
        function.add("frame = integers(frame_at(state, k))")
        with function.block(f"if frame[{b.TAKING}] != 0 and frame[{b.NUMBER}] != 0:"):
            function.add("taking = 1")
    with function.block("if taking == 0:"):
        function.add("return 1")
    with function.block("while degree < limit:"):
        for arc in plan.transition.inputs:
            before = function.level
            inner = unfolded(function, arc, scope)
            function.add(f"element = {element_source(arc.place, arc.element, inner)}", f"number = {multiplicity(arc.multiplicity, inner).source}")
            with function.block("if state[0] != 0:"):
                function.add("return degree")
            open_block(function, "if number != 0:")
            _serve_one(writer, function, plan, arc, inner)
            function.level = before
        function.add("degree += 1")
    function.add("return degree")
    writer.define(function)
    return name


def _serve_one(writer: Writer, function: Function, plan: ClassPlan, arc: InputArc, scope: Scope) -> None:
    """The first value that fits and of which enough is left."""
    cells = writer.layout.place(arc.place)
    total = f"tokens[{total_cell(writer, function, cells, 'element')}]"
    function.add(f"at = seek_left(state, count, 0, {cells.number}, element)")
    store = store_of(writer, function, cells, "element") if cells.kind in ("finite", "bag") else ""
    with function.block("if at == count:"):
        if not store:
            function.add(f"left_of_it = {total} - taken_there(state, depth, {cells.number}, element)")
            function.add(f"count = note_left(state, count, {cells.number}, element, -1, left_of_it)")
        elif cells.kind == "bag":
            with function.block(f"for nth in range(state[{store} + {DIFFERENT}]):"):
                function.add(f"what = chosen(state, {store}, nth)")
                function.add(f"left_of_it = count_in(state, {store}, what) - taken_like(state, depth, {cells.number}, element, what)")
                function.add(f"count = note_left(state, count, {cells.number}, element, what, left_of_it)")
        else:
            with function.block(f"for what in range({writer.colours(function, cells)}):"), function.block(f"if tokens[{store} + what] > 0:"):
                function.add(f"left_of_it = tokens[{store} + what] - taken_like(state, depth, {cells.number}, element, what)")
                function.add(f"count = note_left(state, count, {cells.number}, element, what, left_of_it)")
    function.add(f"left = integers(state[{LEFT}])", "served = False")
    with function.block(f"while not served and at < count and left[4 * at] == {cells.number} and left[4 * at + 1] == element:"):
        before = function.level
        open_block(function, "if left[4 * at + 3] >= number:")
        if store:
            open_match(function, plan, arc, cells, scope, reader(cells, store, "left[4 * at + 2]"), bind=False)
        function.add("left[4 * at + 3] -= number", "served = True")
        function.level = before
        function.add("at += 1")
    with function.block("if not served or state[0] != 0:"):
        function.add("return degree")


# Whether there is room.


def capacity_call(writer: Writer, plan: ClassPlan) -> str:
    """A condition: no element with a capacity would be left with more tokens than that ("": there is none)."""
    layout = writer.layout
    limited = [arc for arc in plan.transition.outputs if layout.place(arc.place).place.capacity is not None]
    if not limited:
        return ""
    name = f"has_room_{plan.name}"
    function = Function(writer, name, ", ".join([*parameters(plan), "depth"]), f"Whether a firing of {plan.transition.name} exceeds no capacity.")
    scope = own_scope(writer, function, plan)
    function.add("count = 0")
    for arc in limited:
        cells, before = layout.place(arc.place), function.level
        inner = unfolded(function, arc, scope)
        puts = writer.region(function, f"puts_{cells.name}", cells.place.size)
        function.add(f"element = {element_source(arc.place, arc.element, inner)}", f"number = {multiplicity(arc.multiplicity, inner).source}")
        with function.block("if number != 0:"):
            function.add(f"state[{puts} + element] += number", f"count = note_put(state, count, {cells.number}, element)")
        function.level = before
    function.add(f"listed = integers(state[{LISTED}])", "good = state[0] == 0")
    with function.block("for k in range(count):"):
        function.add("place, element = listed[2 * k], listed[2 * k + 1]")
        for cells in dict.fromkeys(layout.place(arc.place) for arc in limited):
            puts = writer.region(function, f"puts_{cells.name}", cells.place.size)
            with function.block(f"if place == {cells.number} and good:"):
                _staying(writer, function, plan, cells, scope)
                function.add(f"good = staying + state[{puts} + element] <= {capacity_of(writer, function, cells, 'element')}")
    with function.block("for k in range(count):"):
        for cells in dict.fromkeys(layout.place(arc.place) for arc in limited):
            puts = writer.region(function, f"puts_{cells.name}", cells.place.size)
            with function.block(f"if listed[2 * k] == {cells.number}:"):
                function.add(f"state[{puts} + listed[2 * k + 1]] = 0")
    function.add("return good")
    writer.define(function)
    return f"{name}({CONTEXT}, {', '.join(parameters(plan))}, depth)"


def _staying(writer: Writer, function: Function, plan: ClassPlan, cells: PlaceCells, scope: Scope) -> None:
    """The tokens of `element` that neither inputs nor resets take."""
    total = f"tokens[{total_cell(writer, function, cells, 'element')}]"
    function.add(f"staying = {total} - taken_there(state, depth, {cells.number}, element)")
    resets = [arc for arc in plan.transition.resets if arc.place == cells.place.name]
    partly = [arc for arc in resets if cells.kind != "plain" and any(entry is not None for entry in arc.pattern)]
    for arc in resets:
        before = function.level
        inner = unfolded(function, arc, scope)
        open_block(function, f"if {element_source(arc.place, arc.element, inner)} == element:")
        open_block(function, f"if {multiplicity(arc.multiplicity, inner).source} != 0:")
        function.add("pass" if arc in partly else "staying = 0")
        function.level = before
    if partly:
        open_block(function, "if staying > 0:")
        _staying_values(writer, function, plan, cells, partly, scope)
        function.level -= 1


def _staying_values(writer: Writer, function: Function, plan: ClassPlan, cells: PlaceCells, resets: list[InputArc], scope: Scope) -> None:
    """The same where resets take some tokens only: each value that is there is held against them."""
    before = function.level
    store = store_of(writer, function, cells, "element")
    if cells.kind == "line":
        # Those that inputs take are the first on offer.
        start = "0" if cells.place.order == "lifo" else f"taken_there(state, depth, {cells.number}, element)"
        function.add(f"first = {start}", "rest = staying")
        open_block(function, "for what in range(first, first + rest):")
        function.add("here = 1")
    elif cells.kind == "bag":
        open_block(function, f"for nth in range(state[{store} + {DIFFERENT}]):")
        function.add(f"what = chosen(state, {store}, nth)")
        function.add(f"here = count_in(state, {store}, what) - taken_like(state, depth, {cells.number}, element, what)")
    else:
        open_block(function, f"for what in range({writer.colours(function, cells)}):")
        function.add(f"here = tokens[{store} + what] - taken_like(state, depth, {cells.number}, element, what)")
    function.add("gone = here <= 0")
    read = (lambda n: read_number(cells, store, "what", n)) if cells.kind == "line" else reader(cells, store, "what")
    for arc in resets:
        inside = function.level
        inner = unfolded(function, arc, scope)
        open_block(function, f"if not gone and {element_source(arc.place, arc.element, inner)} == element:")
        open_block(function, f"if {multiplicity(arc.multiplicity, inner).source} != 0:")
        open_match(function, plan, arc, cells, inner, read, bind=False)
        function.add("gone, staying = True, staying - here")
        function.level = inside
    function.level = before
