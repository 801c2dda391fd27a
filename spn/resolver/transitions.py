"""Transition classes: a declared transition over all instances of its module, folded.

Indices whose priority, memory or kind of delay differ become classes of their own; whatever else differs is an expression in the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from spn.distributions import FAMILIES
from spn.expressions import tree, types
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import Constant, DelayCall, Domain, Expression, IfElse, Lookup, Range, Variable
from spn.expressions.types import INTEGER
from spn.expressions.walk import walk
from spn.net.rewrite import unused
from spn.net.types import INDEX, Bind, BoundVariable, Entry, Immediate, InputArc, Label, Loop, OutputArc, Timed, Transition
from spn.records import dataclass
from spn.resolver import declarations as declared
from spn.resolver import frames
from spn.resolver.columns import Array, Tables
from spn.resolver.declare import MEMORIES
from spn.resolver.fold import OWN, Space, fold, fold_domain, fold_labels, fold_loop_part, is_empty, loop_space, with_index
from spn.resolver.frames import Delays, Frame
from spn.resolver.locate import Atlas
from spn.resolver.lower import Known, element_of, lower, lower_domain, lower_path, lowered_labels
from spn.resolver.naming import Index, block_of, label, runs
from spn.text.problems import Problems

ROW = Variable(INTEGER, ":row")


@dataclass(frozen=True, slots=True)
class TransitionClass:
    """A class of the net and where it comes from: its module, its declaration, and the row and loop values of each index."""

    transition: Transition
    module: str
    declaration: declared.Transition
    columns: dict[str, Array]
    space: Space


def transitions(atlas: Atlas, net_tables: Tables, sizes: dict[str, int], problems: Problems) -> list[TransitionClass]:
    """All transition classes, in the order of modules and declarations."""
    found: list[TransitionClass] = []
    # Names as people wrote them come first: a class that is split takes one that is left.
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for module, rows in atlas.elaboration.rows.items():
        for name in rows.module.transitions:
            names[module, name] = unused(f"{module}__{name}" if module else name, taken)
            taken.add(names[module, name])
    for module, rows in atlas.elaboration.rows.items():
        for declaration in rows.module.transitions.values():
            found += _Builder(atlas, net_tables, sizes, problems, module, declaration, names[module, declaration.name], taken).classes()
    return found


@dataclass(frozen=True, slots=True)
class ClassDelay:
    """The delay of one class of a declaration; `rows` says which of the declaration's indices the class has."""

    rows: bytes
    priority: int
    memory: int
    delay: DelayCall | None


def delays(atlas: Atlas, module: str, declaration: declared.Transition, problems: Problems) -> list[ClassDelay]:
    """The delays of a declaration's classes, as `transitions` makes them, and nothing else of these."""
    return _Builder(atlas, Tables(), {}, problems, module, declaration, declaration.name, set()).delays()


