from __future__ import annotations

import pytest

from portal.accounts import actions
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard
from tests.people import People

pytestmark = pytest.mark.django_db


class TestAPrivateDashboard:
    def test_its_owner_and_admins_see_it(self, people: People, call: TokenClient) -> None:
        made = make_dashboard(created_by=people.owner)

        for person in (people.owner, people.admin):
            assert call(person).get(f"/api/v1/dashboards/{made.uid}").status_code == 200

    def test_nobody_else_may_know_of_it(
        self, people: People, call: TokenClient, browse: PageClient
    ) -> None:
        made = make_dashboard(created_by=people.owner)

        for suffix in ("", "/data"):
            answer = call(people.teammate).get(f"/api/v1/dashboards/{made.uid}{suffix}")
            assert answer.status_code == 404
        for path in ("", "widgets/note.csv"):
            page = browse(people.teammate).get(f"/dashboards/{made.uid}/{path}")
            assert page.status_code == 404
        assert made.name not in browse(people.teammate).get("/dashboards/").content.decode()

    def test_search_does_not_find_it(self, people: People, browse: PageClient) -> None:
        make_dashboard(created_by=people.owner, name="Hidden plan")

        assert browse(people.teammate).get("/search?q=hidden").json() == []
        assert browse(people.teammate).get("/search?q=%00hidden").json() == []
        assert len(browse(people.owner).get("/search?q=hidden").json()) == 1


def test_a_public_dashboard_is_seen_by_staff_but_not_by_auditors(
    people: People, call: TokenClient
) -> None:
    made = make_dashboard(created_by=people.owner, is_public=True)

    assert call(people.teammate).get(f"/api/v1/dashboards/{made.uid}").status_code == 200
    assert call(people.auditor).get(f"/api/v1/dashboards/{made.uid}").status_code == 403
    assert call(people.outsider).get("/api/v1/dashboards").status_code == 403


def test_the_list_shows_folders_and_narrows_to_one(people: People, browse: PageClient) -> None:
    now = clock.now()
    growth = actions.create_folder(people.owner, name="Growth", parent=None, now=now)
    make_dashboard(created_by=people.owner, name="Weekly plan", folder=growth)
    make_dashboard(created_by=people.owner, name="Loose sheet", is_public=True)
    page = browse(people.teammate)

    everything, narrowed = page.get("/dashboards/"), page.get(f"/dashboards/?folder={growth.pk}")

    assert "Growth" in everything.text
    assert "Loose sheet" in everything.text
    assert "Weekly plan" in narrowed.text
    assert "Loose sheet" not in narrowed.text
    assert page.get("/dashboards/?folder=x").status_code == 200
