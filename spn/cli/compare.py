"""``spn compare``: simulates two models and prints the ratio of their unavailabilities. The comparison is made in `spn.study.comparison`."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError
from spn.cli.models import locate
from spn.cli.run import asked, repeating, write_json

if TYPE_CHECKING:
    from spn.estimate.comparison import Claim
    from spn.study.comparison import Comparison

HELP = "simulate two models, and print the ratio of their unavailabilities"
DESCRIPTION = (
    "Simulates two models, or one with two values of a parameter, with the same random numbers, until the ratio of their unavailabilities U has the "
    "precision asked for, and prints U, the availability A and the downtime per year of each, and ratio and difference of U, all with intervals."
)
EPILOG = """\
examples:
  spn compare monolithic sip_transport --claim 100           is the second a hundred times better?
  spn compare sip_transport -p limit=3 --against limit=5     one model, two values of a parameter
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two models, their measures, and how to simulate them."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("first", metavar="A", help="a model file or the name of a shipped model")
    parser.add_argument("second", metavar="B", nargs="?", help="the model to compare it with (default: A, with the parameters of --against)")
    parser.add_argument("--measure", metavar="NAME[,NAME]", help="the availabilities to compare, of A and of B (default: the first of each)")
    options.add_parameters(parser, help="give a parameter another value, in whichever of the two knows it; may be repeated")
    options.add_parameters(parser, "--against", dest="against", help="give a parameter another value in B alone; may be repeated")
    told = "say whether U(A) / U(B) is at least RATIO ('<=0.1': at most): supported, refuted or open"
    parser.add_argument("--claim", metavar="RATIO", type=claim, help=told)
    parser.add_argument("--independent", action="store_true", help="give B random numbers of its own")
    options.add_run(parser, of="of the ratio to reach")


def claim(text: str) -> Claim:
    """``100``, ``>=100`` or ``<=0.01``."""
    from spn.estimate.comparison import Claim

    match = re.fullmatch(r"\s*(>=|<=|)\s*(.*?)\s*", text, re.DOTALL)
    assert match is not None
    try:
        return Claim(float(options.number(match[2], text)), match[1] == "<=")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def execute(arguments: argparse.Namespace) -> Exit:
    """Simulate both and print the comparison."""
    from spn import comparing
    from spn.cli.progress import shown
    from spn.study.comparison import NotComparable

    names = [arguments.first, arguments.second or arguments.first]
    if "-" in names:
        raise UsageError("the models to compare are files or names of shipped models, not standard input")
    if arguments.second is None and not arguments.against:
        raise UsageError("there is one model only: name another, or the parameters that it is to be compared with (--against NAME=VALUE)")
    wanted = [name.strip() for name in (arguments.measure or "").split(",")]
    if len(wanted) > 2:
        raise UsageError(f"--measure takes one name or two, not {len(wanted)}")
    seed = options.new_seed() if arguments.seed is None else arguments.seed
    first, second = (locate(name) for name in names)
    try:
        nets, measures, warnings = comparing.comparable((first, second), arguments.parameters, arguments.against, (wanted[0], wanted[-1]))
        for warning in warnings:
            note(warning.render())
        note(f"{' and '.join(dict.fromkeys(net.name for net in nets))}: seed {seed}")
        with shown() as progress:
            found = comparing.compare_nets(
                nets, measures, claim=arguments.claim, independent=arguments.independent, progress=progress, **asked(arguments, seed)
            )
    except NotComparable as error:
        raise UsageError(str(error)) from None
    _show(arguments, found)
    return _exit(found)


def _show(arguments: argparse.Namespace, found: Comparison) -> None:
    models = [arguments.first] if arguments.second is None else [arguments.first, arguments.second]
    chosen = ["--measure", arguments.measure] if arguments.measure else []
    for name, value in arguments.against.items():
        chosen += ["--against", f"{name}={value}"]
    if arguments.claim is not None:
        chosen += ["--claim", arguments.claim.text.replace(" ", "").removeprefix(">=")]
    if arguments.independent:
        chosen.append("--independent")
    command = repeating(arguments, [*models, *chosen], found.seed)
    if arguments.json:
        write_json(found.to_dict() | {"command": command})
    else:
        from spn.cli.comparison import page

        write(page(found, arguments.parameters, arguments.against, command))


def _exit(found: Comparison) -> Exit:
    from spn.estimate.stopping import Reason

    if found.stop_reason is Reason.INTERRUPTED:
        return Exit.INTERRUPTED
    return Exit.OK if found.converged else Exit.NOT_REACHED
