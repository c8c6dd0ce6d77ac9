"""A query as Prometheus writes it: on one line, or over several where it is long. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from analytics.promql.errors import BadQuery
from analytics.promql.parse import parse
from analytics.promql.selectors import all_matchers
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
    children,
)
from analytics.promql.writing import value_text
from analytics.series.matching import Matcher

LINE = 100  # what is longer is split
INDENT = "  "
MOST_LINKS = 200
PLAIN_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UNITS = (
    ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000),
    ("m", 60_000), ("s", 1_000), ("ms", 1),
)  # fmt: skip
# These are written only where nothing is left beside them: 90d is easier to read than 12w6d.
WHOLE_ONLY = frozenset("yw")


def formatted(query: str) -> str:
    """Return the query over lines. Raises BadQuery."""
    tree = parse(query, experimental_functions=True)
    links, node = 0, tree
    while isinstance(node, Binary):
        links, node = links + 1, node.left
    if links > MOST_LINKS:
        raise BadQuery(f"a chain of more than {MOST_LINKS} operators is not formatted", tree.start)
    return split(tree, 0)


def split(node: Tree, level: int) -> str:
    """Write a node at a level of indentation; on one line where that is short enough."""
    line, before = text(node), INDENT * level
    if isinstance(node, Unary):
        return f"{before}{node.op}{split(node.inner, level).strip()}"
    return before + line if len(line) <= LINE else several_lines(node, level)


def several_lines(node: Tree, level: int) -> str:
    before = INDENT * level
    match node:
        case Aggregation() | Call():
            inside = ",\n".join(split(one, level + 1) for one in children(node))
            written = f"{before}{head(node)}(\n{inside}\n{before})"
        case Binary():
            sides = split(node.left, level + 1), split(node.right, level + 1)
            written = f"{sides[0]}\n{before}{operator(node)}\n{sides[1]}"
        case Parentheses():
            written = f"{before}(\n{split(node.inner, level + 1)}\n{before})"
        case Subquery():
            written = f"{split(node.inner, level)}{suffix(node)}"
        case _:
            written = before + text(node)
    return written


def text(node: Tree) -> str:
    """Write a node on one line."""
    match node:
        case Aggregation() | Call():
            written = f"{head(node)}({', '.join(map(text, children(node)))})"
        case Binary():
            written = f"{text(node.left)} {operator(node)} {text(node.right)}"
        case Parentheses():
            written = f"({text(node.inner)})"
        case Unary():
            written = f"{node.op}{text(node.inner)}"
        case Subquery():
            written = f"{text(node.inner)}{suffix(node)}"
        case Number():
            written = number(node)
        case _:
            written = leaf(node)
    return written


def number(node: Number) -> str:
    if not node.is_duration:
        return value_text(node.value)
    return f"{'-' if node.value < 0 else ''}{duration(round(abs(node.value) * 1000))}"


def leaf(node: Text | Selector | RangeSelector) -> str:
    if isinstance(node, Text):
        return quoted(node.value)
    if isinstance(node, Selector):
        return f"{series(node)}{moved(node)}"
    return f"{series(node.selector)}[{duration(node.range_ms)}]{moved(node.selector)}"


def head(node: Aggregation | Call) -> str:
    """Write what stands before the parentheses."""
    if isinstance(node, Call):
        return node.function.name
    if node.without:
        return f"{node.op} without ({named(node.labels)}) "
    return f"{node.op} by ({named(node.labels)}) " if node.labels else node.op


def operator(node: Binary) -> str:
    return f"{node.op}{' bool' if node.gives_bool else ''}{matching(node.matching)}"


def matching(found: Matching) -> str:
    written = ""
    if found.labels or found.on or found.group:
        written = f" {'on' if found.on else 'ignoring'} ({named(found.labels)})"
    if found.group:
        written += f" group_{found.group} ({named(found.include)})"
    return written


def label(name: str) -> str:
    return name if PLAIN_LABEL.fullmatch(name) else quoted(name)


def named(labels: Sequence[str]) -> str:
    return ", ".join(map(label, labels))


def series(node: Selector) -> str:
    """Write a selector without its offset; the metric's name stands before the braces."""
    others = [one for one in all_matchers(node) if one != Matcher("__name__", "=", node.name)]
    inside = sorted(f"{label(one.name)}{one.op}{quoted(one.value)}" for one in others)
    return f"{node.name}{{{','.join(inside)}}}" if inside else node.name


def moved(node: Selector | Subquery) -> str:
    back = node.offset_ms or 0
    sign = "-" if back < 0 else ""
    offset = f" offset {sign}{duration(abs(back))}" if back else ""
    return f"{when(node.when)}{offset}"


def when(at: When | None) -> str:
    if at is None:
        return ""
    return f" @ {at.edge}()" if at.at_ms is None else f" @ {at.at_ms / 1000:.3f}"


def suffix(node: Subquery) -> str:
    step = duration(node.step_ms) if node.step_ms else ""
    return f"[{duration(node.range_ms)}:{step}]{moved(node)}"


def duration(ms: int) -> str:
    """Write a duration in the largest units."""
    written, rest = "", ms
    for unit, size in UNITS:
        if unit in WHOLE_ONLY and rest % size:
            continue
        if count := rest // size:
            written, rest = f"{written}{count}{unit}", rest % size
    return written or "0s"


def quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
