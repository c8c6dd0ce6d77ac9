"""SQL that somebody types, and the conditions that the engine is given, against foreign rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.insights.data_rights import condition_of, rights_of, row_rights
from analytics.insights.models import DataSet
from portal.accounts.models import User
from portal.lib import clock
from portal.lib.row_rights import RowRights
from portal.store import client as store
from portal.store.query import Query
from portal.store.sources import Question
from tests.conftest import TokenClient
from tests.insights.events import Event, add, load
from tests.insights.foreign import (
    INSIGHTS,
    START,
    everything,
    foreign,
    own,
    restricted,
    store_all,
    store_own,
    team,
)

__all__ = ["everything", "restricted", "team"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]


@st.composite
def statements(draw: st.DrawFn) -> str:
    """Write SQL that reads the data sets in every place where a table can stand."""
    table = draw(
        st.sampled_from(
            (
                "events",
                "(SELECT * FROM events WHERE name != 'buy')",
                "(SELECT * FROM events UNION ALL SELECT * FROM events)",
                "(SELECT e.* FROM events AS e ANY INNER JOIN events AS f ON e.person = f.person"
                " AND toString(f.service) != '')",
                "(SELECT * FROM events WHERE person IN (SELECT person FROM events"
                " WHERE position(service, 'can') > 0 OR name = 'buy'))",
                "(SELECT * FROM events WHERE person IN (SELECT person FROM people"
                " WHERE string != 'FR'))",
                "(SELECT * FROM events ORDER BY ts DESC LIMIT 20)",
            )
        )
    )
    what = draw(
        st.sampled_from(
            (
                "count() AS n",
                "uniqExact(person) AS n, min(ts) AS lo, max(ts) AS hi",
                "arraySort(groupUniqArray(service)) AS n",
                "arraySort(groupUniqArrayArray(mapKeys(strings))) AS n",
                "sum(toUInt64OrZero(platform)) AS n, max(numbers['price']) AS m",
                "(SELECT count() FROM events) AS n, (SELECT max(name) FROM events) AS m",
                "(SELECT count() FROM people) AS n, arraySort(groupArray(id)) AS ids",
            )
        )
    )
    where = draw(st.sampled_from(("", "WHERE day >= '2026-03-04'", "WHERE name = 'visit'")))
    by = draw(st.sampled_from(("", "name", "service", "toDate(ts)", "strings['plan']")))
    if not by:
        return f"SELECT {what} FROM {table} {where}"
    return f"SELECT {by} AS k, {what} FROM {table} {where} GROUP BY k ORDER BY k"


def test_sql_of_any_shape_is_as_if_foreign_events_were_not_there(
    restricted: User, everything: User, call: TokenClient
) -> None:
    written: list[str] = []

    @settings(
        max_examples=40, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(statements())
    def write(statement: str) -> None:
        written.append(statement)

    write()
    mine = answers(written, restricted, store_all, call)
    truth = answers(written, everything, store_own, call)

    for statement, one, other in zip(written, mine, truth, strict=True):
        assert "canary" not in str(one), statement
        assert one == other, statement


def answers(
    written: list[str], user: User, fill: Callable[[], None], call: TokenClient
) -> list[Any]:
    fill()
    cache.clear()
    api = call(user, ["read"])
    found = []
    for statement in written:
        answer = api.post(f"{INSIGHTS}/sql", {"query": statement}, format="json")
        assert answer.status_code == 200, (statement, answer.content)
        found.append(answer.json()["rows"])
    return found


# Each reads a number out of a text that is one in all own rows and in no foreign row.
NUMBER = "toUInt64(platform)"
ERRORS = (
    "SELECT count() FROM events WHERE {} > 1",
    "SELECT sum({}) FROM events",
    "SELECT {} % 3 AS x, count() FROM events GROUP BY x ORDER BY x",
    "SELECT count() FROM events a JOIN events b ON a.person = b.person AND {b} > 1",
    "SELECT count() FROM events a LEFT JOIN events b ON a.person = b.person AND {b} > 1"
    " WHERE a.name = 'buy'",
    "SELECT count() FROM events a JOIN events b ON a.person = {b}",
    "WITH e AS (SELECT * FROM events) SELECT count() FROM e a JOIN e b ON a.id = b.id AND {b} > 1",
    "SELECT argMax({}, ts) FROM events WHERE {} != 7",
    "SELECT {} FROM events WHERE {} > 0 ORDER BY ts, id LIMIT 1 BY name LIMIT 1",
    "SELECT count() FROM (SELECT DISTINCT {} FROM events)",
    "SELECT count() FROM events WHERE person IN (SELECT person FROM events WHERE {} > 1)",
    "SELECT max({}) OVER (PARTITION BY name) FROM events ORDER BY 1 LIMIT 1",
    "SELECT count() FROM events ARRAY JOIN [{}] AS z WHERE z > 1",
    "SELECT count() FROM events WHERE if({} > 1, 1, 0)",
    "SELECT count() FROM (SELECT * FROM events UNION ALL SELECT * FROM events) WHERE {} > 1",
    "SELECT count() FROM events WHERE intDiv(1, platform = '5') = 1",
    "SELECT count() FROM (SELECT name FROM events GROUP BY name HAVING max({}) > 1)",
    "SELECT count() FROM events WHERE ({}, name) IN (SELECT toUInt64(number), 'visit' FROM"
    " numbers(10))",
)


@pytest.mark.parametrize("statement", ERRORS)
def test_errors_do_not_tell_of_foreign_rows(
    restricted: User, call: TokenClient, statement: str
) -> None:
    """A text that is no number in a foreign row would stop the statement, and be named."""
    load([
        Event(event.name, event.at, event.user, service=event.service, platform="5", id=event.id,
              properties=event.properties)
        for event in own()
    ])  # fmt: skip
    add(foreign())
    query = statement.replace("{b}", "toUInt64(b.platform)").replace("{}", NUMBER)

    answer = call(restricted, ["read"]).post(f"{INSIGHTS}/sql", {"query": query}, format="json")

    assert answer.status_code == 200, answer.content


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["'", "\\", "') OR 1=1 --", "\\'", "{p1:String}", "'}", "}", ", 'x': '1", "\0", "\n", "`"]
)
VALUES = TEXTS | st.booleans() | st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)


class TestConditions:
    """A value of a filter is only ever compared with, whatever stands in it."""

    @pytest.fixture(autouse=True)
    def stored(self) -> None:
        store_all()

    def test_no_value_is_read_as_sql(self) -> None:
        @settings(
            max_examples=60, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(TEXTS.filter(bool), VALUES, st.sampled_from(["=", "!=", "in", "not_in"]))
        def hold(name: str, value: Any, op: str) -> None:
            name = name.replace("\0", "").lstrip("$") or "p"
            listed = [value, "x"] if op in {"in", "not_in"} else value
            row = DataSet(filters=[{"property": name, "op": op, "value": listed}])
            assert counted(rights_of([row])) == 0  # no event has such a property

        hold()

    def test_texts_are_compared_as_they_are(self) -> None:
        @settings(
            max_examples=40, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(VALUES)
        def hold(value: Any) -> None:
            moment = START + timedelta(days=400)
            add([Event("odd", moment, "odd", properties={"odd": value}, id=str(clock.now()))])
            row = DataSet(filters=[{"property": "odd", "op": "=", "value": value}])
            assert counted(rights_of([row])) >= 1, condition_of(row)

        hold()

    def test_every_operator_runs_in_the_engine(self) -> None:
        for op, value in (
            ("contains", "o"), ("not_contains", "x"), ("regex", "^f.*e$"), (">", "a"), ("<=", 3),
            ("is_set", None), ("is_not_set", None), ("in", ["free", 1, True]),
        ):  # fmt: skip
            filter_ = {"property": "plan", "op": op} | ({"value": value} if value else {})
            assert counted(rights_of([DataSet(filters=[filter_])])) >= 0
        early = {"property": "$timestamp", "op": "<", "value": "2026-03-02"}
        assert 0 < counted(rights_of([DataSet(filters=[early])])) < 150


def counted(rights: RowRights) -> int:
    result, _ = Question({}, None, clock.now(), rights).run(Query("SELECT count() FROM events"))
    return int(result.value())


def test_the_engine_counts_from_its_index_only_what_may_be_read(restricted: User) -> None:
    """Counts by hour, counts of parts and the earliest and latest day are kept beside the rows."""
    store_all()
    store.command("OPTIMIZE TABLE events FINAL")
    question = Question({}, None, clock.now(), row_rights(restricted))
    hour = "intDiv(toUnixTimestamp64Micro(ts), 3600000000)"
    for what in (
        "count()", "min(day), max(day)", "min(name), max(name)",
        f"arraySort(groupUniqArray((name, day, {hour}, environment)))",
    ):  # fmt: skip
        mine, _ = question.run(Query(f"SELECT {what} FROM events"))
        truth = store.run(Query(f"SELECT {what} FROM events WHERE source != 666"))
        assert mine.rows() == truth.rows(), what
    by_service, _ = question.run(
        Query("SELECT service, name, day, count() FROM events GROUP BY service, name, day")
    )
    assert sum(row[3] for row in by_service.rows()) == 150
