"""Runs every workload in C, on each engine of spn, in SimPy and in SimPN, and prints how they compare. Options: ``python run.py --help``.

All figures are ratios of rates measured in turns in one run, so that whatever else the machine does falls on all alike.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import costs
from runners import CProgram, EngineRunner, Runner, Sample, build, others
from workloads import WORKLOADS, Workload

TARGETS = {"large to small": 5.0, "bytes per actor": 100.0, "threads": 1.7, "spn check": 3.0}


@dataclass
class Line:
    """What was measured of one workload. Ratios are to the best C of the same round; `wrong` says which estimates are off, and by how much."""

    workload: Workload
    ratios: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    ready: dict[str, float] = field(default_factory=dict)
    best: str = ""
    wrong: list[str] = field(default_factory=list)


def check(line: Line, name: str, sample: Sample, fallback: Sample) -> None:
    """Compare an estimate with its theory or, where there is none, with that of the C program (whose deviation adds to it)."""
    workload = line.workload
    expected, tolerance = workload.expected(sample.time), workload.tolerance(sample.firings)
    if math.isnan(expected):
        expected, tolerance = fallback.estimate, tolerance * math.sqrt(2.0)
    if not abs(sample.estimate / expected - 1.0) <= tolerance:
        line.wrong.append(f"{workload.name}, {name}: {sample.estimate:.6g} instead of {expected:.6g} (tolerance {tolerance:.2g})")


def measure(workload: Workload, programs: dict[str, Path], runners: Sequence[Runner], firings: int, repeat: int) -> Line:
    """Everybody in turns, `repeat` times."""
    line = Line(workload)
    variants = [CProgram(programs[workload.program], variant) for variant in workload.variants]
    runners = [runner for runner in runners if runner.supports(workload)]
    horizons = {runner.name: variants[0].run(workload, runner.firings(workload), 1) for runner in runners}
    samples: dict[str, list[Sample]] = {}
    c_rates: list[float] = []
    for round in range(repeat):
        found = {variant.variant: variant.run(workload, firings, round + 1) for variant in variants}
        c_rates.append(max(sample.rate for sample in found.values()))
        for runner in runners:
            found[runner.name] = runner.run(workload, horizons[runner.name].time, round + 1)
        for name, sample in found.items():
            samples.setdefault(name, []).append(sample)
            check(line, name or "C", sample, horizons.get(name, sample))
    for name, each in samples.items():
        line.ratios[name] = median([sample.rate / c for sample, c in zip(each, c_rates, strict=True)])
        line.rates[name] = median([sample.rate for sample in each])
        line.ready[name] = each[0].ready
    line.best = max(workload.variants, key=line.ratios.__getitem__)
    return line


def median(values: Sequence[float]) -> float:
    """Of those that could be measured; NaN if none."""
    return statistics.median([value for value in values if not math.isnan(value)] or [math.nan])


def shown(ratio: float) -> str:
    """A ratio as one reads it: 0.85, or 1/1,200."""
    if math.isnan(ratio):
        return ""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1.0 / ratio:,.0f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown, with columns that line up."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines)


def rates(lines: Sequence[Line], runners: Sequence[Runner]) -> str:
    """The rates relative to the best C."""
    names = [runner.name for runner in runners]
    header = ["workload", "best C with", *names, "wanted of compiled", "verdict"]
    rows = []
    for line in lines:
        compiled = line.ratios.get("compiled")
        verdict = "wrong" if line.wrong else "" if compiled is None else "reached" if compiled >= line.workload.target else "missed"
        cells = [shown(line.ratios.get(name, math.nan)) for name in names]
        best = line.best if line.workload.program == "w1" else ""
        rows.append([line.workload.name, best, *cells, f"{line.workload.target:.2f}", verdict])
    return table(header, rows)


def large_to_small(lines: Sequence[Line]) -> dict[str, float]:
    """Time per firing of W1 at N = 100,000 relative to N = 100, of everybody who ran both."""
    of = {line.workload.name: line for line in lines}
    if costs.MANY not in of or costs.FEW not in of:
        return {}
    many, few = of[costs.MANY], of[costs.FEW]
    return {name or "C": few.rates[name] / many.rates[name] for name in few.rates if name in many.rates}


def further(lines: Sequence[Line], programs: dict[str, Path], runners: Sequence[Runner], firings: int, repeat: int) -> dict[str, dict[str, float]]:
    """Everything about W1 that is not a rate, by what it is and whose it is."""
    calendar = CProgram(programs["w1"], "calendar")
    found = {"large to small": large_to_small(lines), "bytes per actor": {}, "threads": {}}
    found["bytes per actor"]["calendar"] = costs.memory_of_c(calendar)
    found["threads"]["calendar"] = costs.processes_of_c(calendar, firings, repeat)
    for runner in runners:
        if isinstance(runner, EngineRunner) and runner.supports(costs.named(costs.FEW)):
            few = costs.named(costs.FEW)
            until = calendar.run(few, runner.firings(few), 1).time
            found["bytes per actor"][runner.name] = costs.memory_of_engine(runner.name)
            found["threads"][runner.name] = costs.threads_of_engine(runner, until, repeat)
    return found


def costs_table(found: dict[str, dict[str, float]], runners: Sequence[Runner]) -> str:
    """The costs of C and of each runner beside what is wanted."""
    names = ["calendar", *(runner.name for runner in runners)]
    rows = []
    for key, title, limit, form in (
        ("large to small", "time per firing, N=100,000 to N=100", "at most {:g}", "{:.2f}"),
        ("bytes per actor", "bytes per actor, N=100,000", "at most {:g}", "{:.0f}"),
        ("threads", "two threads to one (C: processes)", "at least {:g}", "{:.2f}"),
    ):
        if found.get(key):
            rows.append([title, *(form.format(found[key][name]) if name in found[key] else "" for name in names), limit.format(TARGETS[key])])
    return table(["W1", "C", *names[1:], "wanted of compiled"], rows)


def start_up_table(found: dict[str, float]) -> str:
    """Whole processes."""
    wanted = {"spn check sip_transport": f"at most {TARGETS['spn check']:g}"}
    rows = [[name, f"{ratio:.2f}", wanted.get(name, "")] for name, ratio in found.items()]
    return table(["whole process", "relative to import numpy", "wanted"], rows)


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compares spn's engines with hand-written C, SimPy and SimPN.")
    parser.add_argument("--only", metavar="TEXT", action="append", help="workloads whose name has the text in it, 'costs', 'start-up'; repeatable")
    parser.add_argument("--quick", action="store_true", help="a quarter of the firings, three rounds")
    parser.add_argument("--repeat", metavar="N", type=int, help="rounds (default: 5; 3 if quick)")
    parser.add_argument("--json", action="store_true", help="print one object instead of tables")
    return parser.parse_args()


def main() -> int:
    """1 if an estimate is wrong or a process failed, 2 if nothing can be compared."""
    arguments = options()
    repeat = max(1, arguments.repeat or (3 if arguments.quick else 5))
    firings = 2_500_000 if arguments.quick else 10_000_000
    only = [text.lower() for text in arguments.only or [""]]

    def asked(name: str) -> bool:
        return any(text in name.lower() for text in only)

    runners = others(arguments.quick)
    with tempfile.TemporaryDirectory(prefix="spn-benchmarks-") as folder:
        try:
            programs = build(Path(folder))
        except RuntimeError as error:
            print(f"{error}: there is nothing to compare with", file=sys.stderr)
            return 2
        lines = []
        for workload in WORKLOADS:
            if asked(workload.name):
                print(workload.name, file=sys.stderr)
                lines.append(measure(workload, programs, runners, firings, repeat))
        extra = further(lines, programs, runners, firings, repeat) if asked("costs") else {"large to small": large_to_small(lines)}
    wrong = [text for line in lines for text in line.wrong]
    start_up: dict[str, float] = {}
    try:
        start_up = costs.start_up(max(repeat, 5)) if asked("start-up") else {}
    except RuntimeError as error:  # what was measured before is still worth printing
        wrong.append(str(error))
    if arguments.json:
        measured = [
            {
                "workload": line.workload.name,
                "best_c": line.best,
                "target": line.workload.target,
                "ratios": line.ratios,
                "ready_s": {name: seconds for name, seconds in line.ready.items() if not math.isnan(seconds)},
            }
            for line in lines
        ]
        print(json.dumps({"workloads": measured, "costs": extra, "start_up": start_up, "wrong": wrong}, indent=2))
    else:
        if lines:
            print(rates(lines, runners), end="\n\n")
        if any(extra.values()):
            print(costs_table(extra, runners), end="\n\n")
        if start_up:
            print(start_up_table(start_up))
    for text in wrong:
        print(f"wrong: {text}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
