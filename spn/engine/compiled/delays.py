"""Delays as source: parameters that only the index decides are run-time numbers, others are evaluated and checked where a delay is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spn.distributions import conversions, draws
from spn.distributions.base import ENTRIES, Argument, Distribution, Form
from spn.engine.compiled.cells import CONTROLLED
from spn.engine.compiled.formulas import Scope, formula, real
from spn.engine.compiled.layout import ClassPlan
from spn.engine.compiled.source import CONTEXT, Function, Writer
from spn.engine.reference.classes import is_static
from spn.engine.reference.prepared import PreparedNet
from spn.engine.reference.state import State
from spn.expressions.errors import EvaluationError
from spn.expressions.tree import DelayCall, Sequence
from spn.expressions.walk import free_variables
from spn.net.types import Timed

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]

PARAMETERS: dict[str, tuple[str, ...]] = {
    "exponential": ("rate",),
    "deterministic": ("value",),
    "uniform": ("low", "high"),
    "lognormal": ("mu", "sigma"),
    "weibull": ("shape", "scale"),
    "gamma": ("shape", "scale"),
    "erlang": ("k", "rate"),
    "normal": ("mu", "sigma"),
    "triangular": ("low", "mode", "high"),
    "hyperexponential": ("cumulative", "rates"),
    "hypoexponential": ("rates",),
    "discrete": ("values", "cumulative"),
    "empirical": ("data",),
}
"""What each family's draw takes, as attributes of the distribution; those that are lists stand in `LISTS`."""

LISTS = {"hyperexponential", "hypoexponential", "discrete", "empirical"}

LIMITS: dict[str, str] = {
    "lognormal": "p[0] + max(14.0 * p[1], p[1] * p[1] / 2.0) <= 709.0",
    "weibull": "p[0] >= 0.01",
    "uniform": "p[0] <= p[1]",
    "triangular": "p[0] <= p[1] and p[1] <= p[2] and p[2] <= 1e150",
}
"""What a family asks of its parameters together (the constructors' `_complete`)."""


def names() -> dict[str, Any]:
    """The functions that generated sources call: draws and conversions, compiled when a kernel calls them."""
    from spn.engine.compiled import streams  # loads numba, which sources do without

    found: dict[str, Any] = {f"draw_{family}": getattr(draws, family) for family in PARAMETERS}
    found |= {function.__name__: function for function in (streams.foresee, streams.exponential_foreseen)}
    for name in dir(conversions):
        convert = getattr(conversions, name)
        if callable(convert) and getattr(convert, "__module__", "") == conversions.__name__ and not name.endswith("means"):
            found[f"convert_{name}"] = convert
    return found


def is_fixed(plan: ClassPlan) -> bool:
    """Whether only the index decides the parameters of a class's delay."""
    timing = plan.transition.timing
    assert isinstance(timing, Timed)
    return is_static(timing.delay, {plan.transition.index})


def draw(writer: Writer, at: Function, plan: ClassPlan, scope: Scope, arguments: str) -> str:
    """The source of one delay of a class; `arguments` are the index and the binding's variables."""
    timing = plan.transition.timing
    assert isinstance(timing, Timed)
    family = timing.delay.name
    if is_fixed(plan):
        drawn = _drawn(writer, family, *_fixed(writer, at, plan, timing.delay))
        return f"{_noted(writer, plan)}({CONTEXT}, i, {drawn})" if plan.number in writer.layout.controls else drawn
    if family == "exponential":
        return exponential(writer, rate(writer, plan, arguments))
    return f"{_evaluated(writer, plan, scope)}({CONTEXT}, {arguments})"


def _noted(writer: Writer, plan: ClassPlan) -> str:
    """A function that gives a delay back, and adds it to the sums of its class if they are kept."""
    name = f"noted_{plan.name}"
    if writer.helper(("noted", plan.number)):
        return name
    writer.keep_helper(("noted", plan.number), name)
    control, cell = writer.layout.controls[plan.number]
    function = Function(writer, name, "i, delay", f"A delay of {plan.transition.name} has been drawn.")
    with function.block(f"if unlikely(state[{CONTROLLED}] != 0):"):
        first = writer.real_array(function, f"control_{plan.name}", control.constants.ravel())
        row = first if len(control.constants) == 1 else f"{first} + 3 * i"
        function.add(f"values[{cell}] += delay - reals[{row}]")
        function.add(f"values[{cell + 1}] += min(delay, reals[{row} + 1]) - reals[{row} + 2]")
    function.add("return delay")
    writer.define(function, inline=True)
    return name


