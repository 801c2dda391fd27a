"""``spn check``: reads a model or a study and says what is in it, or everything that is wrong with it. Nothing is simulated."""

from __future__ import annotations

import argparse

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError
from spn.cli.models import locate
from spn.library import find_model, find_study

HELP = "say what was understood of a model or a study, or what is wrong with it"
DESCRIPTION = (
    "Reads a model and prints what was understood of it, with the values of its parameters, or all problems with their places in the file. "
    "Of a study, with its models and all its points, it says what would be simulated."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model is all."""
    options.add_model(parser, "a model file, the name of a shipped model, - for standard input, or a study file")


def execute(arguments: argparse.Namespace) -> Exit:
    """Print what was understood; problems are raised as a `ModelError`."""
    from spn import api
    from spn.cli.summary import describe
    from spn.resolver.values import instances, parameter_values

    study = None if arguments.model == "-" or find_model(arguments.model) else find_study(arguments.model)
    if study is not None or (arguments.model != "-" and api.is_study(arguments.model)):
        from spn.cli.studies import outlook_of

        if arguments.parameters:
            raise UsageError("'-p' gives a model's parameters; a study says itself what its models are given")
        write(outlook_of(study or arguments.model))
        return Exit.OK
    reading = api.read(locate(arguments.model), arguments.parameters)
    for warning in reading.warnings:
        note(warning.render())
    write(describe(reading.net, parameter_values(reading), reading.library.model, instances(reading)))
    return Exit.OK
