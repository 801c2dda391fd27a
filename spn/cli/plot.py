"""``spn plot``: writes a plot of a study's results, or of distributions, to a file. What is chosen in `spn.tables` is drawn in `spn.plots`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from spn.cli import options
from spn.cli.console import write
from spn.cli.exits import Exit, UsageError

if TYPE_CHECKING:
    from spn.plots.types import Plot

HELP = "plot the results of a study, or a hazard rate, as a figure for a paper"
DESCRIPTION = """\
Writes a figure of a study's results to a file, and prints a caption for it: a number with its interval against an axis, other axes as series and
panels. What is not said is chosen by what there is. With --hazard it plots distributions: parameters of a model (or of a study's points), or
distributions as they are written in models."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The results, what of them, along which axes, and how the figure is."""
    parser.add_argument("source", metavar="RESULTS", nargs="?", help="a results file, or a folder with one; a model, for --hazard and the like")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="a file .svg, .pdf or .png")
    what = parser.add_argument_group("what is plotted")
    what.add_argument("--measure", metavar="NAME", help="the measure (default: the first availability, else the first)")
    what.add_argument("--quantity", metavar="Q", help="unavailability (default), availability, downtime, nines, failures, mean_up, mean_down")
    kinds = what.add_mutually_exclusive_group()
    kinds.add_argument("--ratio", metavar="NAME", nargs="?", const="", help="the ratio of a comparison (default: the first)")
    kinds.add_argument("--convergence", action="store_true", help="the half-width of intervals against firings")
    for name, words in (("hazard", "hazard rate"), ("density", "density"), ("survival", "survival function"), ("cdf", "distribution function")):
        kinds.add_argument(f"--{name}", metavar="D", nargs="*", help=f"the {words} of parameters or distributions (default: all of the model)")
    what.add_argument("--until", metavar="TIME", help="the end of the time axis of distributions, as 10000 h")
    options.add_parameters(what)
    axes = parser.add_argument_group("along which axes; 'model' stands for the models, 'time' for the times of a curve")
    axes.add_argument("--x", metavar="AXIS", help="the axis along which it goes (default: of those with numbers that with most values)")
    axes.add_argument("--by", metavar="AXIS,...", type=_names, default=(), help="axes whose values are series (default: the models)")
    axes.add_argument("--panels", metavar="AXIS,...", type=_names, default=(), help="axes whose values are panels: columns, then rows")
    axes.add_argument("--only", metavar="AXIS=VALUE", type=_selection, action="append", default=[], help="only this value of an axis; repeatable")
    axes.add_argument("--log", metavar="AXES", choices=("x", "y", "xy", "none"), help="logarithmic axes: x, y, xy or none (default: where it suits)")
    looks = parser.add_argument_group("how it looks")
    looks.add_argument("--width", metavar="W", type=_width, default="column", help="column (88 mm), middle (130), page (180), or millimetres")
    looks.add_argument("--height", metavar="MM", type=_millimetres, help="millimetres (default: as fits)")
    looks.add_argument("--grey", action="store_true", help="without colours")
    looks.add_argument("--bare", action="store_true", help="without the note below, which says what bars and signs mean")


def execute(arguments: argparse.Namespace) -> Exit:
    """Write the figure, and print its caption."""
    from spn.plots.types import NotPlottable
    from spn.tables.figures import drawn

    suffix = format_of(arguments.output)
    try:
        plot = _plot(arguments)
        look = {"width": arguments.width, "height": arguments.height, "grey": arguments.grey, "bare": arguments.bare}
        content = drawn(plot, **look).content(suffix)
    except NotPlottable as error:
        raise UsageError(str(error)) from None
    Path(arguments.output).write_bytes(content)
    write(plot.caption)
    return Exit.OK


def _plot(arguments: argparse.Namespace) -> Plot:
    from spn.plots.delays import FUNCTIONS

    for name in FUNCTIONS:
        wanted = getattr(arguments, name)
        if wanted is not None:
            from spn.cli.delays import delays

            return delays(arguments, name, wanted)
    if arguments.source is None:
        raise UsageError("name a results file, or a folder with one")
    if arguments.parameters or arguments.until:
        raise UsageError("-p and --until are for plots of distributions, such as --hazard; of a study, --only chooses values")
    from spn.cli.results import read
    from spn.tables.choice import Choice
    from spn.tables.series import plot_of

    results = read(arguments.source)
    choice = Choice(
        arguments.measure, arguments.quantity, arguments.ratio, arguments.x, arguments.by, arguments.panels, tuple(arguments.only), arguments.log
    )
    if arguments.convergence:
        from spn.tables.convergence import convergence

        return convergence(results, choice)
    return plot_of(results, choice)


def format_of(output: str) -> str:
    """The format that a file's name asks for; known before anything is read."""
    from spn.plots.types import FORMATS

    suffix = Path(output).suffix.removeprefix(".").lower()
    if "\0" in output:
        raise UsageError("the name of a file cannot hold a null character")
    if suffix not in FORMATS:
        what = f"'.{suffix}' is no format of plots" if suffix else f"'{output}' does not say in which format to plot"
        raise UsageError(f"{what}; the name of the file ends with .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}")
    return suffix


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(r"[^\W\d]\w*", name) for name in names):
        raise argparse.ArgumentTypeError(f"'{text}' is not a name, or names with commas between them")
    return names


def _selection(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise argparse.ArgumentTypeError(f"'{text}' is no selection; write AXIS=VALUE")
    return name.strip(), value.strip()


def _width(text: str) -> str | float:
    return text if text in ("column", "middle", "page") else _millimetres(text)


def _millimetres(text: str) -> float:
    try:
        value = float(text.removesuffix("mm"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of millimetres") from None
    if not 30.0 <= value <= 1000.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 30 and 1000 mm")
    return value
