"""From a kernel's source to machine code, compiled once for all processes and runs. Where the code is kept is decided in `store`."""

from __future__ import annotations

import contextlib
import pickle
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

import numba
import numpy as np
from llvmlite import binding as llvm
from numba import njit, types
from numba.core import codegen, compiler
from numba.core.serialize import dumps

from spn.engine.compiled import delays, primitives, store

Kernel = Callable[..., int]

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


def adopt(key: str, payload: bytes) -> Kernel:
    """The kernel that another process has compiled."""
    name = store.name_of(key)
    with _LOCK:
        if name not in _KNOWN:
            _KNOWN[name] = _rebuilt(payload)
        return _KNOWN[name]


def made(name: str, source: str) -> tuple[Kernel, bytes]:
    """Compile, and keep the code."""
    global compilations  # noqa: PLW0603
    compilations += 1
    kernel, payload = _compile(source, name)
    store.write(name, payload)
    return kernel, payload


def _signature() -> Any:
    generator = numba.typeof(np.random.Generator(np.random.SFC64(0)))
    word = types.int64
    return types.int64(generator, word, word, word, word, word, word, word, types.float64, word)


def _compile(source: str, name: str) -> tuple[Kernel, bytes]:
    space = names()

    def named(wrap: Callable[[Any], Any], within: str = "") -> Callable[[Any], Any]:
        def decorate(function: Any) -> Any:
            # Machine code of several kernels is loaded side by side: nothing in it may have the same name.
            function.__qualname__ = f"kernel_{name}.{within}{function.__name__}"
            return wrap(function)

        return decorate

    space["__name__"] = __name__
    space.update(entry=named(lambda function: function), plain=named(primitives.plain, "apart."), inlined=named(primitives.inlined))
    exec(compile(source, f"<kernel {name}>", "exec"), space)  # noqa: S102  # our own source, made from a checked net
    dispatcher = njit(nogil=True, error_model="numpy")(space["kernel"])
    # How numba arranges its work is its own affair; with a version that this was not tried with it works as it does by itself, only longer.
    known = numba.__version__.startswith(_TRIED)
    with _only_whole(f"kernel_{name}.kernel", source.count("\n") < _SMALL) if known else contextlib.nullcontext():
        dispatcher.compile(_signature().args)
    (result,) = dispatcher.overloads.values()
    return result.entry_point, dumps(result._reduce())


_TRIED = "0.68."
"""The version of numba whose code generator `_only_whole` knows."""


@contextlib.contextmanager
def _only_whole(name: str, small: bool) -> Iterator[None]:
    """Meanwhile numba makes machine code of the function called `name` only.

    Every function that it calls is linked into it anyway, and is then optimised once and in sight of its caller. By itself numba optimises and
    compiles each of them alone before, and again in each of its callers, which takes three times as long.
    """
    library: Any = codegen.JITCodeLibrary
    own = threading.get_ident()
    optimize, finalize = library._optimize_final_module, library._finalize_final_module

    def optimize_whole(self: Any) -> None:
        if threading.get_ident() != own:
            optimize(self)
        elif self.name == name:
            self._final_module = _without_counting(self._final_module, small)
            optimize(self)

    def finalize_whole(self: Any) -> None:
        if self.name == name or threading.get_ident() != own:
            finalize(self)
            return
        self._finalize_dynamic_globals()
        self._final_module.__library = weakref.proxy(self)
        self._finalized = True

    def set_env_of_whole(self: Any, env_name: str, env: Any) -> None:
        # What is linked into the whole needs no environment, for none of it raises anything or makes Python objects.
        if threading.get_ident() != own or self._engine.is_symbol_defined(env_name):
            set_env(self, env_name, env)

    machine: Any = codegen.JITCPUCodegen
    set_env = machine.set_env
    library._optimize_final_module, library._finalize_final_module, machine.set_env = optimize_whole, finalize_whole, set_env_of_whole
    try:
        yield
    finally:
        del library._optimize_final_module, library._finalize_final_module
        machine.set_env = set_env


_SHORT = (
    "compiled5draws",
    "distributions5draws",
    "7servers5enter",
    "7servers5leave",
    "10primitives11add_exactly",
    "10primitives6divide",
    "5numba2np6random",
    "10primitives4fail",
)
"""Parts of the names of functions that become part of their callers in small kernels; in large ones that would take long to compile."""

_SMALL = 700
"""A kernel of up to so many lines is small."""


def _without_counting(module: Any, small: bool) -> Any:
    """The module with no counting of references to the generator but in its entry, which holds one for the whole call.

    Each count is an atomic operation, and several of them in each firing would cost as much as all the rest.
    """
    kept: list[str] = []
    entry = False
    for line in str(module).splitlines():
        if line.startswith("define"):
            entry = "6kernelB" in line or "@NRT_" in line
            if small and any(mark in line for mark in _SHORT) and "noinline" not in line:
                line = line[: line.rindex("{")] + "alwaysinline {"
        if entry or not ("call void @NRT_incref(" in line or "call void @NRT_decref(" in line):
            kept.append(line)
    made = llvm.parse_assembly("\n".join(kept))
    made.name, made.triple, made.data_layout = module.name, module.triple, module.data_layout
    return made


def read(name: str) -> Kernel | None:
    """The kernel of that name from the store, if it is there."""
    payload = store.read(name)
    return None if payload is None else _rebuilt(payload)


def _rebuilt(payload: bytes) -> Kernel:
    from numba.core.registry import cpu_target

    context = cpu_target.target_context
    context.refresh()
    _ensure_registered()
    result = compiler.CompileResult._rebuild(context, *pickle.loads(payload))
    return result.entry_point  # type: ignore[no-any-return]


@lru_cache(1)
def _ensure_registered() -> None:
    """Let numba know generators, which code read from a file does not."""
    numba.typeof(np.random.Generator(np.random.SFC64(0)))


def names() -> dict[str, Any]:
    """What generated sources may name."""
    import math

    found: dict[str, Any] = {"np": np, "math": math, "carray": numba.carray, **delays.names()}
    for module in (import_module(f"spn.engine.compiled.{name}") for name in store.HAND_WRITTEN):
        found.update({name: value for name, value in vars(module).items() if callable(value) and not name.startswith("_")})
    return found
