"""Measures as source: what is added up at firings and in tangible markings. When windows begin and end is decided in `running`."""

from __future__ import annotations

from dataclasses import dataclass, field

from spn.engine.compiled.formulas import Scope, formula, real
from spn.engine.compiled.kept import Kept
from spn.engine.compiled.layout import ClassPlan, Layout
from spn.engine.compiled.source import Function, Writer
from spn.engine.reference.dependencies import expression_reads
from spn.expressions.tree import Expression
from spn.expressions.types import BOOLEAN
from spn.net.types import At, Availability, Average, Count, FirstPassage, Integral, Measure, Rate, Tally, Until


@dataclass
class Meter:
    """A measure's cells. In `state`: `ints` on, in `values`: `reals` on.

    Durations: holds (-1: not known yet), failures, repairs; since, up and its correction, down and its correction.
    Integrals: value, since, sum and correction. Counts: open, count;
    tallies also the address, number and room of kept values, and total and correction.
    Waiting (first passages and ``until``): whether it waits, whether its condition holds.
    """

    measure: Measure
    number: int
    bit: int
    ints: int = -1
    reals: int = -1
    waits: int = -1
    evaluated: tuple[Expression, ...] = ()
    numbers: list[int] = field(default_factory=list)


class Observing:
    """The meters of all measures of a net."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.kept = Kept(layout)
        self._fired = [layout.state.cell() for _ in layout.classes]
        self.meters = [self._meter(number, measure) for number, measure in enumerate(layout.net.measures)]
        self.always = 0
        self._places: dict[int, int] = {}
        for meter in self.meters:
            for expression in self.watched(meter.measure):
                reads = expression_reads(layout.prepared, expression)
                self.always |= meter.bit if reads.now else 0
                for place, _ in reads.elements:
                    self._places[place] = self._places.get(place, 0) | meter.bit

    def fired(self, number: int) -> int:
        """The cell that counts the firings of a class."""
        return self._fired[number]

    @staticmethod
    def watched(measure: Measure) -> tuple[Expression, ...]:
        from spn.engine.reference.prepared import watched

        return () if isinstance(measure.window, At) else watched(measure)

    def _meter(self, number: int, measure: Measure) -> Meter:
        state, values = self.layout.state, self.layout.values
        meter = Meter(measure, number, 1 << min(number, 61))
        match measure.quantity:
            case _ if isinstance(measure.window, At):
                return meter
            case Availability():
                meter.ints, _, _ = state.cell(), state.cell(), state.cell()
                meter.reals = values.cell()
                for _ in range(4):
                    values.cell()
            case Average() | Integral():
                meter.reals = values.cell()
                for _ in range(3):
                    values.cell()
            case Rate() | Count():
                meter.ints, _ = state.cell(), state.cell()
            case Tally():
                meter.ints = state.cell()
                for _ in range(4):
                    state.cell()
                meter.reals, _ = values.cell(), values.cell()
        if isinstance(measure.window, Until) or isinstance(measure.quantity, FirstPassage):
            meter.waits, _ = state.cell(), state.cell()
        return meter

    def write_changed(self, places: list[int], function: Function) -> None:
        """Measures that read one of these places have to be looked at."""
        mask = self.always
        for place in places:
            mask |= self._places.get(place, 0)
        if mask:
            function.add(f"state[4] |= {mask}")

    def write_records(self, plan: ClassPlan, scope: Scope, function: Function) -> None:
        """Count a firing in the measures that count it."""
        for meter in self.meters:
            quantity = meter.measure.quantity
            if not isinstance(quantity, Rate | Count | Tally):
                continue
            for firings in quantity.firings:
                if firings.transition != plan.transition.name:
                    continue
                before = function.level
                function.add(f"if state[{meter.ints}] != 0:")
                function.level += 1
                if firings.where is not None:
                    function.add(f"if {formula(firings.where, scope).source}:")
                    function.level += 1
                function.add(f"state[{meter.ints + 1}] += 1")
                if isinstance(quantity, Tally):
                    function.add(f"tallied = {'0.0' if firings.value is None else real(firings.value, scope)}")
                    function.add(f"add_exactly(values, {meter.reals}, tallied)")
                    if quantity.quantiles:
                        function.add(f"keep_value(state, {meter.ints + 2}, tallied)")
                function.level = before

    def write(self, writer: Writer) -> None:
        """``observe``: a tangible marking is reached. ``evaluate``: a measure's value now, for instants."""
        observe = Function(writer, "observe", "", "A tangible marking is reached; measures that may have changed are looked at.")
        scope = Scope(writer, observe)
        observe.add("now = values[0]")
        for meter in self.meters:
            if not self.watched(meter.measure):
                continue
            with observe.block(f"if state[4] & state[31] & {meter.bit}:"):
                self._refresh(meter, scope, observe)
        observe.add("state[4] = 0")
        writer.define(observe)
        evaluate = Function(writer, "evaluate", "number", "The value of a measure's expression in this marking.")
        scope = Scope(writer, evaluate)
        for meter in self.meters:
            quantity = meter.measure.quantity
            if isinstance(meter.measure.window, At):
                assert isinstance(quantity, Availability | Average)
                expression = quantity.condition if isinstance(quantity, Availability) else quantity.expression
                with evaluate.block(f"if number == {meter.number}:"):
                    value = formula(expression, scope).source
                    evaluate.add(f"return 1.0 if {value} else 0.0" if expression.type == BOOLEAN else f"return float({value})")
        evaluate.add("return 0.0")
        writer.define(evaluate)

    def _refresh(self, meter: Meter, scope: Scope, function: Function) -> None:
        quantity, measure = meter.measure.quantity, meter.measure
        function.add(f"# {measure.name}")
        ints, reals = meter.ints, meter.reals
        match quantity:
            case Availability(condition=condition):
                function.add(f"holds = 1 if {formula(condition, scope).source} else 0")
                with function.block(f"if holds != state[{ints}]:"):
                    with function.block(f"if state[{ints}] == 1:"):
                        function.add(f"add_exactly(values, {reals + 1}, now - values[{reals}])")
                    with function.block("else:"):
                        function.add(f"add_exactly(values, {reals + 3}, now - values[{reals}])")
                    function.add(f"values[{reals}] = now")
                    with function.block(f"if state[{ints}] >= 0:"):
                        function.add(f"state[{ints + 1}] += 1 - holds", f"state[{ints + 2}] += holds")
                    function.add(f"state[{ints}] = holds")
            case Average(expression=expression) | Integral(expression=expression):
                function.add(f"value = {real(expression, scope)}")
                with function.block(f"if value != values[{reals}]:"):
                    function.add(f"add_exactly(values, {reals + 2}, values[{reals}] * (now - values[{reals + 1}]))")
                    function.add(f"values[{reals + 1}] = now", f"values[{reals}] = value")
        if meter.waits >= 0:
            waited = quantity.condition if isinstance(quantity, FirstPassage) else measure.window.condition  # type: ignore[union-attr]
            with function.block(f"if state[{meter.waits}] != 0:"), function.block(f"if {formula(waited, scope).source}:"):
                function.add(f"state[{meter.waits + 1}] = 1", "state[2] = 1")
