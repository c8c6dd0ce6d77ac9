"""Annotations: through the API, on charts, and in the trail."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from analytics.insights.figures.annotations import Mark, marked
from analytics.insights.models import Annotation
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.factories import make_annotation
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.insights.test_pages import text
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
ANNOTATIONS = "/api/v1/annotations"
RELEASE = {"text": "Release 4.2", "at": "2026-03-01T14:30:00Z"}
PAGES = [
    "/explore/trends/?event=visit&math=total&property=&name=",
    "/explore/funnels/?event=visit&label=&event=buy&label=&window=1&unit=day&view=trend",
    "/explore/lifecycle/?event=visit",
    "/explore/sessions/?event=visit",
]


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    return call(people.analyst)


@pytest.fixture
def analyst(people: People, browse: PageClient) -> Client:
    return browse(people.analyst)


def made(api: APIClient, **body: Any) -> dict[str, Any]:
    answer = api.post(ANNOTATIONS, RELEASE | body, format="json")
    assert answer.status_code == 201, answer.json()
    found: dict[str, Any] = answer.json()
    return found


def texts(api: APIClient, query: str = "") -> list[str]:
    return [one["text"] for one in api.get(f"{ANNOTATIONS}{query}").json()["annotations"]]


class TestApi:
    def test_it_is_made_read_changed_and_removed(self, api: APIClient, people: People) -> None:
        own = made(api, end="2026-03-01T16:00:00Z", event="buy")
        where = f"{ANNOTATIONS}/{own['id']}"

        changed = api.patch(where, {"text": "Release 4.3", "end": None}, format="json").json()
        put = api.put(where, RELEASE, format="json").json()
        gone = api.delete(where)

        assert (own["end"], own["event"]) == ("2026-03-01T16:00:00Z", "buy")
        assert own["created_by"] == people.analyst.email
        assert (changed["text"], changed["end"], changed["event"]) == ("Release 4.3", None, "buy")
        assert (put["text"], put["event"]) == ("Release 4.2", None)
        assert gone.status_code == 204
        assert api.get(where).status_code == 404

    def test_every_change_is_in_the_trail(self, api: APIClient, people: People) -> None:
        own = made(api)
        where = f"{ANNOTATIONS}/{own['id']}"
        api.patch(where, {"text": "B"}, format="json")
        api.patch(where, {"text": "B"}, format="json")  # the same again
        api.delete(where)

        entries = AuditEntry.objects.filter(action__startswith="annotation.").order_by("pk")

        assert [entry.action for entry in entries] == [
            "annotation.create", "annotation.update", "annotation.delete",
        ]  # fmt: skip
        before, after = entries[1].before or {}, entries[1].after or {}
        assert (before["text"], after["text"]) == ("Release 4.2", "B")
        assert entries[0].actor == people.analyst

    def test_the_list_is_by_time_and_may_be_of_a_range_and_an_event(self, api: APIClient) -> None:
        made(api, text="later", at="2026-03-05T00:00:00Z")
        made(api, text="lasting", at="2026-02-01T00:00:00Z", end="2026-03-02T00:00:00Z")
        made(api, text="of buy", at="2026-03-01T00:00:00Z", event="buy")

        assert texts(api) == ["lasting", "of buy", "later"]
        assert texts(api, "?from=2026-03-01&to=2026-03-05") == ["lasting", "of buy"]
        assert texts(api, "?event=visit") == ["lasting", "later"]
        assert texts(api, "?event=buy&to=2026-03-03") == ["lasting", "of buy"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [({"text": ""}, "text"), ({"text": " "}, "text"), ({"text": "x" * 201}, "text"),
         ({"text": "a\0b"}, "text"), ({"at": "noon"}, "at"), ({"at": "1800-01-01"}, "at"),
         ({"at": None}, "at"), ({"end": "2026-03-01T14:30:00Z"}, "end"), ({"event": 5}, "event"),
         ({"ende": "x"}, "ende")],
    )  # fmt: skip
    def test_what_cannot_be_is_refused_by_its_field(
        self, api: APIClient, body: dict[str, Any], field: str
    ) -> None:
        answer = api.post(ANNOTATIONS, RELEASE | body, format="json")

        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == field

    def test_who_may_only_explore_reads_and_does_not_write(
        self, people: People, call: TokenClient
    ) -> None:
        own = make_annotation(people.analyst)
        viewer, outsider = call(people.viewer), call(people.outsider)

        assert texts(viewer) == ["Release"]
        assert viewer.post(ANNOTATIONS, RELEASE, format="json").status_code == 403
        assert viewer.delete(f"{ANNOTATIONS}/{own.pk}").status_code == 403
        assert outsider.get(ANNOTATIONS).status_code == 403


class TestOnCharts:
    def company(self) -> None:
        start = clock.now() - timedelta(days=3)
        load([Event("visit", start, "a"), Event("buy", start + timedelta(minutes=1), "a")])

    def marks(self, page: str) -> list[dict[str, Any]]:
        found = re.search(
            r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL
        )
        assert found is not None
        figure = json.loads(unescape(found[1]))
        marks: list[dict[str, Any]] = figure["layout"]["meta"].get("marks", [])
        return marks

    @pytest.mark.parametrize("page", PAGES)
    def test_charts_over_time_show_what_happened(self, analyst: Client, page: str) -> None:
        self.company()
        noon = clock.now() - timedelta(days=2)
        make_annotation(text="<i>Deploy", at=noon)
        make_annotation(text="Of another event", at=noon, event="search")
        make_annotation(text="Long ago", at=noon - timedelta(days=90))

        shown = text(analyst, page)

        (mark,) = self.marks(shown)
        assert mark["x"] == f"{noon:%Y-%m-%dT%H:%M:%S}"
        assert mark["text"].startswith("<b>&lt;i&gt;Deploy</b>")
        assert "1 annotation</summary>" in shown
        assert 'id="annotation-text"' in shown

    def test_a_viewer_sees_them_and_has_no_form(self, people: People, browse: PageClient) -> None:
        self.company()
        make_annotation(text="Deploy", at=clock.now() - timedelta(days=2))

        shown = text(browse(people.viewer), PAGES[0])

        assert len(self.marks(shown)) == 1
        assert 'id="annotation-text"' not in shown

    def test_the_form_beside_a_chart_reads_its_zone_and_leads_back(self, analyst: Client) -> None:
        given = {"text": "Campaign", "at": "2026-03-01T09:00", "end": "2026-03-02T09:00",
                 "event": "visit", "tz": "Europe/Berlin", "back": PAGES[0]}  # fmt: skip

        answer = analyst.post("/explore/annotations/new/", given)

        row = Annotation.objects.get()
        assert answer["Location"] == PAGES[0]
        assert row.at == at("2026-03-01T09:00", "Europe/Berlin")
        assert row.event == "visit"

    @pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "nowhere"])
    def test_it_leads_nowhere_else(self, analyst: Client, back: str) -> None:
        given = {"text": "Campaign", "at": "2026-03-01T09:00", "back": back}

        assert analyst.post("/explore/annotations/new/", given)["Location"] == (
            "/explore/annotations/"
        )

    def test_a_form_that_cannot_be_says_so_beside_the_field(self, analyst: Client) -> None:
        given = {"text": "Campaign", "at": "2026-03-01T09:00", "end": "2026-03-01T08:00"}

        answer = analyst.post("/explore/annotations/new/", given)

        assert answer.status_code == 400
        assert "This must be later than when it began." in answer.content.decode()
        assert 'value="Campaign"' in answer.content.decode()

    def test_it_is_changed_and_removed_in_the_list(self, analyst: Client, people: People) -> None:
        row = make_annotation(people.owner, text="Relaese")
        where = f"/explore/annotations/{row.pk}/"

        assert "Relaese" in text(analyst, "/explore/annotations/")
        assert 'value="Relaese"' in text(analyst, where)
        analyst.post(where, {"text": "Release", "at": "2026-03-01T09:00"})
        assert Annotation.objects.get().text == "Release"
        analyst.post(f"{where}delete/")
        assert not Annotation.objects.exists()
        assert "Nothing noted yet" in text(analyst, "/explore/annotations/")


def test_a_span_has_both_its_ends() -> None:
    figure: dict[str, Any] = {"data": [], "layout": {"meta": {"unit": "s"}}}
    mark = Mark("Sale", at("2026-03-01T10:00"), at("2026-03-02T10:00"))

    meta = marked(figure, [mark], at("2026-01-01").tzinfo)["layout"]["meta"]  # type: ignore[arg-type]  # UTC

    assert meta["unit"] == "s"
    assert (meta["marks"][0]["x"], meta["marks"][0]["x1"]) == (
        "2026-03-01T10:00:00",
        "2026-03-02T10:00:00",
    )
