"""What a stream of random numbers can do, for kernels: numpy's `Generator` with `SFC64`, bit for bit, on the generator's own four words of state.

Compiled only, for its integers wrap around. The words: C. Doty-Humphrey, PractRand, 2013, sfc64. Exponential and normal numbers: the ziggurat of
G. Marsaglia, W. W. Tsang, J. Stat. Softw. 5(8), 2000, with 256 layers; gamma numbers: the same, ACM Trans. Math. Softw. 26, 2000. Layer 0 is the
base with the tail. The tables are those of numpy, which numba has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.np.random import _constants

from spn.engine.compiled.cells import FORESEEN, FORESEEN_AT
from spn.engine.compiled.primitives import inlined, plain, rare, shifted, unlikely, with_sign

EXPONENTIAL_EDGE = float(_constants.ziggurat_exp_r)
EXPONENTIAL_ACCEPT = np.array(_constants.ke_double).astype(np.int64)
"""A mantissa below this is accepted at once; by layer."""
EXPONENTIAL_WIDTH = np.array(_constants.we_double)
"""What a mantissa is multiplied by."""
EXPONENTIAL_DENSITY = np.array(_constants.fe_double)
"""The density at the layer's edge."""
NORMAL_EDGE = float(_constants.ziggurat_nor_r)
NORMAL_INVERSE_EDGE = float(_constants.ziggurat_nor_inv_r)
NORMAL_ACCEPT = np.array(_constants.ki_double).astype(np.int64)
NORMAL_WIDTH = np.array(_constants.wi_double)
NORMAL_DENSITY = np.array(_constants.fi_double)


@inlined
def next_word(rng: Any) -> int:
    """The next 64 bits."""
    a, b, c, counter = rng[0], rng[1], rng[2], rng[3]
    word = a + b + counter
    rng[0] = b ^ shifted(b, 11)
    rng[1] = c + (c << 3)
    rng[2] = ((c << 24) | shifted(c, 40)) + word
    rng[3] = counter + 1
    return word


@inlined
def random(rng: Any) -> float:
    """Uniform on [0, 1), a multiple of 2^-53."""
    return float(shifted(next_word(rng), 11)) * 1.1102230246251565e-16


@inlined
def standard_exponential(rng: Any) -> float:
    """Eight bits say the layer, 53 the mantissa."""
    word = next_word(rng)
    layer, mantissa = shifted(word, 3) & 255, shifted(word, 11)
    if mantissa < EXPONENTIAL_ACCEPT[layer]:
        return float(mantissa) * EXPONENTIAL_WIDTH[layer]
    return exponential_beyond(rng, layer, mantissa)


@inlined
def foresee(rng: Any, state: Any, values: Any) -> None:
    """Find out what `standard_exponential` would give next, if nothing else is drawn before. Nothing is drawn.

    To be called before the first draw, too, for what stands in `FORESEEN` may be of another stream. The stream counts its words in the last one.
    """
    word = rng[0] + rng[1] + rng[3]
    layer, mantissa = shifted(word, 3) & 255, shifted(word, 11)
    values[FORESEEN] = float(mantissa) * EXPONENTIAL_WIDTH[layer]
    state[FORESEEN_AT] = rng[3] if mantissa < EXPONENTIAL_ACCEPT[layer] else 0


@inlined
def exponential_foreseen(rng: Any, state: Any, values: Any, rate: float) -> float:
    """The same as `draws.exponential`, for kernels that draw hardly anything else.

    A clock's time is what the next jump waits for. If the processor has guessed that wrong, a draw begins only then; what is foreseen is there.
    """
    if rate == 0.0:
        return math.inf
    if unlikely(state[FORESEEN_AT] != rng[3]):
        drawn = standard_exponential(rng)
    else:
        drawn = values[FORESEEN]
        next_word(rng)
    foresee(rng, state, values)
    return drawn / rate


@rare
def exponential_beyond(rng: Any, layer: int, mantissa: int) -> float:
    """The one draw in a hundred that lies at the edge of its layer or in the tail."""
    while True:
        x = float(mantissa) * EXPONENTIAL_WIDTH[layer]
        if mantissa < EXPONENTIAL_ACCEPT[layer]:
            return x
        if layer == 0:
            return EXPONENTIAL_EDGE - math.log1p(-random(rng))
        inner, outer = EXPONENTIAL_DENSITY[layer - 1], EXPONENTIAL_DENSITY[layer]
        if (inner - outer) * random(rng) + outer < math.exp(-x):
            return x
        word = next_word(rng)
        layer, mantissa = shifted(word, 3) & 255, shifted(word, 11)


@inlined
def standard_normal(rng: Any) -> float:
    """Eight bits say the layer, one the sign, 52 the mantissa."""
    word = next_word(rng)
    layer, mantissa = word & 255, shifted(word, 9) & 0xFFFFFFFFFFFFF
    if mantissa < NORMAL_ACCEPT[layer]:
        return with_sign(float(mantissa) * NORMAL_WIDTH[layer], word << 55)
    return normal_beyond(rng, word)


@rare
def normal_beyond(rng: Any, word: int) -> float:
    """As `exponential_beyond`."""
    while True:
        layer, mantissa = word & 255, shifted(word, 9) & 0xFFFFFFFFFFFFF
        x = with_sign(float(mantissa) * NORMAL_WIDTH[layer], word << 55)
        if mantissa < NORMAL_ACCEPT[layer]:
            return x
        if layer == 0:
            while True:
                beyond = -NORMAL_INVERSE_EDGE * math.log1p(-random(rng))
                height = -math.log1p(-random(rng))
                if height + height > beyond * beyond:
                    return with_sign(NORMAL_EDGE + beyond, mantissa << 55)
        inner, outer = NORMAL_DENSITY[layer - 1], NORMAL_DENSITY[layer]
        if (inner - outer) * random(rng) + outer < math.exp(-0.5 * x * x):
            return x
        word = next_word(rng)


@plain
def standard_gamma(rng: Any, shape: float) -> float:
    """Below shape 1 by Ahrens and Dieter's rejection, as numpy does it."""
    if shape == 1.0:
        return standard_exponential(rng)
    if shape == 0.0:
        return 0.0
    if shape < 1.0:
        while True:
            u = random(rng)
            v = standard_exponential(rng)
            if u <= 1.0 - shape:
                x = math.pow(u, 1.0 / shape)
                if x <= v:
                    return x
            else:
                y = -math.log((1.0 - u) / shape)
                x = math.pow(1.0 - shape + shape * y, 1.0 / shape)
                if x <= v + y:
                    return x
    b = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * b)
    while True:
        x = standard_normal(rng)
        v = 1.0 + c * x
        while v <= 0.0:
            x = standard_normal(rng)
            v = 1.0 + c * x
        v = v * v * v
        u = random(rng)
        if u < 1.0 - 0.0331 * (x * x) * (x * x):
            return b * v
        if math.log(u) < 0.5 * x * x + b * (1.0 - v + math.log(v)):
            return b * v


@plain
def weibull(rng: Any, shape: float) -> float:
    """A power of an exponential number."""
    if shape == 0.0:
        return 0.0
    return math.pow(standard_exponential(rng), 1.0 / shape)


@plain
def sort(cells: Any) -> None:
    """Sort an array, which is short."""
    for k in range(1, len(cells)):
        value, at = cells[k], k
        while at > 0 and cells[at - 1] > value:
            cells[at] = cells[at - 1]
            at -= 1
        cells[at] = value


METHODS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (random, standard_exponential, standard_normal, standard_gamma, weibull, sort)
}
"""What is called by a dot after a stream or an array."""
