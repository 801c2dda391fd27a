"""Pictures from DOT text, by Graphviz through pygraphviz, which is loaded here and only when a picture is asked for."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spn.drawing.figure import NotDrawable

FORMATS = ("svg", "png", "pdf")
"""The formats of pictures; DOT text needs no Graphviz."""

_ARGUMENTS = {"png": "-Gdpi=160"}


def picture(dot: str, format: str) -> bytes:
    """The picture as the content of a file in one of `FORMATS`. Raises `NotDrawable`, if pygraphviz is missing or Graphviz fails."""
    try:
        import pygraphviz
    except ImportError as error:
        what = "pygraphviz, which is not installed" if isinstance(error, ModuleNotFoundError) else f"pygraphviz, which does not load ({error})"
        raise NotDrawable(f"a {format} picture needs {what}; pip install 'spn-availability[draw]', or write DOT text (-o net.dot)") from None
    with _quiet() as said:
        try:
            graph = pygraphviz.AGraph(string=dot)
            drawn: Any = graph.draw(format=format, prog="dot", args=_ARGUMENTS.get(format, ""))
        except Exception as error:  # noqa: BLE001 - pygraphviz raises whatever Graphviz says
            raise NotDrawable(f"Graphviz could not draw this: {str(error) or said()}") from None
    if not drawn:
        raise NotDrawable(f"Graphviz could not draw this: {said() or 'it gave no picture'}")
    return bytes(drawn)


@contextmanager
def _quiet() -> Iterator[Any]:
    """Keep what C libraries write to stderr (font settings that they do not know) from the terminal; gives a function that tells it."""
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        try:
            saved = os.dup(2)
        except OSError:  # there is no stderr
            yield lambda: ""
            return
        try:
            os.dup2(kept.fileno(), 2)
            yield lambda: _told(kept)
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _told(kept: Any) -> str:
    kept.seek(0)
    return " ".join(kept.read().decode(errors="replace").split())[:500]
