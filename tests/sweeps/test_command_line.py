"""``spn sweep``, ``spn check`` and ``spn table`` as users meet them: what is printed, exit codes, and files that cannot be read or written."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

import spn
from spn.cli.main import main
from tests.sweeps.studies import MACHINE, SMALL, write


def called(*arguments, capsys):
    """Exit code, stdout and stderr of a command."""
    code = main([str(argument) for argument in arguments])
    found = capsys.readouterr()
    assert "Traceback" not in found.err
    return code, found.out, found.err


def test_check_says_what_a_study_would_simulate(tmp_path, capsys):
    code, out, err = called("check", write(tmp_path), capsys=capsys)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "points 4" in lines
    assert "mttf 500 s, 1000 s" in lines
    assert "machine machine.yaml, 4 points by mttf, spares; 2 places, 2 transitions; measure system" in lines
    assert "spare 2 ratios" in lines
    assert "finished" not in out


def test_check_looks_at_every_point(tmp_path, capsys):
    """The fault shows at one of 50 points only, which the probes before a sweep would not meet."""
    study = SMALL.replace("[500 s, 1000 s]", "{from: 1 s, to: 50 s, points: 50}")
    model = MACHINE.replace("mttf)", "mttf / (mttf - 37 s) * (mttf - 37 s))")
    code, out, err = called("check", write(tmp_path, study, model), capsys=capsys)
    assert (code, out) == (1, "")
    assert "machine.yaml:5:" in err and "mttf = 37 s" in err
    assert "bad-value" in [problem.code for problem in spn.check(tmp_path / "small.yaml")]
    assert spn.check(write(tmp_path, name="right.yaml")) == []


def test_a_dry_run_says_how_much_is_done_and_writes_nothing(tmp_path, capsys):
    path = write(tmp_path)
    code, out, _ = called("sweep", path, "-o", tmp_path / "results", "--dry-run", capsys=capsys)
    assert code == 0 and "finished" not in out
    assert not (tmp_path / "results").exists()
    assert called("sweep", path, "-o", tmp_path / "results", "--workers", 1, capsys=capsys)[0] in (0, 3)
    path.write_text(SMALL.replace("[500 s, 1000 s]", "[500 s, 700 s]"))
    out = called("sweep", path, "-o", tmp_path / "results", "--dry-run", capsys=capsys)[1]
    assert "finished   2, in " in out


def test_models_and_studies_are_told_apart(tmp_path, capsys):
    path = write(tmp_path)
    code, _, err = called("run", path, capsys=capsys)
    assert code == 1 and "this is a study file, not a model" in err and "spn sweep" in err
    code, _, err = called("sweep", tmp_path / "machine.yaml", capsys=capsys)
    assert code == 1 and "this is a model file, not a study" in err and "spn run" in err
    code, _, err = called("check", path, "-p", "a=1", capsys=capsys)
    assert code == 2 and "a study says itself" in err


def _file_in_place_of_the_folder(folder):
    folder.write_text("")


def _text_in_place_of_the_results(folder):
    folder.mkdir()
    (folder / "small.sqlite").write_text("a text")


def _folder_in_place_of_the_results(folder):
    (folder / "small.sqlite").mkdir(parents=True)


@pytest.mark.parametrize("fault", [_file_in_place_of_the_folder, _text_in_place_of_the_results, _folder_in_place_of_the_results])
def test_what_is_no_results_file_is_told_and_left_alone(tmp_path, capsys, fault):
    folder = tmp_path / "results"
    fault(folder)
    before = sorted((path, path.read_bytes() if path.is_file() else b"") for path in tmp_path.rglob("*"))
    code, out, err = called("sweep", write(tmp_path, name="small.yaml"), "-o", folder, "--workers", 1, capsys=capsys)
    assert (code, out) == (2, "") and err.startswith("spn sweep: ")
    after = sorted((path, path.read_bytes() if path.is_file() else b"") for path in tmp_path.rglob("*"))
    assert [entry for entry in after if entry[0].suffix != ".yaml"] == before


def test_a_newer_and_an_older_file_are_told(tmp_path, capsys):
    path = write(tmp_path)
    called("sweep", path, "-o", tmp_path, "--workers", 1, capsys=capsys)
    for version, what in ((99, "newer"), (1, "older")):
        with sqlite3.connect(tmp_path / "small.sqlite") as other:
            other.execute(f"PRAGMA user_version = {version}")
        other.close()
        for command in (["sweep", path, "-o", tmp_path], ["table", tmp_path / "small.sqlite"]):
            code, _, err = called(*command, capsys=capsys)
            assert code == 2 and f"{what} version of spn wrote it" in err


@pytest.mark.skipif(os.name != "posix", reason="no limits of file sizes here")
def test_a_full_disk_ends_a_sweep_and_nothing_is_lost(tmp_path):
    """The limit of file sizes stands for the disk. The same command ends in the same table when there is room again."""
    path = write(tmp_path, SMALL.replace("[500 s, 1000 s]", "{from: 500 s, to: 900 s, points: 9}").replace("12000", "2500"))
    command = [sys.executable, "-m", "spn", "sweep", str(path), "--workers", "1", "-o"]

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (160_000, 160_000))

    alone = subprocess.run([*command, str(tmp_path / "alone")], capture_output=True, text=True, check=False)
    full = subprocess.run([*command, str(tmp_path / "full")], capture_output=True, text=True, check=False, preexec_fn=limit)
    assert alone.returncode in (0, 3)
    assert full.returncode == 2 and "What had been finished is kept" in full.stderr and "Traceback" not in full.stderr
    again = subprocess.run([*command, str(tmp_path / "full")], capture_output=True, text=True, check=False)
    assert "points are finished already" in again.stderr
    assert again.stdout == alone.stdout


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupted_sweep_says_how_to_go_on_and_a_second_one_is_refused(tmp_path, capsys):
    long = SMALL.replace("[500 s, 1000 s]", "{from: 500 s, to: 900 s, points: 300}").replace("precision: 20 %\nmax_firings: 12000", "precision: 1 %")
    path = write(tmp_path, long)
    command = [sys.executable, "-m", "spn", "sweep", str(path), "--workers", "2", "-o", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    file, until = tmp_path / "small.sqlite", time.monotonic() + 60
    while not _has_batches(file) and time.monotonic() < until:
        time.sleep(0.1)
    code, _, err = called("sweep", path, "-o", tmp_path, capsys=capsys)
    assert code == 2 and "another sweep is writing to it" in err
    assert called("table", file, capsys=capsys)[0] == 0
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; the same command goes on from here" in err and "Traceback" not in err and "leaked" not in err
    assert "of 600 finished" in out
    assert not (tmp_path / "small.sqlite.lock").exists()


def _has_batches(file):
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as other:
            return other.execute("SELECT count(*) FROM batches").fetchone()[0] > 0
    except sqlite3.Error:
        return False


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_told(tmp_path, capsys):
    path, folder = write(tmp_path), tmp_path / "results"
    called("sweep", path, "-o", folder, "--workers", 1, capsys=capsys)
    folder.chmod(0o555)
    try:
        code, _, err = called("sweep", path, "-o", folder, capsys=capsys)
        assert code == 2 and "it cannot be written" in err
        assert called("table", folder, capsys=capsys)[0] == 0
    finally:
        folder.chmod(0o755)
    shutil.rmtree(folder)
