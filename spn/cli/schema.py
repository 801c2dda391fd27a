"""``spn schema``: prints the JSON Schema of model or study files, for editors. It is made from the types that read them."""

from __future__ import annotations

import argparse

from spn.cli.console import write
from spn.cli.exits import Exit

HELP = "print the JSON Schema of model files, or of study files"
DESCRIPTION = "Prints the JSON Schema of model files (with --study: of study files), for editors that complete and check YAML."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which of the two."""
    parser.add_argument("--study", action="store_true", help="of study files")


def execute(arguments: argparse.Namespace) -> Exit:
    """Print the schema as one JSON object."""
    import json

    from spn import api

    write(json.dumps(api.study_schema() if arguments.study else api.schema(), indent=2))
    return Exit.OK
