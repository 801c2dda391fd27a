"""``spn check``: reads a model and says what is in it, or everything that is wrong with it. Nothing is simulated."""

from __future__ import annotations

import argparse

from spn.cli import options
from spn.cli.console import write
from spn.cli.exits import Exit
from spn.cli.models import load

HELP = "say what is in a model, or what is wrong with it"
DESCRIPTION = "Reads a model and prints a summary of it, or all problems with their places in the file."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model is all."""
    options.add_model(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Print the summary; problems are raised as a `ModelError`."""
    from spn.cli.summary import describe

    write(describe(load(arguments.model, arguments.parameters)))
    return Exit.OK
