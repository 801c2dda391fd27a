"""Place fusion: which declared places are one place, and the place classes and elements that result.

Joined points become one element. Declared places among whose elements a port can choose become one class, so that each arc of a
transition class leads to one place class in all its instances. Everything is vectorised over points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from spn.expressions import types
from spn.expressions.tree import Variable
from spn.expressions.types import INTEGER, Type
from spn.net.rewrite import unused
from spn.records import dataclass
from spn.resolver import frames
from spn.resolver.declarations import Connection, Instance, Loop, Place
from spn.resolver.frames import Frame
from spn.resolver.locate import Atlas, Found, Layout
from spn.resolver.lower import lower, lower_domain, lower_path
from spn.text.problems import Problems
from spn.text.source import Span

Points = NDArray[np.int64]
Small = NDArray[np.int32]
NOTHING: Points = np.zeros(0, np.int64)


@dataclass(slots=True)
class PlaceClass:
    """The elements of one class: of each its representative's layout (a position in `layouts`) and point."""

    name: str
    layouts: list[Layout]
    which: Points
    point: Points
    members: list[Layout] = field(default_factory=list)


def fuse(atlas: Atlas, problems: Problems) -> list[PlaceClass]:
    """Join what connections join; register for each declared place the table from its points to elements of its class."""
    layouts = sorted(atlas.layouts.values(), key=_rank)
    offsets: dict[tuple[str, str], int] = {}
    total = 0
    for layout in layouts:
        offsets[layout.module, layout.place.name] = total
        total += layout.points
    # All points of a net are at hand at once here, so what is known of each is kept small.
    numbers: Small = np.repeat(np.arange(len(layouts), dtype=np.int32), [layout.points for layout in layouts])
    pairs = _pairs(atlas, offsets, problems)
    problems.stop_if_any()
    root = _joined(total, *pairs)
    _check_joined(layouts, numbers, root, problems)
    problems.stop_if_any()
    return _classes(atlas, layouts, numbers, root)


def _rank(layout: Layout) -> tuple[bool, int]:
    """Representatives are places rather than ports, and plain ports rather than elements of port arrays; else in order of declaration."""
    return layout.place.is_port, len(layout.place.dims)


def _pairs(atlas: Atlas, offsets: Mapping[tuple[str, str], int], problems: Problems) -> tuple[Points, Points]:
    """Numbers of the points that are joined, pairwise."""
    left, right = [NOTHING], [NOTHING]
    for module, rows in atlas.elaboration.rows.items():
        for instance in rows.module.instances.values():
            if not instance.connections or instance.name not in rows.children:
                continue
            frame, child = _instances(atlas, module, instance, problems)
            if not child.size:
                continue
            for connection in instance.connections:
                a, b = _connect(atlas, module, instance, connection, frame, child, offsets, problems)
                left.append(a)
                right.append(b)
    return np.concatenate(left), np.concatenate(right)


def _instances(atlas: Atlas, module: str, instance: Instance, problems: Problems) -> tuple[Frame, Points]:
    """The parent's frame with a row for each instance of a declaration (its row in variable ``:row``), and the instance's row."""
    frame = atlas.elaboration.rows[module].frame
    frame = Frame(frame.size, frame.parameters, {":row": np.arange(frame.size, dtype=np.int64)}, frame.tables)
    for loop in instance.loops:
        expanded = frames.expand(frame, loop, problems)
        assert expanded is not None
        frame = expanded[0]
    child = atlas.tables[f"{module}/{instance.name}:rows"]
    return frame.where(child >= 0), child[child >= 0]


