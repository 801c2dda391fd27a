"""Resolving one model again and again with other values of its parameters: what these do not change is made once. A sweep's points are made so.

The nets are those of `spn.resolver.resolve`, to the last bit, and so are the problems: whatever is out of the ordinary is left to it.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, final

from spn.expressions.scope import Scope
from spn.expressions.tree import Constant, DelayCall, Lookup, Node, Parameter
from spn.expressions.types import DISTRIBUTION, Number
from spn.expressions.walk import children, walk
from spn.model.read import Library
from spn.model.types import Model, Text
from spn.net.literals import fitted_delay
from spn.net.text import DelayDigests, digest
from spn.net.types import Net, Timed
from spn.resolver import declarations as declared
from spn.resolver.declarations import Module
from spn.resolver.elaborate import Elaboration
from spn.resolver.locate import Atlas
from spn.resolver.parameters import checked_value, parse_override
from spn.resolver.resolve import Assembly, assembled, elaborated, origin, override
from spn.resolver.transitions import ClassDelay, delays
from spn.text.problems import ModelError, Problems
from spn.text.source import Span

KEPT = 32
"""Nets that a series has at hand, each with all that only delays change."""

Given = tuple[tuple[str, str, bool], ...]


@final
@dataclass(frozen=True, slots=True)
class Member:
    """One net of a series, and its digest. It is `base` with the `delays` of some classes, by their numbers, put in the place of that net's."""

    net: Net
    digest: str
    base: Net
    delays: Mapping[int, DelayCall]

    @staticmethod
    def alone(net: Net) -> Member:
        """A net that has nothing in common with others."""
        return Member(net, digest(net), net, {})


def with_delays(net: Net, delays: Mapping[int, DelayCall]) -> Net:
    """The net with other delays of some of its (timed) classes."""
    transitions = list(net.transitions)
    for number, delay in delays.items():
        timing = transitions[number].timing
        assert isinstance(timing, Timed)
        transitions[number] = replace(transitions[number], timing=replace(timing, delay=delay))
    return replace(net, transitions=tuple(transitions))


@final
@dataclass(slots=True)
class Series:
    """The nets of a model.

    Parameters that only delays depend on (`quantities`), directly or through arguments of instances and other such parameters, change nothing else of
    a net. So one net is resolved for each combination of the others' values, and of the rest of its family only parameters and delays are evaluated.
    """

    library: Library
    name: str
    _families: OrderedDict[Given, _Family | None] = field(default_factory=OrderedDict)
    _quantities: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)
    """By the names of the parameters that are given, whose defaults do not count."""

    def member(self, overrides: Mapping[str, str], problems: Problems) -> Member:
        """The net with these values of parameters. Raises `ModelError` through `problems`."""
        given = {parameter: override(parameter, text) for parameter, text in overrides.items()}
        names = tuple(given)
        if (quantities := self._quantities.get(names)) is not None:
            key = _key(given, quantities)
            family = self._families.get(key)
            if family is not None and (found := family.member(given)) is not None:
                self._families.move_to_end(key)
                return found
        elaboration = elaborated(self.library, given, problems)
        assembly = assembled(self.library, given, elaboration, problems, self.name)
        if quantities is None:
            quantities = self._quantities[names] = _quantities(elaboration.modules) if _is_plain(elaboration.modules[""], given) else frozenset()
        key = _key(given, quantities)
        if quantities & given.keys() and key not in self._families:
            self._families[key] = _Family.of(self.library, elaboration.modules, assembly, given, quantities)
            while len(self._families) > KEPT:
                self._families.popitem(last=False)
        return Member.alone(assembly.net)


def _key(given: Mapping[str, Text], quantities: frozenset[str]) -> Given:
    """What the nets of a family have in common: the names of what is given, and the values of all but quantities."""
    return tuple((name, "" if name in quantities else str(text), text.exact) for name, text in given.items())


@final
@dataclass(frozen=True, slots=True)
class _Varying:
    """A declaration whose delays depend on quantities: its classes by their numbers, and what they were like when the family was founded."""

    module: str
    declaration: declared.Transition
    numbers: tuple[int, ...]
    classes: tuple[ClassDelay, ...]


