"""``spn run MODEL --rare CONDITION``: the options, the text of the answer, and the command that repeats it. The answer comes from `spn.rare`."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spn.cli.blocks import Rows
    from spn.rare import RareResult

METHODS = ("auto", "forcing", "splitting", "restart", "plain")
OWN = ("until", "within", "importance", "method")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The question, and how to answer it."""
    group = parser.add_argument_group("rare events", "What plain simulation never sees (docs/rare.md). Without --until and --within: the long run.")
    group.add_argument("--rare", metavar="CONDITION", help="how probable, or how frequent, is it that this condition comes true?")
    group.add_argument("--until", metavar="CONDITION", help="a life ends when this holds: the probability that the rare condition comes first")
    group.add_argument("--within", metavar="TIME", help="the probability that the rare condition comes true within this time ('30 d')")
    group.add_argument("--importance", metavar="EXPRESSION", help="a number that grows on the way to the condition, where the way is not found")
    group.add_argument(
        "--method",
        choices=METHODS,
        help="importance sampling (forcing), splitting with fixed effort, RESTART, plain simulation to compare with (default: auto)",
    )


def check(arguments: argparse.Namespace) -> None:
    """Options that mean nothing without --rare, or nothing with it."""
    if arguments.rare is None:
        for name in OWN:
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name} belongs to --rare CONDITION")
    elif arguments.engine != "auto":
        raise UsageError("--rare chooses its engine by itself: leave --engine out")
    elif arguments.sampling != "auto":
        raise UsageError("--sampling is about measures of the long run: leave it out with --rare")
    else:
        for name in ("explain", "plot"):
            if getattr(arguments, name, None):
                raise UsageError(f"--{name} is about a run for the measures of the model: leave it out with --rare")


def execute(arguments: argparse.Namespace) -> Exit:
    """Answer the question and print the result."""
    from spn import api
    from spn.cli.models import locate
    from spn.cli.progress import shown
    from spn.cli.run import repeating, write_json
    from spn.rare import Refused
    from spn.study import cores

    seed = options.new_seed() if arguments.seed is None else arguments.seed
    model = locate(arguments.model)
    note(f"{arguments.model}: seed {seed}")
    try:
        with shown() as progress:
            result = api.rare_event(
                model,
                arguments.rare,
                arguments.parameters,
                until=arguments.until,
                within=arguments.within,
                importance=arguments.importance,
                method=None if arguments.method in (None, "auto") else arguments.method,
                precision=0.1 if arguments.precision is None else arguments.precision,
                confidence=arguments.confidence,
                seed=seed,
                max_firings=arguments.max_firings,
                max_seconds=arguments.max_seconds,
                workers=cores() if arguments.workers is None else arguments.workers,
                progress=progress,
                warned=lambda problem: note(problem.render()),
            )
    except Refused as refusal:
        note(f"spn run: {refusal}")
        return Exit.NOT_SUPPORTED
    command = shlex.join([*shlex.split(repeating(arguments, [arguments.model], seed)), *_words(arguments)])
    if arguments.json:
        write_json(result.to_dict() | {"command": command})
    else:
        write(report(result, arguments.parameters, command))
    return _exit(result)


def _words(arguments: argparse.Namespace) -> list[str]:
    given = [(name, getattr(arguments, name)) for name in ("rare", *OWN)]
    return [word for name, value in given if value not in (None, "auto") for word in (f"--{name}", value)]


def _exit(result: RareResult) -> Exit:
    from spn.estimate.stopping import Reason

    if result.stop_reason is Reason.INTERRUPTED:
        return Exit.INTERRUPTED
    return Exit.OK if result.converged else Exit.NOT_REACHED


def report(result: RareResult, changed: Mapping[str, str], command: str) -> str:
    """The whole page."""
    from spn.cli.blocks import aligned

    head: Rows = [("model", result.model)]
    head += [("parameter", f"{name} = {value.strip()}") for name, value in changed.items()]
    head += [
        ("seed", str(result.seed)),
        ("event", f"{result.condition}, in {result.about}"),
        ("method", result.method),
        ("effort", f"{result.diagnostics.firings:,} firings in {result.elapsed_s:.3g} s"),
        ("stopped", result.stop_reason.value),
    ]
    return "\n\n".join(["\n".join(aligned(head)), "\n".join(["rare event", *aligned(_estimates(result))]), f"repeat: {command}"])


def _estimates(result: RareResult) -> Rows:
    from spn.estimate.estimates import YEAR
    from spn.estimate.numbers import duration, with_interval

    found = result.estimates
    rows: Rows = []
    long_run = "mean_life_s" not in found and "rate" in found
    if "probability" in found:
        rows.append(("probability in a cycle" if long_run else "probability", with_interval(found["probability"])))
    if "rate" in found:
        rows.append(("events per year" if long_run else "per year of lives", with_interval(found["rate"].scaled(YEAR))))
    if "mean_time_between_s" in found:
        rows.append(("mean time between", duration(found["mean_time_between_s"])))
    if "unavailability" in found:
        rows.append(("share of time", with_interval(found["unavailability"])))
    if "mean_life_s" in found:
        rows.append(("mean life", duration(found["mean_life_s"])))
    if long_run and rows and "probability" in found:
        rows = [*rows[1:], rows[0]]
    return rows + _basis(result)


def _basis(result: RareResult) -> Rows:
    """What the numbers rest on."""
    from spn.estimate.numbers import percent

    told = result.diagnostics
    rows: Rows = []
    if told.replications:
        reached = result.main.relative_half_width
        shown = f"+-{percent(reached)}" if reached < 1e6 else "unknown"
        rows.append(("basis", f"precision {shown} (asked: {percent(result.precision)}), {told.replications:,} replications, {result.main.method}"))
    if told.copies:
        text = f"{told.effective:,.0f} effective replications, {percent(told.hitting)} of {told.copies:,} copies reached it"
        rows.append(("weights", f"{text}, the greatest carries {percent(told.greatest)}"))
    if told.predicted is not None and told.replications:
        of_net = "exact, as every delay is exponential" if told.exact else "a rough guide only"
        what = "in a cycle" if "mean_life_s" not in result.estimates and "rate" in result.estimates else "in a life"
        rows.append(("Markov chain", f"{told.predicted:.5g} {what} ({of_net}), {told.markings:,} markings{'' if told.complete else ' and more'}"))
    for level, runs, further in told.levels:
        rows.append(("level", f"importance {level:.6g}: reached {further:,} times" + (f" by {runs:,} runs" if runs else "")))
    rows.append(("state", result.state.value))
    return rows + [("note", text) for text in told.notes]
