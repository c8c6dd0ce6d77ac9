"""Who is in a cohort, decided by looking at one person's events with each rule. (SEMANTICS 6)"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.ingest.identities import Id
from tests.insights.events import Event
from tests.insights.oracles.world import Json, World, compares, instant

OLDEST = datetime(1900, 1, 1, tzinfo=UTC)
UNITS = {
    "second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1),
    "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=30),
}  # fmt: skip


def holds(world: World, number: int, who: Id, as_of: datetime) -> bool:
    return in_rule(world, world.cohorts[number], who, as_of)


def in_rule(world: World, rule: Json, who: Id, as_of: datetime) -> bool:
    """Decide one rule for one person with any event."""

    def inner(one: Json) -> bool:
        return in_rule(world, one, who, as_of)

    if "cohort" in rule:
        is_in: bool = rule.get("op", "in") == "in"
        return holds(world, rule["cohort"], who, as_of) == is_in
    if "and" in rule or "or" in rule:
        return all(map(inner, rule["and"])) if "and" in rule else any(map(inner, rule["or"]))
    if "not" in rule:
        return not inner(rule["not"])
    if "user_ids" in rule:
        return any(world.person(Id(one, is_user=True)) == who for one in rule["user_ids"])
    if "property" in rule:
        return compares(world.fact(who, rule["property"]), rule["op"], rule.get("value"))
    return behaved(Behavior(world, rule, who, as_of))


class Behavior:
    """One rule about what a person did."""

    def __init__(self, world: World, rule: Json, who: Id, as_of: datetime) -> None:
        self.world, self.rule, self.who, self.as_of = world, rule, who, as_of

    def span(self) -> tuple[datetime, datetime]:
        if self.rule.get("last_days"):
            return self.as_of - timedelta(days=self.rule["last_days"]), self.as_of
        start, end = self.rule.get("from"), self.rule.get("to")
        until = instant(end, "UTC") if end else self.as_of
        return instant(start, "UTC") if start else OLDEST, min(until, self.as_of)

    def times(self, name: str, where: str = "where") -> list[tuple[datetime, Event]]:
        """Return when the person did it, up to the moment, in order."""
        return [
            (event.at, event) for event in self.world.people().get(self.who, ())
            if event.at < self.as_of and self.rule[name] in {None, event.name}
            and all(compares(self.world.held(event, one), one["op"], one.get("value"))
                    for one in self.rule.get(where, ()))
        ]  # fmt: skip

    def inside(self, name: str) -> list[tuple[datetime, Event]]:
        start, end = self.span()
        return [pair for pair in self.times(name) if start <= pair[0] < end]


def behaved(asked: Behavior) -> bool:
    rule = asked.rule
    if "then" in rule:
        within = rule["within"]["value"] * UNITS[rule["within"].get("unit", "day")]
        return any(
            first <= then <= first + within and one is not other
            for first, one in asked.inside("did")
            for then, other in asked.times("then", "then_where")
        )
    if "did" in rule:
        return is_often_enough(rule, len(asked.inside("did")))
    if "first_did" in rule:
        start, end = asked.span()
        first = min((at for at, _ in asked.times("first_did")), default=None)
        return first is not None and start <= first < end
    quiet = asked.as_of - timedelta(days=rule["for_days"])
    return bool(asked.inside("stopped")) and all(at < quiet for at, _ in asked.times("stopped"))


def is_often_enough(rule: Any, count: int) -> bool:
    if "exactly" in rule:
        return bool(count == rule["exactly"])
    least = rule.get("at_least", 0 if "at_most" in rule else 1)
    return bool(least <= count <= rule.get("at_most", count))
