"""Compiling a kernel in a process of its own, so that this one can go on or be interrupted meanwhile. How it is compiled is in `cache`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from spn.engine.compiled import store
from spn.observation import RunError

if TYPE_CHECKING:
    from spn.engine.compiled.machine_code import Kernel

SCRIPT = "import json, sys; given = json.load(sys.stdin); sys.path[:] = given.pop(); from spn.engine.compiled.compiling import child; child(*given)"

SECONDS, SECONDS_PER_LINE = 1.0, 0.0015
"""About how long it takes on a usual machine, by the lines of the source."""

LOAD_SECONDS = 0.2
"""About how long it takes to load LLVM and to read a kernel from the store."""


def estimated_seconds(source: str) -> float:
    """About how long a kernel takes to compile."""
    return SECONDS + SECONDS_PER_LINE * source.count("\n")


def child(key: str, source: str) -> None:
    """What the other process does: compile, keep the code, and write it to stdout."""
    name = store.name_of(key)
    with store.alone(name):
        payload = store.read(name)
        if payload is None:
            from spn.engine.compiled import cache

            _, payload = cache.made(name, source)
    sys.stdout.buffer.write(payload)


class Compiling:
    """A kernel that is being compiled. To be closed in any case."""

    def __init__(self, key: str, source: str) -> None:
        self._key = key
        # Files, not pipes: nobody has to read while the process runs. A session of its own: Ctrl-C is for this process to handle.
        self._given, self._output, self._errors = (tempfile.TemporaryFile() for _ in range(3))  # noqa: SIM115  # closed by `close`
        self._given.write(json.dumps([key, source, sys.path]).encode())
        self._given.seek(0)
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT], stdin=self._given, stdout=self._output, stderr=self._errors, start_new_session=True
        )

    @property
    def done(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def kernel(self) -> Kernel:
        """Wait for the kernel. Raises `RunError`, if there is none."""
        from spn.engine.compiled import cache

        while not self.done:
            # Not `wait`, which after Ctrl-C gives the process a quarter of a second to end by itself.
            time.sleep(0.02)
        code = self._process.returncode
        if code != 0:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            why = lines[-1] if lines else f"exit code {code}"
            raise RunError("not-compiled", f"the net's kernel could not be compiled: {why}")
        self._output.seek(0)
        return cache.adopt(self._key, self._output.read())

    def close(self) -> None:
        """End the process, if it has not ended by itself."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for file in (self._given, self._output, self._errors):
            file.close()


def possible() -> bool:
    """Whether another process can be started: not from a program that is no Python interpreter."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)
