"""``spn compare``: simulates two models and prints the ratio of their unavailabilities. The interval of a ratio is made in `spn.estimate`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from spn.cli import options
from spn.cli.console import write
from spn.cli.exits import Exit, UsageError
from spn.cli.models import load
from spn.cli.run import exit_code, repeating, simulate, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spn.estimate.estimates import AvailabilityEstimate
    from spn.estimate.intervals import Interval
    from spn.net.types import Net
    from spn.study import Result

HELP = "simulate two models, and print the ratio of their unavailabilities"
DESCRIPTION = (
    "Simulates two models and prints the unavailability U, the availability A and the downtime per year of each, and the ratio of their U, "
    "all with intervals. -p applies to whichever of the two knows the parameter."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two models, their measures, and how to simulate them."""
    parser.add_argument("first", metavar="A", help="a model file or the name of a shipped model")
    parser.add_argument("second", metavar="B", help="the model to compare it with")
    parser.add_argument("--measure", metavar="NAME[,NAME]", help="the availabilities to compare, of A and of B (default: the first of each)")
    options.add_parameters(parser)
    options.add_run(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Simulate both and print the comparison."""
    names = [arguments.first, arguments.second]
    if "-" in names:
        raise UsageError("the models to compare are files or names of shipped models, not standard input")
    nets = _load_both(names, arguments.parameters)
    wanted = (arguments.measure or ",").split(",")
    if len(wanted) > 2:
        raise UsageError(f"--measure takes one name or two, not {len(wanted)}")
    measures = [availability_of(net, name.strip()) for net, name in zip(nets, [wanted[0], wanted[-1]], strict=True)]
    nets = [only(net, measure) for net, measure in zip(nets, measures, strict=True)]
    seed = options.new_seed() if arguments.seed is None else arguments.seed
    results: list[Result] = []
    for number, net in enumerate(nets):
        results.append(simulate(arguments, net, seed + number))
        if exit_code(results[-1]) in {Exit.INTERRUPTED, Exit.MODEL}:
            break
    return _show(arguments, results, measures, seed)


def _show(arguments: argparse.Namespace, results: list[Result], measures: list[str], seed: int) -> Exit:
    from spn.cli.outcome import report

    chosen = ["--measure", arguments.measure] if arguments.measure else []
    command = repeating(arguments, [arguments.first, arguments.second, *chosen], seed)
    if len(results) < 2:  # interrupted in the first: there is nothing to compare
        if arguments.json:
            write_json({"models": [result.to_dict() for result in results], "ratio": None, "command": command})
        else:
            write(report(results[0], arguments.parameters, command))
        return exit_code(*results)
    estimates = [_availability(result, measure) for result, measure in zip(results, measures, strict=True)]
    ratio = _ratio(estimates)
    if arguments.json:
        entry = ratio.to_dict() | {"confidence": ratio.confidence}
        write_json({"models": [result.to_dict() for result in results], "measures": measures, "ratio": entry, "seed": seed, "command": command})
    else:
        from spn.cli.comparison import page

        write(page(results, measures, estimates, ratio, arguments.parameters, command))
    return exit_code(*results)


def _load_both(names: list[str], parameters: Mapping[str, str]) -> list[Net]:
    """Both nets, each with the parameters that it knows; one that neither knows is left in, so that it is reported."""
    from spn.cli.summary import parameters_of

    plain = [load(name, {}) for name in names]
    if not parameters:
        return plain
    known = [parameters_of(net) for net in plain]
    nets = []
    for name, own in zip(names, known, strict=True):
        given = {key: value for key, value in parameters.items() if key in own or not any(key in other for other in known)}
        nets.append(load(name, given))
    return nets


def availability_of(net: Net, name: str) -> str:
    """The name of the availability to compare: `name`, or the net's first."""
    from spn.net.types import Availability
    from spn.text.problems import nearest

    known = [measure.name for measure in net.measures if isinstance(measure.quantity, Availability)]
    if name and name not in known:
        raise UsageError("; ".join(filter(None, [f"'{net.name}' has no availability named '{name}'", nearest(name, known)])))
    if not known:
        raise UsageError(f"'{net.name}' has no measure of the kind availability: there is nothing to compare")
    return name or known[0]


def only(net: Net, measure: str) -> Net:
    """The net with that measure alone, so that no other has to become precise."""
    from dataclasses import replace

    return replace(net, measures=tuple(entry for entry in net.measures if entry.name == measure))


def _availability(result: Result, measure: str) -> AvailabilityEstimate:
    from spn.estimate.estimates import AvailabilityEstimate

    estimate = result.measures[measure]
    assert isinstance(estimate, AvailabilityEstimate)
    return estimate


def _ratio(estimates: list[AvailabilityEstimate]) -> Interval:
    from spn.estimate.comparison import ratio_interval

    return ratio_interval(estimates[0].unavailability, estimates[1].unavailability)

