"""The people behind a number: one page of a list of persons, with who they are.

Newest first by when they entered, then by person; a cursor is the place of the last one shown, so
that nobody is shown twice or left out when the list grows at its head.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import numpy as np
import orjson
from numpy.typing import NDArray

from analytics.insights.definitions.reading import Reader
from analytics.insights.journeys import array
from analytics.insights.lives import Life, ids
from analytics.insights.sql import people as sql
from analytics.insights.sql.events import moment
from portal.lib.field_error import FieldError
from portal.store.query import Query
from portal.store.sources import Question

Json = dict[str, Any]
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
NOTHING: Mapping[int, Life] = MappingProxyType({})


@dataclass(frozen=True)
class Members:
    """Persons and when each entered, in microseconds; in any order, each person once."""

    person: NDArray[np.uint64]
    entered: NDArray[np.int64]

    @classmethod
    def nobody(cls) -> Members:
        return cls(np.empty(0, np.uint64), np.empty(0, np.int64))


@dataclass(frozen=True)
class Place:
    """Where a page ended."""

    entered: int
    person: int

    def packed(self) -> str:
        return urlsafe_b64encode(orjson.dumps([self.entered, str(self.person)])).decode()


@runtime_checkable
class Peopled(Protocol):
    """A source that can say who is behind a number; `cell` names the fields that say which one."""

    @property
    def cell(self) -> tuple[str, ...]: ...

    def members(self, question: Question, cell: Reader) -> Members: ...


@dataclass(frozen=True)
class Asked:
    """A request for people: the cell's fields and the page, and the definition that is left."""

    cell: Reader
    limit: int
    after: Place | None
    params: Json


def parse_people(params: Mapping[str, Any], cell: Sequence[str]) -> Asked:
    """Split a request. Raises FieldError."""
    own = {"limit", "cursor", "compare", *cell}
    reader = Reader({name: value for name, value in params.items() if name in own})
    return Asked(
        reader,
        reader.integer("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT),
        place_of(reader.text("cursor", "")),
        {name: value for name, value in params.items() if name not in own},
    )


def members_of(question: Question, query: Query) -> Members:
    """Run a query of `who` and `at` (microseconds)."""
    columns, _ = question.read_columns(query)
    if not columns:
        return Members.nobody()
    return Members(array(columns["who"]), array(columns["at"]))


def instant_of(cell: Reader, name: str, zone: ZoneInfo) -> datetime:
    """Take a moment that an answer gave; without an offset it is the zone's. Raises FieldError."""
    text = cell.text(name)
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = "This must be a moment of the answer, such as 2026-03-01T00:00:00Z."
        raise FieldError(cell.at(name), message) from error


def place_of(cursor: str) -> Place | None:
    """Read a cursor. Raises FieldError."""
    if not cursor:
        return None
    try:
        entered, person = orjson.loads(urlsafe_b64decode(cursor.encode()))
        return Place(int(entered), int(person))
    except (binascii.Error, ValueError, TypeError) as error:
        message = "This is no cursor; take `next` of the answer before."
        raise FieldError("cursor", message) from error


def page(question: Question, members: Members, limit: int, after: Place | None) -> Json:
    """Return the contract's `people` and `next`."""
    order = np.lexsort((members.person, -members.entered))
    person, entered = members.person[order], members.entered[order]
    if after is not None:
        later = (entered < after.entered) | ((entered == after.entered) & (person > after.person))
        person, entered = person[later], entered[later]
    shown = [int(one) for one in person[:limit]]
    times = [int(at) for at in entered[:limit]]
    known = described(question, shown)
    rows = [
        known[one] | {"entered_at": moment(at).isoformat().replace("+00:00", "Z")}
        for one, at in zip(shown, times, strict=True)
    ]
    following = Place(times[-1], shown[-1]).packed() if person.size > limit else None
    return {"people": rows, "next": following}


def described(
    question: Question, persons: Sequence[int], known: Mapping[int, Life] = NOTHING
) -> dict[int, Json]:
    """Say who persons are: `person`, `user_id`, `anonymous` and today's `properties`.

    Whoever has no user id is named by an anonymous id, and marked. What is `known` of their lives
    says where to look for ids.
    """
    if not persons:
        return {}
    names = ids(persons, question, known)
    facts: dict[int, Json] = {one: {} for one in persons}
    rows, _ = question.run(sql.properties(persons, question.person))
    for who, key, latest in rows.rows():
        facts[who][key] = typed(*latest)
    return {
        one: {
            "person": str(one),
            "user_id": user_id or anonymous,
            "anonymous": not user_id,
            "properties": {k: v for k, v in facts[one].items() if v is not None},
        }
        for one in persons
        for user_id, anonymous in [names.get(one, ("", ""))]
    }


def typed(kind: str, string: str, number: float, boolean: bool) -> Any:
    """Read a person property's value as what it was sent as."""
    if kind == "number":
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if kind == "boolean":
        return bool(boolean)
    if kind == "null":
        return None
    return orjson.loads(string) if kind == "json" else string
