"""The matchers between a selector's braces. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, cast

from analytics.promql.errors import BadQuery
from analytics.promql.regexes import BadRegex, pattern
from analytics.promql.tokens import Token, refuse, tokens, unquote, where
from analytics.promql.tree import Selector
from analytics.series.matching import Matcher, Operator

NAME = "__name__"
MATCH_OPERATORS = frozenset({"=", "!=", "=~", "!~"})


def matchers_at(text: str, found: Sequence[Token], index: int) -> tuple[list[Matcher], int]:
    """Read `{...}` at a token, if it stands there; return the token behind it. Raises BadQuery."""
    if not _is_mark(found[index], "{"):
        return [], index
    index += 1
    matchers: list[Matcher] = []
    while not _is_mark(found[index], "}"):
        matcher, index = _matcher(text, found, index)
        matchers.append(matcher)
        if not _is_mark(found[index], "}", ","):
            _unexpected(text, found[index], '"," or "}"')
        index += _is_mark(found[index], ",")
    return matchers, index + 1


def parse_selector(text: str) -> list[Matcher]:
    """Read one series selector, as `match[]` takes it; the name is a matcher too. Raises BadQuery."""
    found = tokens(text)
    first = found[0]
    is_name = first.kind in ("identifier", "metric", "keyword") or first.text.isidentifier()
    name = text[first.start : first.end] if is_name and first.kind != "end" else ""
    if not name and not _is_mark(first, "{"):
        refuse(text, first.start, f"unexpected {first.shown}")
    matchers, index = matchers_at(text, found, 1 if name else 0)
    if found[index].kind != "end":
        refuse(text, found[index].start, f"unexpected {found[index].shown}")
    selector = Selector(start=0, end=found[index].start, name=name, matchers=matchers)
    check_selector(selector, text)
    return all_matchers(selector)


def all_matchers(selector: Selector) -> list[Matcher]:
    """Give a selector's matchers, the name's included."""
    if not selector.name:
        return selector.matchers
    return [*selector.matchers, Matcher(NAME, "=", selector.name)]


def check_selector(selector: Selector, text: str) -> None:
    """Refuse a selector with two names, or one that would select everything. Raises BadQuery."""
    if selector.name:
        for matcher in selector.matchers:
            if matcher.name == NAME:
                refuse(
                    text,
                    selector.start,
                    f'metric name must not be set twice: "{selector.name}" or "{matcher.value}"',
                )
    elif all(matches(matcher, "") for matcher in selector.matchers):
        problem = "vector selector must contain at least one non-empty matcher"
        refuse(text, selector.start, problem)


def matches(matcher: Matcher, value: str) -> bool:
    """Tell whether a matcher takes a label's value. Raises BadRegex."""
    if matcher.op in ("=", "!="):
        return (matcher.value == value) is (matcher.op == "=")
    return bool(pattern(matcher.value).fullmatch(value)) is (matcher.op == "=~")


def _is_mark(token: Token, *texts: str) -> bool:
    return token.kind == "mark" and token.text in texts


def _unexpected(text: str, token: Token, expected: str) -> NoReturn:
    refuse(text, token.start, f"unexpected {token.shown} in label matching, expected {expected}")


def _matcher(text: str, found: Sequence[Token], index: int) -> tuple[Matcher, int]:
    label = found[index]
    if label.kind not in ("identifier", "string"):
        _unexpected(text, label, 'identifier or "}"')
    name = unquote(text, label) if label.kind == "string" else label.text
    operator = found[index + 1]
    if label.kind == "string" and _is_mark(operator, ",", "}"):
        return Matcher(NAME, "=", name), index + 1
    if operator.kind != "operator" or operator.text not in MATCH_OPERATORS:
        _unexpected(text, operator, "label matching operator")
    value = found[index + 2]
    if value.kind != "string":
        _unexpected(text, value, "string")
    matcher = Matcher(name, cast("Operator", operator.text), unquote(text, value))
    if operator.text in ("=~", "!~"):
        try:
            pattern(matcher.value)
        except BadRegex as problem:
            problem_at = f"error parsing regexp: {problem}"
            raise BadQuery(
                f"{where(text, label.start)}: parse error: {problem_at}", label.start
            ) from None
    return matcher, index + 3
