"""A run of a net, step by step: the page on semantics as a program, put together from its parts. Observing a run is done elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from numpy.random import SFC64, Generator, SeedSequence

from spn.distributions import Distribution
from spn.engine.reference.classes import Site
from spn.engine.reference.clocks import Clock, Clockwork
from spn.engine.reference.conflicts import Conflicts
from spn.engine.reference.controls import Control
from spn.engine.reference.dependencies import Dependencies, candidates
from spn.engine.reference.enabling import INFINITE, Binding, enabled_bindings
from spn.engine.reference.firing import Change, fire, in_bounds
from spn.engine.reference.marking import Marking
from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.state import NoElementError, State
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Value
from spn.net.types import Net
from spn.observation import RunError

Frozen = list[tuple[float, float, float, Distribution]]
"""Of each frozen clock the time it has left, the rate with which it was drawn (-1 if not exponential), its age and its distribution; the last frozen
one last."""


@dataclass(frozen=True, slots=True)
class Event:
    """One firing. `transition` is the number of the class, `binding` has its variables' values in order, `moves` (place, element, number, value)."""

    time: float
    transition: int
    index: int
    binding: tuple[Value | None, ...]
    moves: tuple[Change, ...]
    immediate: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides how a run goes on, besides its marking and its time. Nothing is copied: it holds until the run goes on.

    `generator` is the random stream, `instant` has the codes of the firings at this time, `epoch` and `started` count timed firings and clocks
    started. `clocks` has the enabled bindings of timed transitions by code, `frozen` the frozen clocks by code and the values of variables.
    """

    generator: Generator
    epoch: int
    started: int
    instant: list[int]
    clocks: Mapping[int, Iterable[Binding]]
    frozen: Mapping[tuple[int, tuple[Value | None, ...]], Frozen]


class Drawn:
    """The two sums of a control (`spn.engine.reference.controls`)."""

    __slots__ = ("control", "sums")

    def __init__(self, control: Control) -> None:
        self.control = control
        self.sums = [0.0, 0.0]

    def add(self, delay: float, index: int) -> None:
        mean, cap, capped = self.control.row(index)
        self.sums[0] += delay - mean
        self.sums[1] += min(delay, cap) - capped


class Simulation:
    """One replication of a net: ``Simulation(net, seed=1).run(until=3600.0)``.

    `net` is a net or what `ReferenceEngine.prepare` made of it. All numbers are drawn from ``SFC64(SeedSequence(seed, spawn_key=key))``.
    Raises `RunError` where the net cannot go on.
    With `look_at_everything` each firing is followed by a look at all transitions; the trace is the same, only later.
    """

    def __init__(
        self, net: Net | PreparedNet, seed: int = 0, key: Sequence[int] = (), look_at_everything: bool = False, controlled: bool = False
    ) -> None:
        self.net = net if isinstance(net, PreparedNet) else PreparedNet(net)
        self.firings = 0
        self.fired = [0] * len(self.net.classes)
        self.changed: set[int] = set()
        """The observations (by number) whose value may have changed since this was last cleared."""
        self.drawn = {control.number: Drawn(control) for control in self.net.controls} if controlled else {}
        """The sums over delays that are kept, by class."""
        self._everything = look_at_everything
        self._rng = Generator(SFC64(SeedSequence(seed, spawn_key=tuple(key))))
        self._dependencies: Dependencies = self.net.dependencies
        self._clockwork = Clockwork()
        self._started = 0
        self._epoch = 0
        self._bindings: dict[int, dict[tuple[Value | None, ...], Binding]] = {}
        self._frozen: dict[tuple[int, tuple[Value | None, ...]], Frozen] = {}
        self._conflicts = Conflicts({kind.priority for kind in self.net.classes if kind.immediate})
        self._resampling: set[int] = set()
        self._instant: list[Site] = []
        self.marking = Marking(self.net.places, self._rng.random)
        self.state = State(self.net, {}, self.marking)
        self._put_initial_tokens()
        self._update_bindings(range(self.net.size) if look_at_everything else candidates(self.net, self.marking))

    def _put_initial_tokens(self) -> None:
        for number, place in enumerate(self.net.places):
            for element, count, value in self.net.initial_tokens(number):
                if value is None:
                    self.marking.add(number, element, count)
                elif in_bounds(value, place.bounds):
                    self.marking.put(number, element, value, count)
                else:
                    raise RunError("bad-value", f"the initial token {value} is beyond the colour of {place.name}")

    @property
    def now(self) -> float:
        """The time in seconds."""
        return self._clockwork.now

    @property
    def vanishing(self) -> bool:
        """Whether an immediate binding is enabled."""
        return self._conflicts.number > 0

    def standing(self) -> Standing:
        """What an engine that is to go on from here has to know."""
        clocks = {code: bindings.values() for code, bindings in self._bindings.items()}
        return Standing(self._rng, self._epoch, self._started, [site.code for site in self._instant], clocks, self._frozen)

    def clocks(self) -> list[Clock]:
        """All clocks that are set, in the order of bindings (those that never fire, too)."""
        return [clock for code in sorted(self._bindings) for binding in self._bindings[code].values() for clock in binding.clocks]

    def contenders(self) -> list[Binding]:
        """The immediate bindings of which one fires next, in order; `fire` takes any of them."""
        return self._conflicts.contenders() if self._conflicts.number else []

    def reset_clock(self, clock: Clock, time: float) -> Clock:
        """Let a clock fire at another time, not before now. What the law of that time is, whoever calls this has to answer for."""
        clocks = clock.binding.clocks
        self._forget(clock)
        moved = self._set(clock.binding, time, clock.started, clock.epoch, clock.origin, clock.law)
        clocks[clocks.index(clock)] = moved
        return moved

    def redraw_clocks(self) -> None:
        """Draw the times of all clocks anew, each on condition of the age that it has: what a copy needs to go its own way."""
        now = self._clockwork.now
        for clock in self.clocks():
            if clock.time < INFINITE and not clock.law.is_deterministic:
                self.reset_clock(clock, max(now, clock.origin + clock.law.redraw(self._rng, now - clock.origin)))

    def copy(self, generator: Generator) -> Simulation:
        """The same state, to go on by itself with random numbers of its own; clocks keep their times until `redraw_clocks`.

        To be called between firings. Sums over delays are not kept.
        """
        twin = object.__new__(Simulation)
        twin.net, twin.drawn, twin.firings, twin.fired, twin.changed = self.net, {}, self.firings, list(self.fired), set(self.changed)
        twin._everything, twin._dependencies, twin._rng = self._everything, self._dependencies, generator
        twin._clockwork = Clockwork(self._clockwork.now)
        twin._started, twin._epoch, twin._instant = self._started, self._epoch, list(self._instant)
        twin._frozen = {key: list(frozen) for key, frozen in self._frozen.items()}
        twin._conflicts, twin._resampling = self._conflicts.copy(), set(self._resampling)
        twin.marking = self.marking.copy(generator.random)
        twin.state = State(self.net, {}, twin.marking)
        twin.state.now = self.state.now
        twin._bindings = {code: {values: twin._adopt(binding) for values, binding in found.items()} for code, found in self._bindings.items()}
        return twin

    def _adopt(self, binding: Binding) -> Binding:
        """A binding of another run with its clocks as one of this run."""
        own = binding.without_clocks()
        own.clocks = [self._set(own, clock.time, clock.started, clock.epoch, clock.origin, clock.law) for clock in binding.clocks]
        return own

    def peek(self) -> float:
        """The time of the next firing; infinity if the marking is dead."""
        return self._clockwork.now if self._conflicts.number else self._clockwork.peek()

    def step(self) -> Event | None:
        """The next firing, or None if the marking is dead."""
        binding = self.next_binding()
        if binding is None:
            return None
        moves = self.fire(binding)
        return Event(self.now, binding.site.kind.number, binding.site.index, binding.values, moves, binding.site.kind.immediate)

    def run(self, until: float = INFINITE, firings: float = INFINITE) -> int:
        """All firings with times up to `until`, at most `firings` of them; gives their number. The clock stays at the last one."""
        before = self.firings
        while self.firings - before < firings and self.peek() <= until:
            binding = self.next_binding()
            if binding is None:
                break
            self.fire(binding)
        return self.firings - before

    def next_binding(self) -> Binding | None:
        """The binding that fires next; time has gone on to its firing, but the marking is still the one before it."""
        if self._conflicts.number:
            return self._conflicts.choose(self._rng.random)
        if self._clockwork.peek() == INFINITE:
            return None
        clock = self._clockwork.next_clock()
        assert clock is not None
        if clock.time > self.state.now:
            self._instant.clear()
        self.state.now = clock.time
        self._epoch += 1
        clock.binding.clocks.remove(clock)
        return clock.binding

    def fire(self, binding: Binding) -> tuple[Change, ...]:
        """Fire what `next_binding` gave, and bring all that depends on it up to date."""
        site = binding.site
        try:
            moves = fire(binding, self.state)
        except EvaluationError as error:
            raise arithmetic_error(site, error, self.state) from None
        self.firings += 1
        self.fired[site.kind.number] += 1
        self._instant.append(site)
        if len(self._instant) > self.net.trap_limit:
            raise trap_error(self._instant, self.now)
        self._update_bindings(self._affected(site, moves))
        if self._resampling and not self._conflicts.number:
            self._resample()
        return moves

    def _affected(self, site: Site, moves: tuple[Change, ...]) -> list[int]:
        """The codes of transitions to look at after a firing, in order; observations go to `changed`."""
        dependencies = self._dependencies
        first_observer = dependencies.first_observer
        if self._everything:
            self.changed.update(range(dependencies.size - first_observer))
            return list(range(first_observer))
        codes = {site.code, *dependencies.always}
        readers = dependencies.readers
        for move in moves:
            codes.update(readers(move[0], move[1]))
        ordered = sorted(codes)
        while ordered[-1] >= first_observer:
            self.changed.add(ordered.pop() - first_observer)
        return ordered

    def _update_bindings(self, codes: Sequence[int]) -> None:
        """Look at transitions again, in order: which bindings are enabled now, and what that means for their clocks."""
        site_of, state = self.net.site, self.state
        for code in codes:
            site = site_of(code)
            try:
                found = enabled_bindings(site, state)
                if site.kind.immediate:
                    self._conflicts.update(code, site.kind.priority, found)
                elif found or code in self._bindings:
                    self._update_clocks(site, found)
            except EvaluationError as error:
                raise arithmetic_error(site, error, self.state) from None

    def _update_clocks(self, site: Site, found: list[Binding]) -> None:
        """Give each enabled binding of a transition the clocks that it should have; bindings that are enabled no more lose theirs."""
        code = site.code
        before = self._bindings.pop(code, None)
        if before is None:
            current = {binding.values: binding for binding in found}
        else:
            current = {}
            for binding in found:
                known = before.pop(binding.values, None)
                current[binding.values] = binding if known is None else self._refreshed(known, binding)
            for gone in before.values():
                self._lose_clocks(gone, 0)
        if current:
            self._bindings[code] = current
        if site.kind.memory == "resampling":
            (self._resampling.add if current else self._resampling.discard)(code)
        for binding in current.values():
            self._adjust(binding)

    def _refreshed(self, known: Binding, seen: Binding) -> Binding:
        """A binding that was enabled before, with what it takes now; if its place in the order is another, so is that of its clocks."""
        known.takes, known.degree = seen.takes, seen.degree
        if known.order != seen.order:
            known.order = seen.order
            for clock in list(known.clocks):
                self.reset_clock(clock, clock.time)
        return known

    def _adjust(self, binding: Binding) -> None:
        """As many clocks as the binding should have: the youngest go, new ones come; exponential ones follow their rate."""
        clocks, wanted = binding.clocks, binding.degree
        if len(clocks) > wanted:
            self._lose_clocks(binding, wanted)
        if binding.site.kind.exponential and wanted and not (clocks and binding.site.kind.static_delay):
            self._follow_rate(binding)
        while len(clocks) < wanted:
            clocks.append(self._start(binding))

    def _follow_rate(self, binding: Binding) -> None:
        """Draw exponential clocks anew if their rate has changed."""
        self.state.variables = binding.environment
        rate: float = binding.site.distribution(self.state).rate  # type: ignore[attr-defined]
        if rate != binding.rate:
            binding.rate = rate
            for position, clock in enumerate(binding.clocks):
                self._forget(clock)
                binding.clocks[position] = self._draw(binding)

    def _start(self, binding: Binding) -> Clock:
        """A clock more: the one that was frozen last, or a new one."""
        if binding.site.kind.memory == "age":
            frozen = self._frozen.get((binding.site.code, binding.values))
            if frozen:
                left, rate, age, law = frozen.pop()
                if rate == binding.rate:
                    self._started += 1
                    now = self._clockwork.now
                    return self._set(binding, now + left, self._started, self._epoch, now - age, law)
        return self._draw(binding)

    def _draw(self, binding: Binding) -> Clock:
        """A new clock with a delay drawn now."""
        self.state.variables = binding.environment
        site = binding.site
        law = site.distribution(self.state)
        delay = law.sample(self._rng)
        if self.drawn and (drawn := self.drawn.get(site.kind.number)) is not None:
            drawn.add(delay, site.index)
        self._started += 1
        now = self._clockwork.now
        return self._set(binding, now + delay, self._started, self._epoch, now, law)

    def _set(self, binding: Binding, time: float, started: int, epoch: int, origin: float, law: Distribution) -> Clock:
        clock = Clock(self._clockwork, binding, time, started, epoch, origin, law)
        if time < INFINITE:
            self._clockwork.set(clock, (-binding.site.kind.priority, binding.site.code, binding.order, started))
        return clock

    def _lose_clocks(self, binding: Binding, keep: int) -> None:
        """Take the youngest clocks away, until `keep` are left; with memory age they are frozen."""
        clocks = binding.clocks
        frozen = None
        if binding.site.kind.memory == "age":
            frozen = self._frozen.setdefault((binding.site.code, binding.values), [])
        while len(clocks) > keep:
            clock = clocks.pop()
            self._forget(clock)
            if frozen is not None:
                now = self._clockwork.now
                frozen.append((clock.time - now, binding.rate, now - clock.origin, clock.law))

    def _forget(self, clock: Clock) -> None:
        if clock.time < INFINITE:
            self._clockwork.lose(clock)

    def _resample(self) -> None:
        """A tangible marking is reached: clocks with memory resampling that were started before are drawn anew."""
        for code in sorted(self._resampling):
            for binding in self._bindings[code].values():
                self._draw_anew(binding)

    def _draw_anew(self, binding: Binding) -> None:
        """Replace the clocks that were started before the last timed firing."""
        old = [clock for clock in binding.clocks if clock.epoch < self._epoch]
        binding.clocks[:] = [clock for clock in binding.clocks if clock.epoch == self._epoch]
        try:
            for clock in old:
                self._forget(clock)
                binding.clocks.append(self._draw(binding))
        except EvaluationError as error:
            raise arithmetic_error(binding.site, error, self.state) from None


def trap_error(instant: Sequence[Site], now: float) -> RunError:
    """The error that says that time does not go on, with the transitions since the last but one firing of the one that fired last."""
    names: list[str] = []
    for site in reversed(instant[:-1]):
        names.append(site.label)
        if site is instant[-1]:
            break
    listed = ", ".join(dict.fromkeys(reversed(names)))
    return RunError("timeless-trap", f"time does not go on: {len(instant):,} firings at one instant, again and again {listed}", now)


def arithmetic_error(site: Site, error: EvaluationError, state: State) -> RunError:
    """An expression of a binding has no value."""
    code = "bad-index" if isinstance(error, NoElementError) else "bad-arithmetic"
    return RunError(code, f"{site.describe(state.variables)}: {told(error)}", state.now)


def told(error: EvaluationError) -> str:
    """What went wrong in an expression and, if it is known, where it is written."""
    if error.span is None:
        return error.message
    place = error.span.source.place(error.span.start)
    return f"{error.message} (in {place.name}, line {place.line}, column {place.column})"
