"""Opening modules: which names a model declares and what they are. Parameters get their types, colours their values, places their shape.

The first half of checking a model: after it every module's scope is complete, so that expressions anywhere can be checked (`spn.resolver.declare`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from spn.expressions.check import check, check_domain
from spn.expressions.parse import parse_domain, parse_expression, parse_loop
from spn.expressions.scope import ColourSymbol, InstanceSymbol, ModuleSymbol, PlaceSymbol, Scope, Symbol, TableSymbol
from spn.expressions.tree import Range, Values
from spn.expressions.types import DISTRIBUTION, INTEGER, REAL, Enumeration, Number, Table, Type
from spn.model.read import Library
from spn.model.types import Model, PlaceDeclaration, Text
from spn.net.types import INDEX
from spn.records import dataclass
from spn.resolver.checks import checked_loop, parse_list
from spn.resolver.colours import Colours
from spn.resolver.declarations import Loop, Module
from spn.resolver.parameters import NAMED_TYPES, Parameters, are_list_items, element_type
from spn.resolver.scopes import Opened
from spn.text.problems import Problems, nearest


@dataclass(slots=True)
class Opener:
    """Opens all modules of a library and declares their names."""

    library: Library
    problems: Problems
    overrides: Mapping[str, Text]
    opened: dict[str, Opened] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)

    def run(self) -> dict[str, Opened]:
        self._open(self.library.model, "")
        colours = Colours({*self.library.model.places, *self.library.model.ports}, self.problems)
        parameters = Parameters(colours, self.overrides, self.problems)
        for opened in list(self.opened.values()):
            parameters.declare(opened)
        for opened in self.opened.values():
            colours.declare(opened)
            self._tables(opened)
            self._shapes(opened, colours)
        return self.opened

    def _open(self, model: Model, wished: str) -> str:
        """Register a model and those it uses, each once; the key of it."""
        known = self._keys.get(id(model))
        if known is not None:
            return known
        key = wished
        number = 2
        while key in self.opened:
            key = f"{wished}__{number}"
            number += 1
        self._keys[id(model)] = key
        names: dict[str, Symbol] = {}
        others = {str(name): "rare event" for name in model.rare} | {str(name): "measure" for name in model.measures}
        others |= {str(name): "transition" for name in model.transitions}
        opened = self.opened[key] = Opened(model, Module(key, model), names, Scope(names, others=others))
        for name, entry in model.modules.items():
            used = self._open(self.library.of(entry), str(name))
            opened.uses[name] = used
            names[name] = ModuleSymbol(used, self.opened[used].scope)
        return key

    def _tables(self, opened: Opened) -> None:
        for name, table in opened.model.tables.items():
            element = None if table.type is None else self._table_type(table.type, opened)
            plain = _plain_numbers(table.values)
            if plain is not None and (element is None or isinstance(element, Number)):
                kind = element or (INTEGER if all(isinstance(value, int) for value in plain) else REAL)
                opened.module.tables[name] = (Table(kind), plain)
                opened.names[name] = TableSymbol(kind)
                continue
            parsed = (parse_expression(text, text.span, self.problems, text.exact) for text in table.values)
            checked = [None if p is None else check(p, opened.scope, element, self.problems) for p in parsed]
            values = tuple(value for value in checked if value is not None and are_list_items((value,), self.problems))
            element = element or element_type(values)
            opened.module.tables[name] = (Table(element), values)
            opened.names[name] = TableSymbol(element)

    def _table_type(self, text: Text, opened: Opened) -> Type | None:
        symbol = opened.scope.lookup(text)
        if isinstance(symbol, ColourSymbol) and isinstance(symbol.type, Enumeration):
            return symbol.type
        if text not in NAMED_TYPES or NAMED_TYPES[text] == DISTRIBUTION:
            self.problems.error("unknown-type", f"'{text}' is not a type of tables", text.span, nearest(text, NAMED_TYPES))
            return None
        return NAMED_TYPES[text]

    def _shapes(self, opened: Opened, colours: Colours) -> None:
        """Places and instances: the types of their indices, and the colour of places."""
        for name, declaration in (*opened.model.places.items(), *opened.model.ports.items()):
            opened.dims[name] = self._dims(name, declaration, opened)
            colour = colours.of_place(declaration, opened)
            opened.names[name] = PlaceSymbol(tuple(dim.type for dim in opened.dims[name]), colour)
        for name, instance in opened.model.instances.items():
            used = opened.uses.get(instance.module)
            if used is None:
                hint = nearest(instance.module, opened.uses) or "declare it under 'modules'"
                self.problems.error("unknown-module", f"there is no module '{instance.module}'", instance.module.span, hint)
                continue
            loops, _ = parse_list(instance.loops, opened.scope, self.problems)
            opened.instance_loops[name] = loops
            opened.names[name] = InstanceSymbol(used, tuple(loop.type for loop in loops), self.opened[used].scope)

    def _dims(self, name: str, declaration: PlaceDeclaration, opened: Opened) -> tuple[Loop, ...]:
        """What a place is an array over. An index without a name is called `i`, if it is the only one."""
        dims: list[Loop] = []
        for position, text in enumerate(declaration.over):
            if " in " in text:
                parsed = parse_loop(text, text.span, self.problems, text.exact)
                loop = None if parsed is None else checked_loop(parsed, opened.scope, self.problems)
            else:
                domain = parse_domain(text, text.span, self.problems, text.exact)
                found = None if domain is None else check_domain(domain, opened.scope, self.problems)
                variable = INDEX if len(declaration.over) == 1 else f":{position}"
                loop = None if found is None else Loop(variable, found[1], found[0], text.span)
            if loop is not None and isinstance(loop.domain, (Range, Values)):
                dims.append(loop)
            elif loop is not None:
                self.problems.error("wrong-domain", f"'{name}' cannot be an array over this", text.span)
        return tuple(dims)


def _plain_numbers(texts: tuple[Text, ...]) -> tuple[int | float, ...] | None:
    """The values of a table of numbers as YAML has read them; a resolved net's may have a hundred thousand. None if any is an expression."""
    values = [text.value for text in texts]
    if not all(type(value) in (int, float) for value in values):
        return None
    return tuple(value for value in values if isinstance(value, int | float))
