"""What the operations of insights take and give, for the OpenAPI schema and /api/docs/."""

from __future__ import annotations

from typing import Any, get_args

from analytics.insights.buckets import INTERVALS
from analytics.insights.definitions import retention
from analytics.insights.definitions.filters import OPS
from analytics.insights.definitions.funnel import UNITS, Order, Touch
from analytics.insights.definitions.trend import MATHS
from analytics.insights.definitions.why import AGAINST
from portal.lib.openapi import (
    ANY,
    FLAG,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    OBJECT,
    TEXT,
    TIME,
    WHOLE,
    Operation,
    choice,
    listed,
    record,
)

FILTER = record(
    ("property", "op"), property=TEXT, op=choice(*OPS), value=ANY, of=choice("event", "person")
)
# Python has no field named `from`, hence the dict.
COMMON: dict[str, Any] = {
    "from": {"type": "string", "description": "RFC 3339, a date, or -7d and the like"},
    "to": {"type": "string", "description": "RFC 3339 or a date; left out: now"},
    "time_zone": {"type": "string", "description": "IANA, such as Europe/Berlin"},
    "where": listed(FILTER),
    "sampling": MAYBE_NUMBER,
    "compare": choice("previous_period"),
    "refresh": {"type": "boolean", "description": "true: skip the cache"},
}
META = record(
    as_of=TIME, cached=FLAG, elapsed_ms=MAYBE_NUMBER, rows_read=WHOLE, bytes_read=WHOLE,
    sql=listed(TEXT), warnings=listed(TEXT),
    counted={**listed(TEXT), "description": "how it was counted, in sentences"},
)  # fmt: skip
SERIES = record(
    ("event",),
    event={"type": "string", "nullable": True, "description": "null: any event"},
    math=choice(*MATHS),
    property=TEXT,
    where=listed(FILTER),
    label=TEXT,
)
POINT = record(t=TIME, value=MAYBE_NUMBER, complete=FLAG)

TREND = Operation(
    body=record(
        ("series",),
        series=listed(SERIES),
        interval=choice(*INTERVALS),
        breakdown=record(("property",), property=TEXT, of=choice("event", "person"), limit=WHOLE),
        formula={"type": "string", "description": "A/B*100, letters in the order of series"},
        **COMMON,
    ),
    answer=record(
        series=listed(
            record(
                label=TEXT,
                series_index=WHOLE,
                breakdown_value=TEXT,
                compare=FLAG,
                points=listed(POINT),
                total=MAYBE_NUMBER,
            )
        ),
        meta=META,
    ),
)
CONTRIBUTION = {"now": MAYBE_NUMBER, "before": MAYBE_NUMBER, "change": MAYBE_NUMBER, "share_of_change": MAYBE_NUMBER,
                "expected": MAYBE_NUMBER}  # fmt: skip
