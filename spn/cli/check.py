"""``spn check``: reads a model and says what is in it, or everything that is wrong with it. Nothing is simulated."""

from __future__ import annotations

import argparse

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit
from spn.cli.models import locate

HELP = "say what was understood of a model, or what is wrong with it"
DESCRIPTION = "Reads a model and prints what was understood of it, with the values of its parameters, or all problems with their places in the file."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model is all."""
    options.add_model(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Print what was understood; problems are raised as a `ModelError`."""
    from spn import api
    from spn.cli.summary import describe
    from spn.resolver.values import instances, parameter_values

    reading = api.read(locate(arguments.model), arguments.parameters)
    for warning in reading.warnings:
        note(warning.render())
    write(describe(reading.net, parameter_values(reading), reading.library.model, instances(reading)))
    return Exit.OK