@final
@dataclass(frozen=True, slots=True)
class _Family:
    """Nets that differ in delays only. `atlas` is that of the first."""

    library: Library
    modules: Mapping[str, Module]
    quantities: frozenset[str]
    atlas: Atlas
    net: Net
    varying: tuple[_Varying, ...]
    digests: DelayDigests

    @staticmethod
    def of(
        library: Library, modules: Mapping[str, Module], assembly: Assembly, given: Mapping[str, Text], quantities: frozenset[str]
    ) -> _Family | None:
        """The family of a net; None if it cannot be said to have one."""
        net, read = assembly.net, _readers(modules, quantities & given.keys())
        numbers: dict[tuple[str, str], list[int]] = {}
        for number, c in enumerate(assembly.classes):
            if (c.module, c.declaration.name) in read:
                numbers.setdefault((c.module, c.declaration.name), []).append(number)
        changed = [number for own in numbers.values() for number in own]
        if any(not _is_constant(net.transitions[number].timing) for number in changed):
            return None
        varying = []
        for (module, name), own in numbers.items():
            declaration = modules[module].transitions[name]
            varying.append(_Varying(module, declaration, tuple(own), tuple(delays(assembly.atlas, module, declaration, Problems()))))
        family = _Family(library, modules, quantities, assembly.atlas, net, tuple(varying), DelayDigests(net, changed))
        again = family.member(given)  # what it makes of the first net's own values has to be that net
        return family if again is not None and again.digest == digest(net) and _timings(again.net) == _timings(net) else None

    def member(self, given: Mapping[str, Text]) -> Member | None:
        """The net with these quantities; None if there is anything about it that has to be looked at closely."""
        problems = Problems()
        try:
            elaboration = self._elaborated(given, problems)
            found = None if elaboration is None else self._delays(elaboration, problems)
        except ModelError:
            return None
        if found is None or problems.found:
            return None
        base = replace(self.net, origin=origin(self.library, given))
        return Member(with_delays(base, found), self.digests.of(found), self.net, found)

    def _elaborated(self, given: Mapping[str, Text], problems: Problems) -> Elaboration | None:
        root = copy.copy(self.modules[""])
        root.parameters = dict(root.parameters)
        for name in self.quantities & given.keys():
            old, text = root.parameters[name], given[name]
            parsed = parse_override(text, problems)
            value = None if parsed is None else checked_value(parsed, old.type, Scope(), problems)
            if value is None or isinstance(value, tuple) or problems.found:
                return None
            root.parameters[name] = replace(old, default=value, span=text.span)
        elaboration = Elaboration({**self.modules, "": root}, problems)
        elaboration.run()
        return elaboration

    def _delays(self, elaboration: Elaboration, problems: Problems) -> dict[int, DelayCall] | None:
        atlas = self.atlas.with_parameters(elaboration)
        found: dict[int, DelayCall] = {}
        for part in self.varying:
            classes = delays(atlas, part.module, part.declaration, problems)
            if [(c.rows, c.priority, c.memory) for c in classes] != [(c.rows, c.priority, c.memory) for c in part.classes]:
                return None
            for number, c in zip(part.numbers, classes, strict=True):
                if c.delay is None or not _all_constant(c.delay):
                    return None
                found[number] = fitted_delay(c.delay)
        return found


def _timings(net: Net) -> list[object]:
    return [transition.timing for transition in net.transitions]


def _is_constant(timing: object) -> bool:
    return isinstance(timing, Timed) and _all_constant(timing.delay)


def _all_constant(delay: DelayCall) -> bool:
    return all(isinstance(argument, Constant) for argument in children(delay))


def _is_plain(root: Module, given: Mapping[str, Text]) -> bool:
    """Whether what is given says itself what it is, without other parameters."""
    return not any(True for name in given for _ in _names(root.parameters[name].default))


# Which parameters only delays depend on

Names = set[tuple[str, str]]
"""Parameters by their module and name."""


def _quantities(modules: Mapping[str, Module]) -> frozenset[str]:
    """The parameters of the root that nothing but delays depends on."""
    uses: dict[tuple[str, str], Names] = {}
    fixed: Names = set()
    for key, module in modules.items():
        for name, parameter in module.parameters.items():
            if not (parameter.type == DISTRIBUTION or (isinstance(parameter.type, Number) and not parameter.type.integer)):
                fixed.add((key, name))
            for read in _names(parameter.default):
                uses.setdefault((key, read), set()).add((key, name))
        for instance in module.instances.values():
            for argument, value in instance.arguments.items():
                for read in _names(value):
                    uses.setdefault((key, read), set()).add((instance.module, argument))
        fixed |= {(key, read) for read in _names_elsewhere(module)}
    while True:
        more = {name for name, used in uses.items() if name not in fixed and used & fixed}
        if not more:
            break
        fixed |= more
    return frozenset(name for name in modules[""].parameters if ("", name) not in fixed)


def _names_elsewhere(module: Module) -> Iterator[str]:
    """The parameters that a module reads anywhere but in delays, limits and arguments of instances."""
    for transition in module.transitions.values():
        yield from _names(tuple(getattr(transition, f.name) for f in fields(transition) if f.name != "delay"))
    for instance in module.instances.values():
        yield from _names((instance.loops, instance.connections, instance.when))
    yield from _names((module.colours, module.domains, module.tables, module.places, module.measures))


def _readers(modules: Mapping[str, Module], quantities: frozenset[str]) -> Names:
    """The transitions, by module and name, whose delays depend on quantities."""
    reached = {("", name) for name in quantities}
    while True:
        more: Names = set()
        for key, module in modules.items():
            known = {name for owner, name in reached if owner == key}
            more |= {(key, name) for name, parameter in module.parameters.items() if known & set(_names(parameter.default))}
            for instance in module.instances.values():
                more |= {(instance.module, argument) for argument, value in instance.arguments.items() if known & set(_names(value))}
        if more <= reached:
            break
        reached |= more
    return {
        (key, name)
        for key, module in modules.items()
        for name, transition in module.transitions.items()
        if any((key, read) in reached for read in _names(transition.delay))
    }


def _names(item: Any) -> Iterator[str]:
    """The parameters that are read anywhere in a part of a declaration."""
    if isinstance(item, Node):
        for node in walk(item):  # type: ignore[arg-type]
            if isinstance(node, Parameter):
                yield node.name
            elif isinstance(node, Lookup):
                yield node.table
            elif not isinstance(node, Constant):
                yield from _names(getattr(node, "domain", None))
    elif isinstance(item, Mapping):
        for part in item.values():
            yield from _names(part)
    elif isinstance(item, tuple | list):
        for part in item:
            yield from _names(part)
    elif is_dataclass(item) and not isinstance(item, type | Span | Model):
        for f in fields(item):
            yield from _names(getattr(item, f.name))
