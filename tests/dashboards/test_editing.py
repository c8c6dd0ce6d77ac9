"""The editor's page, versions, copies and deletion, as pages (dashboards.views.editing, versions)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dashboards import actions
from dashboards.models import Dashboard
from dashboards.shapes import document_of
from portal.lib import clock
from tests.conftest import PageClient
from tests.factories import make_dashboard
from tests.people import People

pytestmark = pytest.mark.django_db


def state_of(content: bytes) -> dict[str, Any]:
    """Return what the page hands to the editor."""
    found = re.search(rb'<script id="editor-state"[^>]*>(.*?)</script>', content, re.DOTALL)
    assert found is not None
    state: dict[str, Any] = json.loads(found[1])
    return state


def saved(people: People, made: Dashboard, **changes: Any) -> None:
    made.refresh_from_db()
    document = {**document_of(made), **changes}
    actions.save(people.owner, made, document, made.version, clock.now(), "A note")


class TestTheEditor:
    def test_gets_the_document_with_ones_own_draft_of_it(
        self, people: People, browse: PageClient
    ) -> None:
        made = make_dashboard(created_by=people.owner)
        draft = {**document_of(made), "name": "Not yet"}
        actions.keep_draft(people.owner, made, draft, made.version, clock.now())

        state = state_of(browse(people.owner).get(f"/dashboards/{made.uid}/edit/").content)
        other = state_of(browse(people.admin).get(f"/dashboards/{made.uid}/edit/").content)

        assert state["document"] == document_of(made)
        assert state["draft"]["document"]["name"] == "Not yet"
        assert other["draft"] is None
        assert {"line", "row", "text"} <= {kind["kind"] for kind in state["kinds"]}

    def test_is_only_for_those_who_may_change_it(self, people: People, browse: PageClient) -> None:
        made = make_dashboard(created_by=people.owner, is_public=True)

        assert browse(people.teammate).get(f"/dashboards/{made.uid}/edit/").status_code == 403
        page = browse(people.teammate).get(f"/dashboards/{made.uid}/").content.decode()
        assert f"/dashboards/{made.uid}/edit/" not in page

    def test_begins_with_a_name(self, people: People, browse: PageClient) -> None:
        page = browse(people.owner)

        nameless = page.post("/dashboards/new/", {"name": " "})
        made = page.post("/dashboards/new/", {"name": "Sales", "description": "In a line"})

        assert nameless.status_code == 400
        assert "text of at most 120 characters" in nameless.content.decode()
        assert made["Location"] == "/dashboards/sales/edit/"
        assert Dashboard.objects.get(uid="sales").description == "In a line"


class TestVersions:
    def test_say_what_each_changed_and_by_whom(self, people: People, browse: PageClient) -> None:
        made = make_dashboard(created_by=people.owner, name="Sales")
        saved(people, made, name="Revenue")

        page = browse(people.owner).get(f"/dashboards/{made.uid}/versions/").content.decode()

        assert "Renamed the dashboard from “Sales” to “Revenue”." in page
        assert "A note" in page
        assert "Restore<" in page

    def test_are_compared_side_by_side(self, people: People, browse: PageClient) -> None:
        made = make_dashboard(created_by=people.owner, name="Sales")
        saved(people, made, name="Revenue")
        here = f"/dashboards/{made.uid}/versions/"

        page = browse(people.owner).get(f"{here}?from=2&to=1").content.decode()
        missing = browse(people.owner).get(f"{here}?from=1&to=9")

        assert "From version 1 to 2" in page
        assert page.index("<pre>Sales</pre>") < page.index("<pre>Revenue</pre>")
        assert missing.status_code == 404

    def test_come_back_as_a_new_version(self, people: People, browse: PageClient) -> None:
        made = make_dashboard(created_by=people.owner, name="Sales")
        saved(people, made, name="Revenue")
        page = browse(people.owner)

        stale = page.post(
            f"/dashboards/{made.uid}/versions/1/restore/", {"version": 1}, follow=True
        )
        answer = page.post(
            f"/dashboards/{made.uid}/versions/1/restore/", {"version": 2}, follow=True
        )
        unknown = page.post(f"/dashboards/{made.uid}/versions/77/restore/", follow=True)

        made.refresh_from_db()
        assert "Somebody saved meanwhile" in stale.content.decode()
        assert "This is version 3 now, as 1 was." in answer.content.decode()
        assert (made.name, made.version) == ("Sales", 3)
        assert "There is no version 77" in unknown.content.decode()

    def test_are_read_but_not_restored_by_those_who_only_see(
        self, people: People, browse: PageClient
    ) -> None:
        made = make_dashboard(created_by=people.owner, is_public=True)
        saved(people, made, name="Revenue")
        page = browse(people.teammate)

        assert "Restore<" not in page.get(f"/dashboards/{made.uid}/versions/").content.decode()
        assert page.post(f"/dashboards/{made.uid}/versions/1/restore/").status_code == 403


def test_a_copy_is_ones_own(people: People, browse: PageClient) -> None:
    made = make_dashboard(created_by=people.owner, is_public=True, name="Sales")

    answer = browse(people.admin).post(f"/dashboards/{made.uid}/duplicate/")

    copy = Dashboard.objects.get(name="Sales (copy)")
    assert answer["Location"] == f"/dashboards/{copy.uid}/edit/"
    assert (copy.created_by, copy.is_public) == (people.admin, False)


def test_a_dashboard_is_deleted_by_its_name(people: People, browse: PageClient) -> None:
    made = make_dashboard(created_by=people.owner, name="Sales")
    page = browse(people.owner)

    wrong = page.post(f"/dashboards/{made.uid}/delete/", {"name": "sales"})
    assert wrong.status_code == 400
    assert "Type the name exactly" in wrong.content.decode()
    assert Dashboard.objects.filter(pk=made.pk).exists()

    right = page.post(f"/dashboards/{made.uid}/delete/", {"name": "Sales"})
    assert right["Location"] == "/dashboards/"
    assert not Dashboard.objects.filter(pk=made.pk).exists()


def test_a_tab_is_shown_alone_and_a_row_says_whether_it_is_open(
    people: People, browse: PageClient
) -> None:
    made = make_dashboard(created_by=people.owner)
    words = {"source": "text", "query": "x", "refresh_interval": 30_000, "description": ""}
    place = {"x": 0, "y": 0, "w": 24, "h": 1}
    body = [
        {**words, "id": "r", "title": "A row", "position": place, "config": {"kind": "row", "collapsed": True}},
        {**words, "id": "in", "title": "Inside", "position": {**place, "y": 1}, "config": {"kind": "text"}},
        {**words, "id": "far", "title": "Elsewhere", "position": {**place, "tab": "b"}, "config": {"kind": "text"}},
    ]  # fmt: skip
    widgets = [{**one, "type": "custom", "size": "full-width"} for one in body]
    tabs = [{"id": "a", "title": "First"}, {"id": "b", "title": "Second"}]
    links = [{"title": "Runbook", "url": "https://example.com/runbook"}]
    saved(people, made, widgets=widgets, tabs=tabs, links=links)

    first = browse(people.owner).get(f"/dashboards/{made.uid}/").content.decode()
    second = browse(people.owner).get(f"/dashboards/{made.uid}/?tab=b").content.decode()

    assert re.search(r'href="https://example.com/runbook">.*Runbook</a>', first)
    assert 'aria-expanded="false"' in first
    assert re.search(r'data-widget="in"[^>]* hidden', first)
    assert "Elsewhere" not in first
    assert "Elsewhere" in second
    assert "Inside" not in second
