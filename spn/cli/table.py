"""``spn table``: prints the results of a study, also while it is being simulated. The forms are made in `spn.tables`."""

from __future__ import annotations

import argparse

from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError
from spn.cli.results import read

HELP = "print the results of a study"
DESCRIPTION = "Prints the results of a study from its results file, with intervals; of a study that is not finished, also how far each point is."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The results file, and the form."""
    parser.add_argument("results", metavar="RESULTS", help="a results file, or a folder with one")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--csv", dest="form", action="store_const", const="csv", help="comma-separated values, with every digit")
    forms.add_argument("--json", dest="form", action="store_const", const="json", help="one JSON object")
    forms.add_argument("--markdown", dest="form", action="store_const", const="markdown", help="Markdown")
    forms.add_argument("--latex", dest="form", action="store_const", const="latex", help="LaTeX, for the package booktabs")
    forms.add_argument("--html", dest="form", action="store_const", const="html", help="HTML tables")
    forms.add_argument("--parquet", metavar="FILE", help="write a Parquet file instead")


def execute(arguments: argparse.Namespace) -> Exit:
    """Print the tables."""
    from spn.tables.forms import FORMS, text

    results = read(arguments.results)
    if arguments.parquet:
        try:
            results.to_parquet(arguments.parquet)
        except ImportError as error:
            raise UsageError(str(error)) from None
        note(f"written: {arguments.parquet}")
    elif arguments.form == "json":
        from spn.cli.run import write_json

        write_json(results.to_dict())
    else:
        write(FORMS.get(arguments.form, text)(results))
    return Exit.OK
