"""The command line as a process of its own: pipes, signals, the terminal, what is imported, and models found from anywhere."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys

import pytest

from spn.library import models_folder, shipped_models

SLOW_TO_IMPORT = ("numba", "llvmlite", "scipy.stats", "matplotlib", "pandas", "simpy", "rich", "dask", "networkx", "pygraphviz")

PING = """\
spn: 1
places: {a: 1, b: 0}
transitions:
  go:   {in: a, out: b, delay: exponential(mean=10 s)}
  back: {in: b, out: a, delay: exponential(rate=1 / s)}
measures: {up: {availability: a == 1}}
"""


HOSTILE = ["", "\0", "[" * 10_000, "&a [*a]", "spn: 1\nspn: 1", "{{{", "spn: 1e999", "- 1", "x" * 100_000, "!!python/object:os.system x"]


ships = pytest.mark.skipif("sip_transport" not in shipped_models(), reason="no shipped models yet")


def spn(*arguments, code=0, **settings):
    settings = {"capture_output": True, "text": True, "timeout": 120} | settings
    done = subprocess.run([sys.executable, "-m", "spn", *arguments], check=False, **settings)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in str(done.stderr)
    return done


@pytest.fixture
def ping(tmp_path):
    path = tmp_path / "ping.yaml"
    path.write_text(PING)
    return str(path)


def imported_by(code):
    script = f"import sys\n{code}\nprint('IMPORTED', *sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.rpartition("IMPORTED")[2].split())


def test_import_spn_loads_nothing():
    loaded = imported_by("import spn")
    assert not {"numpy", "yaml", "pydantic", "argparse", *SLOW_TO_IMPORT} & loaded


def test_help_loads_little():
    loaded = imported_by("from spn.cli.main import build_parser\nbuild_parser().format_help()")
    assert not {"numpy", "yaml", "pydantic", *SLOW_TO_IMPORT} & loaded


def test_the_public_names_are_there():
    import spn

    assert callable(spn.load)
    assert callable(spn.check)
    assert callable(spn.simulate)
    assert callable(spn.draw)
    assert {"load", "check", "draw", "simulate"} <= set(dir(spn))
    with pytest.raises(AttributeError):
        _ = spn.fly


def test_dot_text_is_drawn_without_graphviz(ping):
    loaded = imported_by(f"from spn.cli.main import main\nassert main(['draw', {ping!r}]) == 0")
    assert not set(SLOW_TO_IMPORT) & loaded


def test_check_loads_nothing_that_is_slow(ping):
    loaded = imported_by(f"from spn.cli.main import main\nassert main(['check', {ping!r}]) == 0")
    assert not set(SLOW_TO_IMPORT) & loaded


def test_a_kernel_s_source_needs_no_numba(ping):
    loaded = imported_by(f"from spn.cli.main import main\nassert main(['compile', {ping!r}]) == 0")
    assert "numba" not in loaded


def test_check_reads_standard_input():
    done = spn("check", "-", input=PING)
    assert "availability" in done.stdout
    assert done.stderr == ""


def test_standard_input_that_is_no_text_is_refused_in_words():
    done = spn("check", "-", input=b"spn: \xff\xfe", text=False, code=1)
    assert done.stdout == b""
    assert b"UTF-8" in done.stderr


def test_every_problem_has_its_place_and_they_are_counted(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(PING.replace("in: a,", "in: x,").replace("a == 1", "y == 1"))
    done = spn("check", str(path), code=1)
    assert done.stdout == ""
    assert f"{path}:4:" in done.stderr
    assert f"{path}:6:" in done.stderr
    assert done.stderr.rstrip().endswith("errors")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_model_is_refused_without_a_traceback(hostile):
    done = spn("check", "-", input=hostile, code=1)
    assert done.stdout == ""
    assert done.stderr


def test_a_bad_parameter_is_located_in_its_text(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(PING.replace("places:", "parameters: {mean: 10 s}\nplaces:", 1).replace("mean=10 s", "mean=mean"))
    spn("check", str(path), "-p", "mean=3 h")
    done = spn("check", str(path), "-p", "mean=10 + lenght", code=2)
    assert "<parameter mean>:1:6: " in done.stderr
    assert "^" in done.stderr
    spn("check", str(path), "-p", "maen=3 h", code=2)


def test_a_resolved_net_is_itself_a_model(ping):
    once = spn("resolve", ping).stdout
    json.loads(once)
    assert json.loads(spn("resolve", "-", input=once).stdout)["transitions"] == json.loads(once)["transitions"]


def test_the_schema_is_json():
    assert json.loads(spn("schema").stdout)["required"] == ["spn"]


@ships
def test_shipped_models_are_found_from_an_empty_folder(tmp_path):
    assert "availability" in spn("check", "sip_transport", cwd=tmp_path).stdout
    assert "did you mean 'sip_transport'?" in spn("check", "sip_transprt", cwd=tmp_path, code=2).stderr


def test_the_models_folder_is_that_of_the_checkout():
    assert models_folder().is_dir()


def test_a_run_repeats_itself_by_its_last_line(ping):
    first = spn("run", ping, "--precision", "20%")
    command = first.stdout.splitlines()[-1].removeprefix("repeat: spn ").split()
    again = spn(*command)

    def without_time(text):
        return [line for line in text.splitlines() if "effort" not in line]

    assert without_time(again.stdout) == without_time(first.stdout)
    assert first.stderr.startswith("ping: seed ")


def test_a_run_estimates_what_is_known_in_closed_form(ping):
    # U = 1 / 11 (alternating exponential times with means 10 s and 1 s). Seed fixed; at confidence 99.9999 % the false-alarm probability is 1e-6.
    data = json.loads(spn("run", ping, "--json", "--seed", "1", "--confidence", "99.9999%", "--precision", "10%").stdout)
    u = data["measures"]["up"]["unavailability"]
    assert u["low"] < 1 / 11 < u["high"]
    assert data["stop_reason"].startswith("converged")


def test_too_few_firings_end_with_3_and_a_result(ping):
    done = spn("run", ping, "--precision", "0.01%", "--max-firings", "3000", code=3)
    assert "unavailability U" in done.stdout


def test_a_dead_marking_ends_with_3_and_says_so(tmp_path):
    path = tmp_path / "dead.yaml"
    path.write_text(PING.replace("  back: {in: b, out: a, delay: exponential(rate=1 / s)}\n", ""))
    assert "dead" in spn("run", str(path), code=3).stdout


def test_a_reader_of_a_trace_may_leave(ping):
    with subprocess.Popen(
        [sys.executable, "-m", "spn", "trace", ping, "--firings", "200000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(60) == 0
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_told_in_words(ping):
    with open("/dev/full", "w") as full:
        done = spn("check", ping, code=2, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert "could not be written" in done.stderr


def interrupted(ping, folder, *options):
    """stdout and the rest of stderr of a run that is interrupted while its kernel is being compiled."""
    with subprocess.Popen(
        [sys.executable, "-m", "spn", "run", ping, "--precision", "0.001%", "--max-firings", "1000000000", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "SPN_CACHE": str(folder)},
        text=True,
    ) as process:
        while "compiling a kernel" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not list(folder.glob("*.part"))  # a kernel is kept whole or not at all
    return out, err


def test_ctrl_c_prints_what_was_found_and_ends_with_130(ping, tmp_path):
    out, _ = interrupted(ping, tmp_path)
    assert "interrupted" in out
    assert "unavailability U" in out


def test_ctrl_c_before_anything_was_found_ends_the_compiler(ping, tmp_path):
    out, err = interrupted(ping, tmp_path, "--engine", "compiled")
    assert out == ""
    assert "interrupted" in err


def test_progress_is_shown_on_a_terminal_and_only_there(ping):
    main_side, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "spn", "run", ping, "--precision", "5%", "--seed", "1"],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm"},
        text=True,
    ) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(main_side, 65536)
            except OSError:  # the other side has closed
                break
            if not part:
                break
            shown += part
        out, _ = process.communicate(timeout=60)
    os.close(main_side)
    assert b"replications" in shown
    assert "\x1b" not in out


@pytest.mark.parametrize(("closed", "model", "code"), [(">&-", "two_state", 0), ("2>&-", "two_stat", 2), (">&- 2>&-", "two_stat", 2)])
def test_a_stream_that_is_closed_from_the_start_is_no_error(closed, model, code):
    done = subprocess.run(["sh", "-c", f'exec "$0" -m spn check {model} {closed}', sys.executable], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
