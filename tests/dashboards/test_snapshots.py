"""Frozen snapshots: what they keep, who sees them, and how they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from analytics.insights.models import DataSet
from dashboards.models import Dashboard, Snapshot
from dashboards.tasks import delete_old_snapshots
from portal.accounts import actions
from portal.accounts.models import Level
from portal.audit.models import AuditEntry
from portal.audit.personal import Subject, holders
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_public_link, make_snapshot, make_widget
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
TREND = '{"kind": "trend", "definition": {"series": [{"event": "visit"}]}}'


@pytest.fixture
def board(people: People) -> Dashboard:
    made = make_dashboard("board", name="Incident", created_by=people.owner, is_public=True)
    make_widget(made, "visits", kind="line", source="insight", query=TREND)
    load([Event("visit", clock.now() - timedelta(hours=2), "u1")])
    return made


def freeze(client: Any, **body: Any) -> Any:
    return client.post("/api/v1/dashboards/board/snapshots", body, format="json")


def test_it_stays_as_it_was(
    people: People, board: Dashboard, call: TokenClient, browse: PageClient
) -> None:
    made = freeze(call(people.viewer), name="The outage")
    assert made.status_code == 201, made.content
    before = call(people.viewer).get(f"/api/v1/snapshots/{made.json()['id']}").json()

    board.widgets.all().delete()
    Dashboard.objects.filter(pk=board.pk).update(name="Other")

    after = call(people.viewer).get(f"/api/v1/snapshots/{made.json()['id']}").json()
    assert after["data"] == before["data"]
    assert after["data"]["visits"]["figure"]["data"]
    page = browse(people.teammate).get(f"/snapshots/{made.json()['id']}/").text
    assert "<strong>Hello</strong>" in page
    assert "Incident" in page
    assert AuditEntry.objects.filter(action="snapshot.create").count() == 1


def test_it_outlives_its_dashboard_for_its_maker(
    people: People, board: Dashboard, browse: PageClient
) -> None:
    made = make_snapshot(board, people.viewer)
    board.delete()

    assert browse(people.viewer).get(f"/snapshots/{made.pk}/").status_code == 200
    assert browse(people.admin).get(f"/snapshots/{made.pk}/").status_code == 200
    assert browse(people.teammate).get(f"/snapshots/{made.pk}/").status_code == 404


def test_who_may_read_fewer_rows_than_its_maker_is_refused(
    people: People, board: Dashboard, call: TokenClient
) -> None:
    made = freeze(call(people.viewer)).json()["id"]
    DataSet.objects.all().delete()  # nobody but admins of data reads anything now

    answer = call(people.teammate).get(f"/api/v1/snapshots/{made}")

    assert answer.status_code == 403
    assert "not all shared with you" in answer.json()["error"]["message"]


def test_strangers_see_it_by_a_link_that_its_dashboard_s_owner_makes(
    people: People, board: Dashboard, call: TokenClient, settings: Settings
) -> None:
    settings.PUBLIC_LINKS = True
    made = make_snapshot(board, people.viewer)
    body = {"name": "Customer", "expires_in_hours": 1, "snapshot": made.pk}
    path = "/api/v1/dashboards/board/links"

    assert call(people.viewer).post(path, body, format="json").status_code == 403
    url = call(people.owner).post(path, body, format="json").json()["url"]

    page = Client().get("/p/" + url.split("/p/")[1])
    assert "Hello then" in page.text
    assert "Frozen" in page.text
    assert "<live-board" not in page.text
    Snapshot.objects.update(expires_at=clock.now())
    assert Client().get("/p/" + url.split("/p/")[1]).status_code == 410


def test_a_link_of_one_dashboard_shows_no_other_s_snapshot(
    people: People, board: Dashboard, call: TokenClient, settings: Settings
) -> None:
    settings.PUBLIC_LINKS = True
    other = make_snapshot(make_dashboard(created_by=people.owner), people.owner)
    body = {"name": "x", "expires_in_hours": 1, "snapshot": other.pk}

    answer = call(people.owner).post("/api/v1/dashboards/board/links", body, format="json")

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "snapshot")


def test_what_is_too_large_is_not_kept(
    people: People, board: Dashboard, call: TokenClient, settings: Settings
) -> None:
    settings.SNAPSHOT_MAX_BYTES = 100

    answer = freeze(call(people.viewer))

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "look")
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 200}, "name"),
        ({"expires_in_hours": 0}, "expires_in_hours"),
        ({"look": "from=nonsense"}, "look"),
        ({"frame": 1}, "frame"),
    ],
)
def test_what_cannot_be_is_named(
    people: People, board: Dashboard, call: TokenClient, body: Any, field: str
) -> None:
    answer = freeze(call(people.viewer), **body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_the_page_freezes_lists_and_deletes(
    people: People, board: Dashboard, browse: PageClient
) -> None:
    page = browse(people.viewer)
    answer = page.post("/dashboards/board/snapshots/", {"lifetime": "24", "look": "from=-24h"})
    made = Snapshot.objects.get()

    assert answer["Location"] == f"/snapshots/{made.pk}/"
    assert made.name.startswith("Incident, 20")
    assert made.name in page.get("/dashboards/board/snapshots/").text
    assert browse(people.teammate).post(f"/snapshots/{made.pk}/delete/").status_code == 403
    page.post(f"/snapshots/{made.pk}/delete/")
    assert not Snapshot.objects.exists()
    assert AuditEntry.objects.filter(action="snapshot.delete", actor=people.viewer).exists()


def test_it_goes_when_its_time_is_over(people: People, board: Dashboard, call: TokenClient) -> None:
    old = make_snapshot(board, people.viewer, expires_at=clock.now())
    kept = make_snapshot(board, people.viewer)

    assert call(people.viewer).get(f"/api/v1/snapshots/{old.pk}").status_code == 404
    delete_old_snapshots()

    assert list(Snapshot.objects.all()) == [kept]


def test_who_lost_the_dashboard_lost_its_snapshots(people: People, call: TokenClient) -> None:
    board = make_dashboard(created_by=people.owner)
    made = make_snapshot(board, people.owner)
    grant = actions.share(people.owner, board, people.teammate, Level.VIEW)
    assert call(people.teammate).get(f"/api/v1/snapshots/{made.pk}").status_code == 200

    actions.unshare(people.owner, board, grant)

    assert call(people.teammate).get(f"/api/v1/snapshots/{made.pk}").status_code == 404


class TestErasing:
    SUBJECT = Subject(("anna.o'neil@example.com",), (), (1,))

    def test_a_box_that_names_the_person_goes_as_a_whole(
        self, people: People, board: Dashboard
    ) -> None:
        row = "<tr><td>anna.o&#x27;neil@example.com</td><td>Lisbon</td></tr>"
        answers = {
            "note": {"state": "ok", "html": row, "meta": {}},
            "other": {"state": "ok", "html": "<p>42</p>", "meta": {}},
        }
        made = make_snapshot(board, people.owner, answers=answers, name="Anna")
        holder = holders.get("snapshots")

        assert holder.count(self.SUBJECT) == 1
        assert next(iter(holder.rows(self.SUBJECT)))["boxes"] == {"note": answers["note"]}
        holder.erase(self.SUBJECT)
        holder.erase(self.SUBJECT)

        made.refresh_from_db()
        assert "Lisbon" not in str(made.answers)
        assert made.answers["other"] == answers["other"]
        assert holder.count(self.SUBJECT) == 0

    def test_a_link_s_variables_and_name_are_cleared(
        self, people: People, board: Dashboard
    ) -> None:
        who = self.SUBJECT.user_ids[0]
        link, _ = make_public_link(board, people.owner, name=who, look={"var-user": [who]})

        holders.get("public_links").erase(self.SUBJECT)

        link.refresh_from_db()
        assert who not in f"{link.name} {link.look}"
