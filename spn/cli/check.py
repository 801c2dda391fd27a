"""``spn check``: reads a model or a study and says what is in it, or everything that is wrong with it. Nothing is simulated."""

from __future__ import annotations

import argparse

from spn.cli import options
from spn.cli.console import write
from spn.cli.exits import Exit, UsageError
from spn.cli.models import load
from spn.library import find_model

HELP = "say what is in a model or a study, or what is wrong with it"
DESCRIPTION = (
    "Reads a model, or a study with its models and all its points, and prints a summary of it, or all problems with their places in the file."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model is all."""
    options.add_model(parser, "a model file, the name of a shipped model, - for standard input, or a study file")


def execute(arguments: argparse.Namespace) -> Exit:
    """Print the summary; problems are raised as a `ModelError`."""
    from spn import api
    from spn.cli.summary import describe

    found = find_model(arguments.model)
    if found is not None and api.is_study(found):
        from spn.cli.studies import outlook_of

        if arguments.parameters:
            raise UsageError("'-p' gives a model's parameters; a study says itself what its models are given")
        write(outlook_of(arguments.model))
    else:
        write(describe(load(arguments.model, arguments.parameters)))
    return Exit.OK
