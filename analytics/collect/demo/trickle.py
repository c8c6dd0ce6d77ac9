"""Keep the sample shop alive: `python -m analytics.collect.demo.trickle --data-dir DIR`.

A visit begins every few seconds; its events arrive one after the other, as they happen. The rate
is a few times that of the history's evenings: more would bury the 90 days in every chart.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from analytics.collect.demo import note
from analytics.collect.demo.company import Event, customer, hour_of_day, visit
from analytics.collect.demo.history import DAYS, NEW_SHARE
from analytics.collect.demo.sending import NotTaken, Sender
from analytics.collect.demo.services import EVERY_S, Services, as_body

VISITS_PER_S = 0.12  # with about five events each
TICK_S = 1.0
IDLE_S = 5.0
LONGEST_GAP_S = 5.0  # after a pause of the machine, nobody streams in at once
HURRY = 6  # visits go on faster than in the history, so that a cart is seen to be paid
AWAKE_TRIES = 3


@dataclass
class Street:
    """Visits under way. `at` below is seconds since the epoch."""

    customers: int
    realm: int
    chance: random.Random
    waiting: list[tuple[float, int, Event]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)
    signed_up: set[int] = field(default_factory=set)

    def let_in(self, at: float, expected: float) -> None:
        """Let about so many visitors in; which fraction of one, chance decides."""
        while expected > 0:
            if self.chance.random() < expected:
                self.begin_visit(at)
            expected -= 1

    def begin_visit(self, at: float) -> None:
        """Let somebody in; their events wait for their moment."""
        number = self._somebody(at)
        is_new = number > self.customers
        self.customers = max(self.customers, number)
        one = visit(
            customer(number, self.realm),
            is_known=not is_new and self._is_known(number),
            at_s=0.0,
            day=float(DAYS + 1),
            chance=self.chance,
        )
        if one.is_known:
            self.signed_up.add(number)
        for after_s, event in one.events:
            heapq.heappush(self.waiting, (at + after_s / HURRY, next(self.numbers), event))

    def due(self, at: float) -> list[Event]:
        """Take what has happened by now, with id and time."""
        found = []
        while self.waiting and self.waiting[0][0] <= at:
            moment, _, event = heapq.heappop(self.waiting)
            stamp = datetime.fromtimestamp(moment, tz=UTC).isoformat(timespec="milliseconds")
            event["id"] = f"live-{self.chance.getrandbits(64):016x}"
            event["timestamp"] = stamp.replace("+00:00", "Z")
            found.append(event)
        return found

    def _somebody(self, at: float) -> int:
        """Choose a customer in whose country it is not the middle of the night, mostly."""
        hour = at % 86_400 / 3600
        number = 1
        for _ in range(AWAKE_TRIES):
            is_new = self.chance.random() < NEW_SHARE
            number = self.customers + 1 if is_new else self.chance.randint(1, self.customers)
            if abs(hour_of_day(customer(number, self.realm).country, self.chance) - hour) < 4:
                break
        return number

    def _is_known(self, number: int) -> bool:
        # Nobody notes who signed up in the history; half of those who came back had.
        return number in self.signed_up or number % 2 == 0


@dataclass
class Shop:
    """What is sent of all that happens: events as they come, metrics every EVERY_S seconds."""

    sender: Sender
    services: Services
    prefix: str
    realm: int
    told: int = 0  # the slot

    def tell(self, events: list[Event], at: float) -> None:
        """Count and send; raises NotTaken."""
        for event in events:
            self.services.serve(event)
        if events:
            self.sender.send(events)
        if (slot := int(at // EVERY_S)) != self.told:
            self.told = slot
            found = self.services.sample(slot * EVERY_S)
            self.sender.measure(as_body(found, self.prefix, self.realm))


def run(
    street: Street, shop: Shop, *, clock: Callable[[], float], goes_on: Callable[[], bool]
) -> None:
    """Send what happens, tick by tick. While the portal takes nothing, visits go on unseen."""
    last = clock()
    while goes_on():
        at = clock()
        street.let_in(at, VISITS_PER_S * min(at - last, LONGEST_GAP_S))
        last = at
        try:
            shop.tell(street.due(at), at)
        except NotTaken as problem:
            sys.stderr.write(f"{problem}\n")


def follow(data_dir: Path, url: str) -> None:
    """Run as long as there is a sample company; wait for one while there is none."""
    found = note.read(data_dir)
    if found is None or not found.is_complete:
        time.sleep(IDLE_S)
        return

    def goes_on() -> bool:
        time.sleep(TICK_S)
        return note.file_of(data_dir).exists()

    chance = random.Random()  # noqa: S311  # a made-up shop
    street = Street(max(1, found.customers), found.source, chance)
    sender = Sender(url or found.url, found.key)
    shop = Shop(sender, Services(chance), found.prefix, found.source)
    run(street, shop, clock=time.time, goes_on=goes_on)  # noqa: TID251  # the edge
    sender.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--url", default="", help="the portal's address, if not that of the load")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        while True:
            follow(options.data_dir, options.url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
