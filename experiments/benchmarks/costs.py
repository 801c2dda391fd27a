"""What is not a rate: memory for each actor, threads, and how long whole processes take.

Run by itself, ``python costs.py ENGINE WORKLOAD`` is the process whose memory is measured; it says its peak.
"""

from __future__ import annotations

import gc
import json
import math
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runners import CProgram, EngineRunner, engines, task
from workloads import WORKLOADS, Workload

MANY, FEW = "W1 N=100,000", "W1 N=100"
START_UP = {
    "import numpy": ["-c", "import numpy"],
    "spn check sip_transport": ["-m", "spn", "check", "sip_transport"],
    "spn run monolithic": ["-m", "spn", "run", "monolithic", "--seed", "1"],
}


def named(name: str) -> Workload:
    """The workload of that name."""
    return next(workload for workload in WORKLOADS if workload.name == name)


def peak() -> int:
    """The most bytes this process had in memory, 0 where the system does not tell. (`getrusage` would count the process that started it.)"""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def bytes_per_actor(command: dict[str, list[str]]) -> float:
    """From the peaks with many and with few actors, so that interpreter, libraries and kernels fall out. NaN where the system does not tell."""
    peaks = {}
    for name, each in command.items():
        done = subprocess.run(each, capture_output=True, text=True, check=True)
        peaks[name] = json.loads(done.stdout)["peak"]
    if not all(peaks.values()):
        return math.nan
    return (peaks[MANY] - peaks[FEW]) / (named(MANY).n - named(FEW).n)


def memory_of_engine(name: str) -> float:
    """Bytes for each actor of W1."""
    return bytes_per_actor({each: [sys.executable, str(Path(__file__)), name, each] for each in (MANY, FEW)})


def memory_of_c(program: CProgram) -> float:
    """Bytes for each actor of W1."""
    return bytes_per_actor({each: program.command(named(each), 1000, 1) for each in (MANY, FEW)})


def threads_of_engine(runner: EngineRunner, until: float, repeat: int) -> float:
    """How many times the firings per second of one thread two threads have, on one prepared net and two replications."""
    workload = named(FEW)
    runner.run(workload, 1e-9, 1)
    prepared = runner.prepared(workload)
    gc.collect()

    def once(seed: int) -> int:
        return prepared.run(task(workload, until, seed)).firings

    ratios = []
    with ThreadPoolExecutor(2) as pool:
        for round in range(repeat):
            began = time.perf_counter()
            one = once(round) / (time.perf_counter() - began)
            began = time.perf_counter()
            two = sum(pool.map(once, (2 * round + 1, 2 * round + 2))) / (time.perf_counter() - began)
            ratios.append(two / one)
    return statistics.median(ratios)


def processes_of_c(program: CProgram, firings: int, repeat: int) -> float:
    """The same for two processes of the C program: what the machine gives at best."""
    workload = named(FEW)
    ratios = []
    with ThreadPoolExecutor(2) as pool:
        for round in range(repeat):
            began = time.perf_counter()
            program.run(workload, firings, round)
            one = time.perf_counter() - began
            began = time.perf_counter()
            list(pool.map(lambda seed: program.run(workload, firings, seed), (1, 2)))
            ratios.append(2.0 * one / (time.perf_counter() - began))
    return statistics.median(ratios)


def start_up(repeat: int) -> dict[str, float]:
    """Whole-process times relative to `import numpy`, in turns; the first round only warms the file cache and Python's own."""
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {name: [] for name in START_UP}
    for round in range(repeat + 1):
        for name, arguments in START_UP.items():
            began = time.perf_counter()
            done = subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=surroundings)
            if done.returncode not in (0, 3):  # 3: the asked precision was not reached
                raise RuntimeError(f"exit code {done.returncode}: {name}")
            if round:
                seconds[name].append(time.perf_counter() - began)
    first = statistics.median(seconds["import numpy"])
    return {name: statistics.median(each) / first for name, each in seconds.items()}


def main() -> None:
    """Set up a workload, fire some, and say the peak."""
    name, of = sys.argv[1:]
    runner = EngineRunner(next(engine for engine in engines() if engine.name == name), 0)
    workload = named(of)
    runner.run(workload, 5e6, 1)
    print(json.dumps({"peak": peak()}))


if __name__ == "__main__":
    main()
