"""Checking what stands in a place's parentheses: indices, then a pattern (reads, input arcs) or a value (output arcs)."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from spn.expressions import syntax
from spn.expressions.fitting import describe
from spn.expressions.scope import PlaceSymbol, Scope, VariableSymbol
from spn.expressions.tree import Constant, Expression, Field, Make, PlaceRead, Step, Tokens
from spn.expressions.types import DOT, INTEGER, Dot, Enumeration, Product, Record, Type
from spn.records import dataclass

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


@dataclass(frozen=True, slots=True)
class Binding:
    """An entry of an arc's pattern that gives a name to what it meets."""

    name: str


class TokenPattern(NamedTuple):
    """An arc's pattern: one entry for the `whole` token or one a component, and the variables that it binds, in order."""

    whole: bool
    entries: tuple[Binding | Expression | None, ...]
    variables: tuple[tuple[str, Type], ...]


class _Checker(Protocol):
    """What is needed of the checker of expressions."""

    scope: Scope

    def check_as(self, node: syntax.Syntax, expected: Type) -> Expression | None: ...
    def check_index(self, node: syntax.Syntax, type: Type) -> Expression | None: ...
    def check(self, node: syntax.Syntax) -> Expression | None: ...
    def error(self, code: str, message: str, node: syntax.Node, hint: str | None = None) -> None: ...


Arguments = tuple[syntax.Argument, ...]


def components(colour: Type) -> tuple[tuple[str, Type], ...] | None:
    """Names and types of the components of a product or record; None for what has no components."""
    if isinstance(colour, Record):
        return colour.fields
    if isinstance(colour, Product):
        return tuple((ORDINALS[k] if k < len(ORDINALS) else f"component{k + 1}", c) for k, c in enumerate(colour.components))
    return None


def component_named(colour: Type, name: str) -> int | None:
    """The component that ``.name`` takes: of a record a field; of a product first, second, ..., or the component's colour if only one has it."""
    parts = components(colour) or ()
    for k, (known, _) in enumerate(parts):
        if known == name:
            return k
    named = [k for k, (_, type) in enumerate(parts) if isinstance(type, Enumeration | Product) and type.name == name]
    return named[0] if isinstance(colour, Product) and len(named) == 1 else None


def fields_of(base: Expression) -> tuple[Expression, ...]:
    """A product or record value taken apart."""
    return tuple(Field(type, base, name, k, span=base.span) for k, (name, type) in enumerate(components(base.type) or ()))


def check_read(
    checker: _Checker, path: tuple[Step, ...], name: str, place: PlaceSymbol, arguments: Arguments, node: syntax.Node
) -> Expression | None:
    """The number of tokens in a place, ``queue``, ``queue(s)``, ``queue(s, _, k)``."""
    split = _split_indices(checker, name, place.dims, arguments, node)
    if split is None:
        return None
    indices, rest = split
    pattern = _read_pattern(checker, name, place.colour, rest, node)
    if pattern is None or any(index is None for index in indices):
        return None
    found = tuple(index for index in indices if index is not None)
    if place.net is not None:
        whole = None if place.dims else Constant(INTEGER, 0, span=node.span)
        return Tokens(INTEGER, place.net, found[0] if found else whole, pattern, span=node.span)
    return PlaceRead(INTEGER, path, name, found, pattern, span=node.span)


def _split_indices(
    checker: _Checker, name: str, dims: tuple[Type, ...], arguments: Arguments, node: syntax.Node
) -> tuple[tuple[Expression | None, ...], Arguments] | None:
    """The indices (none for the whole array) and the arguments that are left."""
    if not arguments or not dims:
        return (), arguments
    first, rest = arguments[: len(dims)], arguments[len(dims) :]
    if len(first) < len(dims) or any(argument.name is not None for argument in first):
        checker.error("wrong-arguments", f"'{name}' is an array with {_count(len(dims), 'index', 'indices')}", node, "indices come first")
        return None
    wild = [isinstance(argument.value, syntax.Wildcard) for argument in first]
    if all(wild):
        return (), rest
    if any(wild):
        hint = "sum over the index: 'sum(place(s, 1) for s in section)'"
        checker.error("wrong-arguments", "'_' may stand for all the indices or for none", node, hint)
        return None
    return tuple(checker.check_index(argument.value, type) for argument, type in zip(first, dims, strict=True)), rest


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _read_pattern(checker: _Checker, name: str, colour: Type, arguments: Arguments, node: syntax.Node) -> tuple[Expression | None, ...] | None:
    if not arguments:
        return ()
    entries = _entries(checker, name, colour, arguments, node)
    if entries is None:
        return None
    failed: list[bool] = []

    def value(entry: syntax.Syntax | None, type: Type) -> Expression | None:
        if entry is None or isinstance(entry, syntax.Wildcard):
            return None
        found = checker.check_as(entry, type)
        failed.append(found is None)
        return found

    whole, parts = entries
    types = components(colour)
    if whole and types is not None:
        base = value(parts[0], colour)
        pattern: tuple[Expression | None, ...] = (None,) * len(types) if base is None else fields_of(base)
    elif whole:
        pattern = (value(parts[0], colour),)
    else:
        pattern = tuple(value(part, type) for part, (_, type) in zip(parts, types or (), strict=True))
    return None if any(failed) else pattern


