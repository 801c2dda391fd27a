"""One name for each colour: what joined places make one colour has one type in the net, and only the colours that it uses are declared.

Modules may call a colour differently; where their places are joined, tokens go from the one to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from spn.expressions.tokens import components
from spn.expressions.tree import Expression, Field, Node, Reduce, Values
from spn.expressions.types import Boolean, Distribution, Dot, Enumeration, InstanceOf, Number, Product, Record, Table, Type
from spn.expressions.walk import transform, walk
from spn.net.types import Net
from spn.resolver.fuse import PlaceClass

TYPES = (Number, Boolean, Enumeration, Product, Record, Dot, Distribution, Table, InstanceOf)


def colour_groups(classes: Sequence[PlaceClass]) -> list[list[str]]:
    """Names of colours that are the colour of one place, or components of such; the representative's comes first."""
    group: dict[str, list[str]] = {}

    def link(a: Type, b: Type) -> None:
        if isinstance(a, Enumeration | Product | Record) and isinstance(b, Enumeration | Product | Record):
            one, other = group.setdefault(a.name, [a.name]), group.setdefault(b.name, [b.name])
            if one is not other:
                one += other
                group.update(dict.fromkeys(other, one))
        if isinstance(a, Product | Record):
            for (_, x), (_, y) in zip(components(a) or (), components(b) or (), strict=True):
                link(x, y)

    for found in classes:
        if found.which.size:
            colour = found.layouts[int(found.which[0])].place.colour
            for layout in found.members:
                link(colour, layout.place.colour)
    return [list(names) for names in {id(names): names for names in group.values()}.values()]


def with_one_name_for_each_colour(net: Net, groups: Sequence[Sequence[str]]) -> Net:
    """The net with the first name of each group in the place of the others, and with the colours that it uses."""
    names = {name: group[0] for group in groups for name in group}

    def renamed(type_: Type) -> Type:
        match type_:
            case Enumeration(name, members):
                return Enumeration(names.get(name, name), members)
            case Product(name, parts):
                return Product(names.get(name, name), tuple(map(renamed, parts)))
            case Record(name, parts_):
                return Record(names.get(name, name), tuple((key, renamed(part)) for key, part in parts_))
            case _:
                return type_

    net = replace(
        net,
        places=_retyped(net.places, renamed),
        transitions=_retyped(net.transitions, renamed),
        measures=_retyped(net.measures, renamed),
        table_types={name: renamed(type_) for name, type_ in net.table_types.items()},
    )
    return replace(net, colours=_used(net), bounds={name: net.bounds[name] for name in _used(net) if name in net.bounds})


def _retyped(item: Any, renamed: Callable[[Type], Type]) -> Any:
    if isinstance(item, TYPES):
        return renamed(item)
    if isinstance(item, Node):
        return transform(item, lambda node: _retyped_node(node, renamed))  # type: ignore[arg-type]
    if isinstance(item, tuple):
        return tuple(_retyped(part, renamed) for part in item)
    if not is_dataclass(item) or type(item).__module__ != Net.__module__ or isinstance(item, type):
        return item
    changed = {f.name: _retyped(getattr(item, f.name), renamed) for f in fields(item)}
    return replace(item, **changed)


def _retyped_node(node: Expression, renamed: Callable[[Type], Type]) -> Expression:
    node = replace(node, type=renamed(node.type))
    if isinstance(node, Reduce) and isinstance(node.domain, Values):
        return replace(node, domain=Values(renamed(node.domain.colour)))
    if isinstance(node, Field) and isinstance(node.base.type, Product):
        # Not by the component's colour, whose name may have changed.
        return replace(node, name=(components(node.base.type) or ())[node.index][0])
    return node


def _used(net: Net) -> dict[str, Type]:
    """The types that a net's text has to declare, each after those it is made of."""
    found: dict[str, Type] = {}

    def add(type_: Type) -> None:
        if isinstance(type_, Product | Record):
            for _, part in components(type_) or ():
                add(part)
        if isinstance(type_, Enumeration | Product | Record) and type_.name:
            found.setdefault(type_.name, type_)

    for type_ in _types((net.places, net.transitions, net.measures)):
        add(type_)
    for type_ in net.table_types.values():
        add(type_)
    return found


def _types(item: Any) -> Iterator[Type]:
    if isinstance(item, TYPES):
        yield item
    elif isinstance(item, Node):
        for node in walk(item):  # type: ignore[arg-type]
            yield node.type
            if isinstance(node, Reduce) and isinstance(node.domain, Values):
                yield node.domain.colour
    elif isinstance(item, tuple):
        for part in item:
            yield from _types(part)
    elif is_dataclass(item) and type(item).__module__ == Net.__module__:
        for f in fields(item):
            yield from _types(getattr(item, f.name))
