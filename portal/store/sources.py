"""A source answers a question with a frame; `ask` is how everybody asks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.core.cache import cache

from portal.lib.one_at_a_time import OneAtATime
from portal.lib.registry import Registry
from portal.lib.row_rights import ALL, RowRights
from portal.store import client, native, nodes, persons
from portal.store.cluster import placed
from portal.store.frame import Frame, Meta
from portal.store.models import Epoch
from portal.store.query import Query, TimeRange
from portal.store.restricting import Limits, restricted

CACHE_BUCKET = timedelta(seconds=5)
ASKED = OneAtATime()  # in this process


@dataclass(frozen=True)
class Question:
    """What is asked of a source, as of which moment, and with whose row rights."""

    params: Mapping[str, Any]
    window: TimeRange | None
    as_of: datetime
    rights: RowRights = ALL
    epoch: Epoch = field(default_factory=Epoch.current)

    def __post_init__(self) -> None:
        # In another zone a moment less a minute is an hour off, or a day, where clocks change.
        object.__setattr__(self, "as_of", self.as_of.astimezone(UTC))

    @property
    def person(self) -> str:
        """The SQL expression that reads an event's person at this epoch."""
        return persons.expression(pending=self.epoch.pending_overrides > 0)

    def run(self, query: Query) -> tuple[client.Result, Meta]:
        """Run one query of this question; returns the columns and what they cost.

        Raises MayNotRead, client.QueryFailed, client.EngineUnavailable.
        """
        query = self._placed(query)
        result = client.run(query)
        return result, self._cost(query, result)

    def read_columns(self, query: Query) -> tuple[native.Columns, Meta]:
        """Run one query of millions of rows; returns arrays and what they cost."""
        query = self._placed(query)
        result = client.read_columns(query)
        return result.columns, self._cost(query, result)

    @property
    def limits(self) -> Limits:
        """Return what no query of this question may read."""
        return Limits(self.rights, self.person, self.epoch.unread)

    def _placed(self, query: Query) -> Query:
        """Return the query as this engine runs it for this asker: alone, or as a cluster of shards.

        The one place where rights to rows are enforced; portal.store.guarded for typed SQL.
        """
        on = nodes.cluster()
        found = placed(query, on, is_settled=self.epoch.pending_overrides == 0)
        return restricted(found, self.limits, nodes.database(), on)

    def _cost(self, query: Query, result: client.Result | client.Columns) -> Meta:
        # How many rows were read tells of those that the asker may not see.
        tells = self.rights.is_all
        return Meta(
            as_of=self.as_of,
            elapsed_ms=result.elapsed_ms,
            rows_read=result.rows_read if tells else 0,
            bytes_read=result.bytes_read if tells else 0,
            sql=(readable(query),),
        )


class Source(Protocol):
    """One kind of question. `run` raises FieldError for parameters it cannot use."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    def run(self, question: Question) -> Frame: ...


sources: Registry[Source] = Registry("source")


def dataset(name: str) -> str:
    """Return the kind of the source behind a named dataset (a widget's `source: "dataset"`)."""
    return f"dataset.{name}"


def ask(kind: str, question: Question, *, refresh: bool = False) -> Frame:
    """Answer from the cache or from the source.

    One evaluation serves everybody who asks the same within CACHE_BUCKET and has the same row
    rights; whoever asks while it runs waits for it. Raises UnknownKind, FieldError, client.QueryFailed, client.EngineUnavailable.
    """
    source = sources.get(kind)
    key = cache_key(kind, question)
    found: Frame | None = None if refresh else cache.get(key)
    if found is not None:
        return from_cache(found)
    with ASKED.alone(key) as has_waited:
        found = cache.get(key) if has_waited and not refresh else None
        if found is not None:
            return from_cache(found)
        frame = source.run(question)
        cache.set(key, frame, timeout=2 * CACHE_BUCKET.total_seconds())
    return frame


def from_cache(frame: Frame) -> Frame:
    return replace(frame, meta=replace(frame.meta, cached=True))


def cache_key(kind: str, question: Question) -> str:
    """Name an answer by everything that can change it."""
    bucket = int(question.as_of.timestamp() // CACHE_BUCKET.total_seconds())
    parts = (kind, sorted(question.params.items(), key=str), question.window, bucket)
    text = repr((*parts, question.rights, question.epoch.number))
    return f"frame:{hashlib.sha256(text.encode()).hexdigest()}"


def readable(query: Query) -> str:
    """Show the SQL with the values of its parameters, as a comment under it."""
    values = "\n".join(f"-- {name} = {value!r}" for name, value in query.params.items())
    return f"{query.sql.strip()}\n{values}".strip()
