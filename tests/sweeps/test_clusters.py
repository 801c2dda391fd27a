"""Sweeps on Dask and MPI end in the same bits as here. Real schedulers and workers on this machine; skipped where they are not installed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from spn.sweeps.executors import ExecutorError, workers
from spn.tables.results import Results
from tests.sweeps.studies import sweep, write


def bits(results):
    return json.dumps(results.to_dict(), sort_keys=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return sweep(write(folder), folder)[1]


@contextmanager
def cluster(folder, count=2):
    """A Dask scheduler and worker processes on the loopback interface; gives the address and the workers."""
    file = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    started = [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", *options], **quiet)]
    try:
        until = time.monotonic() + 60
        while not (file.exists() and file.read_text()) and time.monotonic() < until:
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        own = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder), "--host", "127.0.0.1"]
        members = [subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", address, *own], **quiet) for _ in range(count)]
        started += members
        distributed = pytest.importorskip("distributed")
        with distributed.Client(address, timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)
        yield address, members
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


@pytest.mark.filterwarnings("ignore")
def test_dask_gives_the_same_bits_also_when_a_worker_dies(undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr("spn.sweeps.jobs.WHOLE", 0.0)  # so that batches of a point go to several
    pytest.importorskip("distributed")
    path = write(tmp_path)
    seen = 0

    with cluster(tmp_path) as (address, members):

        def kill(state):
            nonlocal seen
            seen += 1
            if seen == 5:
                members[0].send_signal(signal.SIGKILL)

        summary, results = sweep(path, tmp_path, workers(f"dask:{address}", None), show=kill)
    assert seen > 5 and not summary.failed
    assert bits(results) == bits(undisturbed)


@pytest.mark.skipif(shutil.which("mpiexec") is None, reason="no MPI here")
def test_mpi_gives_the_same_bits(undisturbed, tmp_path):
    pytest.importorskip("mpi4py")
    path = write(tmp_path)
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    quiet = {"OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
    start = ["mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures", "-m", "spn"]
    command = [*start, "sweep", str(path), "-o", str(tmp_path), "--executor", "mpi"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **allowed, **quiet}, timeout=300, check=False)
    assert done.returncode in (0, 3), done.stderr
    assert bits(Results.read(tmp_path / "small.sqlite")) == bits(undisturbed)


def test_what_is_not_there_is_told(monkeypatch):
    for executor in ("cloud", "dask", "process:4", "mpi:x"):
        with pytest.raises(ExecutorError, match="no executor"):
            workers(executor, 2)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ExecutorError, match=r"pip install 'spn-availability\[dask\]'"):
        workers("dask:tcp://127.0.0.1:1", 2)


def test_no_scheduler_is_told():
    pytest.importorskip("distributed")
    with pytest.raises(ExecutorError, match="there is no Dask scheduler at"):
        workers("dask:nonsense", 2)