def rate(writer: Writer, plan: ClassPlan, arguments: str) -> str:
    """The source of the rate in force of an exponential delay whose rate changes."""
    name = _evaluated(writer, plan, None)
    return f"{name}({CONTEXT}, {arguments})"


def with_other_delays(writer: Writer, before: PreparedNet, after: PreparedNet, ints: Ints, reals: Reals) -> Reals | None:
    """The numbers `reals` for a net that differs from the one that was written in delays only.

    None, if the difference is more than numbers of delays that do not change during a run and are the same for all indices.
    """
    found = reals.copy()
    for number, (old, new) in enumerate(zip(before.net.transitions, after.net.transitions, strict=True)):
        if old.timing == new.timing:
            continue
        if not isinstance(old.timing, Timed) or not isinstance(new.timing, Timed):
            return None
        was, now = old.timing.delay, new.timing.delay
        if was.name != now.name or now.name in LISTS or not (_is_number(was) and _is_number(now)):
            return None
        try:
            distribution = after.classes[number].distribution(State(after, {}))
        except (ValueError, EvaluationError):
            return None
        if first := writer.helper(("delay", number)):  # else it is never drawn
            values = [float(getattr(distribution, name)) for name in PARAMETERS[now.name]]
            found[int(first) : int(first) + len(values)] = values
    for control in after.controls:
        name = f"control_{writer.layout.classes[control.number].name}"
        if writer.knows(name):
            row = ints[writer.cell(name)]
            found[row : row + control.constants.size] = control.constants.ravel()
    return found


def _is_number(delay: DelayCall) -> bool:
    return is_static(delay, set())


def exponential(writer: Writer, rate: str) -> str:
    """The source of an exponential delay with a rate that is known by now."""
    return f"exponential_foreseen(rng, state, values, {rate})" if writer.layout.exponential else f"draw_exponential(rng, {rate})"


def _drawn(writer: Writer, family: str, parameters: list[str], lists: list[str]) -> str:
    match family:
        case "deterministic":
            return parameters[0]
        case "uniform":
            low, high = parameters
            return f"({low} + ({high} - {low}) * rng.random())"
        case "exponential":
            return exponential(writer, parameters[0])
        case "erlang":
            return f"draw_erlang(rng, int({parameters[0]}), {parameters[1]})"
        case _:
            return f"draw_{family}(rng, {', '.join(parameters + lists)})"


def _fixed(writer: Writer, at: Function, plan: ClassPlan, delay: DelayCall) -> tuple[list[str], list[str]]:
    """Parameters that are run-time numbers: the same for all indices, or a row for each."""
    transition, kind = plan.transition, writer.layout.prepared.classes[plan.number]
    rows = range(transition.size) if transition.index in free_variables(delay) else range(1)
    known: list[Distribution | None] = []
    for index in rows:
        try:
            known.append(kind.distribution(State(kind.net, {transition.index: index})))
        except (ValueError, EvaluationError):
            known.append(None)  # told if a delay is ever drawn
    parameters = PARAMETERS[delay.name]
    if delay.name in LISTS:
        return [], [_fixed_list(writer, at, plan, [() if d is None else getattr(d, name) for d in known], name) for name in parameters]
    table = np.array([[np.nan if d is None else float(getattr(d, name)) for name in parameters] for d in known])
    if len(rows) == 1:
        cells = writer.helper(("delay", plan.number))
        first = int(cells) if cells else len(writer.layout.reals.scalars)
        if not cells:
            for name, value in zip(parameters, table[0], strict=True):
                writer.layout.reals.scalar(float(value), f"{transition.name}: {name}")
            writer.keep_helper(("delay", plan.number), str(first))
        return [f"reals[{first + k}]" for k in range(len(parameters))], []
    first_row = writer.real_array(at, f"delays_{plan.name}", table.ravel())
    step = "" if len(parameters) == 1 else f"{len(parameters)} * "
    return [f"reals[{first_row} + {step}i{f' + {k}' if k else ''}]" for k in range(len(parameters))], []


def _fixed_list(writer: Writer, at: Function, plan: ClassPlan, lists: list[tuple[float, ...]], name: str) -> str:
    """A list as an array view of `reals`."""
    rows = [values or (np.nan,) for values in lists]
    width = max(map(len, rows))
    if any(len(row) != width for row in rows):
        rows = [row if len(row) == width else (np.nan,) * width for row in rows]
    first = writer.real_array(at, f"delay_{name}_{plan.name}", np.array(rows, np.float64).ravel())
    length = writer.integer(at, f"length_{name}_{plan.name}", width)
    row = first if len(rows) == 1 else f"{first} + {length} * i"
    return f"carray(reals_at(state[32] + 8 * ({row})), {length})"


