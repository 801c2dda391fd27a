"""The loop of a kernel, as source: the next clock, limits, what fires, what follows. What is fired by remembering it is in `remembering`."""

from __future__ import annotations

from textwrap import indent

from spn.engine.compiled.cells import TOTAL
from spn.engine.compiled.layout import ClassPlan
from spn.engine.compiled.observing import Observing
from spn.engine.compiled.remembering import APART, IMMEDIATE, SETTLE, Remembering
from spn.engine.compiled.source import CONTEXT, Function, Writer

RUN = '''\
@apart
def {name}({context}, budget, limit, most_tokens):
    """Fire until a time, a number of firings, a number of tokens, or until a condition that is waited for holds; why it came back."""
    done = 0
    fired = state[16]
{foresee}{names}    while True:
        if unlikely(state[0] != 0):
{leave}            return 4
        if state[3] == 0:
{observe}            clock = {next}
            if unlikely(clock < 0):
{leave_timed}                return 1
            time = next_time(state, clock)
{ahead}            if unlikely(not time <= limit):
{leave_timed}                return 1
{near_limits}            take_clock(state, clock)
            if time > values[0]:
                state[6] = 0
{fresh}            values[1] = values[0]
            values[0] = time
{epoch}            slot = clock
{several}            state[12] = slot
{recall}{timed}        else:
{limits}            values[1] = values[0]
{immediate}        done += 1
        state[6] += 1
{trap}{follow}{resample}'''

BUDGET = '''\
if unlikely(done >= budget):
{leave}    return 0
'''

TOKENS = '''\
if unlikely(state[7] > most_tokens):
{leave}    return 3
'''

CALM = '''\
    # So many firings may be made before any limit can be reached, but for those that each firing looks at.
    calm = 0
'''

NEAR = '''\
if unlikely(calm <= 0):
    if done >= budget:
{leave}        return 0
{tokens}    calm = max(1, min(budget - done, state[15] - state[6]))
'''

TRAP = '''\
        if unlikely(state[6] > state[15]):
            fail(state, 8)
'''

NEAR_TRAP = '''\
        calm -= 1
        if unlikely(calm <= 0):
            if state[6] > state[15]:
                fail(state, 8)
'''

LEAVE = """\
state[16] = fired + done
"""

SEVERAL = '''\
            if clock >= state[26]:
                slot = use_up(state, clock)
'''

OBSERVE = f"""\
if state[4] != 0:
    observe({CONTEXT})
"""

HOLDS = """\
    if state[2] != 0:
{leave}        return 2
"""


class Loop:
    """Writes the loop of a net, once all that it calls is known. `next_clock` is the expression that says which clock is next, `look_ahead` are the
    lines that follow it.
    """

    def __init__(self, writer: Writer, observing: Observing, remembering: Remembering, next_clock: str, look_ahead: str) -> None:
        self.writer, self.layout = writer, writer.layout
        self.observing, self.remembering = observing, remembering
        self.next_clock, self.look_ahead = next_clock, look_ahead
        self._names: dict[str, None] = {}
        """The lines that give first slots their local names."""

    def text(self) -> str:
        """The loop and, where firings are remembered, what it calls for the others."""
        layout, remembering = self.layout, self.remembering
        resampling = [plan for plan in layout.alive if plan.memory == "resampling"]
        resample = "".join(f"            resample_{plan.name}({CONTEXT})\n" for plan in resampling)
        watched = any(self.observing.watched(meter.measure) for meter in self.observing.meters)
        waited_for = any(meter.waits >= 0 for meter in self.observing.meters)
        timed, immediate = self._fired()
        names = "".join(f"    {line}\n" for line in self._names)
        leave = LEAVE + remembering.leave if remembering.on else LEAVE
        budget, tokens = (part.format(leave=indent(leave, " " * 4)) for part in (BUDGET, TOKENS))
        if remembering.on:
            limits = budget + tokens
            near_limits = f"if unlikely(done >= calm):\n{indent(limits, ' ' * 4)}"
        else:
            changing = self.writer.holds(f"state[{TOTAL}] ")
            near = NEAR.format(leave=indent(leave, " " * 8), tokens="" if changing else indent(tokens, " " * 4))
            near_limits = limits = near + (tokens if changing else "")
        observe = OBSERVE + HOLDS.format(leave=indent(leave, " " * 8)) if waited_for else OBSERVE
        text = RUN.format(
            name="fire_until" if remembering.on else "run",
            context=CONTEXT,
            foresee="    foresee(rng, state, values)\n" if layout.exponential else "",
            names=remembering.names if remembering.on else CALM + names,
            observe=indent(observe, " " * 12) if watched else "",
            next=self.next_clock,
            ahead=self.look_ahead,
            leave=indent(leave, " " * 12),
            leave_timed=indent(leave, " " * 16),
            near_limits=indent(near_limits, " " * 12),
            limits=indent(limits, " " * 12),
            fresh=remembering.fresh if remembering.on else "",
            epoch="            state[5] += 1\n" if resampling else "",
            several="" if layout.single else SEVERAL,
            recall=remembering.recall([f"resample_{plan.name}({CONTEXT})" for plan in resampling]) if remembering.on else "",
            timed=remembering.timed if remembering.on else timed,
            immediate=IMMEDIATE if remembering.on else immediate,
            trap=TRAP if remembering.on else NEAR_TRAP,
            follow=remembering.follow if remembering.on else "",
            resample=f"        if state[3] == 0:\n{resample}" if resampling else "",
        )
        if not remembering.on:
            return text
        return APART.format(names=names, timed=timed, immediate=immediate) + f"{text}\n\n{SETTLE}"

    def _fired(self) -> tuple[str, str]:
        """What fires a timed binding, and an immediate one: within the loop, or in functions of its own where firings are remembered."""
        layout, apart = self.layout, self.remembering.on
        level = 4 if apart else 12
        timed, immediate = ([plan for plan in group if plan in layout.alive] for group in (layout.timed, layout.immediate))
        chosen = "" if apart or not immediate else f"            slot = choose_immediate({CONTEXT})\n            state[12] = slot\n"
        return self._dispatch(timed, level), chosen + self._dispatch(immediate, level)

    def _dispatch(self, group: list[ClassPlan], level: int) -> str:
        """A tree of comparisons of `slot` with the first slots of classes."""
        space = " " * level
        if not group:
            return f"{space}pass\n"
        if len(group) == 1:
            return f"{space}fire_{group[0].name}({CONTEXT}, slot)\n"
        middle = len(group) // 2
        plan = group[middle]
        first = self.writer.integer(Function(self.writer, ""), f"slots_{plan.name}", plan.first)
        self._names[f"{first} = ints[{self.writer.cell(first)}]"] = None
        before, after = self._dispatch(group[:middle], level + 4), self._dispatch(group[middle:], level + 4)
        return f"{space}if slot < {first}:\n{before}{space}else:\n{after}"