def _connect(
    atlas: Atlas,
    module: str,
    instance: Instance,
    connection: Connection,
    frame: Frame,
    child: Points,
    offsets: Mapping[tuple[str, str], int],
    problems: Problems,
) -> tuple[Points, Points]:
    known = {loop.variable: loop.domain for loop in instance.loops}
    row = Variable(INTEGER, ":row")
    frame = Frame(frame.size, {}, {**frame.variables, ":child": child}, atlas.tables)
    if connection.loop is not None:
        known[connection.loop.variable] = connection.loop.domain
        domain = lower_domain(connection.loop.domain, atlas, module, row, known)
        expanded = frames.expand(frame, replace(connection.loop, domain=domain), problems)
        if expanded is None:
            return NOTHING, NOTHING
        frame = expanded[0]
    target = connection.target
    port_indices = tuple(lower(e, atlas, module, row, known) for e in connection.indices)
    a_layout, a = atlas.point(instance.module, Variable(INTEGER, ":child"), (), connection.port, port_indices, {}, connection.span)
    path = lower_path(target.path, atlas, module, row, known)
    target_indices = tuple(lower(e, atlas, module, row, known) for e in target.indices)
    b_layout, b = atlas.point(module, row, path, target.place, target_indices, known, target.span)
    _check_kinds(a_layout.place, b_layout.place, target.span or connection.span, problems)
    a_points, a_rows = _spread(a, frame, connection, problems)
    b_points, b_rows = _spread(b, frame, connection, problems)
    if len(a_points) != len(b_points) or bool((a_rows != b_rows).any()):
        message = f"port '{connection.port}' and '{target.place}' are arrays of different sizes and cannot be joined as a whole"
        problems.error("sizes-differ", message, connection.span, "join their elements: 'port(k): place(k) for k in 1..n'")
        return NOTHING, NOTHING
    return a_points + offsets[a_layout.module, a_layout.place.name], b_points + offsets[b_layout.module, b_layout.place.name]


def _spread(found: Found, frame: Frame, connection: Connection, problems: Problems) -> tuple[Points, Points]:
    """The points found in each row of the frame, and the row of each."""
    rows = np.arange(frame.size, dtype=np.int64)
    for variable, domain, _ in found.loops:
        expanded = frames.expand(frame, Loop(variable, INTEGER, domain, connection.span), problems)
        if expanded is None:
            return NOTHING, NOTHING
        frame, inner = expanded
        rows = rows[inner]
    points = frames.evaluate(found.guarded(), frame, problems).astype(np.int64)
    if bool((points < 0).any()):
        message = f"port '{connection.port}' is joined to an element of '{connection.target.place}' that does not exist"
        problems.error("bad-index", message, connection.target.span or connection.span)
        points = np.maximum(points, 0)
    return points, rows


def _joined(total: int, left: Points, right: Points) -> Points:
    """For each of `total` points the least point that it is joined to, over any number of joints.

    Labels spread along the joints until nothing changes, halving the way to the root in each round (a vectorised union-find).
    """
    root = np.arange(total, dtype=np.int64)
    while True:
        a, b = root[left], root[right]
        low = np.minimum(a, b)
        if bool((a == b).all()):
            return root
        np.minimum.at(root, a, low)
        np.minimum.at(root, b, low)
        while bool((root[root] != root).any()):
            root = root[root]


def _check_joined(layouts: Sequence[Layout], numbers: Small, root: Points, problems: Problems) -> None:
    """Joined places must be of one kind, and at most one of them may be a place that is no port."""
    for position, layout in enumerate(layouts):
        own = np.flatnonzero(numbers == position)
        for other in _distinct(numbers[root[own]]):
            representative = layouts[other]
            if representative is layout:
                continue
            _check_kinds(layout.place, representative.place, layout.place.span, problems)


