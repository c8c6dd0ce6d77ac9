"""Leave rows out of whatever a query reads, in the engine itself. Pure.

`additional_table_filters` holds for every read of a table in a statement: in subqueries, joins, IN
and views, on a cluster on each shard. The engine takes its own short cuts (counts by hour, counts
from the index) only where they agree with the filter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from portal.lib.row_rights import ALL, MayNotRead, RowRights
from portal.store.cluster import Cluster, local
from portal.store.query import Query

SETTING = "additional_table_filters"
OF_EVENTS = re.compile(r"\b(events|events_local|person_properties|person_properties_local)\b")
# SQL typed by people could learn of hidden rows by errors that their values cause, if the engine
# computed anything on a row before its filter. So the filter stays a step of its own, the first.
FILTER_FIRST: Mapping[str, str | int | float] = {
    "optimize_move_to_prewhere": 0,
    "query_plan_merge_filters": 0,
    "optimize_use_projections": 0,
}


@dataclass(frozen=True)
class Limits:
    """What a query must not read: by its asker's rights, and stored events that must not count now.

    `person` is the expression of an event's person.
    """

    rights: RowRights = ALL
    person: str = "person"
    unread: str = ""


def restricted(query: Query, limits: Limits, database: str, cluster: Cluster | None) -> Query:
    """Return the query without the rows that must not be read. Raises MayNotRead."""
    if limits.rights.is_nothing and OF_EVENTS.search(query.sql):
        raise MayNotRead
    found = filters(limits, database.replace("`", ""), cluster)
    if not found:
        return query
    return replace(query, settings={**query.settings, SETTING: written(found)})


def filters(limits: Limits, database: str, cluster: Cluster | None) -> dict[str, str]:
    """Return the condition of each table that a query may read in part only."""
    events = [f"NOT ({limits.unread})"] if cluster is not None and limits.unread else []
    found = {}
    if not limits.rights.is_all:
        events.append(f"({limits.rights.events})")
        found[stored("person_properties", database, cluster)] = of_seen(limits, database, events)
    if events:
        found[stored("events", database, cluster)] = " AND ".join(events)
    return found


def of_seen(limits: Limits, database: str, events: list[str]) -> str:
    """Return the condition on what is known of persons: they have an event that may be read."""
    person = limits.person.replace("FROM person_overrides", f"FROM `{database}`.person_overrides")
    seen = f"SELECT {person} FROM `{database}`.events WHERE {' AND '.join(events)}"
    return f"{person} IN ({seen})"


def stored(table: str, database: str, cluster: Cluster | None) -> str:
    """Return the table that holds the rows, as the engine calls it in full."""
    return f"{database}.{table if cluster is None else local(table)}"


def written(filters: Mapping[str, str]) -> str:
    """Write the setting's value: a map of texts."""
    return f"{{{', '.join(f'{quoted(t)}: {quoted(c)}' for t, c in filters.items())}}}"


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
