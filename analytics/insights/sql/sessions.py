"""Sessions: the events of a person with one session id; without an id, up to a gap of 30 minutes.

Pure. A gap is looked for among all the person's events that carry no session id, not only among
those that a question is about, so that the same session has the same bounds in every answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.insights.sql.params import Params
from analytics.insights.sql.spans import during
from portal.store.query import TimeRange

GAP_S = 1_800
IDENTIFIED = "cityHash64({person}, session_id)"


def identified(person: str) -> str:
    """Return the session of events that carry a session id."""
    return f"if(session_id = '', 0, {IDENTIFIED.format(person=person)})"


def by_gaps(window: TimeRange, person: str, params: Params) -> str:
    """Return a subquery of all events in the window with a column `session`, 0 for none."""
    conditions = " AND ".join(during(window, params))
    return f"""(
        SELECT *, multiIf(
            session_id != '', {IDENTIFIED.format(person=person)},
            {person} = 0, 0,
            cityHash64({person}, sum(opens) OVER (PARTITION BY session_id, {person} ORDER BY ts))
        ) AS session
        FROM (
            SELECT *, session_id = '' AND dateDiff('microsecond', lagInFrame(ts, 1, ts) OVER (
                PARTITION BY session_id, {person} ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
            ), ts) > {GAP_S * 1_000_000} AS opens
            FROM events WHERE {conditions}
        )
    )"""


@dataclass(frozen=True)
class Reading:
    """Where the events of sessions are read from, which, and after what pause a session ends."""

    person: str
    where: str  # the window and the sample; not the filters, which tell sessions, not events
    gap_minutes: int = GAP_S // 60
    events: str = "events"


def walks(reading: Reading, of: Sequence[str], params: Params) -> str:
    """Return the query of one row a session, its events in order.

    Columns: `who`, `session` [(microseconds, position, id, *of)].
    """
    gap = params.integer(reading.gap_minutes * 60_000_000)
    event = ", ".join(["toUnixTimestamp64Micro(ts)", "position", "id", *of])
    return f"""SELECT who, arrayJoin(if(session_id = '',
                arraySplit((one, place) -> one.1 - events[place - 1].1 > {gap} AND place > 1,
                    events, arrayEnumerate(events)), [events])) AS session
            FROM (
                SELECT {reading.person} AS who, session_id, arraySort(groupArray(({event}))) AS events
                FROM {reading.events}
                WHERE {reading.where}
                GROUP BY who, session_id
            )"""
