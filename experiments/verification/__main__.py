"""The command: run the rows or the coverage, print them as they come, write the report."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from experiments.verification import coverage_report
from experiments.verification.agreement import known, parts, run_agreement, together
from experiments.verification.agreement import markdown as markdown_of_parts
from experiments.verification.coverage import kept, recorded, run_coverage, summed
from experiments.verification.coverage_cases import CASES, Case
from experiments.verification.mutants import run_mutants
from experiments.verification.mutants import summary as mutants_summary
from experiments.verification.random_nets import run_random
from experiments.verification.random_rare import run_random_rare
from experiments.verification.rare_cases import RARE_CASES
from experiments.verification.report import Z_LIMIT, line, markdown, provenance, verdict
from experiments.verification.rows import all_rows, checks
from experiments.verification.running import run_all

REPORT = Path(__file__).parent / "RESULTS.md"
ENGINES = Path(__file__).parent / "ENGINES.md"
COVERAGE = Path(__file__).parent / "COVERAGE.md"
RARE = Path(__file__).parent / "RARE.md"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m experiments.verification", description="Simulate every net with a known answer and compare.")
    parser.add_argument("--quick", action="store_true", help="a small subset, in a minute or two")
    parser.add_argument("--only", metavar="NAME", help="cases or measures whose name holds this; for --coverage and --rare: cases, several with ;")
    parser.add_argument(
        "--coverage", type=int, metavar="RUNS", help="instead: how often intervals hold the truth, by so many runs of each case; resumes"
    )
    parser.add_argument("--rare", type=int, metavar="RUNS", help="instead: the same for rare events; resumes")
    parser.add_argument("--random", type=int, metavar="NETS", help="instead: random nets against their Markov chains")
    parser.add_argument("--random-rare", type=int, metavar="NETS", help="instead: random questions about rare events against Markov chains")
    parser.add_argument("--engines", type=int, metavar="MODELS", help="instead: both engines on random models of the whole language, event by event")
    parser.add_argument("--mutations", type=int, metavar="MUTANTS", help="instead: random mutations of valid models, which must not break the reader")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first model's seed, for --engines and --mutations (default: 0)")
    parser.add_argument(
        "--record", type=Path, help="what --engines, --coverage or --rare found, a line for each model or run; what is in the file is not run again"
    )
    parser.add_argument("--seed", type=int, default=1, help="base seed (default: 1)")
    parser.add_argument("--processes", type=int, default=2, help="simulations at a time (default: 2)")
    parser.add_argument("--output", type=Path, help="the report (default: RESULTS.md, COVERAGE.md or ENGINES.md here; RESULTS.md not for a part)")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    if given.engines:
        return engines(given)
    if given.mutations:
        return mutations(given)
    if given.random:
        return random_nets(given)
    if given.random_rare:
        return random_rare(given)
    if given.coverage:
        return coverage(given, given.coverage, CASES, given.output or COVERAGE, "Coverage", coverage_report.ABOUT)
    if given.rare:
        return coverage(given, given.rare, RARE_CASES, given.output or RARE, "Rare events", coverage_report.ABOUT_RARE)
    return verification(given)


def facts(given: argparse.Namespace) -> list[str]:
    return provenance(given.seed, " ".join(["python -m experiments.verification", *sys.argv[1:]]), given.processes)


def coverage(given: argparse.Namespace, runs: int, cases: Sequence[Case], output: Path, title: str, about: str) -> int:
    """Bring each case to so many runs, and write the report, with figures: from the runs in the record, and for other cases from what they gave."""
    stem = output.stem.lower()
    record = given.record or Path(f"{stem}.jsonl")
    names = [part.strip() for part in (given.only or "").split(";")]
    chosen = [case for case in cases if any(name in case.name for name in names)]
    run_coverage(record, runs, given.seed, given.processes, chosen, lambda text: print(text, flush=True))
    summaries = kept(output.with_suffix(".json"), [summed(name, lines) for name, lines in recorded(record).items()])
    command = f"python -m experiments.verification --{stem} {runs}"
    output.write_text(coverage_report.markdown(summaries, provenance(given.seed, command, given.processes), title, about, stem), encoding="utf-8")
    coverage_report.draw(summaries, output.parent, stem)
    for found in coverage_report.all_of(summaries):
        print("  ".join([found.case.name, *coverage_report.row(found)]))
    return 1 if any(coverage_report.verdict(found) == "**too low**" for found in coverage_report.all_of(summaries)) else 0


def random_nets(given: argparse.Namespace) -> int:
    scores, skipped = [], 0
    for found in run_random(given.random, given.seed, given.processes):
        if found.skipped:
            skipped += 1
            print(f"{found.seed}: {found.skipped}")
        for name, (expected, estimate, z) in found.values.items():
            scores.append(abs(z))
            if abs(z) > Z_LIMIT:
                print(f"{found.seed}, {name}: {expected:.9g}, simulated {estimate:.9g}, z = {z:+.2f}\n{found.text}")
    print(f"{given.random - skipped} nets, {len(scores)} values, largest |z| {max(scores, default=0.0):.2f}; skipped: {skipped}")
    return 0 if max(scores, default=0.0) <= Z_LIMIT else 1


def random_rare(given: argparse.Namespace) -> int:
    states: Counter[str] = Counter()
    scores, wrong = [], 0
    for answers in run_random_rare(given.random_rare, given.seed, given.processes):
        for found in answers:
            states[f"{found.method}: {found.state.split(':')[0]}" if found.method else found.state] += 1
            scores += [abs(z) for *_, z in found.values]
            for name, expected, estimate, z in found.values:
                if abs(z) > Z_LIMIT:
                    print(f"{found.seed}, {found.method}, {found.asked}: {name}: {expected:.9g}, estimated {estimate:.9g}, z = {z:+.2f}")
                    print(found.text)
            if found.wrong:
                wrong += 1
                print(f"{found.seed}, {found.method}, {found.asked}: {found.wrong}\n{found.text}")
    print("\n".join(f"{number:6,}  {state}" for state, number in sorted(states.items())))
    print(f"{given.random_rare} questions, {len(scores):,} values, largest |z| {max(scores, default=0.0):.2f}; wrong beyond chance: {wrong}")
    return 1 if wrong or max(scores, default=0.0) > Z_LIMIT else 0


def engines(given: argparse.Namespace) -> int:
    seeds = range(given.first, given.first + given.engines)
    record = given.record or Path(f"engines-{seeds.start}-{seeds.stop}.jsonl")
    for number, finding in enumerate(run_agreement(seeds, record, given.processes), 1):
        if finding.trouble:
            print(f"seed {finding.seed}: {finding.end}: {finding.trouble}", flush=True)
        if number % 100 == 0:
            print(f"{number} models", flush=True)
    new = parts(finding for finding in known(record) if finding.seed in seeds)
    output = given.output or ENGINES
    output.write_text(markdown_of_parts(together(output.with_suffix(".json"), new)), encoding="utf-8")
    for part in new:
        print(f"{part.models:,} models, seeds {part.first} to {part.last}: {part.events:,} events, {len(part.troubles)} disagreements")
    return 1 if any(part.troubles for part in new) else 0


def mutations(given: argparse.Namespace) -> int:
    found = []
    for mutant in run_mutants(range(given.first, given.first + given.mutations), given.processes):
        found.append(mutant)
        if mutant.trouble:
            print(f"seed {mutant.seed}, {mutant.kind} of {mutant.source}: {mutant.trouble}", flush=True)
        if len(found) % 1000 == 0:
            print(f"{len(found)} mutants", flush=True)
    print("\n".join(mutants_summary(found)))
    return 1 if any(mutant.trouble for mutant in found) else 0


def verification(given: argparse.Namespace) -> int:
    began = time.monotonic()
    found_checks = checks()
    for check in found_checks:
        if not check.agrees:
            print(f"REFERENCE: {check.case} {check.measure}: {check.reference!r}, computed anew {check.anew!r}")
    rows = [row for row in all_rows() if (row.quick or not given.quick) and (given.only or "") in f"{row.case} {row.measure}"]
    if not rows:
        print(f"no case or measure is named like {given.only!r}", file=sys.stderr)
        return 2
    findings = []
    for finding in run_all(rows, given.seed, given.processes):
        findings.append(finding)
        print("  ".join(line(finding)), flush=True)
    good, reasons = verdict(findings)
    print("\n".join(reasons))
    output = given.output or (REPORT if len(rows) == len(all_rows()) else None)
    if output is not None:
        output.write_text(markdown(findings, found_checks, facts(given), time.monotonic() - began), encoding="utf-8")
    good = good and all(check.agrees for check in found_checks)
    print("passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
