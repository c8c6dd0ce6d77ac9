"""What a person who gets an empty answer should know. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analytics.promql.errors import BadQuery
from analytics.promql.labels import OF_THE_METRIC, only, shown, without
from analytics.promql.outcome import Labels, Outcome, Side, Unmatched
from analytics.promql.parse import parse
from analytics.promql.tree import SET_OPERATORS, Selector, Tree, children

MOST_HINTS = 10


@dataclass(frozen=True)
class Hint:
    """A remark on the characters `start` to `end`; `suggestion` is a whole query, if there is one."""

    message: str
    start: int
    end: int
    suggestion: str | None = None


def hints(query: str, outcome: Outcome) -> list[Hint]:
    """Explain why parts of an answer are empty: operators that match nothing, selectors too."""
    found = [_of_operator(query, one) for one in outcome.unmatched]
    return (found + list(_of_selectors(query, outcome)))[:MOST_HINTS]


def _of_selectors(query: str, outcome: Outcome) -> Iterator[Hint]:
    empty = {node.text for node in outcome.stats.nodes if not node.series}
    try:
        tree = parse(query, experimental_functions=True)
    except BadQuery:
        return
    for selector in _selectors(tree):
        text = query[selector.start : selector.end].strip()
        if text in empty:
            message = f"{text} has no series with samples in this range."
            yield Hint(message, selector.start, selector.end)


def _selectors(tree: Tree) -> Iterator[Selector]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Selector):
            yield node
        waiting += reversed(children(node))


def _of_operator(query: str, unmatched: Unmatched) -> Hint:
    left, right = unmatched.left, unmatched.right
    shared = _shared(left.series, right.series)
    message = (
        f"{unmatched.op} matched nothing: no series on its left has the same labels as one on its"
        f" right. {_difference(left.series, right.series, shared)}"
    )
    replaced = _suggestion(query, unmatched, shared)
    whole = query[: left.start] + replaced + query[right.end :]
    return Hint(message, left.start, right.end, whole)


def _shared(left: Sequence[Labels], right: Sequence[Labels]) -> list[str]:
    """Name the labels that both sides have, with at least one value in common."""
    ours, theirs = _values(left), _values(right)
    return [name for name, values in ours.items() if values & theirs.get(name, set())]


def _values(series: Sequence[Labels]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for labels in series:
        for name, value in labels:
            if name not in OF_THE_METRIC:
                found.setdefault(name, set()).add(value)
    return found


def _difference(left: Sequence[Labels], right: Sequence[Labels], shared: Sequence[str]) -> str:
    ours, theirs = _values(left), _values(right)
    parts = [
        _listed("Only the left has", ours.keys() - theirs.keys()),
        _listed("Only the right has", theirs.keys() - ours.keys()),
        _listed("Never equal", (ours.keys() & theirs.keys()) - set(shared)),
    ]
    pair = (shown(without(side[0], OF_THE_METRIC)) for side in (left, right))
    return " ".join([*filter(None, parts), f"For example {' against '.join(pair)}."])


def _listed(words: str, names: set[str]) -> str:
    return f"{words}: {', '.join(sorted(names))}." if names else ""


def _suggestion(query: str, unmatched: Unmatched, shared: Sequence[str]) -> str:
    left, right = (query[side.start : side.end] for side in (unmatched.left, unmatched.right))
    named = ", ".join(shared)
    if unmatched.op in SET_OPERATORS:
        return f"{left} {unmatched.op} on ({named}) {right}"
    if shared and _is_unique(unmatched.right, shared):
        many = "" if _is_unique(unmatched.left, shared) else " group_left ()"
        return f"{left} {unmatched.op} on ({named}){many} {right}"
    by = f" by ({named}) " if shared else ""
    return f"sum{by}({left}) {unmatched.op} sum{by}({right})"


def _is_unique(side: Side, names: Sequence[str]) -> bool:
    return len({only(labels, names) for labels in side.series}) == len(side.series)
