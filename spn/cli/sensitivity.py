"""``spn sensitivity``: simulates how a measure depends on the parameters of a model, and prints its elasticities. The page is in `elasticities`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError
from spn.cli.models import locate
from spn.cli.run import asked, repeating, write_json

if TYPE_CHECKING:
    from spn.study.sensitivity import Sensitivities

HELP = "simulate how much a measure depends on each parameter"
DESCRIPTION = (
    "Simulates d ln U / d ln p for parameters p of a model: by how many per cent the unavailability U grows with 1 % more of p. All parameters "
    "that have a derivative, or those that are named: a distribution is one scale of its delay, and failure.sigma is one of its arguments."
)
EPILOG = """\
examples:
  spn sensitivity sip_transport                               all parameters, the one that matters most first
  spn sensitivity monolithic failure failure.sigma repair     three of them
  spn sensitivity teaching/mm1k --measure lost                of a measure that is no availability
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, its parameters, the measure, and how to simulate."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("model", metavar="MODEL", help="a model file, the name of a shipped model, or - for standard input")
    parser.add_argument("names", metavar="PARAMETER", nargs="*", help="a parameter, or an argument of one: failure.sigma (default: all)")
    parser.add_argument("--measure", metavar="NAME", default="", help="what depends on them (default: the first availability, or the first measure)")
    parser.add_argument("--plot", metavar="FILE", help="write a figure of the elasticities: .svg, .pdf or .png")
    options.add_parameters(parser)
    options.add_run(parser, of="of elasticities to reach, or, of those below 1, half-width")


def execute(arguments: argparse.Namespace) -> Exit:
    """Simulate and print the table."""
    from spn import comparing
    from spn.cli.plot import format_of
    from spn.cli.progress import shown
    from spn.sweeps.varied import NoDerivative

    suffix = "" if arguments.plot is None else format_of(arguments.plot)
    seed = options.new_seed() if arguments.seed is None else arguments.seed
    model = locate(arguments.model)
    note(f"{arguments.model}: seed {seed}")
    try:
        with shown() as progress:
            found = comparing.sensitivity(
                model,
                *arguments.names,
                parameters=arguments.parameters,
                measure=arguments.measure.strip(),
                progress=progress,
                **asked(arguments, seed),
            )
    except NoDerivative as error:
        raise UsageError(str(error)) from None
    chosen = ["--measure", arguments.measure] if arguments.measure else []
    command = repeating(arguments, [arguments.model, *arguments.names, *chosen], seed)
    if suffix:
        _plot(arguments.plot, suffix, found)
    if arguments.json:
        write_json(found.to_dict() | {"command": command})
    else:
        from spn.cli.elasticities import page

        write(page(found, arguments.parameters, command))
    return _exit(found)


def _exit(found: Sensitivities) -> Exit:
    from spn.estimate.stopping import Reason

    if found.stop_reason is Reason.INTERRUPTED:
        return Exit.INTERRUPTED
    return Exit.OK if found.converged else Exit.NOT_REACHED


def _plot(path: str, suffix: str, found: Sensitivities) -> None:
    from pathlib import Path

    from spn.plots.types import NotPlottable

    try:
        Path(path).write_bytes(found.plot().content(suffix))
    except NotPlottable as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
