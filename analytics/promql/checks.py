"""Whether a tree makes sense: types and numbers of arguments. Pure."""

from __future__ import annotations

from typing import NoReturn

from analytics.promql.selectors import check_selector
from analytics.promql.signatures import OF_NATIVE_HISTOGRAMS
from analytics.promql.tokens import refuse
from analytics.promql.tree import (
    COMPARISONS,
    SET_OPERATORS,
    SHOWN_TYPES,
    Aggregation,
    Binary,
    Call,
    Selector,
    Subquery,
    Tree,
    Type,
    Unary,
    children,
)


def check(tree: Tree, text: str) -> None:
    """Refuse what cannot be computed, in Prometheus's words. Raises BadQuery."""
    _Checker(text).node(tree)


class _Checker:
    def __init__(self, text: str) -> None:
        self.text = text

    def refuse(self, node: Tree, problem: str) -> NoReturn:
        refuse(self.text, node.start, problem)

    def node(self, tree: Tree) -> None:
        """Check all nodes; a loop, since chains of operators may be long."""
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            waiting += reversed(self.below(node))
            match node:
                case Selector():
                    check_selector(node, self.text)
                case Aggregation():
                    self.aggregation(node)
                case Call():
                    self.call(node)
                case Unary():
                    self.unary(node)
                case Subquery():
                    self.subquery(node)
                case Binary():
                    self.binary(node)

    def below(self, node: Tree) -> list[Tree]:
        """Give what is checked by itself: info()'s selector may be empty."""
        is_info = isinstance(node, Call) and node.function.name == "info"
        return children(node)[:1] if is_info else children(node)

    def info(self, selector: Tree) -> None:
        if not isinstance(selector, Selector):
            self.refuse(selector, "expected label selectors only")
        if selector.name:
            self.refuse(selector, "expected label selectors only, got vector selector instead")

    def expect(self, node: Tree, wanted: Type, context: str) -> None:
        if node.type != wanted:
            given = SHOWN_TYPES[node.type]
            self.refuse(node, f"expected type {SHOWN_TYPES[wanted]} in {context}, got {given}")

    def aggregation(self, node: Aggregation) -> None:
        self.expect(node.inner, "vector", "aggregation expression")
        if node.parameter is not None:
            wanted: Type = "string" if node.op == "count_values" else "scalar"
            self.expect(node.parameter, wanted, "aggregation parameter")

    def unary(self, node: Unary) -> None:
        if node.inner.type not in ("scalar", "vector"):
            self.refuse(
                node,
                "unary expression only allowed on expressions of type scalar or instant vector,"
                f' got "{SHOWN_TYPES[node.inner.type]}"',
            )

    def subquery(self, node: Subquery) -> None:
        if node.inner.type != "vector":
            self.refuse(
                node, f"subquery is only allowed on instant vector, got {node.inner.type} instead"
            )

    def call(self, node: Call) -> None:
        function, given = node.function, len(node.arguments)
        if function.name in OF_NATIVE_HISTOGRAMS:
            self.refuse(
                node, f'"{function.name}" acts on native histograms, which are not supported'
            )
        self.count(node, given)
        if function.name == "info" and given == 2:
            self.info(node.arguments[1])
        for place, argument in enumerate(node.arguments):
            wanted = function.takes[min(place, len(function.takes) - 1)]
            self.expect(argument, wanted, f'call to function "{function.name}"')

    def count(self, node: Call, given: int) -> None:
        function = node.function
        name, needed = function.name, len(function.takes)
        if not function.variadic:
            if given != needed:
                self.refuse(node, f'expected {needed} argument(s) in call to "{name}", got {given}')
            return
        least = needed - 1
        if given < least:
            self.refuse(
                node, f'expected at least {least} argument(s) in call to "{name}", got {given}'
            )
        most = least + function.variadic
        if function.variadic > 0 and given > most:
            self.refuse(
                node, f'expected at most {most} argument(s) in call to "{name}", got {given}'
            )

    def binary(self, node: Binary) -> None:
        types = (node.left.type, node.right.type)
        self.operator(node)
        for side in (node.left, node.right):
            if side.type not in ("scalar", "vector"):
                self.refuse(
                    side, "binary expression must contain only scalar and instant vector types"
                )
        matching = node.matching
        if "scalar" in types and matching.labels:
            self.refuse(node, "vector matching only allowed between instant vectors")
        if node.op in SET_OPERATORS:
            if "scalar" in types:
                self.refuse(
                    node, f'set operator "{node.op}" not allowed in binary scalar expression'
                )
            if matching.group:
                self.refuse(node, f'no grouping allowed for "{node.op}" operation')

    def operator(self, node: Binary) -> None:
        position = self.operator_at(node)
        if node.gives_bool and node.op not in COMPARISONS:
            refuse(self.text, position, "bool modifier can only be used on comparison operators")
        both_scalars = node.left.type == node.right.type == "scalar"
        if node.op in COMPARISONS and not node.gives_bool and both_scalars:
            refuse(self.text, position, "comparisons between scalars must use BOOL modifier")
        if node.matching.on:
            for label in node.matching.labels:
                if label in node.matching.include:
                    refuse(
                        self.text,
                        position,
                        f'label "{label}" must not occur in ON and GROUP clause at once',
                    )

    def operator_at(self, node: Binary) -> int:
        between = self.text[node.left.end : node.right.start]
        return node.left.end + len(between) - len(between.lstrip())
