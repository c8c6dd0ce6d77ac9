"""What events and properties there are, counted per part of the table. Pure.

A part never changes, so what it holds is counted once and remembered by its name; merges and
mutations make new parts. So the catalogue is exact at any size and costs the intake nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from portal.store.query import Query

# Rows of one statement: keeps a first look at a large store within its time limit.
ROWS_AT_ONCE = 5_000_000
PARTS = """
SELECT name, toString(uuid), rows FROM system.parts
WHERE database = currentDatabase() AND table = 'events' AND active ORDER BY name
"""
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


def parts() -> Query:
    """Return the parts of the events table: name, uuid, rows."""
    return Query(PARTS.strip())


def catalogue(names: Sequence[str]) -> Query:
    """Count names and properties of some parts.

    Columns: `part`, `name`, `property` and `type` (both empty: the event itself), `events`,
    `first`, `last`.
    """
    return Query(CATALOGUE.strip(), {"parts": list(names)})
