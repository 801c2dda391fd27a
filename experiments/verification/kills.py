"""A hundred kills: a sweep whose workers and main process are killed at random moments, again and again, ends in the bits of one that is left alone.

    python -m experiments.verification.kills [--kills 100] [--seed 1] [--folder DIR]

prints how many kills hit what, and whether the tables are the same. It takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

STUDY = """\
study: 1
models: {standard: monolithic, plain: {model: two_state, with: {failure_rate: 1 / mttf}}}
parameters:
  mttf: {from: 100 h, to: 10000 h, points: 8, scale: log}
  clocks: [resample, age]
derived: {failure: "lognormal(mean=mttf, sigma=0.4)"}
precision: 10 %
seed: 11
compare: {ageing: {of: {clocks: age}, to: {clocks: resample}}}
"""


def children_of(pid: int) -> list[int]:
    """The worker processes of a sweep (not multiprocessing's own helper)."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout.splitlines()
    return [int(line.split()[0]) for line in listed if "spawn_main" in line]


def sweep(study: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "spn", "sweep", str(study), "-o", str(folder), "--workers", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def table(file: Path) -> str:
    """All that the results file says."""
    return subprocess.run([sys.executable, "-m", "spn", "table", str(file), "--json"], capture_output=True, text=True, check=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    rng, hits = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        study = folder / "kills.yaml"
        study.write_text(STUDY)
        began = time.monotonic()
        if sweep(study, folder / "alone").wait() not in (0, 3):
            print("the sweep that was left alone did not end well")
            return 1
        longest = max(2.0, 0.6 * (time.monotonic() - began))  # so that some come before and some after workers have begun
        print("the sweep that is left alone has ended", flush=True)
        runs = 0
        while sum(hits[name] for name in ("sweep", "worker")) < options.kills:
            runs += 1
            disturbed = folder / f"disturbed-{hits['finished']}"
            process = sweep(study, disturbed)
            while True:
                try:
                    code = process.wait(rng.uniform(0.0, longest))
                    hits["finished" if code in (0, 3) else "failed"] += 1
                    break
                except subprocess.TimeoutExpired:
                    workers = children_of(process.pid)
                    if workers and rng.random() < 0.7:
                        os.kill(rng.choice(workers), signal.SIGKILL)
                        hits["worker"] += 1
                        continue
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                    hits["sweep"] += 1
                    break
            print(dict(hits), flush=True)
        last = folder / f"disturbed-{hits['finished']}"
        hits["failed"] += sweep(study, last).wait() not in (0, 3)
        expected = table(folder / "alone" / "kills.sqlite")
        same = [table(file) == expected for file in sorted(folder.glob("disturbed-*/kills.sqlite"))]
        print(f"{hits['worker']} workers and {hits['sweep']} sweeps killed in {runs} runs; {hits['finished']} came to their end and one was let")
        print(f"{sum(same)} of {len(same)} results have the bits of the sweep that was left alone")
        if hits["failed"]:
            print(f"{hits['failed']} runs ended with an error")
        return 0 if all(same) and not hits["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
