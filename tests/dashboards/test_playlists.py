"""Playlists: made, shared like any other object, and played."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.models import Dashboard, Playlist, PublicLink
from portal.accounts import actions
from portal.accounts.models import Level
from portal.audit.models import AuditEntry
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_playlist, make_public_link
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]


@pytest.fixture
def boards(people: People) -> list[Dashboard]:
    return [
        make_dashboard(uid, name=uid.title(), created_by=people.owner, is_public=uid != "secret")
        for uid in ("first", "second", "secret")
    ]


def body(**values: Any) -> dict[str, Any]:
    return {"name": "Wall", "interval_s": 20, "dashboards": ["second", "first"]} | values


def test_it_is_made_and_changed_by_the_api(
    people: People, boards: list[Dashboard], call: TokenClient
) -> None:
    api = call(people.owner)
    made = api.post("/api/v1/playlists", body(), format="json")
    assert made.status_code == 201, made.content
    path = f"/api/v1/playlists/{made.json()['id']}"

    changed = api.put(path, body(name="Lobby", version=1), format="json")
    stale = api.put(path, body(name="Kitchen", version=1), format="json")

    assert (changed.json()["name"], changed.json()["version"]) == ("Lobby", 2)
    assert changed.json()["dashboards"] == ["second", "first"]
    assert stale.status_code == 409
    assert api.delete(path).status_code == 204
    assert [
        row.action
        for row in AuditEntry.objects.filter(action__startswith="playlist").order_by("id")
    ] == ["playlist.create", "playlist.change", "playlist.delete"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"interval_s": 1}, "interval_s"),
        ({"dashboards": []}, "dashboards"),
        ({"dashboards": ["first", "nothing"]}, "dashboards[1]"),
        ({"dashboards": [7]}, "dashboards[0]"),
        ({"dashboards": ["first"] * 51}, "dashboards"),
        ({"speed": 1}, "speed"),
    ],
)
def test_what_cannot_be_is_named(
    people: People, boards: list[Dashboard], call: TokenClient, wrong: Any, field: str
) -> None:
    answer = call(people.owner).post("/api/v1/playlists", body(**wrong), format="json")

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_it_plays_what_the_viewer_may_see(
    people: People, boards: list[Dashboard], browse: PageClient
) -> None:
    wall = make_playlist(*boards, created_by=people.owner, is_public=True)
    page = browse(people.viewer)

    first, second, again = (page.get(f"/playlists/{wall.pk}/play/?at={at}").text for at in range(3))

    assert "<h1>First" in first
    assert 'data-next="?at=1"' in first
    assert "1 of 2" in first
    assert "<h1>Second" in second
    assert "<h1>First" in again
    assert "Secret" not in page.get("/playlists/").text
    assert page.get(f"/playlists/{wall.pk}/play/?at=x").status_code == 200


def test_who_sees_nothing_in_it_is_told(people: People, browse: PageClient) -> None:
    secret = make_dashboard(created_by=people.owner)
    wall = make_playlist(secret, created_by=people.owner, is_public=True)

    answer = browse(people.viewer).get(f"/playlists/{wall.pk}/play/", follow=True)

    assert "You may see none" in answer.text


def test_who_changes_it_keeps_what_they_may_not_see_in_it(
    people: People, boards: list[Dashboard], browse: PageClient
) -> None:
    wall = make_playlist(*boards, created_by=people.owner)
    actions.share(people.owner, wall, people.teammate, Level.EDIT)
    form = {"name": "Wall", "interval_s": "15", "dashboards": ["second", ""], "version": "1"}

    answer = browse(people.teammate).post(f"/playlists/{wall.pk}/", form)

    assert answer.status_code == 302, answer.text
    assert [one.dashboard.uid for one in wall.entries.all()] == ["second", "secret"]
    assert (
        "1 more that you may not see" in browse(people.teammate).get(f"/playlists/{wall.pk}/").text
    )


def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(
    people: People, boards: list[Dashboard], browse: PageClient
) -> None:
    page = browse(people.owner)

    answer = page.post(
        "/playlists/new/", {"name": "Tall", "interval_s": "1", "dashboards": "first"}
    )

    assert answer.status_code == 400
    assert "5 to 3600 seconds" in answer.text
    assert 'value="Tall"' in answer.text
    assert not Playlist.objects.exists()


def test_without_its_playlist_a_screen_shows_nothing(
    people: People, boards: list[Dashboard], browse: PageClient
) -> None:
    wall = make_playlist(*boards, created_by=people.owner)
    make_public_link(wall, people.owner, kind="screen", expires_at=None)

    browse(people.owner).post(f"/playlists/{wall.pk}/delete/")

    assert not PublicLink.objects.exists()