@dataclass(slots=True)
class _Builder:
    atlas: Atlas
    net_tables: Tables
    sizes: dict[str, int]
    problems: Problems
    module: str
    declaration: declared.Transition
    name: str
    taken: set[str]

    def classes(self) -> list[TransitionClass]:
        frame = self._frame()
        if frame is None or not frame.size:
            return []
        groups = self._groups(frame)
        found = []
        for number, (rows, delay, priority, memory) in enumerate(groups):
            part = frame.where(rows) if not rows.all() else frame
            class_name = self.name if number == 0 else unused(self.name, self.taken)
            self.taken.add(class_name)
            found.append(self._class(class_name, part, delay, priority, memory))
        return found

    def _frame(self) -> Frame | None:
        """A row for each index: the instance's row and the values of the ``for`` variables."""
        base = self.atlas.elaboration.rows[self.module].frame
        frame = Frame(base.size, base.parameters, {":row": np.arange(base.size, dtype=np.int64)}, base.tables)
        if frames.too_many(self.declaration.loops, frame, self.problems):
            return None
        for loop in self.declaration.loops:
            expanded = frames.expand(frame, loop, self.problems)
            if expanded is None:
                return None
            frame = expanded[0]
        if self.declaration.when is not None:
            frame = frame.where(frames.evaluate(self.declaration.when, frame, self.problems).astype(np.bool_))
        return frame

    def _groups(self, frame: Frame) -> list[tuple[Array, DelayCall | None, int, int]]:
        """Masks of the indices that have one kind of delay, priority and memory, in the order of their first index."""
        d = self.declaration
        priority = frames.evaluate(d.priority, frame, self.problems).astype(np.int64)
        memory = frames.evaluate(d.memory, frame, self.problems).astype(np.int64)
        cases = self._cases(d.delay, frame) if d.delay is not None else [(np.ones(frame.size, np.bool_), None)]
        found: list[tuple[Array, DelayCall | None, int, int]] = []
        for mask, delay in cases:
            if not mask.any():
                continue
            for p in _distinct(priority[mask]):
                for m in _distinct(memory[mask & (priority == p)]):
                    found.append((mask & (priority == p) & (memory == m), delay, p, m))
        return sorted(found, key=lambda group: int(np.argmax(group[0])))

    def _cases(self, delay: Expression, frame: Frame) -> list[tuple[Array, DelayCall]]:
        """The kinds of distribution that a delay can be, lowered, each with the indices that have it."""
        match delay:
            case DelayCall():
                found = []
                for rows, call in frames.with_items(delay, frame):
                    lowered = lower(call, self.atlas, self.module, ROW, self._known())
                    assert isinstance(lowered, DelayCall)
                    mask = np.zeros(frame.size, np.bool_)
                    mask[rows] = True
                    found.append((mask, lowered))
                return found
            case IfElse():
                condition = frames.evaluate(delay.condition, frame, self.problems).astype(np.bool_)
                first = [(mask & condition, call) for mask, call in self._cases(delay.then, frame)]
                return first + [(mask & ~condition, call) for mask, call in self._cases(delay.otherwise, frame)]
            case tree.Parameter():
                column = frame.parameters[delay.name]
                assert isinstance(column, Delays)
                return [(column.which == k, self._parameter_case(delay, k, case)) for k, case in enumerate(column.cases)]
            case _:
                self.problems.error("wrong-type", "this is not a delay", delay.span)
                return []

    def _parameter_case(self, parameter: tree.Parameter, number: int, case: frames.Case) -> DelayCall:
        key = f"{self.module}?{parameter.name}:{number}"
        form = next(form for form in FAMILIES[case.name].forms if form.names == case.form)
        arguments: list[Expression | tree.Sequence] = []
        for position, argument in enumerate(case.arguments):
            values = argument if isinstance(argument, tuple) else (argument,)
            kind = types.Number(form.arguments[position].integer, form.arguments[position].dimension)
            items = tuple(Lookup(kind, f"{key}.{position}.{k}", ROW) for k in range(len(values)))
            arguments.append(tree.Sequence(items) if isinstance(argument, tuple) else items[0])
        return DelayCall(types.DISTRIBUTION, case.name, case.form, tuple(arguments), span=parameter.span)

    def _known(self) -> dict[str, Domain]:
        return {loop.variable: loop.domain for loop in self.declaration.loops}

    def _class(self, name: str, frame: Frame, delay: DelayCall | None, priority: int, memory: int) -> TransitionClass:
        d = self.declaration
        taken = {variable for variable, _ in d.variables} | _inner_names(d)
        index = INDEX
        while index in taken:
            index += "_"
        space = self._space(frame)
        lowerer = _Folder(self.atlas, self.module, space, self._known(), d)
        timing: Immediate | Timed
        if delay is None:
            timing = Immediate(priority, lowerer.fold(d.weight))
        else:
            servers = None if d.servers is None else lowerer.fold(d.servers)
            timing = Timed(self._delay(delay, space), MEMORIES[memory], servers, priority)
        transition = Transition(
            name=name,
            timing=timing,
            size=frame.size,
            inputs=lowerer.inputs(d.inputs),
            tests=lowerer.inputs(d.tests),
            inhibitors=lowerer.inputs(d.inhibitors),
            resets=lowerer.inputs(d.resets),
            outputs=lowerer.outputs(d.outputs),
            variables=tuple(BoundVariable(variable, type_) for variable, type_ in d.variables),
            guard=None if d.guard is None else _unless_true(lowerer.fold(d.guard)),
            labels=self._labels(name, frame, space),
            index=index,
            span=d.span,
        )
        return TransitionClass(with_index(transition, index), self.module, d, dict(frame.variables), space)

    def delays(self) -> list[ClassDelay]:
        """The delays of the classes, and what makes them classes."""
        frame = self._frame()
        if frame is None or not frame.size:
            return []
        return [
            ClassDelay(rows.tobytes(), priority, memory, None if delay is None else self._delay(delay, self._space(frame.where(rows))))
            for rows, delay, priority, memory in self._groups(frame)
        ]

    def _space(self, frame: Frame) -> Space:
        return Space(frame.size, OWN, dict(frame.variables), self.atlas.tables, self.net_tables, self.problems, self.sizes)

    def _delay(self, delay: DelayCall, space: Space) -> DelayCall:
        call = fold(delay, space)
        assert isinstance(call, DelayCall)
        self._check_delay(call, space)
        return call

    def _check_delay(self, call: DelayCall, space: Space) -> None:
        """Parameters that are known now are checked now."""
        arguments = []
        for argument in call.arguments:
            items = argument.items if isinstance(argument, tree.Sequence) else (argument,)
            if not all(space.is_static(e) for e in items):
                return
            columns = tuple(space.evaluate(e) for e in items)
            arguments.append(columns if isinstance(argument, tree.Sequence) else columns[0])
        case = frames.Case(call.name, call.form, tuple(arguments))
        try:
            frames.validate(Delays(np.zeros(space.size, np.int64), (case,)), call.span)
        except EvaluationError as error:
            self.problems.error("bad-delay", error.message, error.span)

    def _labels(self, name: str, frame: Frame, space: Space) -> tuple[Label, ...]:
        d = self.declaration
        rows = frame.variables[":row"]
        if d.labels and not self.module:
            return fold_labels(lowered_labels(d.labels, self.atlas), frame.size, d.loops[0].variable if d.loops else INDEX, space)
        blocks = self.atlas.elaboration.rows[self.module].blocks
        variable = Variable(INTEGER, space.index)
        which = block_of(blocks, rows)
        found = []
        for start, stop in runs(which):
            block = blocks[which[start]]
            prefix = [Index(values[rows[start:stop] - block.start], type_) for values, type_ in block.arguments]
            own = [Index(frame.variables[loop.variable][start:stop], loop.type, loop.variable) for loop in d.loops]
            found.append(label(start, block.template, prefix, d.name, own, variable, self.net_tables))
        return () if len(found) == 1 and found[0].template == name and not found[0].arguments else tuple(found)


