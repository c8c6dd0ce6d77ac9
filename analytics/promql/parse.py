"""A query's text as a tree, as Prometheus 3 reads it. Pure.

Written by hand rather than taken from PyPI: see docs/decisions on why. What is wrong is said in
Prometheus's words, with line and column.
"""

from __future__ import annotations

import math
from typing import Literal, NoReturn

from analytics.promql.checks import check
from analytics.promql.cursor import Cursor
from analytics.promql.errors import BadQuery
from analytics.promql.labels import quoted
from analytics.promql.literals import shown_number
from analytics.promql.selectors import matchers_at
from analytics.promql.signatures import EXPERIMENTAL_AGGREGATIONS, FUNCTIONS
from analytics.promql.tokens import AGGREGATORS, Token, unquote, where
from analytics.promql.tree import (
    Aggregation,
    Binary,
    Call,
    Matching,
    Number,
    Parentheses,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    Tree,
    Unary,
    When,
)

MOST_CHARACTERS = 200_000
# Deeper trees than this are refused: the evaluator walks them by recursion.
MOST_DEPTH = 120
PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2,
    "==": 3, "!=": 3, "<=": 3, "<": 3, ">=": 3, ">": 3, "</": 3, ">/": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6,
}  # fmt: skip
UNARY_BINDS = 6
NO_METRIC = frozenset({"bool", "on", "ignoring", "group_left", "group_right"})
TRIMS = frozenset({"</", ">/"})
WITH_PARAMETER = frozenset({"topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"})
RENAMED = {"holt_winters": "double_exponential_smoothing"}
EXPERIMENTAL_FLAG = "PORTAL_PROMQL_FEATURES=promql-experimental-functions"


def parse(text: str, *, experimental_functions: bool = False) -> Tree:
    """Read a query. Raises BadQuery."""
    if len(text) > MOST_CHARACTERS:
        raise BadQuery(f"a query has {MOST_CHARACTERS:,} characters at most", MOST_CHARACTERS)
    tree = _Parser(text, experimental_functions=experimental_functions).whole()
    check(tree, text)
    return tree


