"""The random streams of many replications at once: the first words of ``SFC64(SeedSequence(seed, spawn_key=key))``, bit for bit numpy's.

numpy makes one stream at a time in about 10 microseconds, which is more than a short replication takes. Here the arithmetic is done on arrays.
Sources: M. E. O'Neill, Developing a seed_seq alternative, 2015, and numpy/random/bit_generator.pyx (the pool, mixing, and the padding before spawn
keys); C. Doty-Humphrey, PractRand, 2013, sfc64 (twelve words are thrown away at the start).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Halves = NDArray[np.uint32]

POOL = 4
INIT_A, MULTIPLIER_A = 0x43B0D7E5, 0x931E8875
INIT_B, MULTIPLIER_B = 0x8B51F9DD, 0x58F38DED
MIX_LEFT, MIX_RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
HALF = np.uint32(16)
FEW = 16
"""Fewer streams than this numpy makes sooner one by one."""

GREATEST = 2**32 - 1
"""Greater numbers in keys take more than one word; they are left to numpy."""


class _Hash:
    """A hash of 32-bit words, whose constant is another each time."""

    def __init__(self, start: int, multiplier: int) -> None:
        self._constant, self._multiplier = start, multiplier

    def __call__(self, words: Halves, rows: int) -> Halves:
        """The hashes of `words`, or of its rows, one after the other: shape (rows, n)."""
        constants = [self._constant]
        for _ in range(rows):
            constants.append(constants[-1] * self._multiplier & GREATEST)
        self._constant = constants[-1]
        column = np.array(constants, np.uint32)[:, np.newaxis]
        words = (words ^ column[:-1]) * column[1:]
        return words ^ (words >> HALF)


def _mixed(a: Halves, b: Halves) -> Halves:
    words: Halves = MIX_LEFT * a - MIX_RIGHT * b
    return words ^ (words >> HALF)


def _halves(number: int) -> list[int]:
    """The 32-bit words of a number, the lowest first."""
    words = [number & GREATEST]
    while number := number >> 32:
        words.append(number & GREATEST)
    return words


def _seeds(seed: int, keys: NDArray[np.int64]) -> Words:
    """The three 64-bit words that numpy seeds a generator with, for each row of keys: shape (3, n)."""
    own = _halves(seed)
    own += [0] * (POOL - len(own))
    entropy = np.concatenate([np.repeat(np.array(own, np.uint32)[:, np.newaxis], len(keys), axis=1), keys.T.astype(np.uint32)])
    hashed = _Hash(INIT_A, MULTIPLIER_A)
    pool = hashed(entropy[:POOL], POOL)
    for source in range(POOL):
        others = [k for k in range(POOL) if k != source]
        pool[others] = _mixed(pool[others], hashed(pool[source], POOL - 1))
    for words in entropy[POOL:]:
        pool = _mixed(pool, hashed(words, POOL))
    halves = _Hash(INIT_B, MULTIPLIER_B)(pool[[0, 1, 2, 3, 0, 1]], 6).astype(np.uint64)
    return halves[0::2] | (halves[1::2] << np.uint64(32))


def next_words(streams: Words) -> Words:
    """The next 64 bits of each stream, whose words are in a column of `streams` (4, n), which go on by one."""
    a, b, c, counter = streams
    word: Words = a + b + counter
    streams[0] = b ^ (b >> np.uint64(11))
    streams[1] = c * np.uint64(9)
    streams[2] = ((c << np.uint64(24)) | (c >> np.uint64(40))) + word
    streams[3] += np.uint64(1)
    return word


def streams_of(seed: int, keys: NDArray[np.int64]) -> Words:
    """The state of ``SFC64(SeedSequence(seed, spawn_key=key))`` for each row of `keys` (n, m): shape (4, n)."""
    if len(keys) < FEW or seed < 0 or keys.min() < 0 or keys.max() > GREATEST:
        return np.array([_by_numpy(seed, tuple(key)) for key in keys.tolist()], np.uint64).reshape(len(keys), 4).T.copy()
    streams = np.ones((4, len(keys)), np.uint64)
    streams[:3] = _seeds(seed, keys)
    for _ in range(12):
        next_words(streams)
    return streams


def _by_numpy(seed: int, key: tuple[int, ...]) -> Words:
    return np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)).state["state"]["state"]


def uniforms(streams: Words) -> NDArray[np.float64]:
    """The next ``Generator.random()`` of each stream."""
    return (next_words(streams) >> np.uint64(11)).astype(np.float64) * 2.0**-53
