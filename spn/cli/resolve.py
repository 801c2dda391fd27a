"""``spn resolve``: prints the net that a model stands for, which is itself a model. How it is made is in `spn.net`."""

from __future__ import annotations

import argparse

from spn.cli import options
from spn.cli.console import write
from spn.cli.exits import Exit
from spn.cli.models import load

HELP = "print the net that a model stands for, as JSON"
DESCRIPTION = "Prints the net that a model stands for, as JSON. The output is itself a model: spn resolve MODEL | spn run -"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model is all."""
    options.add_model(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Print the net as one JSON object."""
    import json

    from spn import api

    write(json.dumps(api.net_to_dict(load(arguments.model, arguments.parameters)), indent=1))
    return Exit.OK
