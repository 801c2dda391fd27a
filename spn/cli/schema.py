"""``spn schema``: prints the JSON Schema of model files, for editors. It is made from the types that read them."""

from __future__ import annotations

import argparse

from spn.cli.console import write
from spn.cli.exits import Exit

HELP = "print the JSON Schema of model files"
DESCRIPTION = "Prints the JSON Schema of model files, for editors that complete and check YAML."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def execute(arguments: argparse.Namespace) -> Exit:
    """Print the schema as one JSON object."""
    import json

    from spn import api

    write(json.dumps(api.schema(), indent=2))
    return Exit.OK
