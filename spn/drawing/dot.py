"""A figure as DOT text: shapes, fonts and lines. The same figure gives the same text; what is in a figure is decided elsewhere.

The name of a node stands above its shape and its notes below, so the shape is in the middle of a label whose halves are of equal height: Graphviz
lays a net out from left to right, and lines meet the shape where there is no text. A transition is a cell of its label rather than the shape of its
node, because Graphviz ends lines at the wrong distance from oblong nodes with a label outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from spn.drawing.figure import ArcKind, ArcLine, BoxNode, Cluster, End, Figure, JoinLine, Marking, PlaceNode, Port, TransitionNode
from spn.drawing.html import escape, quoted, wrapped

NAME_SIZE, NOTE_SIZE = 11, 9
NAME_LINE, NOTE_LINE = 14, 12
"""Heights of a line of a name and of a note, in points, that hold whatever font stands in for Helvetica."""
NAME_WIDTH, NOTE_WIDTH, INSCRIPTION_WIDTH, LEGEND_WIDTH = 24, 30, 18, 100
"""The longest line of each kind of text, in characters."""

CIRCLE = 26
BAR, BOX = (5, 32), (14, 32)
"""Sizes of shapes in points: a place's diameter, width and height of an immediate and of a timed transition."""
GAP = 6
"""Between a shape and its texts, in points: room for the head of a line."""

INK, FRAME, GREY, NOTE = "#000000", "#7f7f7f", "#e4e4e4", "#404040"
JOIN = "#606060"
PAPER = "#ffffff"
SHADES = ("#f7f7f7", "#efefef")

_HEADS: dict[ArcKind, str] = {
    "input": "arrowhead=normal",
    "output": "arrowhead=normal",
    "both": "arrowhead=normal, arrowtail=normal, dir=both",
    "refill": "arrowhead=normal, arrowtail=odot, dir=both",
    "test": "arrowhead=dot",
    "inhibitor": "arrowhead=odot",
    "reset": "arrowhead=normalnormal",
}
_HEAD = """\
digraph net {
  graph [rankdir=LR, nodesep=0.22, ranksep=0.42, fontname="Helvetica", fontsize=9, bgcolor=white, outputorder=edgesfirst, pad=0.1];
  node [shape=plain, fontname="Helvetica", fontsize=11, penwidth=1];
  edge [fontname="Helvetica", fontsize=9, penwidth=0.8, arrowsize=0.55];
"""


def to_dot(figure: Figure) -> str:
    """The DOT text of a figure."""
    lines = [*_cluster(figure.root, 0)]
    lines += [_arc(arc) for arc in figure.arcs]
    lines += [_join(join) for join in figure.joins]
    if figure.legend:
        rows = "".join(escape(line) + '<BR ALIGN="LEFT"/>' for line in _packed(figure.legend))
        lines.append(f'label=<<FONT COLOR="{NOTE}">{rows}</FONT>>; labelloc=b; labeljust=l;')
    return _HEAD + "".join(f"  {line}\n" for line in lines) + "}\n"


def _packed(entries: Iterable[str]) -> list[str]:
    """The entries of the legend in lines, an entry in one line where it fits."""
    lines: list[str] = []
    for entry in entries:
        first, *others = wrapped(entry, LEGEND_WIDTH)
        if lines and len(lines[-1]) + len(first) + 3 <= LEGEND_WIDTH:
            lines[-1] += f",  {first}"
        else:
            lines.append(first)
        lines += others
    return lines


def _cluster(cluster: Cluster, depth: int) -> Iterator[str]:
    """A cluster with its frame, if it has a title; nested ones are darker."""
    inside = [*_contents(cluster, depth)]
    if not cluster.name:
        yield from inside
        return
    title = f"<B>{escape(cluster.name)}</B>{_index(cluster.index)}"
    if cluster.module:
        title += f' <FONT COLOR="{NOTE}">: <I>{escape(cluster.module)}</I></FONT>'
    style = f'style="filled,rounded", fillcolor="{SHADES[depth % len(SHADES)]}", color="{FRAME}", penwidth=0.8'
    yield f"subgraph {quoted(f'cluster_{cluster.id}')} {{"
    yield f"  graph [label=<{title}>, fontsize={NAME_SIZE}, labeljust=l, margin=10, {style}];"
    yield from (f"  {line}" for line in inside)
    yield "}"