def _sign(argument: Argument, source: str) -> list[str]:
    checks = [f"math.isfinite({source})"]
    if argument.integer:
        checks.append(f"{source} == math.floor({source}) and 1 <= {source} <= 9007199254740992")
    elif argument.sign == "positive":
        checks.append(f"{source} > 0")
    elif argument.sign == "nonnegative":
        checks.append(f"{source} >= 0")
    return checks


def _evaluated(writer: Writer, plan: ClassPlan, scope: Scope | None) -> str:
    """A function that draws a delay (of an exponential one: gives the rate) with parameters evaluated now."""
    name = f"delay_of_{plan.name}"
    if writer.helper(("evaluated", plan.number)):
        return name
    writer.keep_helper(("evaluated", plan.number), name)
    from spn.engine.compiled.searching import binding_scope

    timing = plan.transition.timing
    assert isinstance(timing, Timed)
    delay = timing.delay
    entry = ENTRIES[delay.name]
    number = next(k for k, form in enumerate(entry.family.forms) if sorted(form.names) == sorted(delay.form))
    form, conversion = entry.family.forms[number], entry.conversions[number]
    ordered = [delay.arguments[delay.form.index(argument)] for argument in form.names]
    inner, function = binding_scope(writer, plan, name, f"The {'rate' if delay.name == 'exponential' else 'delay'} of {plan.transition.name} now.")
    if delay.name in LISTS:
        _evaluate_lists(function, inner, delay.name, form, conversion, ordered)
    else:
        _evaluate_scalars(function, inner, delay.name, form, conversion, ordered, entry.canonical)
    writer.define(function)
    return name


def _refuse_unless(function: Function, checks: list[str]) -> None:
    with function.block(f"if not ({' and '.join(checks)}):"):
        function.add("fail(state, 6)", "return math.nan")


def _evaluate_scalars(
    function: Function,
    scope: Scope,
    family: str,
    form: Form,
    conversion: Callable[..., Any] | None,
    ordered: list[Any],
    canonical: Form,
) -> None:
    given, checks = [], []
    for k, (argument, expression) in enumerate(zip(form.arguments, ordered, strict=True)):
        function.add(f"a{k} = {formula(expression, scope).source if argument.integer else real(expression, scope)}")
        given.append(f"int(a{k})" if argument.integer else f"a{k}")
        checks += _sign(argument, f"a{k}")
    _refuse_unless(function, checks)
    if conversion is None:
        function.add(f"p = ({', '.join(given)},)")
    else:
        function.add(f"p = convert_{conversion.__name__}({', '.join(given)})")
    after = [check for k, argument in enumerate(canonical.arguments) for check in _sign(argument, f"p[{k}]")] if conversion else []
    after += [LIMITS[family]] if family in LIMITS else []
    if after:
        _refuse_unless(function, after)
    if family == "exponential":
        function.add("return p[0]")
    else:
        function.add(f"return draw_{family}(rng, {', '.join(f'p[{k}]' for k in range(len(canonical.arguments)))})")


def _evaluate_lists(function: Function, scope: Scope, family: str, form: Form, conversion: Callable[..., Any] | None, ordered: list[Any]) -> None:
    names: dict[str, str] = {}
    for k, (argument, items) in enumerate(zip(form.arguments, ordered, strict=True)):
        assert isinstance(items, Sequence)
        scratch = scope.writer.region(function, f"scratch_{function.name}_{k}", len(items.items), real=True)
        function.add(f"a{k} = carray(reals_at(state[35] + 8 * {scratch}), {len(items.items)})")
        checks = []
        for position, item in enumerate(items.items):
            function.add(f"a{k}[{position}] = {real(item, scope)}")
            checks += _sign(argument, f"a{k}[{position}]")
        _refuse_unless(function, checks)
        names[argument.name] = f"a{k}"
    if "means" in names:
        names["rates"] = names["means"]
        with function.block(f"for k in range(len({names['means']})):"):
            function.add(f"{names['means']}[k] = 1.0 / {names['means']}[k]")
            _refuse_unless(function, [f"math.isfinite({names['means']}[k]) and {names['means']}[k] > 0"])
    if "weights" in names:
        function.add("total = 0.0")
        with function.block(f"for k in range(len({names['weights']})):"):
            function.add(f"total += {names['weights']}[k]", f"{names['weights']}[k] = total")
        _refuse_unless(function, ["total > 0.0 and math.isfinite(total)"])
        names["cumulative"] = names["weights"]
    if family == "empirical":
        function.add(f"{names['data']}.sort()")
    function.add(f"return draw_{family}(rng, {', '.join(names[name] for name in PARAMETERS[family])})")
