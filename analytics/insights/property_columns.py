"""Columns of the engine for properties that are asked for.

In `events` a property stands in a map by its type, and reading one value out of a map reads all of
it: 5 to 14 times as much. A property that a question names is noted here; a minute later the engine
has a column for it whose default is the map's value. So the column is right from its first moment,
for old rows too, and becomes fast as the engine writes it into them in the background.

Two kinds: `key` holds the typed text that breakdowns group by ('' not set, else s, n or b and the
value), `number` the value where it is a number. Names of columns are made from row ids, never from
what came in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q

from analytics.insights import fast
from analytics.insights.definitions.cohorts import walked
from analytics.insights.definitions.filters import Property
from analytics.insights.definitions.trend import Series
from analytics.insights.models import PropertyColumn
from portal.store import client, nodes
from portal.store.cluster import system
from portal.store.query import Query

log = logging.getLogger(__name__)
T = TypeVar("T")
Wanted = tuple[str, str]  # property, kind
KEY, NUMBER = PropertyColumn.Kind.KEY, PropertyColumn.Kind.NUMBER
NOTED_EVERY = timedelta(hours=1)
MOST_COLUMNS = 200
# Fewer events are read from the maps in no time; and a name that nobody sends gets no column.
WORTHWHILE_EVENTS = 10_000
FEW_VALUES = 20_000  # up to which a dictionary of them pays
COUNT = """
SELECT countIf(mapContains(strings, {name:String})) + countIf(mapContains(booleans, {name:String}))
        AS others,
    countIf(mapContains(numbers, {name:String})) AS numbers_, uniq(strings[{name:String}]) AS texts
FROM (
    SELECT strings, numbers, booleans FROM events
    WHERE day > (SELECT max(day) FROM events) - 7 LIMIT 1000000
)
"""
IS_WRITING = """
SELECT count() FROM {mutations}
WHERE database = {{database:String}} AND table IN ('events', 'events_local') AND NOT is_done
    AND position(command, {{command:String}}) > 0
"""


def with_columns(definition: T, now: datetime) -> T:
    """Return a definition that knows the columns of its properties; notes that they are asked for."""
    wanted = named(definition)
    if not wanted or not fast.is_on("columns"):
        return definition
    note(wanted, now)
    known = columns_of(wanted)
    return filled(definition, known) if known else definition


def named(definition: Any) -> set[Wanted]:
    """Return the event properties that a definition reads, and as what."""
    found: set[Wanted] = set()

    def look(part: Any) -> Any:
        if isinstance(part, Property) and part.of == "event" and not part.column:
            found.update({(part.name, KEY), (part.name, NUMBER)})
        elif isinstance(part, Series) and part.measured:
            found.add((part.measured, NUMBER))
        return part

    walked(definition, look)
    return found


def note(wanted: Iterable[Wanted], now: datetime) -> None:
    """Write down what is asked for, once an hour each."""
    fresh = [one for one in wanted if cache.add(cache_key(one), 1, NOTED_EVERY.total_seconds())]
    if fresh:
        PropertyColumn.objects.bulk_create(
            [PropertyColumn(name=name, kind=kind, used_at=now) for name, kind in fresh],
            update_conflicts=True,
            unique_fields=["name", "kind"],
            update_fields=["used_at"],
        )


def cache_key(one: Wanted) -> str:
    return f"property-column:{one[1]}:{one[0].encode().hex()}"


def columns_of(wanted: Iterable[Wanted]) -> dict[Wanted, str]:
    """Return the engine's column of each property that has one."""
    names = {name for name, _ in wanted}
    rows = PropertyColumn.objects.filter(name__in=names, added_at__isnull=False)
    return {(row.name, row.kind): row.column for row in rows}


def filled(definition: T, known: Mapping[Wanted, str]) -> T:
    """Write the columns into a definition."""

    def fill(part: Any) -> Any:
        if isinstance(part, Property) and part.of == "event":
            key, number = known.get((part.name, KEY), ""), known.get((part.name, NUMBER), "")
            return replace(part, key_column=key, number_column=number) if key or number else part
        if isinstance(part, Series) and (number := known.get((part.measured, NUMBER), "")):
            return replace(part, number_column=number)
        return part

    return walked(definition, fill)


def add_due(now: datetime) -> list[PropertyColumn]:
    """Give the engine the columns that are asked for and worth it; returns the new ones.

    May run anywhere, any number of times. Raises client.QueryFailed, client.EngineUnavailable.
    """
    added = []
    waiting = PropertyColumn.objects.filter(added_at__isnull=True).filter(
        Q(looked_at__isnull=True) | Q(looked_at__lt=F("used_at"))
    )
    for row in waiting.order_by("-used_at")[:20]:
        if PropertyColumn.objects.filter(added_at__isnull=False).count() >= MOST_COLUMNS:
            log.warning("There are as many columns for properties as there may be.")
            break
        if add(row, now):
            added.append(row)
    return added


def add(row: PropertyColumn, now: datetime) -> bool:
    """Add one column, if its property is worth one."""
    ((others, numbers, texts),) = client.run(Query(COUNT, {"name": row.name})).rows()
    events = numbers if row.kind == NUMBER else others + numbers
    if events < WORTHWHILE_EVENTS:
        PropertyColumn.objects.filter(pk=row.pk).update(looked_at=now)
        return False
    with transaction.atomic():
        locked = PropertyColumn.objects.select_for_update(skip_locked=True).filter(pk=row.pk)
        if not locked.exists():
            return False  # somebody else is at it
        text = "LowCardinality(String)" if texts <= FEW_VALUES else "String"
        for statement in statements(row, text):
            client.command(statement, settings_={"mutations_sync": 0, "alter_sync": 1})
        locked.update(added_at=now)
    log.info("Gave a property a column.", extra={"column": row.column, "kind": row.kind})
    return True


def statements(row: PropertyColumn, text: str) -> list[str]:
    """Return the DDL; the property's name stands in it as hexadecimal digits only."""
    name = f"unhex('{row.name.encode().hex()}')"
    kind, default = {
        KEY: (
            text,
            f"multiIf(mapContains(strings, {name}), concat('s', strings[{name}]),"
            f" mapContains(numbers, {name}), concat('n', toString(numbers[{name}])),"
            f" mapContains(booleans, {name}), if(booleans[{name}], 'btrue', 'bfalse'), '')",
        ),
        NUMBER: (
            "Nullable(Float64)",
            f"if(mapContains(numbers, {name}), numbers[{name}], NULL)",
        ),
    }[PropertyColumn.Kind(row.kind)]
    added = f"ADD COLUMN IF NOT EXISTS {row.column} {kind} DEFAULT {default}"
    return [
        *nodes.altering("events", added),
        *nodes.altering("events", f"MATERIALIZE COLUMN {row.column}"),
    ]


def is_written(row: PropertyColumn) -> bool:
    """Tell whether the engine has written a column into the old rows, too."""
    sql = IS_WRITING.format(mutations=system("mutations", nodes.cluster()))
    asked = {"database": nodes.database(), "command": f"MATERIALIZE COLUMN {row.column}"}
    return not client.run(Query(sql, asked)).value()