def _check_kinds(a: Place, b: Place, span: Span | None, problems: Problems) -> None:
    """What is wrong with joining a place to another, told at `span`."""
    if not a.is_port and not b.is_port:
        problems.error("joined-places", f"'{a.name}' and '{b.name}' are joined through a port, but neither is a port itself", span)
    if not same_kind(a.colour, b.colour):
        problems.error("wrong-colour", f"'{a.name}' and '{b.name}' are joined but have different colours", span)
    if a.order is not None and b.order is not None and a.order != b.order:
        problems.error("wrong-order", f"'{a.name}' ({a.order}) and '{b.name}' ({b.order}) are joined but have different orders", span)
    if a.capacity is not None and b.capacity is not None:
        problems.error("two-capacities", f"'{a.name}' and '{b.name}' are joined and both have a capacity", span, "leave it to one")


def _distinct(values: Small) -> Points:
    """The different values of an array of small numbers, in order."""
    return np.flatnonzero(np.bincount(values)).astype(np.int64)


def same_kind(a: Type, b: Type) -> bool:
    """Whether two colours have the same values, whatever they are called."""
    if isinstance(a, types.Enumeration) and isinstance(b, types.Enumeration):
        return a.members == b.members
    if isinstance(a, types.Product) and isinstance(b, types.Product):
        return len(a.components) == len(b.components) and all(map(same_kind, a.components, b.components))
    if isinstance(a, types.Record) and isinstance(b, types.Record):
        names = [name for name, _ in a.fields] == [name for name, _ in b.fields]
        return names and all(same_kind(x, y) for (_, x), (_, y) in zip(a.fields, b.fields, strict=True))
    return a == b


def _classes(atlas: Atlas, layouts: Sequence[Layout], numbers: Small, root: Points) -> list[PlaceClass]:
    """Group declared places into classes and number the elements of each."""
    group = list(range(len(layouts)))
    owners = [_distinct(numbers[root[numbers == position]]) for position in range(len(layouts))]
    for position, found in enumerate(owners):
        members = [position] if not found.size else [int(k) for k in found]
        least = min(group[k] for k in members)
        merged = {group[k] for k in members}
        group = [least if g in merged else g for g in group]
    # A declared place all of whose points stand for others belongs to the class of those.
    for position, found in enumerate(owners):
        if found.size:
            group[position] = group[int(found[0])]
    classes: list[PlaceClass] = []
    taken = {type_.name for m in atlas.elaboration.modules.values() for type_ in m.colours.values() if isinstance(type_, _NAMED)}
    representative = root == np.arange(len(root))
    for number in dict.fromkeys(sorted(group, key=lambda g: _declared(atlas, layouts[g]))):
        members = [k for k, g in enumerate(group) if g == number]
        belongs = np.zeros(len(layouts), np.bool_)
        belongs[members] = True
        elements = np.flatnonzero(representative & belongs[numbers])
        element = np.full(len(root), -1, np.int32)
        element[elements] = np.arange(len(elements), dtype=np.int32)
        starts = {k: int(np.searchsorted(numbers, k)) for k in members}
        name = unused(_class_name(layouts[number]), taken)
        taken.add(name)
        which = numbers[elements].astype(np.int64)
        first = np.zeros(len(layouts), np.int64)
        first[members] = [starts[k] for k in members]
        point = elements - first[which]
        classes.append(PlaceClass(name, list(layouts), which, point, [layouts[k] for k in members]))
        for k in members:
            layout = layouts[k]
            layout.final_class = name
            own = root[starts[k] : starts[k] + layout.points]
            table = atlas.tables[f"{layout.module}.{layout.place.name}:element"] = element[own].astype(np.int64)
            # As many different numbers as there are elements, in order: the elements themselves.
            layout.is_class = layout.points == len(elements) and bool((table[1:] > table[:-1]).all())
    return classes


def _declared(atlas: Atlas, layout: Layout) -> tuple[int, int]:
    modules = list(atlas.elaboration.rows)
    return modules.index(layout.module), list(atlas.elaboration.modules[layout.module].places).index(layout.place.name)


_NAMED = (types.Enumeration, types.Product, types.Record)


def _class_name(layout: Layout) -> str:
    return f"{layout.module}__{layout.place.name}" if layout.module else layout.place.name
