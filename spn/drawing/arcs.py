"""The lines of a folded figure: arcs with their inscriptions, and joins of ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spn.drawing.figure import ArcKind, ArcLine, End, JoinLine
from spn.drawing.settled import Rows, Spelling, without_condition
from spn.drawing.units import Unit
from spn.expressions import syntax
from spn.expressions.parse import parse_arc, parse_reference
from spn.expressions.tree import Expression
from spn.model.types import Arc, Text, TransitionDeclaration
from spn.net.types import Bind
from spn.resolver.declarations import InputArc, OutputArc, PlacePath, Transition
from spn.resolver.references import links
from spn.text.problems import Problems
from spn.text.source import Span


def arc_lines(
    unit: Unit, node: str, declaration: TransitionDeclaration, transition: Transition, rows: Rows
) -> tuple[list[ArcLine], list[Expression], set[str]]:
    """The arcs of a transition, the expressions that their inscriptions show, and the places of arcs left out, being of multiplicity 0."""
    sections: tuple[tuple[ArcKind, Sequence[Arc], Sequence[InputArc | OutputArc]], ...] = (
        ("input", declaration.inputs, transition.inputs),
        ("test", declaration.tests, transition.tests),
        ("inhibitor", declaration.inhibitors, transition.inhibitors),
        ("reset", declaration.resets, transition.resets),
        ("output", declaration.outputs, transition.outputs),
    )
    lines: list[ArcLine] = []
    read: list[Expression] = []
    abandoned: set[str] = set()
    for kind, written, arcs in sections:
        for text, arc in zip(written, arcs, strict=True):
            end = end_of(unit, arc.place)
            inscription = _Inscription(text, arc, rows)
            if end is None:
                continue
            if inscription.is_nothing:
                abandoned.add(end.node)
                continue
            lines.append(ArcLine(kind, end, node, inscription.shown(is_reset=kind == "reset")))
            read += inscription.expressions
    return merged(lines), read, abandoned


def merged(lines: list[ArcLine]) -> list[ArcLine]:
    """An input (or inhibitor) and an output arc alike become one line with two heads."""
    found: list[ArcLine] = []
    for line in lines:
        partner = next((p for p in found if line.kind == "output" and p.kind in _TOGETHER and replace(p, kind="output") == line), None)
        if partner is None:
            found.append(line)
        else:
            found[found.index(partner)] = replace(line, kind=_TOGETHER[partner.kind])
    return found


_TOGETHER: dict[ArcKind, ArcKind] = {"input": "both", "inhibitor": "refill"}


@dataclass
class _Inscription:
    """What stands beside an arc: multiplicity, indices and tokens, and what it fans out over."""

    written: Arc
    arc: InputArc | OutputArc
    rows: Rows

    def __post_init__(self) -> None:
        text = self.written.place
        # Parsed by itself, so that spans are positions in the text.
        self.parsed = parse_arc(str(text), Text(str(text)).span, Problems())
        assert self.parsed is not None
        inner = self.rows if self.arc.loop is None else self.rows.over([self.arc.loop])
        self.inner = inner
        has_condition = self.parsed.condition is not None
        self.multiplicity, self.condition = without_condition(self.arc.multiplicity, has_condition)
        self.decided = None if self.condition is None else inner.truth(self.condition)
        self.number = inner.number(self.multiplicity)

    @property
    def is_nothing(self) -> bool:
        """Whether this arc has multiplicity 0 in all rows, or runs over nothing."""
        return self.number == 0 or self.decided is False or self.inner.is_empty

    @property
    def expressions(self) -> list[Expression]:
        """The expressions in what is shown."""
        found = [] if self.number is not None else [self.multiplicity]
        if self.condition is not None and self.decided is None:
            found.append(self.condition)
        return [*found, *self._inside()]

    def _inside(self) -> list[Expression]:
        found = [*self.arc.place.indices, *(index for step in self.arc.place.path for index in step.indices)]
        if isinstance(self.arc, OutputArc):
            return [*found, *([] if self.arc.token is None else [self.arc.token])]
        return [*found, *(entry for entry in self.arc.pattern if entry is not None and not isinstance(entry, Bind))]

    def shown(self, is_reset: bool) -> str:
        parsed, text = self.parsed, self.written.place
        assert parsed is not None
        spelling = Spelling(str(text), text.span.start, self.inner, {})
        exact = self._inside() if text.exact else []
        times, inside = "" if is_reset else self._multiplicity(spelling), arguments(parsed.place, spelling, exact)
        parts = [" × ".join(filter(None, (times, inside)))]
        for loop in parsed.loops:
            parts.append(f"for {_part(str(text), loop.span)}")
        if parsed.condition is not None and self.decided is None and self.condition is not None:
            parts.append(f"if {_piece(spelling, parsed.condition.span, [self.condition] if text.exact else [])}")
        return " ".join(filter(None, parts))

    def _multiplicity(self, spelling: Spelling) -> str:
        if self.number is not None:
            return "" if self.number == 1 else str(self.number)
        if self.written.multiplicity is not None:
            text = self.written.multiplicity
            own = Spelling(str(text), text.span.start, self.inner, {})
            return own.piece(0, len(text), [self.multiplicity] if text.exact else [])
        assert self.parsed is not None and self.parsed.multiplicity is not None
        found = _piece(spelling, self.parsed.multiplicity.span, [self.multiplicity] if self.written.place.exact else [])
        return found if found.isidentifier() or found.isdigit() else f"({found})"


def arguments(reference: syntax.Syntax, spelling: Spelling, expressions: Sequence[Expression]) -> str:
    """All that stands in parentheses in the name of a place: indices of instances, of the place, and tokens."""
    found = []
    for link in links(reference):
        if link.arguments:
            first, last = link.arguments[0].span, link.arguments[-1].span
            assert first is not None and last is not None
            found.append(f"({_piece(spelling, first.to(last), expressions)})")
    return ".".join(found)


def _piece(spelling: Spelling, span: Span | None, expressions: Sequence[Expression]) -> str:
    assert span is not None
    return spelling.piece(span.start, span.stop, expressions)


def _part(text: str, span: Span | None) -> str:
    assert span is not None
    return text[span.start : span.stop]


def end_of(unit: Unit, path: PlacePath) -> End | None:
    """Where lines to a place end; None if what it is in is not drawn."""
    for step in path.path:
        if unit.closed or step.name not in unit.inner:
            break
        unit = unit.inner[step.name]
    return unit.ends.get(path.place) or (End(unit.closed) if unit.closed else None)


@dataclass(frozen=True, slots=True)
class Join:
    """A port of an instance joined to a place of the unit, or to a port of another instance (`other`).

    `own` and `target` are both as they are written, `loops` what the indices run over.
    """

    instance: str
    port: str
    own: str
    other: str
    place: PlacePath
    target: str
    loops: str


def joins_of(unit: Unit) -> Iterator[Join]:
    """What the ports of the instances in a unit are joined to."""
    for name, declaration in unit.model.instances.items():
        for (port, target), connection in zip(declaration.connect.items(), unit.module.instances[name].connections, strict=True):
            own, parsed = parse_reference(str(port), Text(str(port)).span, Problems()), parse_arc(str(target), Text(str(target)).span, Problems())
            assert own is not None and parsed is not None
            loops = " ".join(f"for {_part(str(target), loop.span)}" for loop in parsed.loops)
            path = connection.target.path
            shown = _own_arguments(parsed.place, str(target))
            yield Join(str(name), connection.port, str(port), path[0].name if path else "", connection.target, shown, loops)


def _own_arguments(reference: syntax.Syntax, text: str) -> str:
    return arguments(reference, Spelling(text, 0, Rows(None), {}), ())


def join_lines(unit: Unit, joins: Sequence[Join]) -> Iterator[JoinLine]:
    """The lines of the joins of a unit. What a box says on its border need not be said again."""
    for number, join in enumerate(joins):
        if join.instance not in unit.inner:
            continue
        inner = unit.inner[join.instance]
        own = inner.ends.get(f"={number}") or inner.ends.get(join.port)
        other = unit.inner.get(join.other)
        cell = None if other is None else other.ends.get(f"={number}")
        outer = cell or end_of(unit, join.place)
        if own is None or outer is None:
            continue
        indices = "" if inner.closed else join.own.removeprefix(join.port)
        parts = [indices, "" if cell is not None else join.target]
        yield JoinLine(outer, own, " ".join([" = ".join(filter(None, parts)), join.loops]).strip())
