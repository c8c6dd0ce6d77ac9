"""Sharing as programs and pages see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import QuerySet
from rest_framework.test import APIClient

from portal.accounts import actions
from portal.accounts.models import Folder, Grant, Level, Team, User
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.factories import make_cohort, make_dashboard
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "store_schema")]
GRANTS, TEAMS, FOLDERS, ACCESS = (
    "/api/v1/grants",
    "/api/v1/teams",
    "/api/v1/folders",
    "/api/v1/access",
)


@pytest.fixture
def owner(people: People, call: TokenClient) -> APIClient:
    return call(people.owner)


@pytest.fixture
def team(people: People) -> Team:
    """Return a team of the teammate, who is a viewer."""
    made = actions.create_team(people.admin, name="Payments")
    actions.add_member(people.admin, made, people.teammate)
    return made


def private_folder(owner: User, name: str = "Plans", parent: Folder | None = None) -> Folder:
    now = clock.now()
    return actions.create_folder(owner, name=name, parent=parent, now=now, is_public=False)


def share(client: APIClient, row: Any, kind: str = "dashboard", **values: Any) -> Any:
    body = {"object_type": kind, "object_id": row.pk, "level": "view", **values}
    return client.post(GRANTS, body, format="json")


def grants() -> QuerySet[Grant]:
    """Return the grants that a test made: the data set that holds everything has some before."""
    return Grant.objects.exclude(object_type="data_set")


class TestGrants:
    def test_a_team_sees_what_is_shared_with_it(
        self, people: People, owner: APIClient, team: Team, call: TokenClient
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)

        answer = share(owner, board, team=team.pk)

        assert answer.status_code == 201, answer.content
        assert call(people.teammate).get("/api/v1/dashboards/plan").status_code == 200
        assert call(people.viewer).get("/api/v1/dashboards/plan").status_code == 404
        entry = AuditEntry.objects.filter(action="dashboard.share").get()
        assert entry.after == {"to": "team Payments", "level": "view"}

    def test_an_edit_grant_lifts_what_a_viewer_s_role_allows(
        self, people: People, owner: APIClient, call: TokenClient
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)
        widget = {
            "kind": "trend",
            "definition": {"series": [{"event": "visit"}]},
            "title": "Visits",
        }
        path = "/api/v1/dashboards/plan/widgets"
        share(owner, board, user=people.teammate.email)

        seen = call(people.teammate).post(path, widget, format="json")
        share(owner, board, user=people.teammate.email, level="edit")
        changed = call(people.teammate).post(path, widget, format="json")

        assert (seen.status_code, changed.status_code) == (403, 201), changed.content
        assert grants().count() == 1

    def test_no_grant_reaches_who_has_no_role_for_it(
        self, people: People, owner: APIClient, call: TokenClient
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)

        share(owner, board, user=people.auditor.email, level="admin")

        assert call(people.auditor).get("/api/v1/dashboards/plan").status_code == 403

    def test_a_grant_on_a_folder_reaches_what_is_inside(
        self, people: People, owner: APIClient, team: Team, call: TokenClient
    ) -> None:
        inner = private_folder(people.owner, "Inner", private_folder(people.owner))
        make_dashboard("plan", created_by=people.owner, folder=inner)

        share(owner, Folder.objects.get(name="Plans"), "folder", team=team.pk)

        found = call(people.teammate).get("/api/v1/dashboards/plan").json()
        assert found["folder"] == "Plans/Inner"

    def test_it_is_changed_and_taken_back(
        self, people: People, owner: APIClient, call: TokenClient
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)
        made = share(owner, board, role="viewer").json()
        path = f"{GRANTS}/{made['id']}"

        changed = owner.put(path, owner.get(path).json() | {"level": "edit"}, format="json")
        listed = owner.get(f"{GRANTS}?object_type=dashboard&object_id={board.pk}").json()
        removed = owner.delete(path)

        assert changed.json()["level"] == "edit"
        assert [one["role"] for one in listed["grants"]] == ["viewer"]
        assert removed.status_code == 204
        assert call(people.viewer).get("/api/v1/dashboards/plan").status_code == 404

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({}, "user"),
            ({"user": "a@b.c"}, "user"),
            ({"user": 5}, "user"),
            ({"team": 999}, "team"),
            ({"team": 2**70}, "team"),
            ({"role": "boss"}, "role"),
            ({"role": "viewer", "user": "a@b.c"}, "user"),
            ({"role": "viewer", "level": "own"}, "level"),
            ({"role": "viewer", "object_type": "event"}, "object_type"),
            ({"role": "viewer", "object_type": []}, "object_type"),
            ({"role": "viewer", "object_id": "x"}, "object_id"),
            ({"role": "viewer", "object_id": 10**30}, "object_id"),
            ({"role": "viewer", "colour": "red"}, "colour"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, people: People, owner: APIClient, values: dict[str, Any], field: str
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)

        answer = share(owner, board, **values)

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)

    def test_who_only_sees_it_cannot_share_it(
        self, people: People, owner: APIClient, call: TokenClient
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)
        share(owner, board, user=people.teammate.email, level="edit")

        assert share(call(people.teammate), board, role="viewer").status_code == 403
        assert share(call(people.editor), board, role="viewer").status_code == 404

    def test_a_deleted_insight_takes_its_grants_with_it(
        self, people: People, owner: APIClient
    ) -> None:
        body = {"name": "Visits", "kind": "trend", "definition": {"series": [{"event": "visit"}]}}
        made = owner.post("/api/v1/insights", body, format="json").json()
        grant = {
            "object_type": "insight",
            "object_id": made["id"],
            "level": "edit",
            "role": "viewer",
        }
        assert owner.post(GRANTS, grant, format="json").status_code == 201

        owner.delete(f"/api/v1/insights/{made['id']}")

        assert not grants().exists()


class TestWhy:
    def test_the_chain_is_told_in_sentences(
        self, people: People, owner: APIClient, team: Team
    ) -> None:
        folder = private_folder(people.owner)
        board = make_dashboard("plan", created_by=people.owner, folder=folder)
        share(owner, folder, "folder", team=team.pk, level="edit")

        path = f"{ACCESS}/dashboard/{board.pk}"
        told = owner.get(f"{path}?user={people.teammate.email}").json()["people"]
        untold = owner.get(f"{path}?user={people.viewer.email}").json()["people"]
        everybody = owner.get(path).json()["people"]

        assert told[0]["why"] == [
            "teammate is in the team Payments, which may edit the folder “Plans”, and what is "
            "inside has its rights."
        ]
        assert untold[0]["level"] is None
        assert untold[0]["why"] == ["Nothing is shared with viewer that leads to this dashboard."]
        assert {one["name"] for one in everybody} == {"admin", "owner", "teammate"}

    def test_a_folder_that_one_may_not_see_is_not_named(
        self, people: People, call: TokenClient
    ) -> None:
        folder = private_folder(people.owner, "Secret plans")
        board = make_dashboard("plan", created_by=people.owner, folder=folder)
        actions.share(people.owner, folder, people.editor, Level.VIEW)
        actions.share(people.owner, board, people.teammate, Level.VIEW)

        told = call(people.teammate).get(f"{ACCESS}/dashboard/{board.pk}")
        board_json = call(people.teammate).get("/api/v1/dashboards/plan").json()

        assert "Secret plans" not in told.text
        assert "a folder around it" in told.text
        assert board_json["folder"] is None


class TestCohorts:
    def test_a_protected_one_is_changed_by_those_it_is_shared_with(
        self, people: People, owner: APIClient, call: TokenClient
    ) -> None:
        cohort = make_cohort(people.owner, name="Buyers")
        path, rename = f"/api/v1/cohorts/{cohort.pk}", {"name": "Customers"}

        before = call(people.analyst).patch(path, rename, format="json")
        owner.patch(f"{ACCESS}/cohort/{cohort.pk}", {"is_protected": True}, format="json")
        refused = call(people.analyst).patch(path, {"name": "Mine"}, format="json")
        share(owner, cohort, "cohort", user=people.viewer.email, level="edit")
        shared = call(people.viewer).patch(path, {"name": "Buyers"}, format="json")

        assert [before.status_code, refused.status_code, shared.status_code] == [200, 403, 200]
        assert call(people.teammate).get(path).status_code == 200

    def test_it_stands_in_no_folder(self, people: People, owner: APIClient) -> None:
        cohort = make_cohort(people.owner)

        for name, value in (("folder", None), ("stop_inheriting", True), ("is_public", True)):
            answer = owner.patch(f"{ACCESS}/cohort/{cohort.pk}", {name: value}, format="json")
            assert (answer.status_code, answer.json()["error"]["field"]) == (400, name)

    def test_its_page_shows_what_protecting_does(self, people: People, browse: PageClient) -> None:
        cohort = make_cohort(people.owner)
        page, path = browse(people.owner), f"/sharing/cohort/{cohort.pk}/"

        shown = page.get(path)
        preview = page.get(f"{path}change/?is_protected=1")

        assert "Protect from changes" in shown.text
        assert "edit → view" in preview.text


class TestMoving:
    def test_a_preview_says_who_gains_and_who_loses_and_changes_nothing(
        self, people: People, owner: APIClient, team: Team
    ) -> None:
        old, new = private_folder(people.owner, "Old"), private_folder(people.owner, "New")
        board = make_dashboard("plan", created_by=people.owner, folder=old)
        actions.share(people.owner, old, people.analyst, Level.EDIT)
        actions.share(people.owner, new, team.group, Level.VIEW)
        path = f"{ACCESS}/dashboard/{board.pk}"

        body = {"folder": new.pk, "preview": True}
        preview = owner.patch(path, body, format="json").json()["effects"]
        board.refresh_from_db()
        stayed = board.folder_id == old.pk
        done = owner.patch(path, {"folder": new.pk}, format="json").json()["effects"]
        board.refresh_from_db()

        assert preview == [
            {"user": people.teammate.email, "before": None, "after": "view", "counts": {"dashboard": 1}},
            {"user": people.analyst.email, "before": "edit", "after": None, "counts": {"dashboard": 1}},
        ]  # fmt: skip
        assert stayed
        assert (done, board.folder_id) == (preview, new.pk)

    def test_a_folder_takes_all_that_is_inside_with_it(
        self, people: People, owner: APIClient, team: Team
    ) -> None:
        around, moved = (
            private_folder(people.owner, "Around"),
            private_folder(people.owner, "Moved"),
        )
        make_dashboard("plan", created_by=people.owner, folder=moved)
        actions.share(people.owner, around, team.group, Level.VIEW)

        body = {"folder": around.pk, "preview": True}
        effects = owner.patch(f"{ACCESS}/folder/{moved.pk}", body, format="json").json()["effects"]

        assert [one["counts"] for one in effects] == [{"folder": 1, "dashboard": 1}]

    def test_stopping_to_inherit_shuts_out_who_came_by_the_folder(
        self, people: People, owner: APIClient, team: Team, call: TokenClient
    ) -> None:
        folder = private_folder(people.owner)
        board = make_dashboard("plan", created_by=people.owner, folder=folder)
        actions.share(people.owner, folder, team.group, Level.VIEW)

        owner.patch(f"{ACCESS}/dashboard/{board.pk}", {"stop_inheriting": True}, format="json")

        assert call(people.teammate).get("/api/v1/dashboards/plan").status_code == 404

    def test_one_does_not_put_things_where_one_may_only_look(
        self, people: People, call: TokenClient
    ) -> None:
        folder = private_folder(people.owner)
        actions.share(people.owner, folder, people.editor, Level.VIEW)
        board = make_dashboard("mine", created_by=people.editor)

        answer = call(people.editor).patch(
            f"{ACCESS}/dashboard/{board.pk}", {"folder": folder.pk}, format="json"
        )

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "folder")

    def test_who_may_edit_an_insight_does_not_say_who_sees_it(
        self, people: People, owner: APIClient, call: TokenClient
    ) -> None:
        body = {"name": "Visits", "kind": "trend", "definition": {"series": [{"event": "visit"}]}}
        made = owner.post("/api/v1/insights", body, format="json").json()
        path = f"/api/v1/insights/{made['id']}"
        grant = {"object_type": "insight", "object_id": made["id"], "level": "edit"}
        owner.post(GRANTS, grant | {"user": people.analyst.email}, format="json")
        analyst = call(people.analyst)

        renamed = analyst.patch(path, {"name": "Views"}, format="json")
        hidden = analyst.patch(path, {"is_shared": False}, format="json")
        moved = analyst.patch(path, {"folder": "Mine"}, format="json")

        assert [renamed.status_code, hidden.status_code, moved.status_code] == [200, 403, 403]
        assert not Folder.objects.exists()


class TestTeams:
    def test_a_program_makes_one_with_its_members(self, people: People, call: TokenClient) -> None:
        body = {"name": "Growth", "sso_names": ["growth"], "members": [people.viewer.email]}
        admin = call(people.admin)

        made = admin.post(TEAMS, body, format="json")
        path = f"{TEAMS}/{made.json()['id']}"
        put = admin.put(path, admin.get(path).json() | {"description": "Sign-ups"}, format="json")
        emptied = admin.patch(path, {"members": []}, format="json")

        assert made.status_code == 201, made.content
        assert [one["user"] for one in put.json()["members"]] == [people.viewer.email]
        assert put.json()["description"] == "Sign-ups"
        assert emptied.json()["members"] == []
        assert admin.delete(path).status_code == 204

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"name": "admin"}, "name"),
            ({"name": ""}, "name"),
            ({"sso_names": "growth"}, "sso_names"),
            ({"sso_names": [5]}, "sso_names[0]"),
            ({"members": ["nobody@example.com"]}, "members"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, people: People, call: TokenClient, values: dict[str, Any], field: str
    ) -> None:
        answer = call(people.admin).post(TEAMS, {"name": "Growth"} | values, format="json")

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
        assert not Team.objects.exists()


class TestPages:
    def test_it_is_shared_asked_about_and_taken_back(
        self, people: People, browse: PageClient, team: Team
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)
        page, path = browse(people.owner), f"/sharing/dashboard/{board.pk}/"

        shared = page.post(
            f"{path}grants/", {"to": "payments (team)", "level": "view"}, follow=True
        )
        why = page.get(f"{path}?person={people.teammate.email}")
        grant = grants().get()
        gone = page.post(f"{path}grants/{grant.pk}/remove/", follow=True)

        assert "Payments (team) may now view it." in shared.text
        assert "teammate is in the team Payments, which may view this dashboard." in why.text
        assert "It is no longer shared with Payments (team)." in gone.text
        assert browse(people.teammate).get("/dashboards/plan/").status_code == 404

    def test_a_mistake_comes_back_in_the_dialog(self, people: People, browse: PageClient) -> None:
        board = make_dashboard("plan", created_by=people.owner)

        for to, level in (("Nobody (team)", "view"), ("", "view"), (people.viewer.email, "own")):
            answer = browse(people.owner).post(
                f"/sharing/dashboard/{board.pk}/grants/", {"to": to, "level": level}
            )
            assert answer.status_code == 400
        assert not grants().exists()

    def test_a_move_is_shown_before_it_is_made(
        self, people: People, browse: PageClient, team: Team
    ) -> None:
        folder = private_folder(people.owner)
        actions.share(people.owner, folder, team.group, Level.VIEW)
        board = make_dashboard("plan", created_by=people.owner)
        page, path = browse(people.owner), f"/sharing/dashboard/{board.pk}/change/"

        shown = page.get(f"{path}?to={folder.pk}")
        page.post(path, {"to": str(folder.pk)})
        board.refresh_from_db()

        assert "Move “Board” into the folder “Plans”?" in shown.text
        assert "teammate" in shown.text
        assert "may view: 1 dashboard" in shown.text
        assert board.folder == folder

    @pytest.mark.parametrize("query", ["", "to=", "to=x", "to=99999", f"to={10**30}"])
    def test_a_place_that_is_none_is_refused(
        self, people: People, browse: PageClient, query: str
    ) -> None:
        board = make_dashboard("plan", created_by=people.owner)

        answer = browse(people.owner).get(f"/sharing/dashboard/{board.pk}/change/?{query}")

        assert answer.status_code == 400

    def test_teams_are_made_and_filled_by_admins(self, people: People, browse: PageClient) -> None:
        page = browse(people.admin)

        page.post(
            "/teams/", {"name": "Growth", "description": "", "sso_names": "growth\nmarketing"}
        )
        team = Team.objects.get()
        added = page.post(
            f"/teams/{team.pk}/members/", {"person": people.viewer.email}, follow=True
        )
        unknown = page.post(f"/teams/{team.pk}/members/", {"person": "x@y.z"})
        taken = page.post("/teams/", {"name": "growth"})

        assert team.sso_names == ["growth", "marketing"]
        assert "viewer is in the team." in added.text
        assert (unknown.status_code, taken.status_code) == (400, 400)
        assert "Growth" in browse(people.viewer).get("/teams/").text
        page.post(f"/teams/{team.pk}/members/{people.viewer.pk}/remove/")
        page.post(f"/teams/{team.pk}/delete/")
        assert not Team.objects.exists()


class TestServiceAccounts:
    def test_a_program_has_tokens_and_no_session(
        self, people: People, browse: PageClient, team: Team
    ) -> None:
        browse(people.admin).post(
            "/service-accounts/", {"name": "Nightly export", "roles": ["viewer"], "team": team.pk}
        )
        service = User.objects.get(is_service=True)

        page = browse(people.teammate).post(
            f"/service-accounts/{service.pk}/", {"name": "cron", "scopes": ["read"], "lifetime": ""}
        )
        text = str(page.context["text"])
        program = APIClient(headers={"Authorization": f"Bearer {text}"})

        assert program.get("/api/v1/dashboards").status_code == 200
        assert program.post("/api/v1/folders", {"name": "x"}, format="json").status_code == 403
        assert browse(service).get("/dashboards/").status_code == 302

    def test_it_is_shared_with_like_a_person(self, people: People, call: TokenClient) -> None:
        service = actions.create_service(people.admin, name="Export", roles=["viewer"])
        board = make_dashboard("plan", created_by=people.owner)
        actions.share(people.owner, board, service, Level.VIEW)

        assert call(service).get("/api/v1/dashboards/plan").status_code == 200

    def test_only_its_team_and_admins_know_of_it(
        self, people: People, browse: PageClient, team: Team
    ) -> None:
        made = actions.create_service(people.admin, name="Export", roles=[], team=team)

        seen = [
            browse(person).get(f"/service-accounts/{made.pk}/").status_code
            for person in (people.admin, people.teammate, people.editor)
        ]

        assert seen == [200, 200, 404]

    def test_admins_give_it_to_another_team_or_switch_it_off(
        self, people: People, browse: PageClient, team: Team
    ) -> None:
        made = actions.create_service(people.admin, name="Export", roles=["viewer"], team=team)
        page, path = browse(people.admin), f"/service-accounts/{made.pk}/change/"

        page.post(path, {"team": "", "roles": ["analyst"], "is_active": "1"})
        made.refresh_from_db()
        assert (made.owned_by, made.is_active, made.roles()) == (None, True, ["analyst"])
        assert page.post(path, {"team": "999"}, follow=True).text.count("There is no such team.")
        page.post(path, {"team": "", "roles": ["analyst"]})
        made.refresh_from_db()
        assert not made.is_active

    def test_a_team_that_owns_one_is_not_deleted(
        self, people: People, call: TokenClient, team: Team
    ) -> None:
        actions.create_service(people.admin, name="Export", roles=[], team=team)

        answer = call(people.admin).delete(f"{TEAMS}/{team.pk}")

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "team")
