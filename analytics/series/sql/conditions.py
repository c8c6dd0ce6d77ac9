"""Label matchers as conditions on the table of series. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.series.matching import Matcher

NAME = "__name__"
SIGNS = {"=": "=", "!=": "!="}
Params = dict[str, object]


def condition(sets: Sequence[Sequence[Matcher]], params: Params) -> str:
    """Return the condition on a series that it passes all matchers of one of the sets.

    No set means every series. What the condition compares with goes into `params`.
    """
    if not sets:
        return "1"
    return " OR ".join(f"({_of_set(matchers, params)})" for matchers in sets)


def _of_set(matchers: Sequence[Matcher], params: Params) -> str:
    return " AND ".join(_of_one(matcher, params) for matcher in matchers) or "1"


def _of_one(matcher: Matcher, params: Params) -> str:
    compared = _named("value", params)
    if matcher.op in SIGNS:
        params[compared] = matcher.value
        return f"{column(matcher.name, params)} {SIGNS[matcher.op]} {{{compared}:String}}"
    params[compared] = rf"\A(?s:{matcher.value})\z"
    found = f"match({column(matcher.name, params)}, {{{compared}:String}})"
    return f"NOT {found}" if matcher.op == "!~" else found


def column(label: str, params: Params) -> str:
    """Return the expression of a label's value; the empty text where a series has it not."""
    if label == NAME:
        return "name"
    named = _named("label", params)
    params[named] = label
    return f"labels[{{{named}:String}}]"


def _named(kind: str, params: Params) -> str:
    """Return a parameter's name that is not taken, and take it."""
    name = f"{kind}_{len(params)}"
    params[name] = ""
    return name
