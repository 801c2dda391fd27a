"""``spn draw``: writes a drawing of a model to a file, as a picture or as DOT text. What is drawn, and how it looks, is in `spn.drawing`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError
from spn.cli.models import locate

if TYPE_CHECKING:
    from spn.drawing import Drawing

HELP = "draw a model, as a picture or as DOT text"
DESCRIPTION = """\
Draws a model: places as circles, immediate transitions as bars and timed ones as boxes, a node for each class with its index space, and instances of
modules as boxes with their ports. Pictures need the extra 'draw' (pip install 'spn-availability[draw]'); DOT text needs nothing."""
SUFFIXES = ("svg", "png", "pdf", "dot")
MOST_NAMED = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, the file, and what to draw of the model."""
    options.add_model(parser)
    parser.add_argument("-o", "--output", metavar="FILE", default="-", help="a file .svg, .png, .pdf or .dot; - is DOT text on stdout (the default)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--module", metavar="NAME", help="one module of the model alone, as it is written")
    what.add_argument("--inside", action="store_true", help="draw what is inside of instances, too")
    what.add_argument("--unfold", action="store_true", help="a node for each place and each transition of the net, for small nets")


def execute(arguments: argparse.Namespace) -> Exit:
    """Write the drawing."""
    from spn import api
    from spn.drawing import NotDrawable

    suffix = _suffix(arguments.output)
    try:
        drawing, warnings = api.draw_with_warnings(
            locate(arguments.model), arguments.parameters, module=arguments.module, unfold=arguments.unfold, inside=arguments.inside
        )
        for warning in warnings:
            note(warning.render())
        if arguments.output == "-":
            write(drawing.dot.removesuffix("\n"))
        else:
            Path(arguments.output).write_bytes(drawing.dot.encode() if suffix == "dot" else drawing.picture(suffix))
    except NotDrawable as error:
        raise UsageError(str(error)) from None
    _tell_missing(drawing)
    return Exit.OK


def _suffix(output: str) -> str:
    """The format that a file's name asks for; known before anything is read."""
    if output == "-":
        return "dot"
    suffix = Path(output).suffix.removeprefix(".").lower()
    if suffix not in SUFFIXES:
        what = f"'.{suffix}' is no format of drawings" if suffix else f"'{output}' does not say in which format to draw"
        raise UsageError(f"{what}; the name of the file ends with .{', .'.join(SUFFIXES[:-1])} or .{SUFFIXES[-1]}")
    if "\0" in output:
        raise UsageError("the name of a file cannot hold a null character")
    return suffix


def _tell_missing(drawing: Drawing) -> None:
    """What the model declares but does not have with these parameters."""
    if drawing.missing:
        more = len(drawing.missing) - MOST_NAMED
        named = ", ".join(drawing.missing[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        note(f"not drawn, as nothing has it with these parameters: {named}")
