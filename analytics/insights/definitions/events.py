"""A list of events: which ones, how many, and where the page before ended. Pure."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from analytics.insights.definitions.filters import MAX_FILTERS, Filter, parse_filter
from analytics.insights.definitions.reading import Reader
from portal.lib.field_error import FieldError

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100


@dataclass(frozen=True)
class Place:
    """An event's place in the list: by time, then source and id, which are unique together."""

    at_us: int
    source: int
    id: str

    def packed(self) -> str:
        return urlsafe_b64encode(orjson.dumps([self.at_us, self.source, self.id])).decode()


@dataclass(frozen=True)
class EventList:
    """A checked list definition; `after` is the last place of the page before."""

    name: str = ""
    user_id: str = ""
    where: tuple[Filter, ...] = ()
    limit: int = DEFAULT_LIMIT
    after: Place | None = None
    person: int | None = None  # of a person's timeline; nobody asks for it by name


def parse_event_list(body: Mapping[str, Any], zone: ZoneInfo) -> EventList:
    """Read the parameters of GET /api/v1/events without the time range. Raises FieldError."""
    reader = Reader(body)
    found = EventList(
        name=reader.text("name", ""),
        user_id=reader.text("user_id", ""),
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        limit=reader.integer("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT),
        after=place_of(reader.text("cursor", "")),
    )
    reader.finish()
    return found


def place_of(text: str) -> Place | None:
    """Read a cursor. Raises FieldError."""
    if not text:
        return None
    try:
        at_us, source, event_id = orjson.loads(urlsafe_b64decode(text.encode()))
        return Place(int(at_us), int(source), str(event_id))
    except (binascii.Error, ValueError, TypeError) as error:
        message = "This is no cursor; take `next` of the answer before."
        raise FieldError("cursor", message) from error
