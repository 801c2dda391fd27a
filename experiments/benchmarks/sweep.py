"""What a sweep costs beyond simulating: many short points of the standard system, in processor time, so that others on the machine matter little.

    python experiments/benchmarks/sweep.py [--points 2000] [--workers 2] [--json]

It sweeps once in this process, with the time that batches take measured, and once from the command line with worker processes; the last line
is the time of the kernel alone for as many firings as all points took.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = """\
study: 1
models: {{standard: monolithic}}
parameters:
  mttf: {{from: 100 h, to: 10000 h, points: {many}, scale: log}}
  sigma: {{from: 0.1, to: 1.0, points: 40}}
derived: {{failure: "lognormal(mean=mttf, sigma=sigma)"}}
precision: 5 %
seed: 7
"""


def in_this_process(study: Path, folder: Path) -> dict[str, float]:
    """Seconds of the processor: of the whole sweep, of simulating batches, and of the kernel for as many firings; points and firings."""
    from spn.sweeps import work
    from spn.sweeps.executors import Here
    from spn.sweeps.reading import load_study
    from spn.sweeps.run import Sweep, results_path
    from spn.sweeps.store import Store
    from spn.tables.results import Results

    simulating, plain = 0.0, work.run_batch

    def measured(*arguments):
        nonlocal simulating
        began = time.process_time()
        try:
            return plain(*arguments)
        finally:
            simulating += time.process_time() - began

    work.run_batch = measured
    definition = load_study(study)
    with Store.write(results_path(folder, definition)) as store:
        began = time.process_time()
        Sweep(definition, store, Here(), lambda text: None).run()
        whole = time.process_time() - began
        results = Results.of(store)
    work.run_batch = plain
    firings = sum(point.record.firings for point in results.points)
    return {"points": len(results.points), "firings": firings, "whole": whole, "simulating": simulating, "kernel": kernel(firings)}


def kernel(firings: int) -> float:
    """Seconds of the processor that the kernel takes for so many firings in one go."""
    from spn.api import resolve
    from spn.engine.compiled import CompiledEngine
    from spn.observation import Task

    prepared = CompiledEngine().prepare(resolve("monolithic"))
    seconds = []
    for most in (firings, firings, 0):
        began = time.process_time()
        prepared.run(Task(1, (0,), ("system",), (0.0, 1e300), max_firings=most))
        seconds.append(time.process_time() - began)
    return min(seconds[:2]) - seconds[2]


def from_the_command_line(study: Path, folder: Path, workers: int) -> tuple[float, float]:
    """Seconds by the clock, and of the processor in all processes."""
    command = [sys.executable, "-m", "spn", "sweep", str(study), "-o", str(folder), "--workers", str(workers)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("the sweep did not end well")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        study = folder / "study.yaml"
        study.write_text(STUDY.format(many=max(2, options.points // 40)))
        found = in_this_process(study, folder / "here")
        found["wall"], found["processor"] = from_the_command_line(study, folder / "there", options.workers)
    points = found["points"]
    found["overhead_per_point"] = (found["whole"] - found["simulating"]) / points
    if options.json:
        print(json.dumps(found))
        return 0
    each = 1000.0 / points
    print(f"{points:.0f} points of the standard system at 5 %, {found['firings'] / points:,.0f} firings each")
    print(f"{options.workers} worker processes: {found['wall']:.1f} s by the clock ({points / found['wall']:.0f} points/s), "
          f"{found['processor']:.1f} s of the processor in all, {found['processor'] * each:.2f} ms a point")  # fmt: skip
    print("milliseconds of the processor for each point, in one process:")
    print(f"  {found['whole'] * each:7.3f}  all, without starting Python")
    print(f"  {found['simulating'] * each:7.3f}  simulating batches")
    print(f"  {found['overhead_per_point'] * 1000:7.3f}  the rest: overhead (wanted: less than 5)")
    print(f"  {found['kernel'] * each:7.3f}  the kernel alone, for as many firings in one go")
    return 0


if __name__ == "__main__":
    sys.exit(main())
