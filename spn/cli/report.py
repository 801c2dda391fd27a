"""``spn report``: writes all that is known of a study as one page of HTML. What is on the page is made in `spn.reports`."""

from __future__ import annotations

import argparse
from pathlib import Path

from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError
from spn.cli.results import read

HELP = "write a report of a study: one page with figures, tables, models and provenance"
DESCRIPTION = """\
Writes a report of a study as one page of HTML that needs no other file and no network: what was studied, what to look at first, figures, comparisons,
tables, drawings of the models, and how to have the same numbers again. Drawings need the extra 'draw' (pip install 'spn-availability[draw]')."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The results and the file."""
    parser.add_argument("results", metavar="RESULTS", help="a results file, or a folder with one")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="a file .html")


def execute(arguments: argparse.Namespace) -> Exit:
    """Write the page; say what is missing on it."""
    from spn.reports.page import report

    if Path(arguments.output).suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"a report is a page of HTML, and '{arguments.output}' does not end with .html")
    if "\0" in arguments.output:
        raise UsageError("the name of a file cannot hold a null character")
    results = read(arguments.results)
    made = report(results)
    made.save(arguments.output)
    for line in made.notes:
        note(line)
    write(f"written: {arguments.output}")
    return Exit.OK
