"""Pictures from DOT text, by Graphviz through pygraphviz, which runs in a process of its own and only when a picture is asked for.

The process keeps what C libraries write to stderr from the terminal, can be interrupted, and can be ended when a layout takes too long.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from spn.drawing.figure import NotDrawable

FORMATS = ("svg", "png", "pdf")
"""The formats of pictures; DOT text needs no Graphviz."""

MOST_SECONDS = 60.0
"""The longest that a layout may take: that of a few hundred nodes with arcs all over takes hours."""

_ARGUMENTS = {"png": "-Gdpi=160"}

_PROGRAM = """\
import sys
import pygraphviz
try:
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
    drawn = graph.draw(format=sys.argv[1], prog="dot", args=sys.argv[2])
except Exception as error:
    sys.exit(str(error))
sys.stdout.buffer.write(drawn or b"")
"""


def picture(dot: str, format: str) -> bytes:
    """The content of a picture's file, in one of `FORMATS`. Raises `NotDrawable`, if pygraphviz is missing, or Graphviz fails or takes too long."""
    if format not in FORMATS:
        raise NotDrawable(f"'{format}' is no format of pictures; there are {', '.join(FORMATS)}")
    if not _is_installed():
        what = f"a {format} picture needs pygraphviz, which is not installed"
        raise NotDrawable(f"{what}; pip install 'spn-availability[draw]', or write DOT text (-o net.dot)")
    command = [sys.executable, "-P", "-c", _PROGRAM, format, _ARGUMENTS.get(format, "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=MOST_SECONDS, env=environment, check=False)
    except subprocess.TimeoutExpired:
        hint = "draw less of the model (--module NAME), or write DOT text (-o net.dot) for another layout"
        raise NotDrawable(f"Graphviz found no layout within {MOST_SECONDS:g} s; {hint}") from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotDrawable(f"Graphviz could not draw this: {said[-1] if said else f'it ended with code {done.returncode}'}")
    return done.stdout


def _is_installed() -> bool:
    try:
        return find_spec("pygraphviz") is not None
    except ValueError:  # something else stands in its place
        return False
