"""A viewer of one data set never receives a foreign row, by whatever way.

Everything is asked twice: as somebody who reads one data set, with foreign events in the table; and
as somebody who reads all, with these gone. The answers are the same. `canary` stands in every value
of the foreign events, so it is looked for in whatever was sent, too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.conf import settings as conf
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from analytics.ingest.models import PersonChange
from analytics.insights.data_rights import rights_of, row_rights
from analytics.insights.models import DataSet
from analytics.insights.sources.schema import SchemaSource
from dashboards.models import Dashboard
from portal.accounts import actions
from portal.accounts.models import Level, Team, User
from portal.lib import clock
from portal.lib.row_rights import ALL, NOTHING
from portal.store.sources import Question
from tests.conftest import PageClient, TokenClient
from tests.factories import make_cohort, make_dashboard, make_staff, make_token, make_widget
from tests.insights.events import load
from tests.insights.foreign import (
    INSIGHTS,
    SHOP,
    SPAN,
    data_set,
    everything,
    foreign,
    plain,
    restricted,
    store_all,
    store_own,
    take_all_away,
    team,
)
from tests.people import People

__all__ = ["everything", "restricted", "team"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
Both = Callable[..., Any]


@pytest.fixture
def both(restricted: User, everything: User, call: TokenClient) -> Both:
    """Ask as both, each of their own table; return the answers without what they cost."""

    def asked(method: str, path: str, body: Any = None) -> tuple[Any, Any]:
        found = []
        for user, fill in ((restricted, store_all), (everything, store_own)):
            fill()
            cache.clear()
            api = call(user)
            answer = api.get(path) if method == "GET" else api.post(path, body, format="json")
            assert answer.status_code == 200, answer.content
            found.append(plain(answer.json()))
            assert "canary" in str(body) or "canary" not in str(found)
        return found[0], found[1]

    return asked


MATHS = (
    "total", "unique_users", "unique_sessions", "wau", "mau", "sum", "avg", "median", "p90", "p99", "min", "max",
    "per_user_average",
)  # fmt: skip
MEASURED = {"sum", "avg", "median", "p90", "p99", "min", "max"}
BREAKDOWNS: tuple[dict[str, Any], ...] = (
    {"property": "plan"}, {"property": "$service"}, {"property": "$platform"},
    {"property": "country", "of": "person"}, {"property": "canary key"},
)  # fmt: skip


def series(math: str, event: str | None = "visit") -> dict[str, Any]:
    return {"event": event, "math": math} | ({"property": "price"} if math in MEASURED else {})


QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    *(("trend", {"series": [series(math)], "compare": "previous_period"}) for math in MATHS),
    *(("trend", {"series": [series("total", None), series("unique_users")], "breakdown": one})
      for one in BREAKDOWNS),
    ("trend", {"series": [series("total")], "interval": "hour"}),
    ("trend", {"series": [series("total", "canary event")]}),
    ("trend", {"series": [series("total"), series("unique_users")], "formula": "A/B"}),
    ("trend", {"series": [series("total")],
               "where": [{"property": "country", "of": "person", "op": "is_set"}]}),
    ("trend", {"series": [series("total")],
               "where": [{"property": "canary key", "op": "is_not_set"}]}),
    *(("funnel", {"steps": [{"event": "visit"}, {"event": "buy"}], "order": order})
      for order in ("ordered", "strict", "any")),
    ("funnel", {"steps": [{"event": "visit"}, {"event": "buy"}], "breakdown": {"property": "plan"},
                "exclusions": [{"event": "canary event", "after_step": 1, "before_step": 2}]}),
    *(("retention", {"start_event": "visit", "return_event": "buy", "kind": kind})
      for kind in ("recurring", "first_time", "first_ever", "first_in_range")),
    ("lifecycle", {"event": "visit"}),
    ("stickiness", {"event": None}),
    ("paths", {}),
    ("sessions", {}),
    ("sessions", {"breakdown": {"property": "$platform"}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body"), QUESTIONS, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(QUESTIONS)]
)
def test_an_insight_is_as_if_foreign_events_were_not_there(
    both: Both, kind: str, body: dict[str, Any]
) -> None:
    mine, truth = both("POST", f"{INSIGHTS}/{kind}", {**SPAN, **body})

    assert mine == truth


OTHERS: list[tuple[str, str, Any]] = [
    ("GET", "/api/v1/schema", None),
    ("GET", f"/api/v1/events?{urlencode({**SPAN, 'limit': 500})}", None),
    ("GET", f"/api/v1/people?{urlencode(SPAN)}", None),
    ("GET", f"/api/v1/people?{urlencode({**SPAN, 'search': 'c'})}", None),
    ("GET", "/api/v1/people/a", None),
    ("POST", "/api/v1/cohorts/size", {"definition": {"did": "visit", "at_least": 3}}),
    ("POST", "/api/v1/cohorts/size",
     {"definition": {"property": "country", "of": "person", "op": "=", "value": "DE"}}),
    ("POST", f"{INSIGHTS}/why", {**SPAN, "interval": "day", "series": series("total"), "t": "2026-03-07T00:00:00Z"}),
    ("POST", f"{INSIGHTS}/funnel/correlates",
     {**SPAN, "steps": [{"event": "visit"}, {"event": "buy"}]}),
    ("POST", f"{INSIGHTS}/trend/people",
     {**SPAN, "series": [series("total")], "t": "2026-03-05T00:00:00Z", "series_index": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), OTHERS, ids=[one[1][:40] for one in OTHERS])
def test_whatever_else_is_asked_is_as_if_foreign_events_were_not_there(
    both: Both, method: str, path: str, body: Any
) -> None:
    mine, truth = both(method, path, body)

    assert mine == truth


def test_pages_and_files_hold_no_foreign_row(restricted: User, browse: PageClient) -> None:
    store_all()
    insight = {"from": "2026-03-01", "to": "2026-03-15", "event": "visit"}
    cohort = make_cohort(None, {"did": "visit"})
    member = browse(restricted)
    paths = [
        *(f"/explore/{name}/?{urlencode(insight)}" for name in (
            "trends", "trends/csv", "trends/xlsx", "retention", "lifecycle", "stickiness", "paths",
            "sessions", "sessions/csv", "events", "people",
        )),
        f"/explore/trends/?{urlencode(insight | {'breakdown': 'plan'})}",
        f"/explore/funnels/?{urlencode([*SPAN.items(), ('event', 'visit'), ('event', 'buy')])}",
        "/explore/schema/",
        "/explore/sql/",
        f"/explore/values/?{urlencode({'property': 'plan', 'event': 'visit'})}",
        f"/explore/values/?{urlencode({'property': 'country', 'of': 'person'})}",
        "/explore/people/id/a/",
        "/explore/cohorts/",
        f"/explore/cohorts/{cohort.pk}/",
    ]  # fmt: skip
    for path in paths:
        answer: Any = member.get(path, follow=True)

        assert answer.status_code == 200, path
        assert b"canary" not in answer.content.replace(b"/explore/", b""), path


def test_a_person_of_foreign_rows_only_is_not_known(restricted: User, call: TokenClient) -> None:
    store_all()

    assert call(restricted).get("/api/v1/people/canary user").status_code == 404
    assert call(restricted).get("/api/v1/people/canary device").status_code == 404


def test_what_admins_merged_is_not_told(
    restricted: User, people: People, browse: PageClient
) -> None:
    """A change names the ids of both persons, whose events may all be foreign."""
    store_all()
    change = PersonChange.objects.create(
        kind="merge", kept=[True, "a"], moved=[[True, "canary user"]], reason="the same",
        person=0, requested_by=people.admin, requested_at=clock.now(), effect={},
    )  # fmt: skip
    whole: Any = browse(people.admin).get("/explore/people/id/a/")
    part: Any = browse(restricted).get("/explore/people/id/a/")

    assert "merged canary user into a" in whole.content.decode()
    assert "canary" not in part.content.decode()
    assert browse(restricted).get(f"/explore/people/changes/{change.pk}/").status_code == 403


def test_answers_of_others_are_not_taken_from_the_cache(
    restricted: User, everything: User, people: People, call: TokenClient
) -> None:
    store_all()
    body = {**SPAN, "series": [series("total", "canary event")]}

    def total(user: User, path: str = f"{INSIGHTS}/trend") -> Any:
        return call(user).post(path, body, format="json").json()["series"][0]["total"]

    assert total(everything) > 0
    assert total(restricted) == 0
    assert total(everything) > 0
    schemas = [call(one).get("/api/v1/schema").json()["events"] for one in (everything, restricted)]
    assert [any("canary" in e["name"] for e in one) for one in schemas] == [True, False]


def test_what_was_read_is_not_told(restricted: User, call: TokenClient) -> None:
    store_all()
    api = call(restricted)

    trend = api.post(f"{INSIGHTS}/trend", {**SPAN, "series": [series("total")]}, format="json")
    typed = api.post(f"{INSIGHTS}/sql", {"query": "SELECT count() FROM events"}, format="json")

    for answer in (trend, typed):
        meta = answer.json()["meta"]
        assert (meta["rows_read"], meta["bytes_read"]) == (0, 0)


def test_rights_are_those_of_all_visible_data_sets(people: People, team: Team) -> None:
    user = make_staff("viewer", name="somebody")
    assert row_rights(user) == ALL  # as a role, by the data set of everything

    take_all_away()
    assert row_rights(user) == NOTHING
    first, second = data_set(SHOP, name="Shop"), data_set(sources=(3,), name="Three")
    actions.share(people.admin, first, user, Level.VIEW)
    alone = row_rights(user)
    assert alone == rights_of([first]) != ALL
    actions.share(people.admin, second, team.group, Level.VIEW)
    actions.add_member(people.admin, team, user)
    assert row_rights(user) == rights_of([first, second]) == rights_of([second, first])
    assert row_rights(user).names == ("Shop", "Three")
    whole = DataSet.objects.get(is_built_in=True)
    actions.share(people.admin, whole, team.group, Level.VIEW)
    assert row_rights(user) == ALL
    actions.remove_member(people.admin, team, user)
    assert row_rights(user) == alone
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert row_rights(User.objects.get(pk=user.pk)) == NOTHING


def test_making_a_data_set_gives_no_right_to_read_it(people: People) -> None:
    take_all_away()
    now = clock.now()
    DataSet.objects.create(name="Mine", created_by=people.editor, created_at=now, updated_at=now)

    assert row_rights(people.editor) == NOTHING
    assert row_rights(people.admin) == ALL


def test_programs_read_what_their_account_reads(
    restricted: User, people: People, team: Team, call: TokenClient
) -> None:
    store_all()
    program = actions.create_service(people.admin, name="Export", roles=["viewer"], team=team)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {make_token(program)[1]}")

    assert api.get("/api/v1/schema").status_code == 403  # nothing is shared with it
    actions.share(people.admin, DataSet.objects.get(name="Own"), program, Level.VIEW)
    assert b"canary" not in api.get("/api/v1/schema").content


class TestNothingShared:
    @pytest.fixture
    def nobody(self, people: People) -> User:
        user = make_staff("analyst", name="nothing")
        take_all_away()
        store_all()
        return user

    def test_pages_and_the_api_say_that_nothing_may_be_read(
        self, nobody: User, call: TokenClient, browse: PageClient
    ) -> None:
        body = {**SPAN, "series": [series("total")]}
        answers: list[Any] = [
            call(nobody).post(f"{INSIGHTS}/trend", body, format="json"),
            call(nobody).post(f"{INSIGHTS}/sql", {"query": "SELECT 1 FROM events"}, format="json"),
            call(nobody).get("/api/v1/schema"),
            browse(nobody).get("/explore/trends/?event=visit", follow=True),
        ]
        for answer in answers:
            assert answer.status_code == 403
            assert b"No data set of events is shared with you" in answer.content

    def test_a_widget_says_so_in_its_box(self, nobody: User, call: TokenClient) -> None:
        board_of_visits()

        box = call(nobody).get("/api/v1/dashboards/canaries/data").json()["data"]["visits"]["data"]

        assert box["state"] == "error"
        assert "No data set of events is shared with you" in box["html"]


def board_of_visits() -> Dashboard:
    made = make_dashboard("canaries", is_public=True)
    trend = {"series": [{"event": "visit"}], "breakdown": {"property": "plan"}, "kind": "trend"}
    for key, query in (("visits", trend), ("rows", {"kind": "trend", "series": [{"event": None}]})):
        make_widget(
            made, key, kind="line", source="insight", query=orjson.dumps({**query}).decode()
        )
    sql = "SELECT service, count() AS n FROM events GROUP BY service"
    make_widget(made, "sql", kind="table", source="sql", query=sql)
    return made


def test_a_dashboard_shows_each_viewer_their_own_rows(
    restricted: User, everything: User, call: TokenClient
) -> None:
    store_all()
    board_of_visits()
    path = f"/api/v1/dashboards/canaries/data?{urlencode(SPAN)}"

    whole, mine = call(everything).get(path), call(restricted).get(path)

    assert b"canary" in whole.content.replace(b"canaries", b"")
    assert b"canary" not in mine.content.replace(b"canaries", b"")
    assert mine.json()["data"]["visits"]["data"]["state"] == "ok"


def test_sizes_that_count_all_rows_are_not_told(
    restricted: User, everything: User, call: TokenClient
) -> None:
    store_all()
    made = call(everything).post(
        "/api/v1/cohorts", {"name": "Visitors", "definition": {"did": "visit"}}, format="json"
    ).json()  # fmt: skip

    listed = call(restricted).get("/api/v1/cohorts").json()["cohorts"]
    assert made["size"] == 7
    assert [one["size"] for one in listed] == [None]
    assert call(restricted).get(f"/api/v1/cohorts/{made['id']}").json()["size"] == 6
    assert call(restricted).get(f"/api/v1/cohorts/{made['id']}/sizes").status_code == 403


def test_a_part_without_a_readable_row_is_counted_once(restricted: User) -> None:
    load(foreign())
    question = Question({}, None, clock.now(), row_rights(restricted))
    first = SchemaSource().run(question)

    again = SchemaSource().run(question)

    assert first.extra["events"] == again.extra["events"] == []
    assert len(again.meta.sql) < len(first.meta.sql)


def test_a_page_opened_by_somebody_without_an_account_reads_nothing() -> None:
    assert Client().get("/api/v1/schema").status_code == 401


ASKERS = ("analytics/insights/views", "analytics/insights/api", "dashboards")


def test_whoever_asks_for_people_says_with_whose_rights() -> None:
    """A question without rights is the portal's own and reads everything."""
    root = Path(conf.BASE_DIR)
    files = [file for top in ASKERS for file in (root / top).rglob("*.py")]

    found = [
        f"{file.relative_to(root)}:{call.lineno}"
        for file in files
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Question"
        if len(call.args) < 4 and not any(one.arg == "rights" for one in call.keywords)
    ]

    assert found == []
    assert len(files) > 50
