"""What expressions see of a run: the marking, the time and a binding's variables; and expressions as functions of that."""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from spn.expressions.tree import (
    Binary,
    Constant,
    Expression,
    Field,
    IfElse,
    Lookup,
    Make,
    Now,
    Range,
    Reduce,
    Tokens,
    Unary,
    Value,
    Variable,
)
from spn.expressions.tree import (
    Function as FunctionNode,
)
from spn.net.types import Net

try:
    from spn.expressions.errors import EvaluationError
except ImportError:

    class EvaluationError(Exception):
        pass


if TYPE_CHECKING:
    from spn.engine.reference.classes import PreparedNet
    from spn.engine.reference.marking import Marking

Function: TypeAlias = "Callable[[State], Any]"


class State:
    __slots__ = ("marking", "net", "now", "variables")

    def __init__(self, net: PreparedNet, variables: dict[str, Value]) -> None:
        self.net = net
        self.now = 0.0
        self.variables = variables
        self.marking: Marking


BINARY = {
    "+": op.add,
    "-": op.sub,
    "*": op.mul,
    "/": op.truediv,
    "//": op.floordiv,
    "%": op.mod,
    "**": op.pow,
    "==": op.eq,
    "!=": op.ne,
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
}
FUNCS = {
    "min": min,
    "max": max,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
}


class StateFunctions:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.place_number = {p.name: n for n, p in enumerate(net.places)}

    def function(self, e: Expression) -> Function:
        f = self.function
        match e:
            case Constant(value=v):
                return lambda s: v
            case Variable(name=n):
                return lambda s: s.variables[n]
            case Lookup(table=t, index=i):
                tab, fi = self.net.tables[t].tolist(), f(i)
                return lambda s: tab[fi(s)]
            case Field(base=b, index=k):
                fb = f(b)
                return lambda s: fb(s)[k]
            case Make(components=cs):
                fs = [f(c) for c in cs]
                return lambda s: tuple([g(s) for g in fs])
            case Unary(operator="-", operand=o):
                fo = f(o)
                return lambda s: -fo(s)
            case Unary(operand=o):
                fo = f(o)
                return lambda s: not fo(s)
            case Binary(operator="and", left=a, right=b):
                fa, fb = f(a), f(b)
                return lambda s: fa(s) and fb(s)
            case Binary(operator="or", left=a, right=b):
                fa, fb = f(a), f(b)
                return lambda s: fa(s) or fb(s)
            case Binary(operator=o, left=a, right=b):
                fa, fb, g = f(a), f(b), BINARY[o]
                return lambda s: g(fa(s), fb(s))
            case IfElse(condition=c, then=a, otherwise=b):
                fc, fa, fb = f(c), f(a), f(b)
                return lambda s: fa(s) if fc(s) else fb(s)
            case FunctionNode(name=n, arguments=args):
                g, fs = FUNCS[n], [f(a) for a in args]
                return lambda s: g(*[h(s) for h in fs])
            case Now():
                return lambda s: s.now
            case Tokens(place=p, element=None, pattern=()):
                k = self.place_number[p]
                return lambda s: s.marking.sums[k]
            case Tokens(place=p, element=el, pattern=()):
                k, fe = self.place_number[p], f(el)
                return lambda s: s.marking.counts[k][fe(s)]
            case Tokens(place=p, element=el, pattern=pat):
                k, fe = self.place_number[p], f(el) if el else (lambda s: 0)
                fs = [None if x is None else f(x) for x in pat]

                def count(s):
                    vals = [None if x is None else x(s) for x in fs]

                    def ok(t):
                        t = t if isinstance(t, tuple) else (t,)
                        return all(v is None or v == x for v, x in zip(vals, t))

                    return sum(ok(t) for t in s.marking.values(k, fe(s)))

                return count
            case Reduce(operator=o, variable=v, domain=Range(start=a, stop=b), body=body, condition=c):
                fa, fb, fbody = f(a), f(b), f(body)
                fc = f(c) if c is not None else (lambda s: True)
                g = {"sum": sum, "all": all, "any": any, "min": min, "max": max, "count": sum}[o]

                def red(s):
                    old = s.variables
                    out = []
                    for x in range(fa(s), fb(s) + 1):
                        s.variables = {**old, v: x}
                        if fc(s):
                            out.append(fbody(s))
                    s.variables = old
                    return g(out)

                return red
        raise NotImplementedError(type(e))
