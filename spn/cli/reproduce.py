"""``spn reproduce``: simulates a publication's numbers anew and prints both. What is compared is in `spn.reproduction`."""

from __future__ import annotations

import argparse
from dataclasses import replace

from spn.cli import options, sweep
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError

HELP = "simulate published results anew, and print both with a verdict"
DESCRIPTION = (
    "Simulates the study that belongs to a publication, and prints the published numbers beside those that its parameters give, with intervals, in "
    "each reading of its text; then what the numbers say of the published ones. As with a sweep, the results are kept and the same command goes on."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which publication, and how to print it."""
    parser.add_argument("name", metavar="NAME", nargs="?", default="thesis", help="the publication: thesis (the default)")
    sweep.add_work(parser)
    parser.add_argument("--precision", metavar="P", type=options.share, help="relative half-width to reach, of U (default: as the study says, 1%%)")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--markdown", dest="form", action="store_const", const="markdown", help="Markdown")
    forms.add_argument("--json", dest="form", action="store_const", const="json", help="one JSON object")


def execute(arguments: argparse.Namespace) -> Exit:
    """Simulate what is not finished, and print the comparison."""
    from spn.library import shipped_studies
    from spn.reproduction.reproduction import REPRODUCED, Reproduction
    from spn.sweeps.reading import load_study
    from spn.text.problems import nearest

    if arguments.name not in REPRODUCED:
        hint = nearest(arguments.name, REPRODUCED) or f"there is {', '.join(REPRODUCED)}"
        raise UsageError(f"no published results are known by the name '{arguments.name}'; {hint}")
    study = load_study(shipped_studies()[arguments.name])
    results, code = sweep.simulated(arguments, study if arguments.precision is None else replace(study, precision=arguments.precision))
    if results is None:
        return code
    found = Reproduction(results)
    if arguments.form == "json":
        from spn.cli.run import write_json

        write_json(found.to_dict())
    else:
        write(found.markdown() if arguments.form == "markdown" else found.text())
    if not results.finished:
        note("the study is not finished: what is missing above is not known yet")
    return code
