"""The command: run the rows, print them as they come, write the report."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from experiments.verification.coverage import run_coverage
from experiments.verification.report import coverage_table, line, markdown, provenance, verdict
from experiments.verification.rows import all_rows, checks
from experiments.verification.running import run_all

REPORT = Path(__file__).parent / "RESULTS.md"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m experiments.verification", description="Simulate every net with a known answer and compare.")
    parser.add_argument("--quick", action="store_true", help="a small subset, in about a minute")
    parser.add_argument("--only", metavar="NAME", help="cases or measures whose name holds this")
    parser.add_argument("--seed", type=int, default=1, help="base seed (default: 1)")
    parser.add_argument("--processes", type=int, default=2, help="simulations at a time (default: 2)")
    parser.add_argument("--coverage", type=int, metavar="SEEDS", default=None, help="coverage runs for each of the quick measures; 0: none")
    parser.add_argument("--only-coverage", action="store_true", help="nothing but coverage")
    parser.add_argument("--output", type=Path, help="the report (default: RESULTS.md here for a full run, else none)")
    return parser.parse_args()


def main() -> int:
    given, began = arguments(), time.monotonic()
    partial = given.quick or given.only is not None or given.only_coverage
    seeds = given.coverage if given.coverage is not None else (100 if given.only_coverage else 0 if partial else 20)
    found_checks = checks()
    for check in found_checks:
        if not check.agrees:
            print(f"REFERENCE: {check.case} {check.measure}: {check.reference!r}, computed anew {check.anew!r}")
    rows = [] if given.only_coverage else all_rows()
    if given.quick:
        rows = [row for row in rows if row.quick]
    if given.only is not None:
        rows = [row for row in rows if given.only in f"{row.case} {row.measure}"]
        if not rows:
            print(f"no case or measure is named like {given.only!r}", file=sys.stderr)
            return 2
    findings = []
    for finding in run_all(rows, given.seed, given.processes) if rows else ():
        findings.append(finding)
        print("  ".join(line(finding)), flush=True)
    coverages = list(run_coverage(seeds, given.seed, given.processes)) if seeds else []
    good, reasons = verdict(findings)
    print("\n".join(reasons))
    if coverages:
        print(coverage_table(coverages))
    output = given.output or (None if partial else REPORT)
    if output is not None:
        words = " ".join(["python -m experiments.verification", *sys.argv[1:]])
        facts = provenance(given.seed, words, given.processes)
        output.write_text(markdown(findings, found_checks, coverages, facts, time.monotonic() - began), encoding="utf-8")
    good = good and all(check.agrees for check in found_checks)
    print("passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
