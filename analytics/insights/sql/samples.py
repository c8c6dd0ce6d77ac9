"""Which values a property has, most frequent first: for pickers, not for figures. Pure."""

from __future__ import annotations

from analytics.insights.definitions.samples import Samples
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.values import Key, key_of, latest, of_event, of_person
from portal.store.query import Query, TimeRange

# A picker has to answer while one types; so many events tell the frequent values of any store.
EVENTS_READ = 1_000_000


def of_events(asked: Samples, window: TimeRange, person: str) -> Query:
    """Count the values of an event's property. Columns: `key` (typed), `found`."""
    params = Params()
    key = key_of(of_event(asked.property, params))
    selection = where(Selection(asked.event or None, window), params, person)
    source = f"(SELECT {key.raw} AS raw FROM events WHERE {selection} LIMIT {EVENTS_READ})"
    return _counted(asked, key, source, params)


def of_people(asked: Samples, person: str) -> Query:
    """Count today's values of a person's property. Columns: `key` (typed), `found`."""
    params = Params()
    key = key_of(of_person())
    source = f"(SELECT {key.raw} AS raw FROM {latest(asked.property, person, params)})"
    return _counted(asked, key, source, params)


def _counted(asked: Samples, key: Key, source: str, params: Params) -> Query:
    matching = ""
    if asked.matching:
        found = f"positionCaseInsensitiveUTF8(substring(key, 2), {params.text(asked.matching)})"
        matching = f"AND {found} > 0"
    sql = f"""
SELECT {key.typed("raw")} AS key, count() AS found FROM {source}
WHERE key != '' {matching}
GROUP BY key ORDER BY found DESC, key LIMIT {params.add(asked.limit, "UInt32")}"""
    return Query(sql.strip(), params.values)
