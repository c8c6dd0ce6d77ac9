"""Sessions: the events of a person with one session id; without an id, up to a gap of 30 minutes.

Pure. A gap is looked for among all the person's events that carry no session id, not only among
those that a question is about, so that the same session has the same bounds in every answer.
"""

from __future__ import annotations

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
