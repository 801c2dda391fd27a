"""Generated kernels run by Python itself, not compiled, so that thousands of random nets can be tried."""

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

from spn.distributions import draws

_LIBC = ctypes.CDLL(ctypes.util.find_library("c"))
_LIBC.realloc.restype = ctypes.c_void_p
_LIBC.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_LIBC.free.argtypes = [ctypes.c_void_p]


MOST_POINTERS = 100_000


def _pointer(kind):
    """What makes an address a pointer. Pointers are kept, since kernels ask for the same ones again and again."""
    known = {}

    def pointer(address):
        found = known.get(address)
        if found is None:
            if len(known) >= MOST_POINTERS:
                known.clear()
            found = known[address] = ctypes.cast(int(address), ctypes.POINTER(kind))
        return found

    return pointer


class Stream:
    """A generator of numpy's on the words of another one's state."""

    def __init__(self, address):
        self.address, self.generator = address, np.random.Generator(np.random.SFC64(0))
        self.own = self.generator.bit_generator.ctypes.state_address

    def __getattr__(self, name):
        def draw(*arguments):
            ctypes.memmove(self.own, self.address, 32)
            drawn = getattr(self.generator, name)(*arguments)
            ctypes.memmove(self.address, self.own, 32)
            return drawn

        return draw


MEMORY = {
    "integers": _pointer(ctypes.c_int64),
    "shorts": _pointer(ctypes.c_int32),
    "reals_at": _pointer(ctypes.c_double),
    "tokens_block": _pointer(ctypes.c_int64),
    "ints_block": _pointer(ctypes.c_int64),
    "reals_block": _pointer(ctypes.c_double),
    "state_block": _pointer(ctypes.c_int64),
    "values_block": _pointer(ctypes.c_double),
    "stream_block": Stream,
    "reallocate": lambda address, size: _LIBC.realloc(address or None, size) or 0,
    "release": lambda address: _LIBC.free(address or None),
    "lowest_bit": lambda word: (int(word) & -int(word)).bit_length() - 1,
    "without_lowest_bit": lambda word: 0 if int(word) == -(2**63) else int(word) & (int(word) - 1),
    "prefetch": lambda address: None,
    "prefetch_cell": lambda cells, number: None,
    "foresee": lambda rng, state, values: None,
    "exponential_foreseen": lambda rng, state, values, rate: draws.exponential(rng, rate),
    "carray": lambda pointer, length: [pointer[k] for k in range(length)],
}
"""What only kernels can do."""


@cache
def functions():
    """What kernels call, by name."""
    from spn.engine.compiled import delays

    space = {}
    # Copies of the modules, with memory as above, stand in for them while each other's names are imported.
    copies = {}
    for name in ("primitives", "blocks", "heap", "buckets", "schedulers", "servers", "lines", "bags", "bindings", "tables", "jobs"):
        full = f"spn.engine.compiled.{name}"
        copy = types.ModuleType(full)
        copy.__file__ = importlib.import_module(full).__file__
        with patch.dict(sys.modules, {m.__name__: m for m in copies.values()}):
            exec(compile(Path(copy.__file__).read_text(), name, "exec"), vars(copy))  # noqa: S102
        vars(copy).update({key: value for key, value in MEMORY.items() if key in vars(copy)})
        copies[name] = copy
        space.update({key: value for key, value in vars(copy).items() if callable(value) and not key.startswith("__")})
    return space | delays.names() | MEMORY | {"np": np, "math": math, "entry": space["plain"]}


def kernel(source):
    """The kernel with this source, as a Python function."""
    space = dict(functions())
    exec(compile(source, "<kernel>", "exec"), space)  # noqa: S102
    return space["kernel"]