PERIOD = {"type": "object", "properties": {"from": TIME, "to": TIME}}
WHY = Operation(
    body=record(
        ("series",),
        series=SERIES,
        interval=choice(*INTERVALS),
        t={"type": "string", "description": "a time in the bucket; left out: the whole range"},
        against={
            "type": "string",
            "description": f"{', '.join(AGAINST)}, or a time in the bucket to compare with",
        },
        properties=listed(TEXT),
        limit=WHOLE,
        **{name: COMMON[name] for name in ("from", "to", "time_zone", "where", "refresh")},
    ),
    answer=record(
        now=MAYBE_NUMBER,
        before=MAYBE_NUMBER,
        change=MAYBE_NUMBER,
        periods=record(now=PERIOD, before=PERIOD),
        properties=listed(
            record(
                property=TEXT,
                of=WHOLE,
                explained=MAYBE_NUMBER,
                values=listed(record(value=ANY, **CONTRIBUTION)),
                rest=record(values=WHOLE, **CONTRIBUTION),
            )
        ),
        left_out=listed(record(property=TEXT, reason=TEXT)),
        meta=META,
    ),
)
SQL = Operation(
    body=record(
        ("query",),
        query={"type": "string", "description": "one SELECT over the data sets events, people"},
        parameters={"type": "object", "description": "values by the names of {name:Type}"},
    ),
    answer=record(
        columns=listed(record(name=TEXT, type=TEXT)),
        rows=listed(listed(ANY)),
        truncated=FLAG,
        meta=META,
    ),
)
EVENT_OR_ANY = {"type": "string", "nullable": True, "description": "null: any event"}
STEP_FIGURES = record(
    step=WHOLE, label=TEXT, users=WHOLE, conversion_rate=MAYBE_NUMBER, from_previous=MAYBE_NUMBER,
    dropped=WHOLE, conversion_interval=listed(MAYBE_NUMBER), median_seconds=MAYBE_NUMBER, average_seconds=MAYBE_NUMBER,
    p75_seconds=MAYBE_NUMBER, p90_seconds=MAYBE_NUMBER,
)  # fmt: skip
FUNNEL_BODY = record(
    ("steps",),
    steps=listed(
        record(("event",), event=EVENT_OR_ANY, where=listed(FILTER), label=TEXT, optional=FLAG)
    ),
    window=record(("value", "unit"), value=WHOLE, unit=choice(*UNITS)),
    order=choice(*get_args(Order)),
    exclusions=listed(
        record(
            ("event",), event=EVENT_OR_ANY, where=listed(FILTER),
            after_step={**WHOLE, "description": "counted from 1, left out: 1"},
            before_step={**WHOLE, "description": "a later step, left out: the last one"},
        )
    ),
    breakdown=record(
        ("property",), property=TEXT, of=choice("event", "person"), limit=WHOLE,
        attribution={
            **choice(*get_args(Touch)),
            "description": "which of an attempt's events says its value; left out: first_touch",
        },
        step={**WHOLE, "description": "counted from 1; with the attribution step only"},
    ),
    trend_interval=choice(*INTERVALS),
    leave_out_open=FLAG,
    **COMMON,
)  # fmt: skip
FUNNEL = Operation(
    body=FUNNEL_BODY,
    answer=record(
        steps=listed(STEP_FIGURES),
        breakdown=listed(record(value=ANY, steps=listed(STEP_FIGURES))),
        differences=listed(
            record(
                values=listed(ANY), difference=MAYBE_NUMBER, p_value=MAYBE_NUMBER, p_value_corrected=MAYBE_NUMBER,
                is_significant=FLAG,
            )
        ),
        trend=listed(
            record(t=TIME, entered=WHOLE, converted=WHOLE, conversion_rate=MAYBE_NUMBER, complete=FLAG)
        ),
        histogram=listed(record(from_seconds=MAYBE_NUMBER, to_seconds=MAYBE_NUMBER, users=WHOLE)),
        open=WHOLE,
        meta=META,
    ),
)  # fmt: skip
CORRELATE = {
    "converters": WHOLE, "drop_offs": WHOLE, "converter_share": MAYBE_NUMBER, "drop_off_share": MAYBE_NUMBER,
    "odds_ratio": MAYBE_NUMBER, "interval": listed(MAYBE_NUMBER), "p_value": MAYBE_NUMBER, "p_value_corrected": MAYBE_NUMBER,
    "is_significant": FLAG,
}  # fmt: skip
CORRELATES = Operation(
    body=FUNNEL_BODY,
    answer=record(
        converters=WHOLE,
        drop_offs=WHOLE,
        events=listed(record(event=TEXT, **CORRELATE)),
        values=listed(record(property=TEXT, value=ANY, **CORRELATE)),
        too_rare=WHOLE,
        left_out=listed(record(property=TEXT, reason=TEXT)),
        meta=META,
    ),
)
COHORTS = listed(record(start=TIME, size=WHOLE, returned=listed(WHOLE), complete=listed(FLAG)))
BREAKDOWN = record(("property",), property=TEXT, of=choice("event", "person"), limit=WHOLE)
RETENTION = Operation(
    body=record(
        ("start_event", "return_event"),
        start_event=EVENT_OR_ANY, return_event=EVENT_OR_ANY,
        start_where=listed(FILTER), return_where=listed(FILTER),
        interval=choice(*retention.INTERVALS), periods=WHOLE,
        kind=choice(*get_args(retention.Kind)), counting=choice(*get_args(retention.Counting)),
        min_occurrences=WHOLE, week_start=choice(*retention.WEEKDAYS), breakdown=BREAKDOWN,
        **COMMON,
    ),
    answer=record(
        interval=TEXT, cohorts=COHORTS, average=listed(MAYBE_NUMBER),
        breakdown=listed(record(value=ANY, cohorts=COHORTS, average=listed(MAYBE_NUMBER))), meta=META,
    ),
)  # fmt: skip
ACTIVITY = record(
    ("event",), event=EVENT_OR_ANY, interval=choice(*retention.INTERVALS),
    week_start=choice(*retention.WEEKDAYS), **COMMON,
)  # fmt: skip
LIFECYCLE = Operation(
    body=ACTIVITY,
    answer=record(
        interval=TEXT, series=listed(record(status=TEXT, points=listed(POINT))), meta=META
    ),
)
STICKINESS = Operation(
    body=ACTIVITY,
    answer=record(
        points=listed(record(buckets=WHOLE, users=WHOLE, share=MAYBE_NUMBER)), total=WHOLE, interval=TEXT,
        meta=META,
    ),
)  # fmt: skip
NODE = record(step=WHOLE, name=ANY)
PATHS = Operation(
    body=record(
        (), start=ANY, end=ANY, steps=WHOLE, session_gap_minutes=WHOLE, min_users=WHOLE,
        by={"description": '"event", or {"property": "..."} for its values'}, **COMMON,
    ),
    answer=record(
        nodes=listed(record(step=WHOLE, name=ANY, users=WHOLE, ended=WHOLE)),
        links=listed(
            record(**{"from": NODE, "to": NODE}, users=WHOLE, median_seconds=MAYBE_NUMBER)
        ),
        meta=META,
    ),
)  # fmt: skip
SESSION_FIGURES = {
    "sessions": WHOLE, "people": WHOLE, "average_seconds": MAYBE_NUMBER, "median_seconds": MAYBE_NUMBER,
    "events_per_session": MAYBE_NUMBER, "bounce_share": MAYBE_NUMBER,
}  # fmt: skip
EDGES = listed(record(name=TEXT, sessions=WHOLE, share=MAYBE_NUMBER, bounce_share=MAYBE_NUMBER))
SESSIONS = Operation(
    body=record(
        (), event=EVENT_OR_ANY, interval=choice(*INTERVALS), breakdown=BREAKDOWN,
        week_start=choice(*retention.WEEKDAYS), session_gap_minutes=WHOLE, **COMMON,
    ),
    answer=record(
        series=listed(
            record(
                breakdown_value=ANY,
                points=listed(record(t=TIME, **SESSION_FIGURES, complete=FLAG)),
                total=record(**SESSION_FIGURES),
            )
        ),
        total=record(**SESSION_FIGURES), entries=EDGES, exits=EDGES, meta=META,
    ),
)  # fmt: skip
PEOPLE = Operation(
    body=record(
        (), limit=WHOLE, cursor=TEXT, step=WHOLE, outcome=choice("reached", "dropped"), value=ANY,
        start=TIME, period=WHOLE, t=TIME, status=TEXT, buckets=WHOLE, series_index=WHOLE,
        breakdown_value=ANY, name=ANY, next_name=ANY, entry=TEXT, exit=TEXT, bounced=FLAG, **COMMON,
    ),
    answer=record(
        people=listed(
            record(person=TEXT, user_id=TEXT, anonymous=FLAG, entered_at=TIME, properties=OBJECT)
        ),
        next=MAYBE_TEXT, total=WHOLE,
    ),
)  # fmt: skip
EVENTS = Operation(
    query={
        "name": "of this name only",
        "user_id": "of this user only",
        "from": "RFC 3339, a date, -7d, or all (the default)",
        "to": "RFC 3339 or a date; left out: now",
        "where": "JSON list of filters",
        "limit": "100; at most 1000",
        "cursor": "`next` of the page before",
    },
    answer=record(events=listed(OBJECT), next=MAYBE_TEXT, meta=META),
)
SEEN = {"name": TEXT, "count": WHOLE, "first_seen": TIME, "last_seen": TIME}
CATALOGUE = Operation(
    answer=record(
        events=listed(record(**SEEN, properties=listed(record(**SEEN, types=listed(TEXT))))),
        meta=META,
    )
)
