"""Bounds: the least and greatest values of integer ranges among colours, over all instances.

The type of a range is that of all integers, so a range's bounds are kept beside it: for a place of a range by its instances, for products and
records by their colour's name, since a net's text declares each colour once. Joined places have the bounds of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from spn.expressions import types
from spn.expressions.tree import Domain, Range, Variable
from spn.expressions.types import INTEGER, Type
from spn.net.types import Bounds
from spn.resolver import frames
from spn.resolver.frames import Frame
from spn.resolver.fuse import PlaceClass
from spn.resolver.locate import Atlas
from spn.resolver.lower import lower_domain
from spn.text.problems import Problems

ROW = Variable(INTEGER, ":row")


def colour_bounds(atlas: Atlas, groups: Sequence[Sequence[str]], problems: Problems) -> dict[str, Bounds]:
    """The bounds of each component of the products and records that the modules in use declare, by the colour's name.

    `groups` are names of colours that joined places make one.
    """
    found: dict[str, Bounds] = {}
    for module, rows in atlas.elaboration.rows.items():
        everywhere = np.arange(rows.size, dtype=np.int64)
        for name, domains in rows.module.domains.items():
            own = tuple(_hull([(module, everywhere, domain)], atlas, problems) for domain in domains)
            found[name] = tuple(map(_union, found[name], own)) if name in found else own
    for group in groups:
        known = [found[name] for name in group if name in found]
        if len(known) > 1:
            merged = known[0]
            for other in known[1:]:
                merged = tuple(map(_union, merged, other))
            found.update(dict.fromkeys(group, merged))
    return found


def place_bounds(atlas: Atlas, found: PlaceClass, colour: Type, of_colours: Mapping[str, Bounds], problems: Problems) -> Bounds:
    """The bounds of a place class: one pair if its colour is a range, one for each component of a product or record (None: no range)."""
    if isinstance(colour, types.Product | types.Record):
        bounds = of_colours.get(colour.name, ())
        return bounds if any(bound is not None for bound in bounds) else ()
    if colour != INTEGER:
        return ()
    members = [layout for layout in found.members if layout.points] or found.members
    rows = [np.flatnonzero((m.count > 0) | (m.points == 0)) for m in members]
    return (_hull([(m.module, r, m.place.bounds[0]) for m, r in zip(members, rows, strict=True) if m.place.bounds], atlas, problems),)


def _hull(domains: Iterable[tuple[str, frames.Rows, Domain | None]], atlas: Atlas, problems: Problems) -> tuple[int, int] | None:
    """The least and greatest value of some ranges in some rows of their modules; an empty range (of the first row) if all are empty."""
    result: tuple[int, int] | None = None
    for module, rows, domain in domains:
        if not isinstance(domain, Range) or not rows.size:
            continue
        lowered = lower_domain(domain, atlas, module, ROW, {})
        assert isinstance(lowered, Range)
        frame = Frame(rows.size, {}, {":row": rows}, atlas.tables)
        low, high = (frames.evaluate(e, frame, problems) for e in (lowered.start, lowered.stop))
        some = low <= high
        bounds = (int(low[some].min()), int(high[some].max())) if some.any() else (int(low[0]), int(low[0]) - 1)
        result = bounds if result is None else _union(result, bounds)
    return result


def _union(a: tuple[int, int] | None, b: tuple[int, int] | None) -> tuple[int, int] | None:
    if a is None or b is None:
        return a or b
    if a[1] < a[0] or b[1] < b[0]:
        return b if a[1] < a[0] else a
    return min(a[0], b[0]), max(a[1], b[1])
