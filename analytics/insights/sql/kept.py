"""The rows that are kept of a day, and what tells whether they are still right. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from analytics.insights.definitions.filters import Filter, Property, PropertyFilter
from analytics.insights.definitions.trend import Breakdown, Series
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.trend import Source, key_by
from portal.store.query import Query, TimeRange

# Part of every selection's name: to be raised when its rows come to mean something else.
FORMAT = 1
Mark = tuple[str | None, tuple[Filter, ...]]  # an event (None: any) and filters of its own


@dataclass(frozen=True)
class KeptSelection:
    """Rows of persons' events that depend on nothing but the events of their day.

    A row's bit k says that it passes marks[k]; rows that pass none are left out, and with one mark
    only there is no mask. `is_ordered` keeps a person's events of one instant in their order
    (SEMANTICS 2), else they are ordered by their mask. `has_sessions` tells the session of each, and
    lets those events in that are nobody's but have one.
    """

    marks: tuple[Mark, ...]
    where: tuple[Filter, ...] = ()
    dimension: Property | None = None
    is_ordered: bool = False
    has_sessions: bool = False

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the events that can be among the rows; None when any can."""
        names = {event for event, _ in self.marks}
        return None if None in names else tuple(sorted(map(str, names)))

    @property
    def is_keepable(self) -> bool:
        """Tell whether the rows of a day change only when its events do."""
        filters = [*self.where, *(one for _, filters in self.marks for one in filters)]
        is_of_event = self.dimension is None or self.dimension.of == "event"
        return is_of_event and all(
            isinstance(one, PropertyFilter) and one.property.of == "event" for one in filters
        )

    @property
    def name(self) -> str:
        """Name the selection by all that its rows depend on."""
        own = (FORMAT, self.marks, self.where, self.dimension, self.is_ordered)
        return repr((*own, "sessions") if self.has_sessions else own)

    def rows(self, window: TimeRange, person: str, instants: Iterable[int] | None = None) -> Query:
        """Ask for the rows of a window; with `instants` (microseconds) for those of then, in order.

        Columns: `who` (UInt64), `t` (microseconds), with several marks `mask`, with a dimension
        `key` (typed text, '' when not set), when ordered `position`, and with sessions `session`
        (UInt64, 0 where the event says none).
        """
        params = Params()
        columns = [f"{person} AS who", "toUnixTimestamp64Micro(ts) AS t"]
        is_in = f"({person} != 0 OR session_id != '')" if self.has_sessions else f"{person} != 0"
        found = [is_in, *self._named(params)]
        if len(self.marks) > 1:
            columns.append(f"toUInt32({' + '.join(self._bits(params, person))}) AS mask")
            found.append("mask != 0")
        else:
            found += [condition(one, params, person) for one in self.marks[0][1]]
        if self.dimension is not None:
            key = key_by(
                Source(Series(None), Selection(None, window), person, Breakdown(self.dimension)),
                params,
            )
            columns.append(f"toLowCardinality({key.typed(key.raw)}) AS key")
        if self.is_ordered:
            columns.append("position")
        if self.has_sessions:
            columns.append("if(session_id = '', 0, sipHash64(session_id)) AS session")
        order = ""
        if instants is not None:
            then = params.numbers(tuple(int(at) % 2**64 for at in instants))
            found.append(f"reinterpretAsUInt64(toUnixTimestamp64Micro(ts)) IN {then}")
            order = "\nORDER BY ts, position, id"
        sql = f"""
SELECT {", ".join(columns)}
FROM events
WHERE {where(Selection(None, window, self.where), params, person, *found)}{order}"""
        return Query(sql.strip(), params.values)

    def _named(self, params: Params) -> list[str]:
        if self.names is None:
            return []
        return [f"name IN ({', '.join(params.text(name) for name in self.names)})"]

    def _bits(self, params: Params, person: str) -> Iterator[str]:
        bits: dict[Mark, int] = {}
        for place, mark in enumerate(self.marks):
            bits[mark] = bits.get(mark, 0) | 1 << place
        for (event, filters), bit in bits.items():
            told: list[Any] = [] if event is None else [f"name = {params.text(event)}"]
            told += [condition(one, params, person) for one in filters]
            yield f"if({' AND '.join(told)}, {bit}, 0)" if told else str(bit)


def events_by_day(names: tuple[str, ...] | None, first: date, last: date) -> Query:
    """Count the events of some names (None: all) per day: `day` (days since 1970), `events`.

    Days without any are left out; `last` is included.
    """
    params = Params()
    found = [f"day >= {params.add(first.isoformat(), 'Date32')}"]
    found.append(f"day <= {params.add(last.isoformat(), 'Date32')}")
    if names is not None:
        found.append(f"name IN ({', '.join(params.text(name) for name in names)})")
    sql = f"""
SELECT toInt32(day) AS day_number, count() AS events
FROM events
WHERE {" AND ".join(found)}
GROUP BY day
ORDER BY day"""
    return Query(sql.strip(), params.values)


def parts_by_month() -> Query:
    """Tell what each month of events consists of: `month` (of counts.month_of), and a `mark` of it.

    Parts never change; two sets of them with one mark hold the same events.
    """
    return Query(
        """
SELECT toInt64(partition) AS month, sum(cityHash64(name, hash_of_all_files)) AS mark
FROM system.parts
WHERE database = currentDatabase() AND table = 'events' AND active
GROUP BY month""".strip()
    )
