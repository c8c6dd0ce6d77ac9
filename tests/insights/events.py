"""Put events straight into the engine, as the writer leaves them there; oracles count them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson

from analytics.ingest.identities import Id
from portal.store import client

_number = count(1)


@dataclass(frozen=True)
class Event:
    """One event of the tests; `user` is its person too, the empty text is nobody."""

    name: str
    at: datetime
    user: str = ""
    session: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    platform: str = ""
    version: str = ""
    service: str = ""
    environment: str = ""

    @property
    def person(self) -> int:
        return person_of(self.user)


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
        "position": list(range(len(events))),
        "id": [f"event-{next(_number)}" for _ in events],
        "user_id": [event.user for event in events],
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
    loaded = list(events)
    for start in range(0, len(loaded), size):
        client.insert("events", columns(loaded[start : start + size]), token=f"t{next(_number)}")
    return loaded


def person_property(user: str, key: str, value: Any, at: datetime) -> None:
    """Set a person's property as of a time, as the writer stores what `user_identified` says."""
    kind = type_of(value)
    row: dict[str, Sequence[Any]] = {
        "person": [person_of(user)],
        "key": [key],
        "type": [kind],
        "string": [value if kind == "string" else orjson.dumps(value).decode()],
        "number": [float(value) if kind == "number" else 0.0],
        "boolean": [value is True],
        "ts": [at],
    }
    client.insert("person_properties", row, token=f"p{next(_number)}")


def type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "json"
