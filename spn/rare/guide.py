"""How probable the event is from each marking, by the net's Markov approximation: what importance sampling steers by and splitting takes levels from.

An estimate does not depend on this being right; only how many runs it takes does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from spn.engine.reference.marking import Marking
from spn.rare.graph import END, PLAIN, TARGET, Graph, StepKey

Floats: TypeAlias = NDArray[np.float64]

DISCOUNT = 1e-4
"""Looking for the marking where a net is at home, one in so many steps starts again from the initial marking."""

NOWHERE = -2
"""The home of a net that is in no tangible marking before the event; no marking has this number."""

@final
@dataclass(frozen=True, slots=True)
class Guide:
    """`values[n]` approximates the probability, from marking n, of reaching the condition before coming `home` or to the end of a life.

    Markings in which lives end are taken for such in which one begins; no other run is in them. `cycle` is the probability of a cycle that begins at
    home, `life` that from the start without regard to home; both are exact if `exact`.
    `alternatives[n]` has the value of the marking that each step leads to.
    """

    graph: Graph
    home: int
    values: Floats
    cycle: float
    life: float
    alternatives: list[dict[StepKey, float]]

    @property
    def exact(self) -> bool:
        return self.graph.complete and self.graph.markovian

    @property
    def useful(self) -> bool:
        """Whether it knows of a way to the condition."""
        return self.graph.targets

    def find(self, marking: Marking) -> int:
        """The number of a marking; -1 if it is not known."""
        return self.graph.find(marking)


def guide(graph: Graph, within: float | None) -> Guide:
    """Solve the approximation. A life that ends `within` seconds is taken for one that ends at the rate 1 / within."""
    share, sojourn = _embedded(graph, within)
    kinds = np.array([node.kind for node in graph.nodes])
    targets, ends = (kinds == TARGET).astype(np.float64), kinds == END
    vanishing = np.array([node.vanishing for node in graph.nodes])
    going_on = _rows(share, ~ends)
    home = _home(graph, going_on, sojourn)
    away = np.arange(len(kinds)) != home
    # A life that begins where one ends goes on until it has been elsewhere: what it may come to before is valued apart.
    early = ends | vanishing
    life = _early(share, _reached(going_on, targets), early)
    values = _reached(_rows(going_on, away), targets)
    known = np.array([node.expanded or node.kind != PLAIN for node in graph.nodes])
    if not known.all() and (values[known] > 0.0).any():
        values[~known] = values[known & (values > 0.0)].min()
    fresh = np.where(away, _early(_rows(share, away), values, early), 0.0)
    cycle = float(life[0]) if home == NOWHERE else float((share @ (fresh if ends[home] else values))[home])
    alternatives = [_worth(graph, node.steps, fresh if node.kind == END else values, home) for node in graph.nodes]
    values = np.where(ends, fresh, values)
    if home != NOWHERE:
        values[home] = cycle  # a cycle that begins there; one that ends there is told apart by whoever walks
    return Guide(graph, home, values, cycle, float(life[0]), alternatives)


def _rows(share: Any, kept: NDArray[np.bool_]) -> Any:
    """Some rows; the others are empty."""
    from scipy.sparse import csc_array

    found = csc_array(share.multiply(kept.astype(np.float64)[:, None]))
    found.eliminate_zeros()
    return found


def _early(share: Any, values: Floats, early: NDArray[np.bool_]) -> Floats:
    """`values` elsewhere, and in `early` markings those of going on, through such markings, to others."""
    return _reached(_rows(share, early), np.where(early, 0.0, values))


def _worth(graph: Graph, steps: Mapping[StepKey, tuple[int, float]], values: Floats, home: int) -> dict[StepKey, float]:
    """The value to which each step leads; in a folded map the mean over those of a transition class."""
    worth = {key: 0.0 if to == home else float(values[to]) for key, (to, _) in steps.items()}
    if not graph.fold.folded:
        return worth
    sums: dict[StepKey, tuple[float, float]] = {}
    for key, (_, rate) in steps.items():
        folded = graph.step_key(graph.kind_of(key[0]), key)
        weight, total = sums.get(folded, (0.0, 0.0))
        sums[folded] = (weight + rate, total + rate * worth[key])
    return {key: total / weight for key, (weight, total) in sums.items()}


def _embedded(graph: Graph, within: float | None) -> tuple[Any, Floats]:
    """Where the next step leads (rows sum to 1, or less where a life may end), and the mean time until then."""
    from scipy.sparse import coo_array, csc_array

    rows: list[int] = []
    columns: list[int] = []
    shares: list[float] = []
    sojourn = np.zeros(len(graph.nodes))
    for at, node in enumerate(graph.nodes):
        if node.kind == TARGET:
            continue  # what happens afterwards is not asked
        total = sum(rate for _, rate in node.steps.values())
        if not node.vanishing and within is not None:
            total += 1.0 / within
        if total <= 0.0:
            continue
        sojourn[at] = 0.0 if node.vanishing else 1.0 / total
        for to, rate in node.steps.values():
            rows.append(at)
            columns.append(to)
            shares.append(rate / total)
    size = (len(graph.nodes), len(graph.nodes))
    return csc_array(coo_array((shares, (rows, columns)), shape=size)), sojourn


def _reached(share: Any, targets: Floats) -> Floats:
    """The probability of coming to a target: v = targets + share v; 0 where nothing leads there, also where the net goes round for ever. Pivots stay
    on the diagonal of this M-matrix, so that nothing small is lost.
    """
    from scipy.sparse import csc_array, eye_array
    from scipy.sparse.linalg import splu

    found: Floats = np.zeros(len(targets))
    some = np.flatnonzero(_leading(share, targets > 0.0))
    if not some.size:
        return found
    inner = csc_array(share)[:, some][some, :]
    for slack in (0.0, 1e-12):
        matrix = csc_array(eye_array(some.size) - inner * (1.0 - slack))
        try:
            solved = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}).solve(targets[some])
        except RuntimeError:  # singular by rounding: what leads away is too improbable to be seen beside 1
            continue
        found[some] = np.clip(np.nan_to_num(solved), 0.0, 1.0)
        break
    return found


def _leading(share: Any, targets: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From which markings a target can be reached."""
    found = targets.copy()
    pending = np.flatnonzero(targets).tolist()
    while pending:
        at = pending.pop()
        for before in share.indices[share.indptr[at] : share.indptr[at + 1]].tolist():
            if not found[before]:
                found[before] = True
                pending.append(before)
    return found


def _home(graph: Graph, share: Any, sojourn: Floats) -> int:
    """The marking in which the net spends the most time; where a life begins in a marking that ends it, that one. NOWHERE, if time never passes."""
    from scipy.sparse import csc_array, eye_array
    from scipy.sparse.linalg import spsolve

    if graph.nodes[0].kind == END:
        return 0
    start = np.zeros(len(graph.nodes))
    start[0] = 1.0
    visits = np.atleast_1d(spsolve(csc_array(eye_array(len(start)) - share.T * (1.0 - DISCOUNT)), start))
    plain = np.array([node.kind == PLAIN and not node.vanishing and node.expanded for node in graph.nodes])
    time = np.where(plain, np.nan_to_num(visits) * sojourn, -1.0)
    return int(np.argmax(time)) if plain.any() else NOWHERE
