"""A cohort's rules in words: as one sentence, and line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from analytics.insights.counted import moment, phrase
from analytics.insights.counted_retention import named
from analytics.insights.definitions.cohorts import (
    Deed,
    Did,
    DidThen,
    Either,
    Every,
    FirstDid,
    Has,
    Listed,
    Not,
    Rule,
    Span,
    Stopped,
    rules_in,
    walked,
)
from analytics.insights.definitions.filters import InCohort, PropertyFilter

Line = tuple[int, str]
UNITS = (("week", timedelta(weeks=1)), ("day", timedelta(days=1)), ("hour", timedelta(hours=1)),
         ("minute", timedelta(minutes=1)), ("second", timedelta(seconds=1)))  # fmt: skip


def sentences(rule: Rule, as_of: datetime) -> list[str]:
    """Explain who is in a cohort."""
    return [_of_members(rule), *_of_nested(rule), *_of_time(rule, as_of), *_of_properties(rule)]


def _of_members(rule: Rule) -> str:
    if isinstance(rule, Listed):
        return (
            f"Everybody who has one of {len(rule.user_ids):,} listed user ids, and any event; several"
            " ids of one person count once."
        )
    return (
        f"Everybody with any event of whom this holds: {clause(rule)}. A person counts once, with"
        " all ids; events without any user id are nobody's."
    )


def _of_nested(rule: Rule) -> Iterator[str]:
    found = [one for one in rules_in(rule) if isinstance(one, InCohort) and one.known]
    for one in dict.fromkeys(found):
        if one.known:
            inside = (
                "a list of user ids"
                if isinstance(one.known.rule, Listed)
                else clause(one.known.rule)
            )
            yield f"“{one.name}”: {inside}."
            yield from _of_nested(one.known.rule)


def _of_time(rule: Rule, as_of: datetime) -> Iterator[str]:
    if not isinstance(rule, Listed):
        yield (
            f"As of {as_of:%Y-%m-%d %H:%M} UTC: days are counted back from that moment, 24 hours each,"
            " and what came later does not count."
        )


def _of_properties(rule: Rule) -> Iterator[str]:
    if compares_persons(rule):
        yield "Properties of persons are compared by today's value, whenever it was set."


def compares_persons(rule: Rule) -> bool:
    """Tell whether a rule, or a filter inside it, reads a property of the person."""
    found: list[PropertyFilter] = []

    def note(part: Any) -> Any:
        if isinstance(part, PropertyFilter) and part.property.of == "person":
            found.append(part)
        return part

    walked(rule, note)
    return bool(found)


def clause(rule: Rule) -> str:
    """Say a rule as one clause about “the person”."""
    if isinstance(rule, Every | Either):
        word = " and " if isinstance(rule, Every) else " or "
        parts = [clause(one) for one in rule.rules]
        return parts[0] if len(parts) == 1 else f"({word.join(parts)})"
    if isinstance(rule, Not):
        return f"not {clause(rule.rule)}"
    return _of_leaf(rule)


def lines(rule: Rule, depth: int = 0) -> list[Line]:
    """Say a rule line by line: how deep it stands, and the words."""
    if isinstance(rule, Every | Either) and len(rule.rules) > 1:
        word = "All of" if isinstance(rule, Every) else "Any of"
        return [(depth, word), *(line for one in rule.rules for line in lines(one, depth + 1))]
    if isinstance(rule, Every | Either):
        return lines(rule.rules[0], depth)
    if isinstance(rule, Not):
        return [(depth, "Not"), *lines(rule.rule, depth + 1)]
    text = _of_leaf(rule).removeprefix("the person ")
    return [(depth, text[:1].upper() + text[1:])]


def _of_leaf(rule: Rule) -> str:
    if isinstance(rule, Has):
        return phrase(rule.filter)
    if isinstance(rule, InCohort):
        return phrase(rule)
    if isinstance(rule, Listed):
        return f"the person has one of {len(rule.user_ids):,} listed user ids"
    return _of_deed(rule)


def _of_deed(rule: Rule) -> str:
    if isinstance(rule, Did):
        return _did(rule)
    if isinstance(rule, DidThen):
        return (
            f"the person did {words(rule.deed)} and then {words(rule.then)} within"
            f" {length(rule.within)}{during(rule.span)}"
        )
    if isinstance(rule, FirstDid):
        return f"the person did {words(rule.deed)} for the first time{during(rule.span)}"
    if isinstance(rule, Stopped):
        return (
            f"the person did {words(rule.deed)}{during(rule.span)}, but not in the last"
            f" {days(rule.days)}"
        )
    raise ValueError(f"no words for {type(rule).__name__}")


def _did(rule: Did) -> str:
    if rule.most == 0:
        return f"the person never did {words(rule.deed)}{during(rule.span)}"
    return f"the person did {words(rule.deed)} {often(rule)}{during(rule.span)}"


def often(rule: Did) -> str:
    if rule.most is None:
        return f"at least {times(rule.least)}"
    if rule.least == rule.most:
        return f"exactly {times(rule.most)}"
    if rule.least == 0:
        return f"at most {times(rule.most)}, or never"
    return f"{rule.least:,} to {times(rule.most)}"


def words(deed: Deed) -> str:
    return named(deed.event, deed.where)


def times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def days(number: int) -> str:
    return "day" if number == 1 else f"{number:,} days"


def length(span: timedelta) -> str:
    name, unit = next(one for one in UNITS if span % one[1] == timedelta(0))
    number = span // unit
    return f"{number:,} {name}{'s' if number != 1 else ''}"


def during(span: Span) -> str:
    if span.last_days is not None:
        return f" in the last {days(span.last_days)}"
    start = f" from {moment(span.start)}" if span.start else ""
    end = f" before {moment(span.end)}" if span.end else ""
    return f"{start}{' and' if start and end else ''}{end} UTC" if start or end else ""
