"""Kernels of one expression each, to try what kernels are made of."""

from __future__ import annotations

import numpy as np

from spn.engine.compiled import cache, machine_code

SOURCE = '''
@entry
def kernel(rng_at, tokens_at, ints_at, reals_at_, state_at, values_at, command, number, limit, most):
    rng, reals, values = stream_block(rng_at), reals_block(reals_at_), values_block(values_at)
    ints = ints_block(ints_at)
    for k in range(number):
        values[k] = {expression}
    return 0
'''


def compiled(expression):
    """A function that gives an array of n values of an expression of ``rng``, ``k``, ``reals``, ``ints``."""
    name = "kernel_small"
    kernel = machine_code.load(machine_code.compiled(cache.assembly(SOURCE.format(expression=expression), name)), name)

    def values(n, rng=None, reals=(), ints=()):
        reals, ints, found = np.array([*reals, 0.0]), np.array([*ints, 0], np.int64), np.empty(n)
        stream = rng.bit_generator.ctypes.state_address if rng is not None else 0
        assert kernel(stream, 0, ints.ctypes.data, reals.ctypes.data, 0, found.ctypes.data, 0, n, 0.0, 0) == 0
        return found

    return values
