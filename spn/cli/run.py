"""``spn run``: simulates a model and prints every measure with its interval. The simulation is in `spn.study`, the text in `report`."""

from __future__ import annotations

import argparse
import json
import math
import shlex
from typing import TYPE_CHECKING, Any

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError
from spn.cli.models import load

if TYPE_CHECKING:
    from spn.net.types import Net
    from spn.study import Result

HELP = "simulate a model, and print every measure with its interval"
DESCRIPTION = "Simulates a model until every measure has the precision asked for, and prints each with its interval."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model and how to simulate it."""
    options.add_model(parser)
    options.add_run(parser)
    parser.add_argument("--explain", action="store_true", help="add what happened: what never fired and why, where tokens piled up, what was dead")


def execute(arguments: argparse.Namespace) -> Exit:
    """Simulate and print the result."""
    from spn.observation import RunError

    net = load(arguments.model, arguments.parameters)
    seed = options.new_seed() if arguments.seed is None else arguments.seed
    try:
        result = simulate(arguments, net, seed)
    except RunError as error:
        if arguments.explain and arguments.json:
            failure = {"code": error.code, "message": error.message, "time_s": error.time}
            write_json({"model": net.name, "seed": seed, "error": failure, "explanation": explained(net, seed)})
        elif arguments.explain:
            write(explain(net, seed))
        raise
    command = repeating(arguments, [arguments.model], seed)
    if arguments.json:
        write_json(result.to_dict() | {"command": command} | ({"explanation": explained(net, seed)} if arguments.explain else {}))
    else:
        from spn.cli.outcome import report

        write(report(result, arguments.parameters, command))
        if arguments.explain:
            write("\n" + explain(net, seed))
        elif not result.converged:
            note("(what happened: the same with --explain)")
    return exit_code(result)


def explain(net: Net, seed: int) -> str:
    """What happened in one run, in words."""
    from spn.cli.explanation import explanation
    from spn.engine.diagnosis import diagnose

    return explanation(diagnose(net, seed))


def explained(net: Net, seed: int) -> dict[str, Any]:
    """The same for programs."""
    from spn.cli.explanation import explanation_data
    from spn.engine.diagnosis import diagnose

    return explanation_data(diagnose(net, seed))


def simulate(arguments: argparse.Namespace, net: Net, seed: int) -> Result:
    """Simulate `net` as the options say, showing the progress."""
    from spn import api
    from spn.cli.progress import shown

    if not net.measures:
        raise UsageError(f"'{net.name}' has no measures: there is nothing to simulate for")
    note(f"{net.name}: seed {seed}")
    with shown() as progress:
        return api.simulate(
            net,
            precision=0.05 if arguments.precision is None else arguments.precision,
            confidence=arguments.confidence,
            seed=seed,
            engine=arguments.engine,
            max_firings=arguments.max_firings,
            max_seconds=arguments.max_seconds,
            workers=arguments.workers,
            progress=progress,
            notice=note,
        )


def exit_code(*results: Result) -> Exit:
    """0 if all converged, 130 if one was interrupted, else 3."""
    from spn.estimate.stopping import Reason

    reasons = {result.stop_reason for result in results}
    if Reason.INTERRUPTED in reasons:
        return Exit.INTERRUPTED
    if Reason.RUN_ERROR in reasons:
        return Exit.MODEL
    return Exit.OK if all(result.converged for result in results) else Exit.NOT_REACHED


def repeating(arguments: argparse.Namespace, models: list[str], seed: int) -> str:
    """The command that gives the same result again."""
    words = ["spn", arguments.command, *models]
    for name, value in arguments.parameters.items():
        words += ["-p", f"{name}={value}"]
    if arguments.precision is not None:
        words += ["--precision", f"{arguments.precision:.15g}"]
    if arguments.confidence != 0.95:
        words += ["--confidence", f"{arguments.confidence:.15g}"]
    if arguments.max_firings is not None:
        words += ["--max-firings", str(arguments.max_firings)]
    if arguments.max_seconds is not None:
        words += ["--max-seconds", f"{arguments.max_seconds:.15g}"]
    if arguments.engine != "auto":
        words += ["--engine", arguments.engine]
    return shlex.join([*words, "--seed", str(seed)])


def write_json(data: dict[str, Any]) -> None:
    """One JSON object on stdout; what JSON has no number for becomes null."""
    write(json.dumps(_finite(data), allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    return [_finite(entry) for entry in value] if isinstance(value, list | tuple) else value
