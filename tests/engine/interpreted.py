"""Generated kernels run by Python itself, uncompiled, so that thousands of random nets can be tried. To be imported before any kernel is compiled."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import math
import sys
import types
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np

_LIBC = ctypes.CDLL(ctypes.util.find_library("c"))
_LIBC.realloc.restype = ctypes.c_void_p
_LIBC.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_LIBC.free.argtypes = [ctypes.c_void_p]


def _pointer(kind):
    return lambda address: ctypes.cast(address, ctypes.POINTER(kind))


def _modules():
    """The modules that kernels call, as plain Python."""
    import numba

    names = ("primitives", "heap", "buckets", "schedulers", "servers", "lines", "tables", "delays")
    modules = {name: importlib.import_module(f"spn.engine.compiled.{name}") for name in names}

    def identity(*args, **kwargs):
        return args[0] if args and callable(args[0]) else lambda function: function

    space = {}
    plain = {
        "integers": _pointer(ctypes.c_int64),
        "shorts": _pointer(ctypes.c_int32),
        "reals_at": _pointer(ctypes.c_double),
        "lowest_bit": lambda word: (int(word) & -int(word)).bit_length() - 1,
        "prefetch": lambda address: None,
        "reallocate": lambda address, size: _LIBC.realloc(address or None, size) or 0,
        "release": lambda address: _LIBC.free(address or None),
    }
    # Copies of the modules, in which nothing is compiled, stand in for them while each other's names are imported.
    copies = {}
    for name in names[:-1]:
        full = f"spn.engine.compiled.{name}"
        copy = types.ModuleType(full)
        copy.__file__ = modules[name].__file__
        with patch.object(numba, "njit", lambda **options: identity), patch.dict(sys.modules, {m.__name__: m for m in copies.values()}):
            exec(compile(Path(copy.__file__).read_text(), name, "exec"), vars(copy))  # noqa: S102
        if name == "primitives":
            vars(copy).update(plain)
        copies[name] = copy
    for copy in copies.values():
        space.update({key: value for key, value in vars(copy).items() if callable(value) and not key.startswith("__")})
    from spn.distributions import conversions, draws

    for family in modules["delays"].PARAMETERS:
        space[f"draw_{family}"] = getattr(draws, family)
    for name in dir(conversions):
        if callable(getattr(conversions, name)):
            space[f"convert_{name}"] = getattr(conversions, name)
    space |= {"np": np, "math": math, "plain": identity, "inlined": identity, "entry": identity}
    space["carray"] = lambda pointer, length: [pointer[k] for k in range(length)]
    return space


@cache
def functions():
    """What kernels call, by name."""
    return _modules()


def kernel(source):
    """The kernel with this source, as a Python function."""
    space = dict(functions())
    exec(compile(source, "<kernel>", "exec"), space)  # noqa: S102
    return space["kernel"]