def _contents(cluster: Cluster, depth: int) -> Iterator[str]:
    paper = SHADES[depth % len(SHADES)] if cluster.name else PAPER
    for node in cluster.nodes:
        match node:
            case PlaceNode():
                yield _place(node, paper)
            case TransitionNode():
                yield _transition(node, paper)
            case BoxNode():
                yield _box(node)
    for inner in cluster.clusters:
        yield from _cluster(inner, depth + bool(cluster.name))
    for rank, ids in (("min", cluster.first), ("max", cluster.last)):
        if ids:
            yield f"{{ rank={rank}; {' '.join(f'{quoted(id)};' for id in ids)} }}"


# Nodes


def _place(node: PlaceNode, paper: str) -> str:
    inside, below = _tokens(node.marking)
    notes = [*below, *node.notes]
    middle = f'<TD HEIGHT="{CIRCLE}" WIDTH="{CIRCLE}">{inside}</TD>'
    label = _around(node.name, node.index, middle, notes, paper)
    fill = GREY if node.is_port else "white"
    size = CIRCLE / 72
    shape = f'shape=circle, fixedsize=shape, width={size:.3f}, height={size:.3f}, style=filled, fillcolor="{fill}"'
    return f"{quoted(node.id)} [{shape}, label=<{label}>];"


def _transition(node: TransitionNode, paper: str) -> str:
    """A bar or box in four parts, so that heads of different kinds do not lie on each other."""
    width, height = BOX if node.is_timed else BAR
    fill = "white" if node.is_timed else INK
    parts = "".join(f'<TR><TD PORT="{port}" WIDTH="1" HEIGHT="{height // 4 - 2}"></TD></TR>' for port in "tior")
    shape = f'<TD WIDTH="{width}" HEIGHT="{height}" FIXEDSIZE="TRUE" BORDER="1" BGCOLOR="{fill}">{_TABLE}{parts}</TABLE></TD>'
    middle = f'<TD ALIGN="CENTER">{_TABLE}<TR>{shape}</TR></TABLE></TD>'
    return f"{quoted(node.id)} [label=<{_around(f'/{node.name}', node.index, middle, node.notes, paper)}>];"


_PORTS: dict[ArcKind, str] = {"input": "i", "output": "o", "both": "i", "refill": "r", "test": "t", "inhibitor": "r", "reset": "r"}
"""The part of a transition at which each kind of arc ends."""


def _around(name: str, index: str, middle: str, notes: Iterable[str], paper: str) -> str:
    """A label with the shape's row in the middle; a name that starts with a slash is written in italics.

    Texts lie on pieces of `paper`, which interrupt the node's own lines, with a gap around the shape for the heads of lines.
    """
    italic = name.startswith("/")
    first = [f"<I>{escape(line)}</I>" if italic else escape(line) for line in wrapped(name.removeprefix("/"), NAME_WIDTH)]
    if index:
        fits = len(name) + len(index) < NAME_WIDTH and len(first) == 1
        first = [first[0] + _index(index)] if fits else [*first, *(_small(line) for line in wrapped(f"[{index}]", NOTE_WIDTH))]
    small = [_small(line) for note in notes for line in wrapped(note, NOTE_WIDTH)]
    height = max(NAME_LINE * len(first), NOTE_LINE * len(small))
    above = [_blank(height - NAME_LINE * len(first)), *(_text(line, NAME_LINE, paper) for line in first), _blank(GAP)]
    below = [_blank(GAP), *(_text(line, NOTE_LINE, paper) for line in small), _blank(height - NOTE_LINE * len(small))]
    return f"{_TABLE}{''.join(above)}<TR>{middle}</TR>{''.join(below)}</TABLE>"


