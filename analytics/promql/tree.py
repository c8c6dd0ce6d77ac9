"""What a query means, as a tree. Pure.

Every node knows where it stands (`start`, `end`: characters of the query), what it gives (`type`),
and how deep the tree below it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from analytics.series.matching import Matcher

Type = Literal["scalar", "vector", "matrix", "string"]
SHOWN_TYPES = {
    "scalar": "scalar", "vector": "instant vector", "matrix": "range vector", "string": "string",
}  # fmt: skip
SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})


@dataclass(frozen=True, slots=True)
class When:
    """The `@` of a selector: a time in milliseconds, or the query's own start or end."""

    at_ms: int | None
    edge: Literal["start", "end"] | None = None


@dataclass(kw_only=True)
class Node:
    start: int
    end: int
    depth: int = 1


@dataclass(kw_only=True)
class Number(Node):
    """A number; `5m` is 300, and `is_duration`."""

    value: float
    is_duration: bool = False
    type: ClassVar[Type] = "scalar"


@dataclass(kw_only=True)
class Text(Node):
    value: str
    type: ClassVar[Type] = "string"


@dataclass(kw_only=True)
class Selector(Node):
    """Series by name and labels; `name` is the name that stands before the braces."""

    name: str
    matchers: list[Matcher]
    offset_ms: int | None = None
    when: When | None = None
    type: ClassVar[Type] = "vector"


@dataclass(kw_only=True)
class RangeSelector(Node):
    selector: Selector
    range_ms: int
    type: ClassVar[Type] = "matrix"


@dataclass(kw_only=True)
class Subquery(Node):
    """`step_ms` is 0 where the default step is meant."""

    inner: Tree
    range_ms: int
    step_ms: int
    offset_ms: int | None = None
    when: When | None = None
    type: ClassVar[Type] = "matrix"


@dataclass(kw_only=True)
class Parentheses(Node):
    inner: Tree

    @property
    def type(self) -> Type:
        return self.inner.type


@dataclass(kw_only=True)
class Unary(Node):
    op: Literal["+", "-"]
    inner: Tree

    @property
    def type(self) -> Type:
        return self.inner.type


@dataclass(kw_only=True)
class Call(Node):
    function: Function
    arguments: list[Tree]

    @property
    def type(self) -> Type:
        return self.function.gives


@dataclass(kw_only=True)
class Aggregation(Node):
    op: str
    inner: Tree
    parameter: Tree | None = None
    labels: list[str] = field(default_factory=list)
    without: bool = False
    grouped: bool = False
    type: ClassVar[Type] = "vector"


@dataclass(frozen=True)
class Matching:
    """How two vectors are matched. `on` false: ignoring `labels`; `group` is the many side."""

    on: bool = False
    labels: tuple[str, ...] = ()
    group: Literal["left", "right"] | None = None
    include: tuple[str, ...] = ()
    written: bool = False


@dataclass(kw_only=True)
class Binary(Node):
    op: str
    left: Tree
    right: Tree
    matching: Matching
    gives_bool: bool = False
    # Kept, not computed when asked: chains of operators are too long for that.
    type: Type = field(init=False)

    def __post_init__(self) -> None:
        both_scalars = self.left.type == self.right.type == "scalar"
        self.type = "scalar" if both_scalars else "vector"


@dataclass(frozen=True)
class Function:
    """A function's signature.

    `variadic`: how many times the last argument may be left out or repeated; -1 without end. 0: all
    arguments are needed.
    """

    name: str
    takes: tuple[Type, ...]
    gives: Type = "vector"
    variadic: int = 0
    experimental: bool = False


Tree = (
    Number | Text | Selector | RangeSelector | Subquery | Parentheses | Unary | Call | Aggregation
    | Binary
)  # fmt: skip


def children(node: Tree) -> list[Tree]:
    """Give the nodes right below one, in the order of the text."""
    match node:
        case RangeSelector():
            return [node.selector]
        case Subquery() | Parentheses() | Unary():
            return [node.inner]
        case Call():
            return node.arguments
        case Aggregation():
            return [node.inner] if node.parameter is None else [node.parameter, node.inner]
        case Binary():
            return [node.left, node.right]
    return []


def bare(node: Tree) -> Tree:
    """Give what stands inside parentheses."""
    while isinstance(node, Parentheses):
        node = node.inner
    return node
