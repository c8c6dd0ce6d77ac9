"""The quick reading of a plain batch makes the same rows as the careful one."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.ingest.columns import record_batch
from analytics.ingest.events import DAY_US, Arrival, Reader
from analytics.ingest.plain import plain_rows

ARRIVAL = Arrival(7, "web", "test", 20_600 * DAY_US, lambda: b"", may_hold_nul=False)
TEXT = st.text(max_size=8).filter(lambda text: "\0" not in text)
SCALAR = st.one_of(
    TEXT, st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
TIMES = st.one_of(
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    st.sampled_from(
        [
            "2026-05-01T10:11:12.123Z", "2026-05-01 10:11:12+05:30", "2026-05-01t10:11:12z", "",
            "2026-05-01T10:11:12", "2026-05-01", "2016-12-31T23:59:60Z", "1899-12-31T00:00:00Z",
            "2026-05-01T10:11Z", "2026-05-01T10:11:12.1234567Z", "2026-13-01T00:00:00Z", "x" * 30,
            "2026-05-01T10Z", "2026-W05-1T10:11:12Z", "2026-05-01T10:11:12-0500", "9999-01-01T00:00:00Z",
        ]
    ),
    st.none(), st.integers(),
)  # fmt: skip
EVENT = st.fixed_dictionaries(
    {"name": st.one_of(TEXT, st.just("user_identified"), st.none())},
    optional={
        "id": st.one_of(TEXT, st.none(), st.integers()), "userId": st.one_of(TEXT, st.none()),
        "anonymousId": TEXT, "sessionId": TEXT, "platform": st.one_of(TEXT, st.booleans()),
        "version": TEXT, "timestamp": TIMES, "other": TEXT,
        "properties": st.one_of(
            st.none(), st.dictionaries(TEXT, st.one_of(SCALAR, st.lists(SCALAR, max_size=2)), max_size=4)
        ),
    },
)  # fmt: skip
PLAIN = st.fixed_dictionaries(
    {
        "name": st.just("a"), "id": TEXT.filter(bool),
        "timestamp": st.sampled_from(["2026-05-01T10:11:12.123Z", "1970-01-01T00:00:00.000001+02:00"]),
    },
    optional={
        "userId": st.one_of(TEXT, st.none()),
        "properties": st.dictionaries(TEXT, st.one_of(SCALAR, st.lists(SCALAR, max_size=2)), max_size=4),
    },
)  # fmt: skip


def careful(events: list[Any]) -> Reader:
    reader = Reader(ARRIVAL)
    for index, event in enumerate(events):
        reader.read(index, event)
    return reader


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(EVENT, PLAIN), max_size=3))
def test_what_is_read_quickly_is_read_alike(events: list[Any]) -> None:
    rows = plain_rows(events, ARRIVAL)
    reader = careful(events)

    if rows is not None:
        assert reader.rejections == []
        assert record_batch(rows, ARRIVAL).equals(record_batch(reader.rows, ARRIVAL))


@settings(max_examples=200, deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=4))
def test_plain_batches_are_read_quickly(events: list[Any]) -> None:
    assert plain_rows(events, ARRIVAL) is not None
