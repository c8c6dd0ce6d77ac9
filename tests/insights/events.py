"""Put events straight into the engine, as the writer leaves them there; oracles count them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson

from analytics.ingest.identities import Id
from analytics.insights.kept import reading
from portal.store import client

_number = count(1)


@dataclass(frozen=True)
class Event:
    """One event of the tests; `user`, else `anonymous`, is its person; with neither it is nobody's.

    `position` is its place in its batch; left out, it is that among the events loaded with it.
    """

    name: str
    at: datetime
    user: str = ""
    session: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    platform: str = ""
    version: str = ""
    service: str = ""
    environment: str = ""
    anonymous: str = ""
    position: int | None = None
    id: str = ""
    source: int = 0

    @property
    def key(self) -> Id | None:
        """Return the id that says whose event it is."""
        if self.user:
            return Id(self.user, is_user=True)
        return Id(self.anonymous, is_user=False) if self.anonymous else None

    @property
    def person(self) -> int:
        return self.key.number if self.key else 0


def person_of(user: str) -> int:
    return Id(user, is_user=True).number if user else 0


def scalars(event: Event, *kinds: type) -> dict[str, Any]:
    return {name: value for name, value in event.properties.items() if type(value) in kinds}


def columns(events: list[Event]) -> dict[str, Sequence[Any]]:
    return {
        "day": [event.at.astimezone(UTC).date() for event in events],
        "name": [event.name for event in events],
        "actor": [event.person for event in events],
        "person": [event.person for event in events],
        "ts": [event.at for event in events],
        "position": [
            place if event.position is None else event.position
            for place, event in enumerate(events)
        ],
        "id": [event.id or f"event-{next(_number)}" for event in events],
        "source": [event.source for event in events],
        "user_id": [event.user for event in events],
        "anonymous_id": [event.anonymous for event in events],
        "session_id": [event.session for event in events],
        "platform": [event.platform for event in events],
        "version": [event.version for event in events],
        "service": [event.service for event in events],
        "environment": [event.environment for event in events],
        "received_at": [event.at for event in events],
        "strings": [scalars(event, str) for event in events],
        "numbers": [
            {k: float(v) for k, v in scalars(event, int, float).items()} for event in events
        ],
        "booleans": [scalars(event, bool) for event in events],
        "properties": [orjson.dumps(event.properties).decode() for event in events],
    }


def load(events: Iterable[Event], *, size: int = 20_000) -> list[Event]:
    """Make these the only events of the engine's database."""
    client.command("TRUNCATE TABLE events")
    client.command("TRUNCATE TABLE person_properties")
    reading.forget()
    return add(events, size=size)


def add(
    events: Iterable[Event], *, size: int = 20_000, persons: Callable[[Event], int] | None = None
) -> list[Event]:
    """Put more events into the engine; `persons` tells whose each is, else nothing joined its id."""
    loaded = list(events)
    for start in range(0, len(loaded), size):
        part = loaded[start : start + size]
        found = columns(part)
        if persons is not None:
            found |= {name: [persons(event) for event in part] for name in ("actor", "person")}
        client.insert("events", found, token=f"t{next(_number)}")
    return loaded


def person_property(user: str, key: str, value: Any, at: datetime) -> None:
    """Set a person's property as of a time, as the writer stores what `user_identified` says."""
    insert_facts([Fact(Id(user, is_user=True), key, value, at)])


@dataclass(frozen=True)
class Fact:
    """What an id's person was said to be, as of a time."""

    of: Id
    name: str
    value: Any
    at: datetime


def insert_facts(facts: Sequence[Fact]) -> None:
    """Store what is said of persons; each id is its own person as long as nothing joins it."""
    if not facts:
        return
    kinds = [type_of(one.value) for one in facts]
    told = list(zip(facts, kinds, strict=True))
    rows: dict[str, Sequence[Any]] = {
        "person": [one.of.number for one in facts],
        "key": [one.name for one in facts],
        "type": kinds,
        "string": [
            one.value if kind == "string" else orjson.dumps(one.value).decode()
            for one, kind in told
        ],
        "number": [float(one.value) if kind == "number" else 0.0 for one, kind in told],
        "boolean": [one.value is True for one in facts],
        "ts": [one.at for one in facts],
    }
    client.insert("person_properties", rows, token=f"p{next(_number)}")


def type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "json"
