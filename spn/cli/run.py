"""``spn run``: simulates a model and prints every measure with its interval. The simulation is in `spn.study`, the text in `report`."""

from __future__ import annotations

import argparse
import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spn.cli import options, rare
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
    parser.add_argument(
        "--max-time", metavar="TIME", type=options.time_limit, help="stop after so much simulated time, of all replications together: '1e6 h'"
    )
    parser.add_argument(
        "--sampling",
        choices=("auto", "replications", "batch-means", "regenerative"),
        default="auto",
        help="the long run: one window after a warm-up in each replication, several in a row, or whole cycles without a warm-up, where the net is "
        "known to forget (default: auto, by what the budget has room for)",
    )
    parser.add_argument("--plot", metavar="FILE", help="write a figure of the curves among the measures: .svg, .pdf or .png")
    parser.add_argument("--explain", action="store_true", help="add what happened: what never fired and why, where tokens piled up, what was dead")
    rare.add_arguments(parser)


def execute(arguments: argparse.Namespace) -> Exit:
    """Simulate and print the result."""
    from spn.observation import RunError

    rare.check(arguments)
    if arguments.rare is not None:
        return rare.execute(arguments)
    net = load(arguments.model, arguments.parameters)
    suffix = _checked_plot(arguments.plot, net)
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
    wanted = arguments.explain and exit_code(result) is not Exit.INTERRUPTED  # whoever presses Ctrl-C wants no more of it
    if suffix:
        write_plot(Path(arguments.plot), suffix, result)
    if arguments.json:
        write_json(result.to_dict() | {"command": command} | ({"explanation": explained(net, seed)} if wanted else {}))
    else:
        from spn.cli.outcome import report

        write(report(result, arguments.parameters, command))
        if wanted:
            write("\n" + explain(net, seed))
        elif not result.converged:
            note("(what happened: the same with --explain)")
    return exit_code(result)


def _checked_plot(path: str | None, net: Net) -> str:
    """The format of the figure that is wanted ("": none), before anything is simulated for it."""
    from spn.cli.plot import format_of
    from spn.net.types import At, FirstPassage

    if path is None:
        return ""
    times = [m.quantity.within if isinstance(m.quantity, FirstPassage) else m.window.times if isinstance(m.window, At) else () for m in net.measures]
    if not any(len(each) > 1 for each in times):
        raise UsageError(f"'{net.name}' has no curve to plot: a curve is a measure at several times, 'at: {{from: 0 h, to: 10 h, points: 21}}'")
    return format_of(path)


def write_plot(path: Path, suffix: str, result: Result) -> None:
    """Write the figure of a result's curves."""
    from spn.plots.curves import WIDTHS, curves_plot
    from spn.plots.render import figure

    try:
        plot = curves_plot(result.measures)
        path.write_bytes(figure(plot, width=WIDTHS[len(plot.panels) - 1]).content(suffix))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def explain(net: Net, seed: int) -> str:
    """What happened in one run, in words."""
    from spn.cli.explanation import explanation
    from spn.engine.diagnosis import diagnose

    return explanation(diagnose(net, seed))


def explained(net: Net, seed: int) -> dict[str, Any] | None:
    """The same for programs. None, if it is interrupted: the result, which is there, is not lost with it."""
    from spn.cli.explanation import explanation_data
    from spn.engine.diagnosis import diagnose

    try:
        return explanation_data(diagnose(net, seed))
    except KeyboardInterrupt:
        return None


def simulate(arguments: argparse.Namespace, net: Net, seed: int) -> Result:
    """Simulate `net` as the options say, showing the progress."""
    from spn import api
    from spn.cli.progress import shown
    from spn.study import NotRegenerative

    if not net.measures:
        raise UsageError(f"'{net.name}' has no measures: there is nothing to simulate for (a rare event is asked for by --rare)")
    note(f"{net.name}: seed {seed}")
    with shown() as progress:
        try:
            return api.simulate(net, **asked(arguments, seed), max_time=arguments.max_time, sampling=arguments.sampling, progress=progress)
        except NotRegenerative as error:
            raise UsageError(f"--sampling regenerative: {error}") from None


def asked(arguments: argparse.Namespace, seed: int) -> dict[str, Any]:
    """The settings of a simulation, as the options say them."""
    return {
        "precision": 0.05 if arguments.precision is None else arguments.precision,
        "confidence": arguments.confidence,
        "seed": seed,
        "engine": arguments.engine,
        "max_firings": arguments.max_firings,
        "max_seconds": arguments.max_seconds,
        "workers": arguments.workers,
        "notice": note,
    }


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
    if getattr(arguments, "max_time", None) is not None:
        words += ["--max-time", f"{arguments.max_time:.15g}"]
    if getattr(arguments, "sampling", "auto") != "auto":
        words += ["--sampling", arguments.sampling]
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
