"""Reset arcs whose multiplicity depends on the marking."""

from spn.engine.trace import trace
from spn.resolver.resolve import read


def test_a_reset_of_multiplicity_zero_empties_nothing():
    # Three tokens in b, then one more each second: the reset takes hold when there are more than 4 before the firing.
    net = read(
        """
        spn: 1
        places: {clock: 1, b: 3}
        transitions:
          tick: {in: clock, out: [clock, b], reset: (1 if b > 4 else 0) * b, delay: deterministic(1 s)}
        measures: {m: {average: b}}
        """
    )
    assert list(trace(net, firings=3)) == ["1.0 tick clock-1 clock+1 b+1", "2.0 tick clock-1 clock+1 b+1", "3.0 tick clock-1 b-5 clock+1 b+1"]


def test_a_reset_of_multiplicity_two_empties_like_any_other():
    net = read(
        """
        spn: 1
        places: {clock: 1, b: 3}
        transitions:
          tick: {in: clock, out: clock, reset: 2 * b, delay: deterministic(1 s)}
        measures: {m: {average: b}}
        """
    )
    assert list(trace(net, firings=1)) == ["1.0 tick clock-1 b-3 clock+1"]


def test_a_capacity_counts_on_a_reset_only_where_it_empties():
    # The place holds 2 of 2: without its reset nothing can be put.
    net = read(
        """
        spn: 1
        parameters: {empties: 0}
        places: {b: {capacity: 2, initial: 2}, a: 1}
        transitions:
          go: {in: a, out: b, reset: (a - 1 + empties) * b, delay: deterministic(1 s)}
        measures: {m: {average: b}}
        """,
    )
    assert list(trace(net, firings=1)) == []
    net = read(
        """
        spn: 1
        places: {b: {capacity: 2, initial: 2}, a: 1}
        transitions:
          go: {in: a, out: b, reset: a * b, delay: deterministic(1 s)}
        measures: {m: {average: b}}
        """,
    )
    assert list(trace(net, firings=1)) == ["1.0 go a-1 b-2 b+1"]
