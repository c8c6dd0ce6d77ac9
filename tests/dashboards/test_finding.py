"""Stars, what was opened lately, the list, the palette, and what stands at home."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.daily.actions import choose_home, choose_home_of, note_visit, star
from dashboards.daily.finding import Wanted, page_of
from dashboards.models import Dashboard, Favorite, HomeDashboard, Visit
from portal.accounts import actions
from portal.accounts.access import TooLow
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_staff
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]


def make(uid: str, owner: User, **values: Any) -> Dashboard:
    return make_dashboard(
        uid, **{"name": uid.title(), "created_by": owner, "is_public": True} | values
    )


def names(user: User, **wanted: Any) -> list[str]:
    return [row.uid for row in page_of(user, Wanted(**wanted)).rows]


@pytest.fixture
def boards(people: People) -> dict[str, Dashboard]:
    made = {
        "alpha": make("alpha", people.owner, tags=["web"], description="Checkout"),
        "beta": make("beta", people.admin, tags=["web", "money"]),
        "gamma": make("gamma", people.owner),
        "hidden": make("hidden", people.owner, is_public=False, tags=["secret"]),
    }
    Visit.objects.all().delete()
    return made


class TestTheList:
    def test_starred_ones_come_first_then_as_sorted(
        self, people: People, boards: dict[str, Dashboard]
    ) -> None:
        now = clock.now()
        star(people.viewer, boards["gamma"], now)
        note_visit(people.viewer, boards["beta"], now)
        note_visit(people.viewer, boards["alpha"], now - timedelta(hours=1))

        assert names(people.viewer) == ["gamma", "alpha", "beta"]
        assert names(people.viewer, sort="opened") == ["gamma", "beta", "alpha"]
        assert names(people.viewer, only_starred=True) == ["gamma"]
        Dashboard.objects.filter(uid="alpha").update(updated_at=now + timedelta(days=1))
        assert names(people.viewer, sort="changed")[:2] == ["gamma", "alpha"]

    def test_words_tags_owners_and_folders_narrow_it(
        self, people: People, boards: dict[str, Dashboard]
    ) -> None:
        now = clock.now()
        growth = actions.create_folder(people.owner, name="Growth", parent=None, now=now)
        weekly = actions.create_folder(people.owner, name="Weekly", parent=growth, now=now)
        Dashboard.objects.filter(uid="gamma").update(folder=weekly)

        assert names(people.viewer, words="check alph") == ["alpha"]
        assert names(people.viewer, words="money") == ["beta"]
        assert names(people.viewer, tags=("web", "money")) == ["beta"]
        assert names(people.viewer, owner=people.admin.email) == ["beta"]
        assert names(people.viewer, folder=str(growth.pk)) == ["gamma"]
        assert names(people.viewer, folder="none") == ["alpha", "beta"]

    def test_the_page_tells_nothing_of_what_one_may_not_see(
        self, people: People, boards: dict[str, Dashboard], browse: PageClient
    ) -> None:
        page = browse(people.viewer).get("/dashboards/?sort=nonsense&folder=x&page=-3&tag=%00").text

        assert "Alpha" in page
        assert "Hidden" not in page
        assert "secret" not in page
        assert "3 that you may see" in page

    def test_it_stays_quick_with_hundreds(self, people: People, browse: PageClient) -> None:
        made = [Dashboard(uid=f"b{n}", name=f"Board {n:03}", is_public=True) for n in range(450)]
        Dashboard.objects.bulk_create(made)
        page = browse(people.viewer)
        page.get("/dashboards/")

        with CaptureQueriesContext(
            connection,
        ) as queries:
            first = page.get("/dashboards/")
        last = page.get("/dashboards/?page=3")

        assert len(queries) < 40
        assert first.text.count("data-found") == 200
        assert last.text.count("data-found") == 50
        assert "from 401 of 450" in last.text

    def test_htmx_gets_the_part_below_the_fields(
        self, people: People, boards: dict[str, Dashboard], browse: PageClient
    ) -> None:
        answer = browse(people.viewer).get("/dashboards/?q=alpha", headers={"hx-request": "true"})

        assert "<html" not in answer.text
        assert "Alpha" in answer.text


class TestStars:
    def test_they_are_one_s_own(
        self, people: People, boards: dict[str, Dashboard], call: TokenClient
    ) -> None:
        api = call(people.viewer)

        for _ in range(2):
            assert api.put("/api/v1/dashboards/beta/favorite").status_code == 204
        assert api.put("/api/v1/dashboards/hidden/favorite").status_code == 404

        assert [(row.user, row.dashboard.uid) for row in Favorite.objects.all()] == [
            (people.viewer, "beta")
        ]
        assert AuditEntry.objects.filter(action="dashboard.star").count() == 1
        assert api.delete("/api/v1/dashboards/beta/favorite").status_code == 204
        assert not Favorite.objects.exists()

    def test_the_button_changes_in_place(
        self, people: People, boards: dict[str, Dashboard], browse: PageClient
    ) -> None:
        page = browse(people.viewer)

        on = page.post("/dashboards/beta/star/", {"starred": "1"}, headers={"hx-request": "true"})
        off = page.post("/dashboards/beta/star/", {"starred": "0"})

        assert 'aria-pressed="true"' in on.text
        assert off["Location"] == "/dashboards/beta/"
        assert not Favorite.objects.exists()


def test_the_palette_finds_favorites_first(
    people: People, boards: dict[str, Dashboard], browse: PageClient
) -> None:
    page = browse(people.viewer)
    for uid in ("board-a", "board-b", "board-c"):
        make(uid, people.owner, name=f"Sales {uid}")
    star(people.viewer, Dashboard.objects.get(uid="board-c"), clock.now())
    page.get("/dashboards/board-b/")

    found = [one["label"][-1] for one in page.get("/search?q=sales").json()]
    at_hand = page.get("/search?q=").json()

    assert found == ["c", "b", "a"]
    assert [(one["label"][-1], one["starred"]) for one in at_hand] == [("c", True), ("b", False)]


def test_opening_a_page_is_remembered_once_for_an_occasion(
    people: People, boards: dict[str, Dashboard], browse: PageClient
) -> None:
    page = browse(people.viewer)
    for _ in range(3):
        page.get("/dashboards/alpha/")
    Visit.objects.update(last_at=clock.now() - timedelta(hours=1))
    page.get("/dashboards/alpha/")

    visit = Visit.objects.get()

    assert (visit.user, visit.count) == (people.viewer, 2)
    assert "Opened lately" in page.get("/").text


class TestHome:
    def test_own_choice_then_team_then_role(
        self, people: People, boards: dict[str, Dashboard], call: TokenClient
    ) -> None:
        person = make_staff("viewer", "responder", name="Rita")
        team = actions.create_team(None, name="Payments")
        actions.add_member(None, team, person)
        admin = people.admin

        def home() -> Any:
            found = call(person).get("/api/v1/home").json()
            return found["dashboard"], found["why"]

        assert home() == (None, "")
        choose_home_of(admin, Group.objects.get(name="viewer"), boards["gamma"])
        assert home() == ("gamma", "the home of the role viewer")
        choose_home_of(admin, Group.objects.get(name="responder"), boards["alpha"])
        assert home() == ("alpha", "the home of the role responder")
        choose_home_of(admin, team.group, boards["beta"])
        assert home() == ("beta", "the home of the team Payments")
        choose_home(person, boards["gamma"])
        assert home() == ("gamma", "you chose it")
        choose_home(person, None)
        assert home()[0] == "beta"
        assert AuditEntry.objects.filter(action="home.choose").count() == 5

    def test_what_one_may_not_see_is_passed_over(
        self, people: People, boards: dict[str, Dashboard], browse: PageClient
    ) -> None:
        choose_home_of(people.admin, Group.objects.get(name="viewer"), boards["hidden"])

        page = browse(people.viewer).get("/")

        assert page.status_code == 200
        assert "Hidden" not in page.text

    def test_nobody_chooses_what_they_may_not_see(
        self, people: People, boards: dict[str, Dashboard], call: TokenClient
    ) -> None:
        answer = call(people.viewer).put("/api/v1/home", {"dashboard": "hidden"}, format="json")

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "dashboard")
        with pytest.raises(TooLow):
            choose_home(people.viewer, boards["hidden"])

    def test_the_pages_choose_it(
        self, people: People, boards: dict[str, Dashboard], browse: PageClient
    ) -> None:
        viewer = Group.objects.get(name="viewer")
        page = browse(people.admin)

        page.post("/settings/homes/", {"group": viewer.pk, "dashboard": "alpha"})
        assert "Hello" in browse(people.viewer).get("/").text
        assert page.post("/settings/homes/", {"group": "x"}).status_code == 400
        browse(people.viewer).post("/dashboards/beta/home/", {"home": "1"})

        assert {(row.user, row.dashboard.uid) for row in HomeDashboard.objects.all()} == {
            (None, "alpha"), (people.viewer, "beta"),
        }  # fmt: skip
        assert "Beta as it moves now" in browse(people.viewer).get("/").text
