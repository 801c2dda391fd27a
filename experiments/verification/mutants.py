"""Random mutations of valid models by the thousand, each held to what is promised of any text (`tests.hostile.promise`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.hostile.mutations import Mutant


def _examined(seed: int) -> Mutant:
    from tests.hostile.mutations import examined

    return examined(seed)


def run_mutants(seeds: Sequence[int], processes: int) -> Iterator[Mutant]:
    """The mutants of the seeds, in order."""
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_examined, seeds, chunksize=20)


def summary(found: Sequence[Mutant]) -> list[str]:
    """What came of them, in lines."""
    good = [mutant for mutant in found if mutant.accepted]
    ran = [mutant.firings for mutant in good if mutant.end]
    codes = Counter(code for mutant in found if not mutant.accepted for code in mutant.codes)
    kinds = Counter(mutant.kind for mutant in found)
    ends = ", ".join(f"{end} {number}" for end, number in Counter(mutant.end for mutant in good if mutant.end).most_common())
    return [
        f"{len(found)} mutants ({', '.join(f'{count} of {kind}' for kind, count in kinds.most_common())})",
        f"{len(found) - len(good)} refused, with {len(codes)} different codes; {len(good)} are models",
        f"{len(ran)} of these ran, for {median(ran) if ran else 0:g} firings in the median; ends: {ends}",
        f"the promise was broken by {sum(bool(mutant.trouble) for mutant in found)}",
    ]