def _text(line: str, height: int, paper: str) -> str:
    """A row with a line of text on paper hardly wider than the text: the empty cells beside it take most of the width that other rows need."""
    return f'<TR><TD>{_TABLE}<TR>{_MARGIN}<TD HEIGHT="{height}" BGCOLOR="{paper}">{line}</TD>{_MARGIN}</TR></TABLE></TD></TR>'


def _blank(height: int) -> str:
    return f'<TR><TD HEIGHT="{height}"></TD></TR>' if height else ""


_MARGIN = "<TD></TD>" * 4
_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'


def _small(text: str) -> str:
    return f'<FONT POINT-SIZE="{NOTE_SIZE}" COLOR="{NOTE}">{escape(text)}</FONT>'


def _index(index: str) -> str:
    return f" {_small(f'[{index}]')}" if index else ""


def _tokens(marking: Marking) -> tuple[str, list[str]]:
    """What stands in the circle, and what below it."""
    count, below = marking.count, [marking.text] if marking.text else []
    if not count:
        return "", below
    if count <= len(_DOTS):
        return _DOTS[count - 1], below
    if count <= 9_999:
        return f'<FONT POINT-SIZE="{NAME_SIZE if count < 100 else 8}">{count}</FONT>', below
    return "#", [f"{count:,} tokens", *below]


_DOTS = (
    '<FONT POINT-SIZE="11">●</FONT>',
    '<FONT POINT-SIZE="9">●●</FONT>',
    '<FONT POINT-SIZE="8">●<BR/>●●</FONT>',
    '<FONT POINT-SIZE="8">●●<BR/>●●</FONT>',
)


def _box(node: BoxNode) -> str:
    """An instance whose inside is not drawn: a filled rectangle with its ports on the border."""
    title = f'<B>{escape(node.name)}</B>{_index(node.index)}<BR/><FONT POINT-SIZE="{NOTE_SIZE}" COLOR="{NOTE}"><I>{escape(node.module)}</I></FONT>'
    right = [cell for group in node.right for cell in (_GAP, *(_port(port, "RIGHT") for port in group))][1:]
    left = [_port(port, "LEFT") for port in node.left]
    rows = [f"<TR>{a}{b}</TR>" for a, b in zip_longest(left, right, fillvalue="<TD></TD>")]
    border = f'BORDER="{2 if node.index else 1}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" BGCOLOR="{GREY}"'
    heading = f'<TR><TD COLSPAN="2" CELLPADDING="4">{title}</TD></TR>'
    return f"{quoted(node.id)} [label=<<TABLE {border}>{heading}{''.join(rows)}</TABLE>>];"


_GAP = '<TD HEIGHT="8"></TD>'


def _port(port: Port, side: str) -> str:
    text = escape(port.name) + (f" [{escape(port.index)}]" if port.index else "")
    shown = f"○ {text}" if side == "LEFT" else f"{text} ○"
    return f'<TD PORT="{port.cell}" ALIGN="{side}"><FONT POINT-SIZE="{NOTE_SIZE}">{shown}</FONT></TD>'


# Lines


def _arc(arc: ArcLine) -> str:
    place, transition = _end(arc.place), f"{quoted(arc.transition)}:{_PORTS[arc.kind]}"
    ends = f"{transition} -> {place}" if arc.kind in ("output", "refill") else f"{place} -> {transition}"
    style = ", style=dotted" if arc.is_possible else ""
    return f"{ends} [{_HEADS[arc.kind]}{style}{_inscription(arc.inscription)}];"


def _join(join: JoinLine) -> str:
    return f'{_end(join.outer)} -> {_end(join.port)} [dir=none, style=dashed, color="{JOIN}"{_inscription(join.inscription)}];'


def _end(end: End) -> str:
    return f"{quoted(end.node)}:{quoted(end.cell)}" if end.cell else quoted(end.node)


def _inscription(text: str) -> str:
    return f", label=<{'<BR/>'.join(escape(line) for line in wrapped(text, INSCRIPTION_WIDTH))}>" if text else ""
