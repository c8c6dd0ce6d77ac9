"""The shop's 90 days up to now, in order of time."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from analytics.collect.demo.company import (
    Event,
    customer,
    hour_of_day,
    visit,
    visits_on,
)

DAYS = 90
SEED = 20_240_607
NEW_SHARE = 0.26  # of the visits are somebody's first


class History:
    """Tells each day after the other; who has come and who has signed up grows.

    `told_days` less than DAYS tells only the last ones, of customers who all come first then.
    """

    def __init__(self, last_day: date, realm: int, *, told_days: int = DAYS) -> None:
        self.told_days = told_days
        self.realm = realm
        self.first_day = last_day - timedelta(days=DAYS - 1)
        self.chance = random.Random(SEED)  # noqa: S311  # a made-up shop
        self.customers = 0
        self.known_from: dict[int, float] = {}  # the day, with its fraction, of the sign-up
        self.events = 0

    def expected_events(self) -> int:
        """Estimate how many events there will be, for a progress bar."""
        days = range(DAYS - self.told_days, DAYS)
        return round(3.85 * sum(visits_on(day, self._date(day).weekday()) for day in days))

    def _date(self, day: int) -> date:
        return self.first_day + timedelta(days=day)

    def days(self, now: datetime) -> Iterator[list[Event]]:
        """Return the events of each day, oldest first; nothing of them lies after `now`."""
        for day in range(DAYS - self.told_days, DAYS):
            date_ = self._date(day)
            midnight = datetime(date_.year, date_.month, date_.day, tzinfo=UTC)
            until_s = min(86_400.0, (now - midnight).total_seconds())
            yield self._day(day, date_, until_s)

    def _day(self, day: int, date_: date, until_s: float) -> list[Event]:
        timed: list[tuple[float, Event]] = []
        for at_s, number in sorted(self._visitors(visits_on(day, date_.weekday()))):
            moment = day + at_s / 86_400
            one = visit(
                customer(number, self.realm),
                is_known=moment >= self.known_from.get(number, math.inf),
                at_s=at_s,
                day=moment,
                chance=self.chance,
            )
            if one.is_known and one.at_s < 86_400:  # what is after midnight is left out below
                self.known_from.setdefault(number, day + one.at_s / 86_400)
            timed += one.events
        timed.sort(key=lambda pair: pair[0])
        prefix = date_.isoformat()
        return [self._stamped(event, prefix, at_s) for at_s, event in timed if at_s < until_s]

    def _visitors(self, visits: int) -> Iterator[tuple[float, int]]:
        """Return who comes when, in seconds since midnight."""
        for _ in range(visits):
            number = self._somebody()
            country = customer(number, self.realm).country
            yield hour_of_day(country, self.chance) * 3600, number

    def _somebody(self) -> int:
        """Choose a new customer, or one who came before, the recent ones more often."""
        if self.customers < 50 or self.chance.random() < NEW_SHARE:
            self.customers += 1
            return self.customers
        ago = int(self.chance.expovariate(1 / (30 + self.customers * 0.22)))
        return max(1, self.customers - ago)

    def _stamped(self, event: Event, prefix: str, at_s: float) -> Event:
        self.events += 1
        ms = int(at_s * 1000)
        minutes, rest = divmod(ms, 60_000)
        hour, minute = divmod(minutes, 60)
        seconds, ms = divmod(rest, 1000)
        event["id"] = f"{prefix}-{self.events}"
        event["timestamp"] = f"{prefix}T{hour:02}:{minute:02}:{seconds:02}.{ms:03}Z"
        return event
