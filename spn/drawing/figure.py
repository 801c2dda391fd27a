"""The figure: what is to be drawn, as data. What it is made from, and what it looks like, is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

ArcKind = Literal["input", "output", "both", "refill", "test", "inhibitor", "reset"]
"""The kinds of arcs; `both` is an input and an output arc alike, `refill` an inhibitor and an output arc alike, each drawn as one line."""

MOST_NODES = 500
"""The most nodes of a drawing: beyond that nobody can read it, and Graphviz takes minutes."""
MOST_ARCS = 1500
"""The most arcs of a drawing."""


class NotDrawable(Exception):
    """What was asked for cannot be drawn, in words for the user."""


@dataclass(frozen=True, slots=True)
class Marking:
    """The tokens at the start: how many, if that is one number for all elements, and in words where a number does not say it."""

    count: int | None = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class PlaceNode:
    """A place (class): a circle. `index` is its index space, ``child: 1..4``; `notes` stand below it."""

    id: str
    name: str
    index: str = ""
    marking: Marking = Marking()
    notes: tuple[str, ...] = ()
    is_port: bool = False


@dataclass(frozen=True, slots=True)
class TransitionNode:
    """A transition (class): a bar if it is immediate, a box if it is timed. `notes` stand below it."""

    id: str
    name: str
    index: str = ""
    is_timed: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """A port on the border of a box; `cell` is where joins end."""

    cell: str
    name: str
    index: str = ""


@dataclass(frozen=True, slots=True)
class BoxNode:
    """An instance (or an array of them) of a module whose inside is not drawn.

    On the left are the ports that it joins to others, and those that nobody joins; on the right, what others are joined to, in a group for each.
    """

    id: str
    name: str
    module: str
    index: str = ""
    left: tuple[Port, ...] = ()
    right: tuple[tuple[Port, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """Where a line ends: a node, or a port of a box."""

    node: str
    cell: str = ""


@dataclass(frozen=True, slots=True)
class ArcLine:
    """An arc of the net between a place and a transition. `is_possible`: which place it is, tokens decide."""

    kind: ArcKind
    place: End
    transition: str
    inscription: str = ""
    is_possible: bool = False


@dataclass(frozen=True, slots=True)
class JoinLine:
    """A port and what it is joined to: both ends are one place."""

    outer: End
    port: End
    inscription: str = ""


@dataclass(slots=True)
class Cluster:
    """What is drawn inside one frame: an instance (or an array of them) of a module; the outermost has no frame unless it has a name.

    `first` and `last` are nodes at its left and at its right border.
    """

    id: str
    name: str = ""
    module: str = ""
    index: str = ""
    nodes: list[PlaceNode | TransitionNode | BoxNode] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)

    def all_nodes(self) -> Iterator[PlaceNode | TransitionNode | BoxNode]:
        """The nodes in it, and in the clusters in it."""
        yield from self.nodes
        for cluster in self.clusters:
            yield from cluster.all_nodes()


@dataclass(slots=True)
class Figure:
    """A whole drawing. `legend` are the lines below it: what the names in it stand for. `missing` is what does not exist and so is not drawn."""

    root: Cluster
    arcs: list[ArcLine] = field(default_factory=list)
    joins: list[JoinLine] = field(default_factory=list)
    legend: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
