"""Drawings of models and nets: what to draw in `folded` and `unfolded`, how it looks in `dot`, pictures in `pictures`.

A drawing is made in two steps: from a model or a net to a `Figure` (places, transitions, boxes, clusters, arcs), and from that to DOT text, which
Graphviz lays out. Nothing here loads Graphviz before a picture is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from spn.drawing.dot import to_dot
from spn.drawing.figure import NotDrawable
from spn.drawing.folded import draw_model, draw_module
from spn.drawing.pictures import FORMATS, picture
from spn.drawing.unfolded import draw_net
from spn.resolver.resolve import Reading

__all__ = ["FORMATS", "Drawing", "NotDrawable", "draw"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing as DOT text. `missing` names what the model declares and does not have with these parameters, so that it is not drawn."""

    dot: str
    missing: tuple[str, ...] = ()

    def picture(self, format: str = "svg") -> bytes:
        """The content of a picture file, in one of `FORMATS`. Raises `NotDrawable`, if Graphviz is not there (extra ``draw``) or fails."""
        return picture(self.dot, format)

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.picture("svg").decode()


def draw(reading: Reading, *, module: str | None = None, unfold: bool = False, inside: bool = False) -> Drawing:
    """The drawing of a model; of one `module` of it as written; of its net, unfolded; or of all that is `inside` of its instances.

    Raises `NotDrawable`, if there is no such module, or too much for a drawing.
    """
    if sum((module is not None, unfold, inside)) > 1:
        raise NotDrawable("a drawing is of one module, or unfolded, or of what is inside of instances; not of several of these")
    if module is not None:
        figure = draw_module(reading.elaboration, reading.given, module, reading.net.name)
    elif unfold:
        figure = draw_net(reading.net)
    else:
        figure = draw_model(reading.elaboration, reading.given, inside)
    return Drawing(to_dot(figure), tuple(figure.missing))
