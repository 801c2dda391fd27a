"""The parser proper: precedence climbing over tokens, with bounded depth. The entry points for callers are in `parse`."""

from __future__ import annotations

from typing import TypedDict

from spn.expressions import syntax
from spn.expressions.lexer import Token, instead, tokens
from spn.expressions.syntax import Syntax
from spn.expressions.units import OTHER_SPELLINGS, UNITS
from spn.records import dataclass
from spn.text.problems import nearest
from spn.text.source import Span

MAX_LENGTH = 100_000
"""Characters in an expression."""
MAX_DIGITS = 400
"""Characters in a number."""
MAX_NESTING = 100
"""Parentheses, calls, signs and choices inside each other."""
MAX_DEPTH = 150
"""Height of the tree."""
MAX_TERMS = 10_000
"""Terms in one chain of operators."""
BALANCED = 48
"""Chains of more terms than this are balanced (the order of the terms stays); shorter ones associate to the left as in Python."""

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER = range(1, 9)
_LEVELS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARE),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
    "**": _POWER,
}
REDUCTIONS = frozenset({"sum", "all", "any", "min", "max", "count"})


class Failure(Exception):
    """The text cannot be read any further. Caught at the entry points, which make a problem of it."""

    def __init__(self, code: str, message: str, start: int, stop: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.start, self.stop, self.hint = code, message, start, stop, hint


class _Where(TypedDict):
    span: Span | None
    depth: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where the text stands: `at` gives the span of a part of it, or of all of it where characters do not correspond."""

    span: Span | None
    exact: bool

    def at(self, start: int, stop: int) -> Span | None:
        return self.span.part(start, stop) if self.span is not None and self.exact else self.span


class Parser:
    """One pass over one text. `token` is the next token, `last_stop` the end of the one before."""

    def __init__(self, text: str, place: Place) -> None:
        if len(text) > MAX_LENGTH:
            hint = "write sums over an index as 'sum(f(s) for s in section)'"
            raise Failure("too-complex", f"an expression of {len(text)} characters; the limit is {MAX_LENGTH}", 0, 0, hint)
        self.place = place
        self._tokens = tokens(text)
        self._next = 0
        self._nesting = 0
        self.last_stop = 0
        self.token = self._tokens[0]

    # Tokens

    def advance(self) -> Token:
        token = self.token
        self.last_stop = token.stop
        if token.kind != "end":
            self._next += 1
            self.token = self._tokens[self._next]
        return token

    def accept(self, text: str) -> bool:
        if self.token.text == text and self.token.kind in ("operator", "word"):
            self.advance()
            return True
        return False

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self._unexpected("the expression should end here")

    def _unexpected(self, message: str) -> Failure:
        token = self.token
        found = "the text ends" if token.kind == "end" else f"'{token.text[:40]}' does not fit"
        hint = instead(token)
        before = self._tokens[self._next - 1] if self._next else token
        if hint is None and before.kind == "name" and token.kind == "name":
            hint = instead(before)
        if hint is None and token.text == ")" and message.startswith("the expression"):
            hint = "there is no open parenthesis that it could close"
        if hint is None and token.text == ",":
            hint = "a comma stands only between arguments, in parentheses"
        return Failure("syntax", f"{found}: {message}", token.start, token.stop, hint)

    def _close(self, opening: Token) -> None:
        closing = {"(": ")", "[": "]"}[opening.text]
        if self.accept(closing):
            return
        if self.token.kind == "end":
            raise Failure("syntax", f"this '{opening.text}' is never closed", opening.start, opening.stop, f"a '{closing}' is missing")
        if self.token.text in (")", "]"):
            message = f"'{self.token.text}' cannot close the '{opening.text}' at character {opening.start + 1}"
            raise Failure("syntax", message, self.token.start, self.token.stop, f"write '{closing}'")
        raise self._unexpected(f"an operator, ',' or '{closing}' was expected")

    # Nodes

    def _where(self, start: int, *parts: Syntax) -> _Where:
        """Span and depth of a node from `start` to here, over its parts."""
        depth = 1 + max((part.depth for part in parts), default=0)
        if depth > MAX_DEPTH:
            message = f"the expression is more than {MAX_DEPTH} levels deep"
            raise Failure("too-complex", message, start, self.last_stop, "name parts of it as parameters")
        return {"span": self.place.at(start, self.last_stop), "depth": depth}

    # Expressions

    def expression(self, level: int = 0) -> Syntax:
        """An expression of operators that bind at least as tightly as `level`; 0 admits ``a if c else b``."""
        self._nesting += 1
        if self._nesting > 2 * MAX_NESTING + 2:
            raise Failure("too-complex", "the expression is nested too deeply", self.token.start, self.token.stop, "name parts of it as parameters")
        start = self.token.start
        left = self._prefix()
        while (found := _LEVELS.get(self.token.text, -1)) >= max(level, 1):
            left = self._power(left, start) if found == _POWER else self._chain(left, found, start)
        if level == 0 and self.token.text == "if":
            left = self._choice(left, start)
        self._nesting -= 1
        return left

    def _power(self, base: Syntax, start: int) -> Syntax:
        self.advance()
        exponent = self.expression(_SIGN)
        return syntax.Binary("**", base, exponent, **self._where(start, base, exponent))

    def _chain(self, left: Syntax, level: int, start: int) -> Syntax:
        """All operators of one level in a row."""
        operands, operators, starts = [left], list[str](), [start]
        while _LEVELS.get(self.token.text) == level:
            operators.append(self.advance().text)
            starts.append(self.token.start)
            operands.append(self.expression(level + 1))
            if len(operands) > MAX_TERMS:
                raise self._too_long(start, "over an index: 'sum(f(s) for s in section)'")
        if level == _COMPARE:
            return syntax.Compare(tuple(operators), tuple(operands), **self._where(start, *operands))
        if len(operands) <= BALANCED:
            for operator, right in zip(operators, operands[1:], strict=True):
                left = syntax.Binary(operator, left, right, **self._where(start, left, right))
            return left
        kinds = set(operators)
        if level == _PRODUCT and kinds != {"*"}:
            raise self._too_long(start, "set parentheses")
        return self._balance(operands, operators, starts, False)

    def _too_long(self, start: int, hint: str) -> Failure:
        return Failure("too-complex", "too many terms in a row", start, self.last_stop, hint)

    def _balance(self, operands: list[Syntax], operators: list[str], starts: list[int], negate: bool) -> Syntax:
        """A tree of logarithmic height. Right of a minus the signs turn round: a - b + c - d is (a - b) + (c - d), a - b - c is a - (b + c)."""
        if len(operands) == 1:
            return operands[0]
        middle = len(operands) // 2
        turned = {"+": "-", "-": "+"} if negate else {}
        operator = turned.get(operators[middle - 1], operators[middle - 1])
        left = self._balance(operands[:middle], operators[: middle - 1], starts[:middle], negate)
        right = self._balance(operands[middle:], operators[middle:], starts[middle:], negate != (operator == "-"))
        return syntax.Binary(operator, left, right, **self._where(starts[0], left, right))

    def _choice(self, then: Syntax, start: int) -> Syntax:
        self.advance()
        condition = self.expression(_OR)
        if not self.accept("else"):
            raise self._unexpected("'else' was expected, as in 'a if condition else b'")
        otherwise = self.expression()
        return syntax.IfElse(condition, then, otherwise, **self._where(start, condition, then, otherwise))

    def _prefix(self) -> Syntax:
        token = self.token
        if token.text in ("-", "+", "not"):
            self.advance()
            operand = self.expression(_NOT if token.text == "not" else _SIGN)
            if token.text == "+":
                return operand
            return syntax.Unary(token.text, operand, **self._where(token.start, operand))
        return self._postfix(self._atom(), token.start)

    def _atom(self) -> Syntax:
        token = self.token
        if token.kind == "number":
            return self._number()
        if token.kind == "name":
            self.advance()
            return self._name(token)
        if token.text in ("true", "false"):
            self.advance()
            return syntax.Truth(token.text == "true", span=self.place.at(token.start, token.stop))
        if token.text == "now":
            self.advance()
            return syntax.Now(span=self.place.at(token.start, token.stop))
        if token.text == "(":
            return self._parenthesis()
        if token.text == "[":
            return self._list()
        raise self._no_operand()

    def _no_operand(self) -> Failure:
        token = self.token
        if token.kind == "word":
            return Failure("syntax", f"'{token.text}' is a word of the language, not a name", token.start, token.stop, instead(token))
        return self._unexpected("a number, a name or '(' was expected")

    def _name(self, token: Token) -> Syntax:
        where = self.place.at(token.start, token.stop)
        if token.text == "_":
            return syntax.Wildcard(span=where)
        if token.text.startswith("__"):
            hint = "nothing outside the model can be reached from an expression"
            raise Failure("syntax", f"'{token.text[:40]}' is no name of the language", token.start, token.stop, hint)
        return syntax.Name(token.text, span=where)

    def _postfix(self, node: Syntax, start: int) -> Syntax:
        while self.token.text in (".", "(", "[") and self.token.kind == "operator":
            opening = self.advance()
            self._nesting += 1  # a bracket costs more frames than an operator: it counts twice
            if opening.text == ".":
                node = self._attribute(node, start)
            elif opening.text == "(":
                node = self._call(node, opening, start)
            else:
                index = self.expression()
                self._close(opening)
                node = syntax.Index(node, index, **self._where(start, node, index))
            self._nesting -= 1
        return node

    def _attribute(self, base: Syntax, start: int) -> Syntax:
        if self.token.kind != "name":
            raise self._unexpected("a name was expected after '.'")
        token = self.advance()
        if not isinstance(self._name(token), syntax.Name):
            raise Failure("syntax", "'_' cannot be read", token.start, token.stop)
        return syntax.Attribute(base, token.text, **self._where(start, base))

    def _parenthesis(self) -> Syntax:
        opening = self.advance()
        if self.accept(")"):
            return syntax.TupleOf((), span=self.place.at(opening.start, self.last_stop))
        self._nesting += 1
        inside = self.expression()
        self._nesting -= 1
        if self.token.text != ",":
            self._close(opening)
            return inside
        items = [inside]
        while self.accept(","):
            if self.token.text == ")":
                break
            items.append(self.expression())
        self._close(opening)
        return syntax.TupleOf(tuple(items), **self._where(opening.start, *items))

    def _list(self) -> Syntax:
        opening = self.advance()
        items: list[Syntax] = []
        while self.token.text != "]":
            items.append(self.expression())
            if not self.accept(","):
                break
        self._close(opening)
        return syntax.ListOf(tuple(items), **self._where(opening.start, *items))

    def _call(self, callee: Syntax, opening: Token, start: int) -> Syntax:
        if isinstance(callee, syntax.Number):
            hint = "a product is written with '*'"
            raise Failure("syntax", "a number cannot be called", opening.start, opening.stop, hint)
        arguments = self.arguments_until(")", opening)
        if self.token.text == "for":
            return self._comprehension(callee, arguments, opening, start)
        self._close(opening)
        return syntax.Call(callee, arguments, **self._where(start, callee, *(a.value for a in arguments)))

    def arguments_until(self, closing: str, opening: Token | None) -> tuple[syntax.Argument, ...]:
        """Arguments up to a closing parenthesis (``end``: up to the end of the text), which is left to the caller."""
        found: list[syntax.Argument] = []
        while self.token.text != closing and self.token.kind != "end":
            found.append(self._argument())
            if not self.accept(","):
                break
        return tuple(found)

    def _argument(self) -> syntax.Argument:
        token = self.token
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        named = following.text == "=" and following.kind == "operator"
        if named and token.kind == "word":
            raise self._no_operand()
        if named and token.kind == "name":
            self._name(token)
            self.advance()
            self.advance()
            value = self.expression()
            return syntax.Argument(token.text, value, **self._where(token.start, value))
        value = self.expression()
        return syntax.Argument(None, value, span=value.span, depth=value.depth)

    def _comprehension(self, callee: Syntax, arguments: tuple[syntax.Argument, ...], opening: Token, start: int) -> Syntax:
        here = self.token
        if not isinstance(callee, syntax.Name) or callee.name not in REDUCTIONS:
            message = "only sum, all, any, min, max and count run over an index"
            raise Failure("syntax", message, here.start, here.stop, nearest(callee.name, REDUCTIONS) if isinstance(callee, syntax.Name) else None)
        if len(arguments) != 1 or arguments[0].name is not None:
            raise Failure("syntax", f"{callee.name}(... for ...) takes one expression", here.start, here.stop)
        self.advance()
        loop = self.loop()
        if self.token.text == "for":
            hint = f"nest them: {callee.name}({callee.name}(... for b in ...) for a in ...)"
            raise Failure("syntax", "one index at a time", self.token.start, self.token.stop, hint)
        condition = self.expression(_OR) if self.accept("if") else None
        self._close(opening)
        body = arguments[0].value
        parts = (body, *_domain_parts(loop.domain), *(() if condition is None else (condition,)))
        return syntax.Comprehension(callee.name, body, loop, condition, **self._where(start, *parts))

    # Loops and domains

    def loops(self) -> tuple[tuple[syntax.Loop, ...], Syntax | None]:
        """``for a in x for b in y if condition``, all of it optional."""
        found: list[syntax.Loop] = []
        while self.accept("for"):
            found.append(self.loop())
        condition = self.expression(_OR) if found and self.accept("if") else None
        return tuple(found), condition

    def loop(self) -> syntax.Loop:
        token = self.token
        if token.kind != "name":
            raise self._no_operand() if token.kind == "word" else self._unexpected("the name of a variable was expected, as in 's in section'")
        self.advance()
        if not isinstance(self._name(token), syntax.Name):
            raise Failure("syntax", "the variable of a loop needs a name", token.start, token.stop)
        if not self.accept("in"):
            raise self._unexpected(f"'in' was expected, as in '{token.text} in section'")
        domain = self.domain()
        return syntax.Loop(token.text, domain, span=self.place.at(token.start, self.last_stop), depth=domain.depth)

    def domain(self, product: bool = False) -> syntax.Name | syntax.RangeOf:
        """A colour's name or a range. In a product of colours ``*`` separates, so bounds with a product need parentheses."""
        level = _SIGN if product else _OR
        start = self.token.start
        first = self.expression(level)
        if self.accept(".."):
            last = self.expression(level)
            return syntax.RangeOf(first, last, **self._where(start, first, last))
        if isinstance(first, syntax.Name):
            return first
        hint = "from 1 to n is '1..n'"
        raise Failure("syntax", "a colour or a range was expected", start, self.last_stop, instead(self.token) or hint)

    # Numbers

    def _number(self) -> Syntax:
        token = self.advance()
        value = _value(token)
        unit = self._unit(token)
        if unit is None and self.token.text == "." and self.token.start == token.stop:
            raise Failure("syntax", "digits are missing after the point", token.start, self.token.stop, f"write {token.text}.0; a range has two dots")
        return syntax.Number(value, unit, span=self.place.at(token.start, self.last_stop))

    def _unit(self, number: Token) -> str | None:
        token = self.token
        if token.kind == "name":
            if token.text in UNITS:
                return self.advance().text
            raise Failure("unknown-unit" if not token.text.startswith("_") else "syntax", *self._bad_unit(number, token))
        if token.text == "%" and not self._starts_operand(self._tokens[self._next + 1]):
            return self.advance().text
        return None

    def _bad_unit(self, number: Token, token: Token) -> tuple[str, int, int, str | None]:
        if number.text == "0" and token.text[0] in "xXbBoO" and token.start == number.stop:
            return "numbers are written in decimal", number.start, token.stop, None
        if token.text.startswith("_"):
            return "digits are not grouped", number.start, token.stop, "write 1000000 or 1e6"
        known = OTHER_SPELLINGS.get(token.text)
        hint = f"write '{known}'" if known else instead(token) or nearest(token.text, UNITS)
        if hint is None:
            hint = f"units are {', '.join(UNITS)} and %; a product is written with '*'"
        return f"'{token.text[:40]}' is no unit of time", token.start, token.stop, hint

    @staticmethod
    def _starts_operand(token: Token) -> bool:
        """Whether what follows ``5 %`` makes it a remainder rather than per cent."""
        return token.kind in ("number", "name") or token.text in ("(", "[", "-", "+", "not", "true", "false", "now")


def _value(token: Token) -> int | float:
    text = token.text
    if len(text) > MAX_DIGITS:
        raise Failure("too-complex", f"a number of {len(text)} characters; the limit is {MAX_DIGITS}", token.start, token.stop)
    if text.isdigit():
        if len(text) > 1 and text[0] == "0":
            hint = f"write {text.lstrip('0') or '0'}"
            raise Failure("syntax", "a leading zero makes a number ambiguous", token.start, token.stop, hint)
        return int(text)
    value = float(text)
    if value == float("inf"):
        raise Failure("syntax", "the number is too large for a double", token.start, token.stop)
    return value


def _domain_parts(domain: syntax.Name | syntax.RangeOf) -> tuple[Syntax, ...]:
    return (domain.start, domain.stop) if isinstance(domain, syntax.RangeOf) else (domain,)
