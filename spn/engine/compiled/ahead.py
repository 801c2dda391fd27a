"""What the firing of a clock to come will need, as source: that is brought near the processor before. When this is worth while `buckets` decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spn.engine.compiled.cells import AHEAD, ENTRIES
from spn.engine.compiled.layout import ClassPlan, PlaceCells
from spn.engine.compiled.relations import Change
from spn.engine.compiled.source import CONTEXT, Function, Writer, plus

MOST = 4
"""Of more classes, or places, no more is asked for than the clock itself."""

CALL = f"""\
            if state[{AHEAD}] != -1:
                look_ahead({CONTEXT}, state[{AHEAD}])
                state[{AHEAD}] = -1
"""


def write(writer: Writer, changes: Mapping[int, Sequence[Change]], remembered: bool) -> str:
    """Write ``look_ahead(..., clock)``, and give the lines that call it; none if nothing is known. `changes` are those of each class by number."""
    function = Function(writer, "look_ahead", "clock", "What is needed if this clock fires is brought near.")
    if remembered:
        function.add("bring_row(state, clock)")
    else:
        timed = [plan for plan in writer.layout.timed if plan.number in changes]
        places = _places(writer, timed, changes)
        if not places:
            return ""
        _write_elements(function, timed, places)
    writer.define(function, inline=True)
    return CALL


def _places(writer: Writer, timed: list[ClassPlan], changes: Mapping[int, Sequence[Change]]) -> list[PlaceCells]:
    """Places of which each class changes the element of its index, if all classes are of the same size and have a clock for each index."""
    sizes = {plan.transition.size for plan in timed}
    if len(sizes) != 1 or len(timed) > MOST or not all(plan.single and plan.bindings == 1 and not plan.enumerated for plan in timed):
        return []
    own = np.arange(sizes.pop())
    found: list[PlaceCells] = []
    for change in (change for plan in timed for change in changes[plan.number]):
        cells = writer.layout.places[change.place]
        if cells.kind == "plain" and cells not in found and change.elements is not None and not change.fan:
            if len(own) > 1 and np.array_equal(change.elements[:, 0], own):
                found.append(cells)
    return found if len(found) <= MOST else []


def _write_elements(function: Function, timed: list[ClassPlan], places: list[PlaceCells]) -> None:
    """The tokens of the clock's index, and its clocks of all classes: one that fires as a rule sets another."""
    writer = function.writer
    function.add("first = 0")
    slots = [writer.slots(function, plan) for plan in timed]
    for each in filter(None, slots):
        # A choice of numbers, not a jump that would be guessed wrongly.
        function.add(f"first = {each} if clock >= {each} else first")
    function.add("i = clock - first")
    for cells in places:
        function.add(f"prefetch_cell(tokens, {plus(writer.first(function, cells), 'i')})")
    for each in slots:
        function.add(f"prefetch(state[{ENTRIES}] + 16 * ({plus(each, 'i')}))")