def positions(domain: Domain) -> Domain:
    """A colour's values as the range of their positions."""
    if not isinstance(domain, tree.Values):
        return domain
    members = len(domain.colour.members) if isinstance(domain.colour, types.Enumeration) else 2
    return Range(Constant(INTEGER, 0), Constant(INTEGER, members - 1))


def _distinct(values: Array) -> list[int]:
    """The different values, in order; nearly always there is one, which needs no sorting."""
    return [int(values[0])] if bool((values == values[0]).all()) else [int(v) for v in np.unique(values)]


def _unless_true(guard: Expression) -> Expression | None:
    return None if isinstance(guard, Constant) and guard.value is True else guard


def _inner_names(d: declared.Transition) -> set[str]:
    """Names that arcs' loops and reductions bind inside a transition."""
    arcs: Sequence[declared.InputArc | declared.OutputArc] = (*d.inputs, *d.tests, *d.inhibitors, *d.resets, *d.outputs)
    names = {arc.loop.variable for arc in arcs if arc.loop is not None}
    roots = [e for e in (d.guard, d.delay, d.weight, d.servers) if e is not None] + [arc.multiplicity for arc in arcs]
    roots += [arc.token for arc in arcs if isinstance(arc, declared.OutputArc) and arc.token is not None]
    return names | {node.variable for root in roots for node in walk(root) if isinstance(node, tree.Reduce)}


