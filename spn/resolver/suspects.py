"""What a net can tell about mistakes that no rule of the language forbids: tokens beyond their colour, transitions that can never fire, and the like.

Only what is certain is told. What depends on parameters alone is a choice of the model, which `when` spells out, and a hint says so.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from spn.expressions.errors import EvaluationError
from spn.expressions.static import evaluate, is_static
from spn.expressions.tree import Constant, DelayCall, Expression, Make, Node, Parameter, PlaceRead
from spn.expressions.walk import walk
from spn.net.types import Bind, Bounds, Immediate, InputArc, Loop, Place, Timed, Transition
from spn.records import dataclass
from spn.resolver import declarations as declared
from spn.resolver.columns import Tables
from spn.resolver.transitions import TransitionClass
from spn.text.problems import Problems
from spn.text.source import Span


@dataclass(frozen=True, slots=True)
class Suspects:
    """Looks for mistakes in the places and transition classes of one net."""

    places: Mapping[str, Place]
    tables: Tables
    problems: Problems

    def look(self, classes: Sequence[TransitionClass], modules: Iterable[declared.Module]) -> None:
        """Tell of everything suspicious; tokens that no place can hold are errors."""
        for place in self.places.values():
            for initial in place.initial:
                if initial.value is not None:
                    self._token(initial.value, place, place.size, place.index, initial.loop, initial.count)
        for c in classes:
            for arc in c.transition.outputs:
                if arc.token is not None:
                    self._token(arc.token, self.places[arc.place], c.transition.size, c.transition.index, arc.loop, arc.multiplicity)
        self.problems.stop_if_any()
        for c in classes:
            self._never_enabled(c)
            self._zero_delay(c)
        self._conflicts([c for c in classes if isinstance(c.transition.timing, Immediate)])
        self._unread(list(modules))

    def _values(self, expression: Expression, size: int, index: str) -> np.ndarray[Any, Any] | None:
        """Its value for each index, if it is the same whatever happens."""
        if not is_static(expression, frozenset({index})):
            return None
        try:
            return np.broadcast_to(np.asarray(evaluate(expression, {index: np.arange(size)}, self.tables.values)), (size,))
        except EvaluationError:
            return None

    def _outside(self, entry: Expression, bound: tuple[int, int] | None, size: int, index: str) -> np.ndarray[Any, Any] | None:
        """At which indices a component is certain to lie beyond its range."""
        values = None if bound is None else self._values(entry, size, index)
        return None if values is None or bound is None else (values < bound[0]) | (values > bound[1])

    def _token(self, value: Expression, place: Place, size: int, index: str, loop: Loop | None, count: Expression) -> None:
        often = self._values(count, size, index)
        if loop is not None or often is None or not size:
            return
        for entry, bound in zip(_components(value), place.bounds, strict=False):
            wrong = self._outside(entry, bound, size, index)
            if wrong is not None and (wrong & (often > 0)).any() and bound is not None:
                message = f"this is beyond the colour of '{place.name}', {bound[0]}..{bound[1]}"
                self.problems.error("bad-value", message, entry.span or value.span)

    def _never_enabled(self, c: TransitionClass) -> None:
        transition = c.transition
        if isinstance(transition.guard, Constant) and transition.guard.value is False and c.declaration.guard is not None:
            message = "this guard is never true"
            self.problems.warning("never-enabled", message, c.declaration.guard.span, "what depends on parameters only belongs under 'when'")
        for arc in (*transition.inputs, *transition.tests):
            self._never_met(arc, transition)

    def _never_met(self, arc: InputArc, transition: Transition) -> None:
        bounds: Bounds = self.places[arc.place].bounds
        often = self._values(arc.multiplicity, transition.size, transition.index)
        if arc.loop is not None or often is None or not transition.size:
            return
        for entry, bound in zip(arc.pattern, bounds, strict=False):
            if entry is None or isinstance(entry, Bind):
                continue
            parts = _components(entry) if arc.whole else (entry,)
            for part, limit in zip(parts, bounds if arc.whole else (bound,), strict=False):
                wrong = self._outside(part, limit, transition.size, transition.index)
                if wrong is not None and (wrong & (often > 0)).all() and limit is not None:
                    message = f"no token is like this: the colour of '{arc.place}' is {limit[0]}..{limit[1]}"
                    self.problems.warning("never-enabled", message, part.span or transition.span)

    def _zero_delay(self, c: TransitionClass) -> None:
        """A delay that is written as zero; one that follows from a parameter may be meant."""
        timing, delay = c.transition.timing, c.declaration.delay
        if not isinstance(timing, Timed) or not isinstance(delay, DelayCall) or any(isinstance(node, Parameter) for node in walk(delay)):
            return
        call = timing.delay
        if call.name in ("deterministic", "uniform") and all(isinstance(a, Constant) and a.value == 0 for a in call.arguments):
            message = "this delay is always zero: it fires at once, but after everything immediate"
            self.problems.warning("zero-delay", message, delay.span, "without a 'delay' it is immediate")

    def _conflicts(self, classes: Sequence[TransitionClass]) -> None:
        """Immediate transitions that are always enabled together, and of which nobody said how often each is to be chosen."""
        first: dict[Hashable, TransitionClass] = {}
        for c in classes:
            key = _enabled_by(c)
            if key is not None and (other := first.setdefault(key, c)) is not c:
                message = f"'{c.declaration.name}' and '{other.declaration.name}' take the same tokens, each as often as the other"
                hint = "give both a 'weight', or one a higher 'priority' or a guard"
                self.problems.warning("unweighted-conflict", message, c.declaration.span, hint)

    def _unread(self, modules: Sequence[declared.Module]) -> None:
        read = set[str]()
        for module in modules:
            for transition in module.transitions.values():
                read |= {arc.place.place for arc in (*transition.inputs, *transition.tests, *transition.inhibitors)}
            for instance in module.instances.values():
                read |= {connection.target.place for connection in instance.connections}
            read |= {node.place for part in (module.transitions, module.measures, module.rare) for node in _reads(part)}
        for module in modules:
            for place in module.places.values():
                if not place.is_port and place.name not in read:
                    message = f"nothing reads '{place.name}': no arc takes or tests its tokens, no expression and no measure counts them"
                    self.problems.warning("unread-place", message, place.span)


def _components(value: Expression) -> tuple[Expression, ...]:
    """The parts of a product's or record's value as they are written; of another the value itself."""
    if isinstance(value, Make):
        return value.components
    if isinstance(value, Constant) and isinstance(value.value, tuple):
        return ()
    return (value,)


def _reads(item: Any) -> Iterator[PlaceRead]:
    """The places that expressions anywhere in a declaration read."""
    if isinstance(item, Node):
        yield from (node for node in walk(item) if isinstance(node, PlaceRead))  # type: ignore[arg-type]
    elif isinstance(item, Mapping):
        for part in item.values():
            yield from _reads(part)
    elif isinstance(item, tuple):
        for part in item:
            yield from _reads(part)
    elif is_dataclass(item) and not isinstance(item, type | Span):
        for f in fields(item):
            yield from _reads(getattr(item, f.name))


def _enabled_by(c: TransitionClass) -> Hashable | None:
    """What alone enables a class and takes part in its choice, the same for classes that are always enabled together; None where more decides."""
    t = c.transition
    if t.guard is not None or t.inhibitors or not t.inputs or c.declaration.weight.span is not None:
        return None
    if any(entry is not None and not isinstance(entry, Bind) for arc in (*t.inputs, *t.tests) for entry in arc.pattern):
        return None
    arcs = [(arc, False) for arc in t.inputs] + [(arc, True) for arc in t.tests]
    taken = frozenset((arc.place, arc.element, arc.multiplicity, test) for arc, test in arcs)
    return c.module, t.timing.priority, t.size, taken
