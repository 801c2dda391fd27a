"""The distributions that ``spn plot --hazard`` and its like are asked for: of a model, of a study, or written out. They are read in `spn.tables`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from spn.cli.exits import UsageError

if TYPE_CHECKING:
    from spn.plots.types import Plot

MAGIC = b"SQLite format 3\0"


def delays(arguments: argparse.Namespace, function: str, wanted: list[str]) -> Plot:
    """The plot of a function of distributions."""
    from spn.plots.delays import delays_plot
    from spn.tables.delays import of_parameters, of_points, until, written_out

    for option in ("measure", "quantity", "x", "by", "panels", "only", "log"):
        if getattr(arguments, option):
            raise UsageError(f"--{option} is for plots of results, not of distributions")
    end = None if arguments.until is None else until(arguments.until)
    if arguments.source is None:
        if not wanted:
            raise UsageError(f"name a model, or write out a distribution: --{function} 'lognormal(mean=2208 h, sigma=0.4)'")
        return delays_plot(written_out(wanted), function, end)
    if _is_results(Path(arguments.source)):
        from spn.cli.results import read

        return delays_plot(of_points(read(arguments.source), wanted), function, end)
    from spn.cli.models import load
    from spn.cli.summary import parameters_of

    net = load(arguments.source, arguments.parameters)
    return delays_plot(of_parameters(net.name, parameters_of(net), wanted), function, end)


def _is_results(path: Path) -> bool:
    """Whether this is a results file, or a folder with some."""
    try:
        if path.is_dir():
            return True
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False
