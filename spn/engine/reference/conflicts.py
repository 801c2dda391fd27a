"""The enabled immediate bindings, and which of them fires. How they come to be enabled is decided elsewhere."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from spn.engine.reference.enabling import Binding


class Conflicts:
    """Enabled immediate bindings by priority and, within one, in the order of bindings. `number` is how many transitions have any."""

    def __init__(self, priorities: set[int]) -> None:
        self.number = 0
        self._levels: dict[int, dict[int, list[Binding]]] = {priority: {} for priority in sorted(priorities, reverse=True)}
        self._order: dict[int, list[int]] = {priority: [] for priority in priorities}

    def update(self, code: int, priority: int, bindings: list[Binding]) -> None:
        """The enabled bindings of a transition are now these."""
        level, order = self._levels[priority], self._order[priority]
        if code in level:
            if bindings:
                level[code] = bindings
            else:
                del level[code]
                order.remove(code)
                self.number -= 1
        elif bindings:
            level[code] = bindings
            insort(order, code)
            self.number += 1

    def copy(self) -> Conflicts:
        """The same, to be changed by itself."""
        twin = Conflicts(set())
        twin.number = self.number
        twin._levels = {priority: dict(level) for priority, level in self._levels.items()}
        twin._order = {priority: list(order) for priority, order in self._order.items()}
        return twin

    def contenders(self) -> list[Binding]:
        """Those with the highest priority, in the order of bindings. To be called if there is one."""
        level, order = next((level, self._order[priority]) for priority, level in self._levels.items() if level)
        return level[order[0]] if len(order) == 1 else [binding for code in order for binding in level[code]]

    def choose(self, uniform: Callable[[], float]) -> Binding:
        """The binding that fires, of those with the highest priority by weight. To be called if there is one."""
        bindings = self.contenders()
        if len(bindings) == 1:
            return bindings[0]
        sums: list[float] = []
        total = 0.0
        for binding in bindings:
            total += binding.weight
            sums.append(total)
        threshold = uniform() * total
        return next((binding for binding, upto in zip(bindings, sums, strict=True) if threshold < upto), bindings[-1])
