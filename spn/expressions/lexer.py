"""Text to tokens. It refuses nothing but sheer length: what does not belong is a token of its own kind, for the parser to explain."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

from spn.expressions.units import KEYWORDS

Kind = Literal["number", "name", "word", "operator", "other", "end"]


class Token(NamedTuple):
    """A piece of text from `start` to `stop`; words are the reserved names, ``other`` is what the language does not know."""

    kind: Kind
    text: str
    start: int
    stop: int


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<other>\.{3,}|===|!==|&&|\|\||<>|=>|=<|:=|->|<<|>>|[+\-*/%]=(?!=)|\"[^\"]*\"?|'[^']*'?)
      | (?P<operator>\*\*|//|\.\.|==|!=|<=|>=|[-+*/%<>=()\[\],.])
      | (?P<rest>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[Token]:
    """All tokens of `text`, the last one of kind ``end``."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "space":
            continue
        piece, start, stop = match.group(), match.start(), match.end()
        if kind == "name":
            found.append(Token("word" if piece in KEYWORDS else "name", piece, start, stop))
        elif kind == "number" or kind == "operator":
            found.append(Token("number" if kind == "number" else "operator", piece, start, stop))
        else:
            found.append(Token("other", piece, start, stop))
    end = len(text.rstrip(" \t\r\n"))
    found.append(Token("end", "", end, end))
    return found


_INSTEAD = {
    "=": "compare with '=='",
    "===": "compare with '=='",
    "!==": "compare with '!='",
    "<>": "compare with '!='",
    "=>": "write '>='",
    "=<": "write '<='",
    "&&": "write 'and'",
    "&": "write 'and'",
    "||": "write 'or'",
    "|": "write 'or'",
    "!": "write 'not'",
    "~": "write 'not'",
    "^": "a power is written '**'",
    "..": "a range stands only where a domain may: after 'in', or as a colour",
    "...": "a range has two dots: '1..n'",
    ":": "a range is written '1..n'; a choice 'a if condition else b'",
    ":=": "an expression cannot assign; compare with '=='",
    "{": "only parentheses and, for lists, square brackets; a name stands alone: 'n', not '{n}'",
    "}": "only parentheses and, for lists, square brackets",
    "'": "there are no texts in expressions; write names without quotes",
    '"': "there are no texts in expressions; write names without quotes",
    "`": "write names without quotes",
    "?": "a choice is written 'a if condition else b'",
    "@": "there are no decorators or matrix products",
    "$": "a name stands alone: 'n', not '$n'",
    "#": "comments belong to the YAML around the expression",
    "is": "compare with '=='",
    "then": "a choice is written 'a if condition else b'",
    "mod": "the remainder is '%'",
    "div": "integer division is '//'",
    "xor": "for truth values, 'a != b'",
    "lambda": "expressions cannot define functions",
    "import": "expressions cannot load code",
    "while": "over an index: 'sum(f(s) for s in section)'",
    "AND": "write 'and'",
    "OR": "write 'or'",
    "NOT": "write 'not'",
}

_LOOKALIKE = {
    "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u2217": "*", "\u00f7": "/", "\u2215": "/", "\u2044": "/",
    "\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2010": "-", "\u2011": "-",
    "\u2264": "<=", "\u2265": ">=", "\u2260": "!=", "\u2026": "..", "\u2227": "and", "\u2228": "or", "\u00ac": "not",
    "\u00b5": "u", "\u03bc": "u", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": " ", "\ufeff": " ",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
    "\u0430": "a", "\u0435": "e", "\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0445": "x", "\u0443": "y", "\u0456": "i", "\u0455": "s",
    "\u00b2": "** 2", "\u00b3": "** 3",
}  # fmt: skip


def instead(token: Token) -> str | None:
    """A hint what to write instead of a token that cannot stand where it stands."""
    text = token.text
    if text in _INSTEAD:
        return _INSTEAD[text]
    if token.kind != "other":
        return None
    if text[0] in "'\".":
        return _INSTEAD["..." if text[0] == "." else text[0]]
    if text.endswith("=") and len(text) == 2:
        return "an expression cannot assign"
    plain = _LOOKALIKE.get(text) or unicodedata.normalize("NFKD", text)[:1]
    if not text.isascii() and plain.isascii():
        name = unicodedata.name(text, "an unknown character")
        return f"this is {name}; write " + ("an ordinary space" if plain.isspace() else f"'{plain}'")
    return "names consist of the letters a to z, digits and '_'" if text.isalpha() else None
