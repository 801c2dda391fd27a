"""``spn compile``: prints the source of a model's kernel. How it is made is in `spn.engine.compiled`."""

from __future__ import annotations

import argparse

from spn.cli import options
from spn.cli.console import write
from spn.cli.exits import Exit
from spn.cli.models import load

HELP = "print the kernel that the compiled engine makes of a model"
DESCRIPTION = "Prints the Python source that the compiled engine makes of a model: a function for each class of transitions."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model is all."""
    options.add_model(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Print the source."""
    from spn import api

    write(api.kernel_source(load(arguments.model, arguments.parameters)))
    return Exit.OK
