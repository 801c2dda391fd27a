"""A run as text, one line per firing, by which engines are compared. Nothing here decides what fires; `spn.cli.events` is how `spn trace` shows them.

A line has these fields, separated by single spaces, and no other spaces:

- the time in seconds with all its digits (``repr`` of the float);
- the transition's label, followed, if the class binds variables, by a space and ``name=value`` for each, in the order of binding;
- what it moved, in the order in which it was done: the place's label, ``-`` (taken) or ``+`` (put), then the number of plain tokens, or the
  token's value, with ``number*`` before it if there are several of them.

Values: numbers as Python's ``repr`` writes them, ``true`` and ``false``, members by name, products ``(1,voice)``, records ``{arrived=3.5,size=1.0}``;
a token that is none of the last two is put in parentheses: ``ready-(voice)``.

    0.5 fail(3) running-1 failed+1
    1.25 serve c={arrived=0.5,size=1.0} queue-{arrived=0.5,size=1.0} idle+1
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from spn.engine.compiled import CompiledPrepared
from spn.engine.reference import Event, ReferencePrepared, Simulation
from spn.engine.reference.prepared import PreparedNet
from spn.expressions.tree import Value
from spn.expressions.types import Boolean, Enumeration, Product, Record, Type
from spn.net.types import Net


def trace(
    what: Net | ReferencePrepared | Simulation, seed: int = 0, key: Sequence[int] = (), until: float = math.inf, firings: float = math.inf
) -> Iterator[str]:
    """One line per firing up to time `until` (seconds), at most `firings` of them. A simulation goes on from where it is. Raises `RunError`."""
    simulation = what if isinstance(what, Simulation) else Simulation(what, seed, key)
    return (line(simulation.net, event) for event in reference_events(simulation, until=until, firings=firings))


def reference_events(
    what: Net | ReferencePrepared | Simulation, seed: int = 0, key: Sequence[int] = (), until: float = math.inf, firings: float = math.inf
) -> Iterator[Event]:
    """The events of which `trace` gives the lines."""
    simulation = what if isinstance(what, Simulation) else Simulation(what, seed, key)
    number = 0
    while number < firings and simulation.peek() <= until:
        event = simulation.step()
        if event is None:
            return
        number += 1
        yield event


def compiled_trace(
    prepared: CompiledPrepared, seed: int = 0, key: Sequence[int] = (), until: float = math.inf, firings: float = math.inf
) -> Iterator[str]:
    """The same by a kernel, always from the beginning. Raises `RunError`."""
    from spn.engine.compiled.events import events

    return (line(prepared.plan.prepared, event) for event in events(prepared, seed, key, until, firings))


def line(net: PreparedNet, event: Event) -> str:
    """The line for one event."""
    transition = net.net.transitions[event.transition]
    parts = [repr(float(event.time)), net.transition_label(event.transition, event.index)]
    for variable, value in zip(transition.variables, event.binding, strict=True):
        if value is not None:
            parts.append(f"{variable.name}={shown(value, variable.type)}")
    for place, element, number, token in event.moves:
        parts.append(net.place_label(place, element) + ("+" if number > 0 else "-") + _tokens(abs(number), token, net.places[place].colour))
    return " ".join(part.replace(" ", "") for part in parts)


def _tokens(number: int, token: Value | None, colour: Type) -> str:
    if token is None:
        return str(number)
    text = shown(token, colour)
    if not isinstance(colour, Product | Record):
        text = f"({text})"
    return text if number == 1 else f"{number}*{text}"


def shown(value: Value, type: Type) -> str:
    """A value as the trace shows it."""
    match type, value:
        case Boolean(), _:
            return "true" if value else "false"
        case Enumeration(members=members), int():
            return members[value]
        case Product(components=components), tuple():
            return "(" + ",".join(shown(part, component) for part, component in zip(value, components, strict=True)) + ")"
        case Record(fields=fields), tuple():
            return "{" + ",".join(f"{name}={shown(part, of)}" for part, (name, of) in zip(value, fields, strict=True)) + "}"
        case _:
            return repr(value)
