"""``spn trace``: prints the events of one run, one to a line. What an event is, is for the engine."""

from __future__ import annotations

import argparse
import json
import sys

from spn.cli import options
from spn.cli.console import clean, note
from spn.cli.exits import Exit
from spn.cli.models import load

HELP = "print the events of one run"
DESCRIPTION = "Prints the events of one run from the initial marking, one to a line, until the end asked for or Ctrl-C."

MOST_UNSEEN = 10_000_000
"""The most firings in a row of which nothing is shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, the seed, the end, and what is shown."""
    options.add_model(parser)
    parser.add_argument("--seed", metavar="N", type=options.seed, help="seed of the random numbers (default: a new one, which is shown)")
    parser.add_argument("--firings", metavar="N", type=options.count, default=1000, help="stop when so many events have been shown (default: 1000)")
    parser.add_argument("--until", metavar="TIME", type=options.duration, help="stop at this simulated time: seconds, or with a unit, '2 h'")
    parser.add_argument("--from", dest="start", metavar="TIME", type=options.duration, default=0.0, help="show only what happens from this time on")
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="show only the events of a transition, or those that move tokens of a place; '*' stands for anything; may be repeated",
    )
    parser.add_argument("--marking", action="store_true", help="with each event the tokens in the places that it changed, after it")
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    options.add_engine(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Print each event as it happens."""
    from spn import api
    from spn.cli.events import Follower, Teller
    from spn.cli.selection import Selection

    net = load(arguments.model, arguments.parameters)
    seed = options.new_seed() if arguments.seed is None else arguments.seed
    prepared, events = api.events(net, seed=seed, until=arguments.until, engine=arguments.engine, notice=note)
    selection = Selection(prepared, arguments.only)
    note(f"{net.name}: seed {seed}")
    teller = Teller(prepared, arguments.marking)
    follower = Follower(prepared) if arguments.marking else None
    if not arguments.json:
        note(teller.heading())
    unseen = seen = 0
    for event in events:
        changed = follower.follow(event) if follower is not None else {}
        wanted = selection.transition(event.transition, event.index) or any(selection.place(move[0], move[1]) for move in event.moves)
        if event.time < arguments.start or not wanted:
            unseen += 1
            if unseen >= MOST_UNSEEN:
                note(f"nothing of this in {unseen:,} firings, up to {event.time:.6g} s: stopped")
                break
            continue
        text = json.dumps(teller.data(event, changed)) if arguments.json else teller.row(event, changed)
        sys.stdout.write(clean(text) + "\n")
        unseen, seen = 0, seen + 1
        if seen >= arguments.firings:
            break
    return Exit.OK