def _entries(
    checker: _Checker, name: str, colour: Type, arguments: Arguments, node: syntax.Node
) -> tuple[bool, tuple[syntax.Syntax | None, ...]] | None:
    """Arguments in the order of the components (None where nothing is asked), and whether one argument stands for the whole token."""
    parts = components(colour)
    if isinstance(colour, Dot):
        checker.error("wrong-arguments", f"the tokens of '{name}' are plain; there is nothing to select", node)
        return None
    if any(argument.name is not None for argument in arguments):
        return _by_field(checker, name, colour, arguments, node)
    if len(arguments) == 1:
        return True, (arguments[0].value,)
    if isinstance(colour, Product) and parts is not None and len(arguments) == len(parts):
        return False, tuple(argument.value for argument in arguments)
    hint = "name the fields: 'queue(size=x)'" if isinstance(colour, Record) else None
    expected = _count(len(parts), "component", "components") if isinstance(colour, Product) and parts else "one value"
    checker.error("wrong-arguments", f"a token of '{name}' has {expected}; {len(arguments)} are given", node, hint)
    return None


def _by_field(
    checker: _Checker, name: str, colour: Type, arguments: Arguments, node: syntax.Node
) -> tuple[bool, tuple[syntax.Syntax | None, ...]] | None:
    if not isinstance(colour, Record):
        checker.error("wrong-arguments", f"the tokens of '{name}' have no fields", node, f"they are {describe(colour).split(' ', 1)[1]}s")
        return None
    if arguments[0].name is None:
        checker.error("wrong-arguments", "a token is selected by a variable or by its fields, not by both", node)
        return None
    given = _fields(checker, colour, arguments)
    return None if given is None else (False, tuple(given.get(field) for field, _ in colour.fields))


def _fields(checker: _Checker, colour: Record, arguments: Arguments) -> dict[str, syntax.Syntax] | None:
    """Keyword arguments as fields of a record."""
    given: dict[str, syntax.Syntax] = {}
    known = [field for field, _ in colour.fields]
    for argument in arguments:
        if argument.name is None or argument.name not in known:
            shown = f"no field '{argument.name}'" if argument.name else "fields, which are given by name"
            checker.error("wrong-arguments", f"'{colour.name}' has {shown}", argument, f"its fields are {', '.join(known)}")
            return None
        if argument.name in given:
            checker.error("wrong-arguments", f"field '{argument.name}' is given twice", argument)
            return None
        given[argument.name] = argument.value
    return given


def check_pattern(checker: _Checker, arguments: Arguments, colour: Type, node: syntax.Node) -> TokenPattern | None:
    """The pattern of an input, test, inhibitor or reset arc (its arguments after the indices). Unknown names are bound."""
    if not arguments:
        return TokenPattern(True, () if isinstance(colour, Dot) else (None,), ())
    laid_out = _entries(checker, "this place", colour, arguments, node)
    if laid_out is None:
        return None
    whole, parts = laid_out
    types = (colour,) if whole else tuple(type for _, type in components(colour) or ())
    entries: list[Binding | Expression | None] = []
    variables: list[tuple[str, Type]] = []
    failed = False
    for part, type in zip(parts, types, strict=True):
        if part is None or isinstance(part, syntax.Wildcard):
            entries.append(None)
        elif isinstance(part, syntax.Name) and _is_fresh(checker.scope, part.name, type):
            entries.append(Binding(part.name))
            variables.append((part.name, type))
            checker.scope = checker.scope.child({part.name: VariableSymbol(type)})
        else:
            entries.append(checker.check_as(part, type))
            failed = failed or entries[-1] is None
    return None if failed else TokenPattern(whole, tuple(entries), tuple(variables))


def _is_fresh(scope: Scope, name: str, type: Type) -> bool:
    return scope.lookup(name) is None and not (isinstance(type, Enumeration) and name in type.members)


def check_value(checker: _Checker, arguments: Arguments, colour: Type, node: syntax.Node) -> Expression | None:
    """The token that an output arc puts (its arguments after the indices), or that a colour's name called with arguments makes."""
    if isinstance(colour, Record):
        return _record_value(checker, arguments, colour, node)
    if isinstance(colour, Dot) and not arguments:
        return Constant(DOT, (), span=node.span)
    if not arguments:
        checker.error("wrong-arguments", f"which token? {describe(colour)} is needed", node, "write it in parentheses: 'place(x)'")
        return None
    laid_out = _entries(checker, "this place", colour, arguments, node)
    if laid_out is None:
        return None
    whole, parts = laid_out
    types = (colour,) if whole else tuple(type for _, type in components(colour) or ())
    values = [_needed(checker, part, type, node) for part, type in zip(parts, types, strict=True)]
    found = tuple(value for value in values if value is not None)
    if len(found) < len(values):
        return None
    return found[0] if whole else Make(colour, found, span=node.span)


def _needed(checker: _Checker, part: syntax.Syntax | None, type: Type, node: syntax.Node) -> Expression | None:
    if part is None or isinstance(part, syntax.Wildcard):
        checker.error("wrong-arguments", "a token that is put needs a value for each component", part or node)
        return None
    return checker.check_as(part, type)


def _record_value(checker: _Checker, arguments: Arguments, colour: Record, node: syntax.Node) -> Expression | None:
    """A variable, a variable with changes, or all fields by name."""
    base: Expression | None = None
    changes = arguments
    if arguments and arguments[0].name is None:
        base = _needed(checker, arguments[0].value, colour, node)
        changes = arguments[1:]
        if base is None:
            return None
    given = _fields(checker, colour, changes)
    if given is None:
        return None
    if base is not None and not changes:
        return base
    missing = [field for field, _ in colour.fields if field not in given]
    if base is None and missing:
        hint = "give all fields, or a variable with changes: 'done(c, hops=c.hops + 1)'"
        checker.error(
            "wrong-arguments", f"of the fields of '{colour.name}' {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing", node, hint
        )
        return None
    kept = fields_of(base) if base is not None else ()
    values = [checker.check_as(given[field], type) if field in given else kept[k] for k, (field, type) in enumerate(colour.fields)]
    found = tuple(value for value in values if value is not None)
    return Make(colour, found, span=node.span) if len(found) == len(values) else None
