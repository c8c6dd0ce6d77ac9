"""What events and properties there are, counted per part of the table. Pure.

A part never changes, so what it holds is counted once and remembered by its name; merges and
mutations make new parts. So the catalogue is exact at any size and costs the intake nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from portal.store.cluster import Cluster, local, system_of_shards
from portal.store.query import Query

# Rows of one statement: keeps a first look at a large store within its time limit.
ROWS_AT_ONCE = 5_000_000
PARTS = """
SELECT {part} AS part, toString(uuid), rows FROM {parts}
WHERE database = {{database:String}} AND table = {{table:String}} AND active ORDER BY part
"""
# On a cluster two shards may call a part the same.
ON_SHARD = "concat(toString(_shard_num), ':', {name})"
# Arrays and objects stand in the JSON only; the test before it spares most rows the parsing.
NESTED = """if(position(properties, '[') > 0 OR position(properties, '{', 2) > 0,
            arrayFilter(p -> p.2 IN ('Array', 'Object'), arrayMap(
                k -> (k, toString(JSONType(properties, k))), JSONExtractKeys(properties))), [])"""
CATALOGUE = f"""
SELECT _part AS part, name, '' AS property, '' AS type,
    count() AS events, min(ts) AS first, max(ts) AS last
FROM events WHERE _part IN {{parts:Array(String)}} GROUP BY part, name
UNION ALL
SELECT _part, name, property, 'string', count(), min(ts), max(ts)
FROM events ARRAY JOIN mapKeys(strings) AS property
WHERE _part IN {{parts:Array(String)}} GROUP BY _part, name, property
UNION ALL
SELECT _part, name, property, 'number', count(), min(ts), max(ts)
FROM events ARRAY JOIN mapKeys(numbers) AS property
WHERE _part IN {{parts:Array(String)}} GROUP BY _part, name, property
UNION ALL
SELECT _part, name, property, 'boolean', count(), min(ts), max(ts)
FROM events ARRAY JOIN mapKeys(booleans) AS property
WHERE _part IN {{parts:Array(String)}} GROUP BY _part, name, property
UNION ALL
SELECT _part, name, nested.1 AS property, lower(nested.2), count(), min(ts), max(ts)
FROM events ARRAY JOIN {NESTED} AS nested
WHERE _part IN {{parts:Array(String)}} GROUP BY _part, name, property, nested.2
"""


def parts(database: str, cluster: Cluster | None) -> Query:
    """Return the parts of the events table, on a cluster those of one node a shard: name, uuid, rows."""
    sql = PARTS.strip().format(
        part=part_of("name", cluster), parts=system_of_shards("parts", cluster)
    )
    table = "events" if cluster is None else local("events")
    return Query(sql, {"database": database, "table": table})


def part_of(name: str, cluster: Cluster | None) -> str:
    return name if cluster is None else ON_SHARD.format(name=name)


def catalogue(names: Sequence[str], cluster: Cluster | None) -> Query:
    """Count names and properties of some parts.

    Columns: `part`, `name`, `property` and `type` (both empty: the event itself), `events`,
    `first`, `last`.
    """
    sql = CATALOGUE.strip().replace("_part", part_of("_part", cluster))
    return Query(sql, {"parts": list(names)})