class _Parser(Cursor):
    """Recursive descent with operator precedence."""

    def __init__(self, text: str, *, experimental_functions: bool) -> None:
        super().__init__(text)
        self.experimental = experimental_functions
        self.nested = 0

    def whole(self) -> Tree:
        if self.is_at_end():
            raise BadQuery(f"{where(self.text, 0)}: parse error: no expression found in input", 0)
        tree = self.expression(0)
        if not self.is_at_end():
            self.unexpected()
        return tree

    def deeper(self, *below: Tree) -> int:
        depth = 1 + max((node.depth for node in below), default=0)
        if depth > MOST_DEPTH:
            self.refuse(f"the expression is nested more than {MOST_DEPTH} levels deep")
        return depth

    def expression(self, binds: int) -> Tree:
        """Read operators that bind tighter than `binds`."""
        self.nested += 1
        if self.nested > MOST_DEPTH:
            self.refuse(f"the expression is nested more than {MOST_DEPTH} levels deep")
        left = self.prefix()
        while self.ahead.kind == "operator":
            op, level = self.ahead.text, PRECEDENCE.get(self.ahead.text)
            if level is None or level <= binds:
                break
            left = self.binary(left, op, level)
        self.nested -= 1
        return left

    def binary(self, left: Tree, op: str, level: int) -> Binary:
        token = self.take()
        if op in TRIMS:
            self.refuse(
                f'the trim operator "{op}" acts on native histograms, which are not supported',
                token.start,
            )
        gives_bool = self.is_word("bool") and bool(self.take())
        matching = self.matching()
        right = self.expression(level - 1 if op == "^" else level)
        # A chain of operators is walked in a loop, not by recursion, so it is not deep.
        is_chain = isinstance(left, Binary)
        depth = max(left.depth, self.deeper(right)) if is_chain else self.deeper(left, right)
        return Binary(
            start=left.start, end=right.end, depth=depth, op=op, left=left, right=right,
            matching=matching, gives_bool=gives_bool,
        )  # fmt: skip

    def matching(self) -> Matching:
        if not self.is_word("on", "ignoring"):
            self.no_fill()
            return Matching()
        on = self.take().text == "on"
        labels = tuple(self.label_list())
        group: Literal["left", "right"] | None = None
        include: tuple[str, ...] = ()
        if self.is_word("group_left", "group_right"):
            group = "left" if self.take().text == "group_left" else "right"
            include = tuple(self.label_list()) if self.is_mark("(") else ()
        self.no_fill()
        return Matching(on, labels, group, include, written=True)

    def no_fill(self) -> None:
        if self.is_word("fill", "fill_left", "fill_right"):
            self.refuse(
                f'binop fill modifiers are experimental and not enabled: "{self.ahead.text}"'
            )

    def label_list(self) -> list[str]:
        """Read `(a, "b.c", by)`."""
        self.need("(", "grouping opts")
        labels: list[str] = []
        while not self.is_mark(")"):
            labels.append(self.label())
            if not self.is_mark(")", ","):
                self.unexpected("grouping opts", '"," or ")"')
            if self.is_mark(","):
                self.take()
        self.take()
        return labels

    def label(self) -> str:
        token = self.ahead
        if token.kind == "string":
            name = unquote(self.text, self.take())
            if not name:
                self.refuse('invalid label name "" in grouping', token.start)
            return name
        is_word = token.kind in ("keyword", "operator") and token.text.isidentifier()
        if token.kind == "identifier" or is_word:
            return self.text[token.start : self.take().end]
        return self.unexpected("grouping opts", "label")

    def prefix(self) -> Tree:
        if not self.is_word("+", "-"):
            return self.suffixes(self.primary())
        sign = self.take()
        inner = self.expression(UNARY_BINDS - 1)
        if isinstance(inner, Number):
            inner.value = -inner.value if sign.text == "-" else inner.value
            inner.start = sign.start
            return inner
        op: Literal["+", "-"] = "-" if sign.text == "-" else "+"
        return Unary(start=sign.start, end=inner.end, depth=self.deeper(inner), op=op, inner=inner)

    def primary(self) -> Tree:
        token = self.ahead
        if token.kind in ("number", "duration"):
            is_duration = token.kind == "duration"
            value = self.number()
            return Number(start=token.start, end=token.end, value=value, is_duration=is_duration)
        if token.kind == "string":
            self.take()
            return Text(start=token.start, end=token.end, value=unquote(self.text, token))
        if self.is_mark("("):
            return self.parentheses()
        if self.is_mark("{"):
            return self.selector()
        return self.named()

    def parentheses(self) -> Parentheses:
        opening = self.take()
        inner = self.expression(0)
        if not self.is_mark(")"):
            self.unexpected()
        end = self.take().end
        return Parentheses(start=opening.start, end=end, depth=self.deeper(inner), inner=inner)

    def named(self) -> Tree:
        token = self.ahead
        following = self.tokens[min(self.index + 1, len(self.tokens) - 1)]
        calls = following.kind == "mark" and following.text == "("
        grouped = following.kind == "keyword" and following.text in ("by", "without")
        if token.kind == "keyword" and token.text in AGGREGATORS and (calls or grouped):
            return self.aggregation()
        if calls and (
            token.kind == "identifier" or token.text in ("start", "end", "step", "range")
        ):
            return self.call()
        is_word = token.kind in ("keyword", "operator") and token.text.isidentifier()
        if token.kind in ("identifier", "metric") or (
            is_word and token.text not in NO_METRIC and token.text != "atan2"
        ):
            return self.selector()
        return self.unexpected()

    def call(self) -> Call:
        name = self.take()
        function = FUNCTIONS.get(self.text[name.start : name.end])
        if function is None:
            self.refuse_function(name)
        arguments = self.arguments(function_arguments=True)
        if function.experimental and not self.experimental:
            self.refuse(
                f'function "{function.name}" is not enabled: it is experimental in Prometheus;'
                f" {EXPERIMENTAL_FLAG} lets it in",
                name.start,
            )
        return Call(
            start=name.start, end=self.last_end, depth=self.deeper(*arguments), function=function,
            arguments=arguments,
        )  # fmt: skip

    def refuse_function(self, name: Token) -> NoReturn:
        text = self.text[name.start : name.end]
        renamed = f"; Prometheus 3 calls it {RENAMED[text]}" if text in RENAMED else ""
        self.refuse(f"unknown function with name {quoted(text)}{renamed}", name.start)

    def arguments(self, *, function_arguments: bool) -> list[Tree]:
        self.take()
        found: list[Tree] = []
        while not self.is_mark(")"):
            found.append(self.expression(0))
            if self.is_mark(","):
                comma = self.take()
                if self.is_mark(")"):
                    self.refuse("trailing commas not allowed in function call args", comma.start)
            elif not self.is_mark(")"):
                self.unexpected("aggregation" if not function_arguments else "")
        self.take()
        return found

    def aggregation(self) -> Aggregation:
        op = self.take()
        grouping = self.grouping()
        if not self.is_mark("("):
            self.unexpected("aggregation")
        arguments = self.arguments(function_arguments=False)
        if grouping is None:
            grouping = self.grouping()
        without, labels = grouping or (False, [])
        needed = 2 if op.text in WITH_PARAMETER else 1
        self.check_aggregation(op, len(arguments), needed)
        return Aggregation(
            start=op.start, end=self.last_end, depth=self.deeper(*arguments), op=op.text,
            inner=arguments[-1], parameter=arguments[0] if needed == 2 else None, labels=labels,
            without=without, grouped=grouping is not None,
        )  # fmt: skip

    def grouping(self) -> tuple[bool, list[str]] | None:
        if not self.is_word("by", "without"):
            return None
        return self.take().text == "without", self.label_list()

    def check_aggregation(self, op: Token, given: int, needed: int) -> None:
        if not given:
            self.refuse("no arguments for aggregate expression provided", op.start)
        if op.text in EXPERIMENTAL_AGGREGATIONS and not self.experimental:
            self.refuse(
                f"{op.text}() is experimental and must be enabled with {EXPERIMENTAL_FLAG}",
                op.start,
            )
        if given != needed:
            self.refuse(
                "wrong number of arguments for aggregate expression provided,"
                f" expected {needed}, got {given}",
                op.start,
            )

    def selector(self) -> Selector:
        start, name = self.ahead.start, ""
        if not self.is_mark("{"):
            token = self.take()
            name = self.text[token.start : token.end]
        matchers, self.index = matchers_at(self.text, self.tokens, self.index)
        return Selector(start=start, end=self.last_end, name=name, matchers=matchers)

    def suffixes(self, node: Tree) -> Tree:
        """Read ranges, offset and @ behind an expression."""
        while True:
            if self.is_mark("["):
                node = self.brackets(node)
            elif self.is_word("offset"):
                self.offset(node)
            elif self.is_word("@"):
                self.at(node)
            elif self.is_word("anchored", "smoothed"):
                self.refuse(
                    f"{self.ahead.text} modifier is experimental and not enabled", node.start
                )
            else:
                return node

    def brackets(self, node: Tree) -> RangeSelector | Subquery:
        opening = self.take()
        range_ms = self.duration("subquery or range selector")
        if not self.is_mark(":"):
            self.need("]", "subquery or range", '":" or "]"')
            selector = self.checked_range(node, opening)
            return RangeSelector(
                start=node.start, end=self.last_end, depth=self.deeper(node), selector=selector,
                range_ms=range_ms,
            )  # fmt: skip
        self.take()
        step_ms = 0 if self.is_mark("]") else self.duration("subquery selector")
        self.need("]", "subquery selector")
        return Subquery(
            start=node.start, end=self.last_end, depth=self.deeper(node), inner=node,
            range_ms=range_ms, step_ms=step_ms,
        )  # fmt: skip

    def checked_range(self, node: Tree, opening: Token) -> Selector:
        if not isinstance(node, Selector):
            self.refuse("ranges only allowed for vector selectors", opening.start)
        if node.offset_ms is not None:
            self.refuse("no offset modifiers allowed before range", opening.start)
        if node.when is not None:
            self.refuse("no @ modifiers allowed before range", opening.start)
        return node

    def duration(self, context: str) -> int:
        """Read a positive duration inside brackets."""
        position = self.ahead.start
        ms = self.plain_duration(context)
        if ms <= 0:
            self.refuse("duration must be greater than 0", position)
        if self.ahead.kind == "operator":
            self.refuse_duration_expression()
        return ms

    def offset(self, node: Tree) -> None:
        self.take()
        sign = self.take().text if self.is_word("+", "-") else "+"
        ms = self.plain_duration("offset")
        target = self.target(node, "offset modifier")
        if target.offset_ms:
            self.refuse("offset may not be set multiple times", node.start)
        target.offset_ms = -ms if sign == "-" else ms
        target.end = node.end = self.last_end

    def at(self, node: Tree) -> None:
        self.take()
        when = self.when(node)
        target = self.target(node, "@ modifier")
        if target.when is not None:
            self.refuse("@ <timestamp> may not be set multiple times", node.start)
        target.when = when
        target.end = node.end = self.last_end

    def when(self, node: Tree) -> When:
        if self.is_word("start", "end"):
            edge = self.take().text
            self.need("(", "@")
            self.need(")", "@")
            return When(None, "start" if edge == "start" else "end")
        sign = self.take().text if self.is_word("+", "-") else "+"
        if self.ahead.kind not in ("number", "duration"):
            self.unexpected("@", "timestamp")
        seconds = -self.number() if sign == "-" else self.number()
        if not abs(seconds) < 2**63:
            shown = f"{seconds:f}" if math.isfinite(seconds) else shown_number(seconds)
            self.refuse(f"timestamp out of bounds for @ modifier: {shown}", node.start)
        # Go rounds half away from zero.
        return When(int(math.copysign(math.floor(abs(seconds) * 1000 + 0.5), seconds)))

    def target(self, node: Tree, modifier: str) -> Selector | Subquery:
        if isinstance(node, RangeSelector):
            return node.selector
        if isinstance(node, Selector | Subquery):
            return node
        return self.refuse(
            f"{modifier} must be preceded by an instant vector selector or range vector selector"
            " or a subquery",
            node.start,
        )
