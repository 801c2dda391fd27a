"""From a kernel's source to machine code, compiled once for all processes and runs. Where the code is kept is decided in `store`."""

from __future__ import annotations

import ast
import threading
from importlib import import_module
from typing import Any

from spn.engine.compiled import machine_code, store
from spn.engine.compiled.machine_code import Kernel

_KNOWN: dict[str, Kernel] = {}
_LOCK = threading.Lock()

compilations = 0
"""How many kernels this process has compiled."""


def load(key: str, source: str) -> Kernel:
    """The kernel with this source, read or compiled here and now; `key` tells it from all others."""
    name = store.name_of(key)
    with _LOCK:
        if name not in _KNOWN:
            kernel = read(name)
            if kernel is None:
                with store.alone(name):
                    kernel = read(name) or made(name, source)[0]
            _KNOWN[name] = kernel
        return _KNOWN[name]


def adopt(key: str, code: bytes) -> Kernel:
    """The kernel that another process has compiled."""
    name = store.name_of(key)
    with _LOCK:
        if name not in _KNOWN:
            _KNOWN[name] = machine_code.load(code, _symbol(name))
        return _KNOWN[name]


def made(name: str, source: str) -> tuple[Kernel, bytes]:
    """Compile, and keep the code."""
    global compilations  # noqa: PLW0603
    compilations += 1
    code = machine_code.compiled(assembly(source, _symbol(name)))
    store.write(name, code)
    return machine_code.load(code, _symbol(name)), code


def read(name: str) -> Kernel | None:
    """The kernel of that name from the store, if it is there."""
    code = store.read(name)
    return None if code is None else machine_code.load(code, _symbol(name))


def _symbol(name: str) -> str:
    """What the kernel's function is called in machine code: that of several kernels is loaded side by side."""
    return f"kernel_{name}"


def assembly(source: str, symbol: str) -> str:
    """LLVM's assembly of a kernel."""
    from spn.engine.compiled.assembly import INT, REAL
    from spn.engine.compiled.evaluation import Definition
    from spn.engine.compiled.translation import Program

    space = names()
    program = Program()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            space[node.name] = Definition(node, space)
        elif isinstance(node, ast.Assign):
            program.known = ast.literal_eval(node.value)
    program.add(space["kernel"], (INT,) * 8 + (REAL, INT), exported=symbol)
    return program.text()


def names() -> dict[str, Any]:
    """What generated sources may name."""
    from spn.engine.compiled import delays

    found: dict[str, Any] = delays.names()
    for module in (import_module(f"spn.engine.compiled.{name}") for name in store.HAND_WRITTEN):
        found.update({name: value for name, value in vars(module).items() if callable(value) and not name.startswith("_")})
    return found
