"""Parameters of a model by their texts, of which some are computed from others: their values. Models are not read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from spn.distributions.base import Distribution
from spn.expressions.check import check, check_delay
from spn.expressions.parse import parse_expression
from spn.expressions.scope import ParameterSymbol, Scope, Symbol
from spn.expressions.tree import DelayCall, Expression
from spn.resolver.scopes import names_in
from spn.sweeps.values import distribution, folded_at
from spn.text.positioned import Text
from spn.text.problems import Problems


@final
@dataclass(slots=True)
class Computed:
    """Reads parameters that are computed from each other."""

    texts: Mapping[str, str]
    trees: dict[str, Expression | None] = field(default_factory=dict)

    def tree(self, name: str) -> Expression | None:
        """The value of a parameter; None for what is no number, truth value or distribution."""
        if name not in self.trees:
            self.trees[name] = None  # a circle has no value
            self.trees[name] = self.read(Text(self.texts[name]), Problems())
        return self.trees[name]

    def read(self, text: Text, problems: Problems, delay: bool = False) -> Expression | None:
        """The value of a text over the parameters; as a delay, if it has to be one."""
        node = parse_expression(text, text.span, problems, text.exact)
        if node is None:
            return None
        known = {name: self.tree(name) for name in names_in(node) if name in self.texts}
        symbols: dict[str, Symbol] = {name: ParameterSymbol(tree.type) for name, tree in known.items() if tree is not None}
        scope = Scope(symbols)
        found = check_delay(node, scope, problems) if delay else check(node, scope, None, problems)
        return None if found is None else folded_at(found, {name: tree for name, tree in known.items() if tree is not None}, problems)

    def delay(self, text: Text, problems: Problems) -> Distribution | None:
        tree = self.read(text, problems, delay=True)
        return distribution(tree) if isinstance(tree, DelayCall) else None