@dataclass(slots=True)
class _Folder:
    """Lowers and folds what stands in one transition class."""

    atlas: Atlas
    module: str
    space: Space
    known: Known
    declaration: declared.Transition

    def fold(self, expression: Expression) -> Expression:
        return fold(lower(expression, self.atlas, self.module, ROW, self.known), self.space)

    def inputs(self, arcs: Iterable[declared.InputArc]) -> tuple[InputArc, ...]:
        return tuple(folded for arc in arcs for folded in self._input(arc))

    def outputs(self, arcs: Iterable[declared.OutputArc]) -> tuple[OutputArc, ...]:
        return tuple(folded for arc in arcs for folded in self._output(arc))

    def _input(self, arc: declared.InputArc) -> Iterable[InputArc]:
        for place, element, loop, part in self._place(arc.place, arc.loop):
            multiplicity = part(arc.multiplicity)
            if _is_zero(multiplicity):
                continue
            self._check_element(element, place, arc.place, multiplicity, loop)
            pattern: tuple[Entry, ...] = tuple(entry if entry is None or isinstance(entry, Bind) else part(entry) for entry in arc.pattern)
            yield InputArc(place, element, multiplicity, pattern, arc.whole, loop)

    def _output(self, arc: declared.OutputArc) -> Iterable[OutputArc]:
        for place, element, loop, part in self._place(arc.place, arc.loop):
            multiplicity = part(arc.multiplicity)
            if not _is_zero(multiplicity):
                self._check_element(element, place, arc.place, multiplicity, loop)
                yield OutputArc(place, element, multiplicity, None if arc.token is None else part(arc.token), loop)

    def _place(
        self, path: declared.PlacePath, arc_loop: declared.Loop | None
    ) -> Iterator[tuple[str, Expression, Loop | None, Callable[[Expression], Expression]]]:
        """The class, element and loop of an arc, and how to fold what else stands in it; nothing if its loop is empty."""
        known = dict(self.known)
        loop: Loop | None = None
        domain: Domain | None = None
        if arc_loop is not None:
            domain = fold_domain(lower_domain(positions(arc_loop.domain), self.atlas, self.module, ROW, known), self.space)
            if is_empty(domain):
                return
            known[arc_loop.variable] = arc_loop.domain
            assert isinstance(domain, Range)
            loop = Loop(arc_loop.variable, domain.start, domain.stop, arc_loop.type)

        def lowered(expression: Expression) -> Expression:
            return lower(expression, self.atlas, self.module, ROW, known)

        def part(expression: Expression) -> Expression:
            return self._in_loop(lowered(expression), loop, domain)

        steps = lower_path(path.path, self.atlas, self.module, ROW, known)
        indices = tuple(lowered(e) for e in path.indices)
        layout, found = self.atlas.point(self.module, ROW, steps, path.place, indices, known, path.span)
        element = self._in_loop(element_of(self.atlas, layout.module, path.place, found), loop, domain)
        if not found.loops:
            yield layout.final_class, element, loop, part
            return
        if loop is not None or len(found.loops) > 1:
            self.space.problems.error("bad-arc", f"'{path.place}' is an array; give its index", path.span)
            return
        variable, inner, _ = found.loops[0]
        folded = fold_domain(inner, self.space)
        if is_empty(folded):
            return
        assert isinstance(folded, Range)
        element = fold_loop_part(element_of(self.atlas, layout.module, path.place, found), variable, folded, self.space)
        yield layout.final_class, element, Loop(variable, folded.start, folded.stop), part

    def _in_loop(self, expression: Expression, loop: Loop | None, domain: Domain | None) -> Expression:
        if loop is None or domain is None:
            return fold(expression, self.space)
        return fold_loop_part(expression, loop.variable, domain, self.space, loop.type)

    def _check_element(self, element: Expression, place: str, path: declared.PlacePath, multiplicity: Expression, loop: Loop | None) -> None:
        """Elements that are known now must exist, wherever the arc is one."""
        space = self.space
        if loop is not None and not space.is_static(element):
            inner = loop_space(loop.variable, Range(loop.start, loop.stop), space)
            space = space if inner is None else inner.space
        if not space.is_static(element):
            return
        values = space.evaluate(element)
        wrong = (values < 0) | (values >= self.space.sizes[place])
        if wrong.any() and not isinstance(multiplicity, Constant):
            if not space.is_static(multiplicity):
                return
            wrong &= space.evaluate(multiplicity) != 0
        if wrong.any():
            message = f"'{path.place}' has no element of this index (in at least one instance)"
            self.space.problems.error("bad-index", message, path.span)


def _is_zero(expression: Expression) -> bool:
    return isinstance(expression, Constant) and not expression.value

