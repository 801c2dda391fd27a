"""Kernels are kept between processes, whatever happens to the folder, and never read for something else than they were made for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import FunctionType

import pytest

from spn import api
from spn.engine.compiled import CompiledEngine, cache, store
from spn.engine.compiled.kernel import KernelPlan
from spn.engine.reference.prepared import PreparedNet
from spn.observation import Task
from tests.engine.nets import machine_net

TASK = Task(1, (), (), (0.0, 100.0))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty store, and a process that knows no kernels."""
    path = tmp_path / "kernels"
    monkeypatch.setenv("SPN_CACHE", str(path))
    monkeypatch.setattr(cache, "_KNOWN", {})
    return path


def compiled():
    """How many kernels it takes to run the machine."""
    before = cache.compilations
    assert CompiledEngine().prepare(machine_net()).run(TASK).firings > 5
    return cache.compilations - before


def forget():
    cache._KNOWN.clear()


def test_a_kernel_is_compiled_once_and_then_read(folder):
    assert compiled() == 1
    assert compiled() == 0
    forget()
    assert compiled() == 0


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:20], lambda data: data[:-1], lambda data: data[:100] + b"x" + data[101:]])
def test_a_damaged_file_is_made_again(folder, damage):
    compiled()
    (path,) = folder.glob("*.kernel")
    path.write_bytes(damage(path.read_bytes()))
    forget()
    assert compiled() == 1
    forget()
    assert compiled() == 0


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPN_CACHE", str(tmp_path / "file" / "kernels"))
    monkeypatch.setattr(cache, "_KNOWN", {})
    assert compiled() == 1
    forget()
    assert compiled() == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_done_without(folder):
    folder.mkdir()
    folder.chmod(0o500)
    assert compiled() == 1


def test_a_folder_that_is_removed_is_made_again(folder):
    compiled()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    forget()
    assert compiled() == 1
    assert list(folder.glob("*.kernel"))


@pytest.mark.parametrize("package", ["numba", "llvmlite", "numpy"])
def test_other_versions_have_other_kernels(package, monkeypatch):
    before = store.name_of("key")
    store.surroundings.cache_clear()
    try:
        real = store.version
        monkeypatch.setattr(store, "version", lambda name: "99.0" if name == package else real(name))
        assert store.name_of("key") != before
    finally:
        store.surroundings.cache_clear()


def test_the_names_that_kernels_call_are_part_of_the_name():
    """Whatever a kernel's source may name comes from a module whose source decides the name of its file."""
    known = {f"spn.engine.compiled.{name}" for name in (*store.HAND_WRITTEN, *store.COMPILER)}
    known |= {"spn.distributions.draws", "spn.distributions.conversions"}
    for name, value in cache.names().items():
        assert not isinstance(value, FunctionType) or value.__module__ in known, name


def test_the_kernels_used_longest_ago_are_removed(folder, monkeypatch):
    monkeypatch.setattr(store, "MOST_BYTES", 1000)
    for number in range(12):
        store.write(f"{number:032}", bytes(68))
        os.utime(folder / f"{number:032}.kernel", (number, number))
        if number > 1:
            assert store.read(f"{1:032}") is not None  # used again and again
    left = sorted(int(path.stem) for path in folder.glob("*.kernel"))
    assert left[0] == 1
    assert left[-1] == 11
    assert 100 * len(left) <= 1000


def test_what_a_killed_writer_left_is_removed_in_the_end(folder):
    folder.mkdir()
    old, new = folder / "old.part", folder / "new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.write("0" * 32, b"payload")
    assert not old.exists()
    assert new.exists()
    assert store.read("0" * 32) == b"payload"


def test_a_writer_that_is_killed_lets_the_others_go_on(folder):
    name = "0" * 32
    script = f"import time; from spn.engine.compiled import store\nwith store.alone({name!r}):\n    print('held', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        waiting = subprocess.Popen([sys.executable, "-c", script.replace("time.sleep(600)", "pass")], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        assert waiting.poll() is None
        holder.send_signal(signal.SIGKILL)
        assert waiting.communicate(timeout=60)[0] == "held\n"


def test_sixteen_processes_that_start_at_once_compile_once(folder):
    plan = KernelPlan(PreparedNet(machine_net()))
    script = (
        "import sys; from spn.engine.compiled.compiling import child; child(sys.argv[1], sys.stdin.read())\n"
        "cache = sys.modules.get('spn.engine.compiled.cache'); print(cache.compilations if cache else 0, file=sys.stderr)"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, plan.key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        for _ in range(16)
    ]
    for each in running:
        each.stdin.write(plan.source.encode())
        each.stdin.close()
        each.stdin = None
    ended = [each.communicate(timeout=300) for each in running]
    assert [each.returncode for each in running] == [0] * 16
    assert sum(int(errors.split()[-1]) for _, errors in ended) == 1
    assert len({output for output, _ in ended}) == 1
    assert compiled() == 0


def test_a_hundred_points_of_a_sweep_need_one_kernel(folder):
    before = cache.compilations
    for point in range(100):
        CompiledEngine().prepare(api.resolve("two_state", {"failure_rate": f"1 / ({10 + point} h)", "repair_rate": f"1 / ({point + 2} s)"}))
    assert cache.compilations - before == 1
