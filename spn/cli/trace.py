"""``spn trace``: prints the events of one run, one to a line. What an event is, is for the engine."""

from __future__ import annotations

import argparse
import sys

from spn.cli import options
from spn.cli.console import clean, note
from spn.cli.exits import Exit
from spn.cli.models import load

HELP = "print the events of one run"
DESCRIPTION = "Prints the events of one run from the initial marking, one to a line, until the end asked for or Ctrl-C."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, the seed and the end."""
    options.add_model(parser)
    parser.add_argument("--seed", metavar="N", type=options.seed, help="seed of the random numbers (default: a new one, which is shown)")
    parser.add_argument("--firings", metavar="N", type=options.count, default=1000, help="stop after so many firings (default: 1000)")
    parser.add_argument("--until", metavar="S", type=options.seconds, help="stop at so many seconds of simulated time")
    options.add_engine(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Print each event as it happens."""
    from spn import api

    net = load(arguments.model, arguments.parameters)
    seed = options.new_seed() if arguments.seed is None else arguments.seed
    note(f"{net.name}: seed {seed}")
    for line in api.trace(net, seed=seed, firings=arguments.firings, until=arguments.until, engine=arguments.engine, notice=note):
        sys.stdout.write(clean(line) + "\n")
    return Exit.OK
