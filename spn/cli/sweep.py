"""``spn sweep``: simulates all points of a study, and prints the table. What is done is in `spn.sweeps`, what is printed in `spn.tables`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from spn.cli import options
from spn.cli.console import note, write
from spn.cli.exits import Exit, UsageError

if TYPE_CHECKING:
    from spn.sweeps.definition import Definition
    from spn.sweeps.run import Summary
    from spn.tables.results import Results

HELP = "simulate all points of a study, and print the table"
DESCRIPTION = (
    "Simulates models at all combinations of the values that a study file gives, and prints a table. Results are kept in a file; the same command "
    "goes on with what is not finished, and ends in the same numbers."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The study, where its results are, and who works on it."""
    parser.add_argument("study", metavar="STUDY", help="a study file, or the name of a shipped study")
    add_work(parser)
    parser.add_argument("--dry-run", action="store_true", help="check everything, and only say what would be simulated")


def add_work(parser: argparse.ArgumentParser) -> None:
    """Where the results are, and who works on them."""
    parser.add_argument("-o", "--output", metavar="DIR", default="results", help="the folder of the results file (default: results)")
    parser.add_argument("--workers", metavar="N", type=options.count, help="how many work at a time (default: as many as there are cores)")
    parser.add_argument("--executor", metavar="E", default="process", help="process, thread, dask:ADDRESS or mpi (default: process)")


def execute(arguments: argparse.Namespace) -> Exit:
    """Simulate what is not finished, and print what is."""
    if arguments.dry_run:
        return _dry(arguments)
    from spn.sweeps.reading import load_study
    from spn.tables.forms import text

    results, code = simulated(arguments, load_study(_located(arguments.study)))
    if results is not None:
        write(text(results))
    return code


def _located(name: str) -> str | Path:
    """The file of a study; a name that is none is told of as a file is."""
    from spn.library import find_study, shipped_studies

    found = find_study(name)
    if found is None and not Path(name).suffix and "\0" not in name and not Path(name).exists():
        raise UsageError(f"no study '{name}': neither a file nor a shipped study; shipped studies: {', '.join(shipped_studies())}")
    return found or name


def simulated(arguments: argparse.Namespace, study: Definition) -> tuple[Results | None, Exit]:
    """Simulate what is not finished of a study; its results, None if there are none yet, and the exit code."""
    from spn.cli.progress import sweeping
    from spn.sweeps.executors import ExecutorError, workers
    from spn.sweeps.run import Sweep, results_path
    from spn.sweeps.store import Store, StoreError
    from spn.tables.results import Results

    path = results_path(Path(arguments.output), study)
    try:
        with Store.write(path) as store:
            pool = workers(arguments.executor, arguments.workers)
            interrupted = True
            summary: Summary | None = None
            try:
                with sweeping() as progress:
                    sweep = Sweep(study, store, pool, note, progress)
                    note(f"{study.name}: {len(sweep.points):,} points, seed {sweep.seed}; results in {path}")
                    summary = sweep.run()
                interrupted = False
            except KeyboardInterrupt:
                note("interrupted; the same command goes on from here")
            finally:
                pool.close(now=interrupted)
            results = Results.of(store) if store.study() else None
    except (StoreError, ExecutorError) as error:
        raise UsageError(str(error)) from None
    return results, Exit.INTERRUPTED if summary is None or results is None else _told(summary, results)


def _dry(arguments: argparse.Namespace) -> Exit:
    from spn.cli.studies import outlook_of
    from spn.sweeps.store import StoreError

    try:
        write(outlook_of(_located(arguments.study), Path(arguments.output)))
    except StoreError as error:
        raise UsageError(str(error)) from None
    return Exit.OK


def _told(summary: Summary, results: Results) -> Exit:
    """Say what was not as it should be; the exit code."""
    if summary.lost:
        note(f"workers were lost {summary.lost} times; what they had been working on was done again")
    if summary.damaged:
        note(f"{summary.damaged} batches in the results file were damaged, and were simulated again")
    for why in list(summary.failed.values())[:10]:
        note(why)
    if len(summary.failed) > 10:
        note(f"and {len(summary.failed) - 10} more points that have no result")
    if summary.unsupported:
        return Exit.NOT_SUPPORTED
    if summary.failed or any(point.record is not None and point.record.error for point in results.points):
        return Exit.MODEL
    return Exit.OK if results.converged else Exit.NOT_REACHED
