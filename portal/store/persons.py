"""How SQL reads the person of an event.

`events.person` is right for every event but those of persons merged a moment ago. Until the
background re-keying has rewritten that column, `person_overrides` says who became whom, and every
query applies it. Both ways give the same answer; docs/decisions tell why the column is no key.
"""

from __future__ import annotations

COLUMN = "person"
OVERRIDDEN = (
    "transform(person,"
    " (SELECT groupArray(loser) FROM (SELECT * FROM person_overrides FINAL ORDER BY loser)),"
    " (SELECT groupArray(winner) FROM (SELECT * FROM person_overrides FINAL ORDER BY loser)),"
    " person)"
)


def expression(*, pending: bool) -> str:
    """Return the SQL for an event's person; use it instead of the column's name everywhere."""
    return OVERRIDDEN if pending else COLUMN
