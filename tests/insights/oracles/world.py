"""What one small data set says: events in order, who is one person, and which filters hold.

Written from the definitions (SEMANTICS 2 and 3, docs/questions.md), knowing nothing of the product.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from analytics.ingest.identities import Id
from tests.insights.events import Event, Fact

Json = Mapping[str, Any]
Label = tuple[str, Any]  # a breakdown's value: its type, and itself
UNSET: Label = ("", "$none")
BUILT_INS: dict[str, Callable[[Event], Any]] = {
    "$name": lambda event: event.name,
    "$user_id": lambda event: event.user or None,
    "$session_id": lambda event: event.session or None,
    "$platform": lambda event: event.platform or None,
    "$version": lambda event: event.version or None,
    "$service": lambda event: event.service or None,
    "$environment": lambda event: event.environment or None,
    "$timestamp": lambda event: event.at,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge,
    "<": operator.lt, "<=": operator.le,
    "contains": lambda held, value: value in held,
    "not_contains": lambda held, value: value not in held,
    "regex": lambda held, value: re.search(value, held) is not None,
    "in": lambda held, values: held in values,
    "not_in": lambda held, values: held not in values,
}  # fmt: skip


@dataclass(frozen=True)
class Join:
    """Two ids that are said to be one person."""

    user: Id
    other: Id


class World:
    """All events of some persons; `cohorts` are the definitions that filters may name by id."""

    def __init__(
        self,
        events: Iterable[Event],
        joins: Iterable[Join] = (),
        facts: Sequence[Fact] = (),
        cohorts: Mapping[int, Any] | None = None,
    ) -> None:
        self.events = sorted(events, key=in_order)
        self.persons = joined(joins)
        self.facts = facts
        self.cohorts = cohorts or {}

    def without(self, one: Id | None) -> World:
        """Return what is left when an id's person is erased."""
        left = copy(self)
        gone = one and self.person(one)
        left.events = [event for event in self.events if self.who(event) != gone]
        left.facts = [fact for fact in self.facts if self.person(fact.of) != gone]
        return left

    def who(self, event: Event) -> Id | None:
        """Return the person of an event; nobody is None."""
        return None if event.key is None else self.person(event.key)

    def person(self, one: Id) -> Id:
        return self.persons.get(one, one)

    def people(self) -> dict[Id, list[Event]]:
        """Return each person's events in order."""
        found: dict[Id, list[Event]] = {}
        for event in self.events:
            who = self.who(event)
            if who is not None:
                found.setdefault(who, []).append(event)
        return found

    def fact(self, who: Id | None, name: str) -> Any:
        """Return a person's property as of today."""
        known = [one for one in self.facts if one.name == name and self.person(one.of) == who]
        return max(known, key=lambda one: one.at).value if known else None

    def held(self, event: Event, asked: Json) -> Any:
        """Return the value of a filter's or breakdown's property; None when not set."""
        if asked.get("of", "event") == "person":
            return self.fact(self.who(event), asked["property"])
        built_in = BUILT_INS.get(asked["property"])
        return built_in(event) if built_in else event.properties.get(asked["property"])

    def label(self, event: Event, asked: Json) -> Label:
        """Return the value that a breakdown counts an event for."""
        return label_of(self.held(event, asked))


def label_of(value: Any) -> Label:
    """Tell values of different types apart, which Python takes for equal; no scalar is not set."""
    return (kind_of(value), value) if isinstance(value, str | bool | int | float) else UNSET


def in_order(event: Event) -> tuple[datetime, int, str]:
    return event.at, event.position or 0, event.id


def joined(joins: Iterable[Join]) -> dict[Id, Id]:
    """Return who each joined id is; an anonymous id stays with the first person it was joined to."""
    groups: dict[Id, set[Id]] = {}
    for join in joins:
        if not join.other.is_user and join.other in groups:
            continue
        group = groups.get(join.user, {join.user}) | groups.get(join.other, {join.other})
        groups |= dict.fromkeys(group, group)
    return {one: min(group, key=lambda o: (o.is_user, o.value)) for one, group in groups.items()}


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else type(value).__name__


def compares(held: Any, op: str, value: Any) -> bool:
    """Decide a comparison: only what is set and of the value's type can hold."""
    if op in {"is_set", "is_not_set"}:
        return (held is not None) == (op == "is_set")
    if op in {"in", "not_in"}:
        alike = [one for one in value if held is not None and kind_of(one) == kind_of(held)]
        return bool(alike) and (held in alike) == (op == "in")
    if held is None or kind_of(held) != kind_of(value):
        return False
    return COMPARISONS[op](held, value)


def instant(text: str, zone: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
