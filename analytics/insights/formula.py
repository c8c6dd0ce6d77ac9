"""Formulas over series: A, B, … with + - * /, parentheses and numbers. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z])(?![A-Za-z])|([-+*/()]))"
)
MAX_LENGTH = 200
MAX_DEPTH = 30


class BadFormula(ValueError):
    """The text is no formula; the message says where and why."""


@dataclass(frozen=True)
class Negated:
    inner: Tree


@dataclass(frozen=True)
class Operation:
    operator: str
    left: Tree
    right: Tree


Tree = float | str | Negated | Operation


@dataclass(frozen=True)
class Formula:
    """A parsed formula; letters stand for series in their order."""

    text: str
    tree: Tree

    @cached_property
    def letters(self) -> frozenset[str]:
        return frozenset(_letters(self.tree))

    def value(self, values: Mapping[str, float | None]) -> float | None:
        """Compute from one number a letter; None where one is missing or a divisor is zero."""
        try:
            result = _value(self.tree, values)
        except OverflowError:
            return None
        return result if result is not None and math.isfinite(result) else None


def parse_formula(text: str) -> Formula:
    """Parse a formula. Raises BadFormula."""
    if len(text) > MAX_LENGTH:
        raise BadFormula(f"A formula has {MAX_LENGTH} characters at most.")
    parser = _Parser(text)
    tree = parser.sum(0)
    if parser.ahead:
        raise parser.problem("an operator")
    formula = Formula(text.strip(), tree)
    if not formula.letters:
        raise BadFormula("A formula needs a series: A is the first one.")
    return formula


class _Parser:
    """Recursive descent; `ahead` is the token that comes next, empty at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.ahead = ""
        self.advance()

    def advance(self) -> str:
        taken = self.ahead
        found = TOKEN.match(self.text, self.position)
        if found:
            self.ahead, self.start = found.group().strip(), found.end()
            self.position = found.end()
        elif self.text[self.position :].strip():
            self.ahead = self.text[self.position :].split()[0]
            raise self.problem("a series letter, a number or one of + - * / ( )")
        else:
            self.ahead = ""
        return taken

    def problem(self, wanted: str) -> BadFormula:
        if not self.ahead:
            return BadFormula(f"The formula ends where {wanted} should stand.")
        place = self.text.find(self.ahead, max(0, self.position - len(self.ahead))) + 1
        return BadFormula(f"At character {place}: {self.ahead!r} stands where {wanted} should.")

    def sum(self, depth: int) -> Tree:
        left = self.product(depth)
        while self.ahead in {"+", "-"}:
            left = Operation(self.advance(), left, self.product(depth))
        return left

    def product(self, depth: int) -> Tree:
        left = self.factor(depth)
        while self.ahead in {"*", "/"}:
            left = Operation(self.advance(), left, self.factor(depth))
        return left

    def factor(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise BadFormula(f"A formula is nested {MAX_DEPTH} levels at most.")
        if self.ahead == "-":
            self.advance()
            return Negated(self.factor(depth + 1))
        if self.ahead == "(":
            self.advance()
            inner = self.sum(depth + 1)
            if self.ahead != ")":
                raise self.problem("a closing parenthesis")
            self.advance()
            return inner
        return self.operand()

    def operand(self) -> Tree:
        if self.ahead.isalpha():
            return self.advance().upper()
        if self.ahead and (self.ahead[0].isdigit() or self.ahead[0] == "."):
            return float(self.advance())
        raise self.problem("a series letter or a number")


def _letters(tree: Tree) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    if isinstance(tree, Negated):
        return _letters(tree.inner)
    if isinstance(tree, Operation):
        return _letters(tree.left) | _letters(tree.right)
    return set()


def _value(tree: Tree, values: Mapping[str, float | None]) -> float | None:
    if isinstance(tree, str):
        return values.get(tree)
    if isinstance(tree, Negated):
        inner = _value(tree.inner, values)
        return None if inner is None else -inner
    if isinstance(tree, Operation):
        return _applied(tree.operator, _value(tree.left, values), _value(tree.right, values))
    return tree


def _applied(operator: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    return None if right == 0 else left / right
