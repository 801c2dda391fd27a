"""Where compiled kernels are kept: a file for each, named by its content, for all processes and runs of one user. What is in them, `cache` knows.

A name is a digest of the kernel's source, of the sources that it calls, and of the versions and the processor that the code is for. So an upgrade of
Python, LLVM or spn makes new files and reads none of the old ones. Files are written aside and renamed, and carry a digest of what is in them: a
damaged one is made again. Where nothing can be written or read, the store is as if it were empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

COMPILER = ("translation", "evaluation", "operations", "assembly", "machine_code", "streams", "delays", "cache")
"""The modules that make machine code of a source."""

HAND_WRITTEN = ("cells", "primitives", "blocks", "heap", "buckets", "schedulers", "servers", "lines", "bags", "bindings", "table_cells", "tables",
                "job_cells", "jobs")  # fmt: skip
"""The modules beside this one whose functions kernels call."""

MOST_BYTES = 256 * 2**20
"""If the kernels kept take more than this, those that were not used for the longest time are removed, until a quarter of it is free."""

ABANDONED_SECONDS = 3600.0
"""A file that was not completed after this time never will be."""


def folder() -> Path:
    """Where kernels are kept: ``SPN_CACHE``, else the user's cache folder."""
    given = os.environ.get("SPN_CACHE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home())
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "spn"


@lru_cache(1)
def surroundings() -> str:
    """Everything besides its source that a kernel's code depends on."""
    from llvmlite import binding as llvm

    from spn.distributions import conversions, draws

    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in (*HAND_WRITTEN, *COMPILER)] + [Path(str(module.__file__)) for module in (conversions, draws)]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    versions = [sys.version, *(version(name) for name in ("numba", "llvmlite", "numpy"))]
    processor = [llvm.get_host_cpu_name(), str(llvm.get_host_cpu_features().flatten())]
    return repr((digest.hexdigest(), versions, processor))


def name_of(key: str) -> str:
    """The name of the kernel that `key` tells from all others."""
    return hashlib.sha256((key + surroundings()).encode()).hexdigest()[:32]


def _file(name: str) -> Path:
    return folder() / f"{name}.kernel"


def has(name: str) -> bool:
    """Whether there is a file of that name, damaged or not."""
    try:
        return _file(name).is_file()
    except (OSError, RuntimeError):  # no home folder
        return False


def read(name: str) -> bytes | None:
    """What was written under that name; None if nothing was, or if it is damaged."""
    try:
        path = _file(name)
        content = path.read_bytes()
    except (OSError, RuntimeError):
        return None
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used just now
    return content[32:]


def write(name: str, payload: bytes) -> None:
    """Keep it, if that is possible."""
    with contextlib.suppress(OSError, RuntimeError):
        path = _file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(payload).digest() + payload)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        _tidy(path)


def _tidy(newest: Path) -> None:
    """Remove what was used longest ago if there is too much, and what writers that were killed have left."""
    kernels: list[tuple[float, int, Path]] = []
    for path in newest.parent.iterdir():
        with contextlib.suppress(OSError):  # another process may have removed it
            status = path.stat()
            if path.suffix == ".part" and time.time() - status.st_mtime > ABANDONED_SECONDS:
                path.unlink()
            elif path.suffix == ".kernel":
                kernels.append((status.st_mtime, status.st_size, path))
    size = sum(entry[1] for entry in kernels)
    if size <= MOST_BYTES:
        return
    for _, own, path in sorted(kernels):
        if size <= 0.75 * MOST_BYTES:
            return
        if path != newest:
            with contextlib.suppress(OSError):
                path.unlink()
            size -= own


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """While one process makes a kernel others that want the same wait for it. Where that cannot be arranged, each makes its own."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    lock = None
    # A few files for all kernels: they stay, since one cannot remove a file that others may be waiting for.
    with contextlib.suppress(OSError, RuntimeError):
        folder().mkdir(parents=True, exist_ok=True)
        lock = os.open(folder() / f"lock-{name[0]}", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if lock is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        if lock is not None:
            os.close(lock)
