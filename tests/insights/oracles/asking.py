"""What all insights have in common: a question's range, filters and cohorts, read from its JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.insights.events import Event
from tests.insights.oracles import cohorts
from tests.insights.oracles.calendar import Calendar
from tests.insights.oracles.world import UNSET, Json, Label, World, compares, instant, label_of


@dataclass(frozen=True)
class Asked:
    """A question's body about a world, as of a moment."""

    world: World
    body: Json
    as_of: datetime

    def __post_init__(self) -> None:
        # Where a day was skipped, a moment of another zone less a day is off by one more.
        object.__setattr__(self, "as_of", self.as_of.astimezone(UTC))

    @property
    def zone(self) -> str:
        return str(self.body.get("time_zone", "UTC"))

    @property
    def start(self) -> datetime:
        return instant(self.body["from"], self.zone)

    @property
    def end(self) -> datetime:
        return instant(self.body["to"], self.zone)

    def calendar(self, interval: str = "") -> Calendar:
        return Calendar(
            interval or self.body.get("interval", "day"), self.zone,
            self.body.get("week_start", "monday"),
        )  # fmt: skip

    def is_meant(self, event: Event, name: str | None, *filters: Iterable[Json]) -> bool:
        """Tell whether an event has the name (None: any) and passes all lists of filters."""
        return name in {None, event.name} and all(
            self.passes(event, one) for several in filters for one in several
        )

    def passes(self, event: Event, one: Json) -> bool:
        if "cohort" in one:
            who = self.world.who(event)
            is_in = who is not None and cohorts.holds(self.world, one["cohort"], who, self.as_of)
            return is_in if one.get("op", "in") == "in" else not is_in
        value = one.get("value")
        if one["property"] == "$timestamp" and isinstance(value, str):
            value = instant(value, self.zone)
        return compares(self.world.held(event, one), one["op"], value)

    def meant(self, name: str | None, *filters: Iterable[Json]) -> list[Event]:
        return [event for event in self.world.events if self.is_meant(event, name, *filters)]


def within(events: Iterable[Event], start: datetime, end: datetime) -> list[Event]:
    return [event for event in events if start <= event.at < end]


def shown(value: Any) -> Label:
    """Read a breakdown's value out of an answer."""
    return UNSET if value == "$none" else label_of(value)


def ranked(totals: Iterable[tuple[Label, float]]) -> list[Label]:
    """Order breakdown values by total, then by name."""
    order = sorted(totals, key=lambda pair: (-pair[1], name_of(pair[0][1]), pair[0][0]))
    return [label for label, _ in order]


def name_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.15g}"
