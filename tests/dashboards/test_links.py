"""Public links, screens and embeds: what strangers see, and when they no longer do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from analytics.insights.models import DataSet
from dashboards.models import Dashboard, PublicLink
from portal.accounts import actions
from portal.accounts.models import Level, User
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_playlist, make_public_link, make_widget
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache", "on")]
HOUR = {"name": "A customer", "expires_in_hours": 1}
SQL = "SELECT 'secret source' AS words, nosuchcolumn FROM events"


@pytest.fixture
def on(settings: Settings) -> None:
    settings.PUBLIC_LINKS = True


@pytest.fixture
def board(people: People) -> Dashboard:
    return make_dashboard("board", name="Sales board", created_by=people.owner)


@pytest.fixture
def stranger() -> Client:
    return Client()


def links_of(client: Any, uid: str = "board", **body: Any) -> Any:
    return client.post(f"/api/v1/dashboards/{uid}/links", HOUR | body, format="json")


def opened(client: Client, secret: str, query: str = "") -> Any:
    return client.get(f"/p/{secret}/{query}")


class TestMakingOne:
    def test_its_address_is_told_once_and_kept_as_a_hash(
        self, people: People, board: Dashboard, call: TokenClient, stranger: Client
    ) -> None:
        answer = links_of(call(people.owner))

        assert answer.status_code == 201, answer.content
        url = answer.json()["url"]
        secret = url.removeprefix(f"{django_settings.PUBLIC_URL}/p/").strip("/")
        row = PublicLink.objects.get()
        assert secret.startswith("pub_")
        assert secret not in json.dumps(list(PublicLink.objects.values()), default=str)
        assert (
            "url" not in call(people.owner).get("/api/v1/dashboards/board/links").json()["links"][0]
        )
        assert opened(stranger, secret).status_code == 200
        assert secret not in str(list(AuditEntry.objects.values()))
        assert str(row) in str(AuditEntry.objects.get(action="public_link.create").after)

    def test_it_takes_the_right_to_share(
        self, people: People, board: Dashboard, call: TokenClient
    ) -> None:
        actions.share(people.owner, board, people.teammate, Level.EDIT)

        assert links_of(call(people.teammate)).status_code == 403
        assert links_of(call(people.analyst)).status_code == 404

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 200}, "name"),
            ({"expires_in_hours": None}, "expires_in_hours"),
            ({"expires_in_hours": 0}, "expires_in_hours"),
            ({"expires_in_hours": 10**9}, "expires_in_hours"),
            ({"kind": "door"}, "kind"),
            ({"look": "from=yesterday-ish"}, "look"),
            ({"look": "x" * 3000}, "look"),
            ({"look": 7}, "look"),
            ({"hosts": ["https://elsewhere.example.com"]}, "hosts"),
            ({"hosts": [7]}, "hosts[0]"),
            ({"snapshot": 999}, "snapshot"),
            ({"may_download": "yes"}, "may_download"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_what_cannot_be_is_named(
        self, people: People, board: Dashboard, call: TokenClient, body: Any, field: str
    ) -> None:
        answer = links_of(call(people.owner), **body)

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)

    def test_switched_off_none_is_made_and_none_opens(
        self, people: People, board: Dashboard, call: TokenClient, settings: Settings,
        stranger: Client,
    ) -> None:  # fmt: skip
        _, secret = make_public_link(board, people.owner)
        settings.PUBLIC_LINKS = False

        assert links_of(call(people.owner)).status_code == 400
        assert opened(stranger, secret).status_code == 404

    def test_the_page_makes_lists_and_revokes(
        self, people: People, board: Dashboard, browse: PageClient, stranger: Client
    ) -> None:
        page = browse(people.owner)
        made = page.post(
            "/dashboards/board/links/",
            {"name": "TV", "kind": "screen", "lifetime": "0", "look": "from=-24h&x=1"},
        )
        row = PublicLink.objects.get()
        secret = made.text.split("/p/")[1].split("/")[0]

        assert row.look == {"from": ["-24h"]}
        assert "data-kiosk" in opened(stranger, secret).text
        assert secret not in page.get("/dashboards/board/links/").text
        page.post(f"/public-links/{row.pk}/revoke/")
        assert opened(stranger, secret).status_code == 410
        assert "revoked" in page.get("/dashboards/board/links/").text

    def test_a_link_needs_an_end_on_the_page_too(
        self, people: People, board: Dashboard, browse: PageClient
    ) -> None:
        answer = browse(people.owner).post(
            "/dashboards/board/links/", {"name": "x", "kind": "link", "lifetime": "0"}
        )

        assert answer.status_code == 400
        assert "needs an end" in answer.text


class TestWhatStrangersSee:
    def test_the_board_and_nothing_of_the_portal(
        self, people: People, board: Dashboard, stranger: Client
    ) -> None:
        _, secret = make_public_link(board, people.owner)

        page = opened(stranger, secret)

        assert "Sales board" in page.text
        assert "<strong>Hello</strong>" in page.text
        for hidden in (people.owner.email, "sidebar", "/explore/", "nav-entries", "csrf", "Sign"):
            assert hidden not in page.text, hidden
        assert page.cookies == {}
        assert "data-no-csv" in page.text
        assert page["X-Robots-Tag"] == "noindex, nofollow"
        assert page["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
        assert page["X-Frame-Options"] == "DENY"

    def test_it_has_no_account_even_for_who_is_signed_in(
        self, people: People, board: Dashboard, browse: PageClient
    ) -> None:
        _, secret = make_public_link(board, people.owner)

        assert people.admin.email not in opened(browse(people.admin), secret).text

    def test_reasons_of_errors_and_sql_stay_inside(
        self, people: People, board: Dashboard, stranger: Client
    ) -> None:
        make_widget(board, "broken", kind="table", source="sql", query=SQL)
        _, secret = make_public_link(board, people.owner)

        page = opened(stranger, secret).text

        assert "This box cannot be shown" in page
        for hidden in ("nosuchcolumn", "secret source", "SELECT"):
            assert hidden not in page

    def test_the_maker_s_rows_as_they_are_now(
        self, people: People, board: Dashboard, stranger: Client
    ) -> None:
        load([Event("visit", clock.now() - timedelta(hours=2), "u1")])
        query = '{"kind": "trend", "definition": {"series": [{"event": "visit"}]}}'
        make_widget(board, "visits", kind="stat", source="insight", query=query)
        _, secret = make_public_link(board, people.owner)
        assert "data-figure" in opened(stranger, secret).text

        take_all_data_away()

        page = opened(stranger, secret)
        assert page.status_code == 200
        assert "data-figure" not in page.text

    def test_the_range_is_its_maker_s_unless_it_is_left_open(
        self, people: People, board: Dashboard, stranger: Client
    ) -> None:
        _, fixed = make_public_link(board, people.owner, look={"from": ["-24h"]})
        _, free = make_public_link(board, people.owner, may_choose_range=True)

        assert "the last 24 hours" in opened(stranger, fixed, "?from=-30d").text
        assert "<time-range" not in opened(stranger, fixed).text
        assert "<time-range" in opened(stranger, free, "?from=-30d").text
        assert opened(stranger, free, "?from=nonsense").status_code == 400

    def test_a_file_only_where_the_link_allows_it(
        self, people: People, board: Dashboard, stranger: Client
    ) -> None:
        _, closed = make_public_link(board, people.owner)
        _, free = make_public_link(board, people.owner, may_download=True)

        assert stranger.get(f"/p/{closed}/widgets/note.csv").status_code == 404
        answer = stranger.get(f"/p/{free}/widgets/note.csv")
        assert answer.content.decode().splitlines() == ["text", "**Hello**"]
        assert stranger.get(f"/p/{free}/widgets/other.csv").status_code == 404
        entry = AuditEntry.objects.get(action="data.export")
        assert entry.actor_label.startswith("public link A customer")

    def test_only_hosts_of_the_allow_list_frame_it(
        self, people: People, board: Dashboard, stranger: Client, settings: Settings
    ) -> None:
        settings.EMBED_HOSTS = ("https://wiki.example.com",)
        hosts = ["https://wiki.example.com", "https://no-longer.example.com"]
        _, secret = make_public_link(board, people.owner, hosts=hosts)

        page = opened(stranger, secret)

        assert "frame-ancestors https://wiki.example.com;" in page["Content-Security-Policy"] + ";"
        assert "X-Frame-Options" not in page
        settings.EMBED_HOSTS = ()
        assert "frame-ancestors 'none'" in opened(stranger, secret)["Content-Security-Policy"]

    def test_an_address_that_asks_too_often_waits(
        self, people: People, board: Dashboard, stranger: Client, settings: Settings
    ) -> None:
        settings.PUBLIC_PER_MINUTE = 3
        _, secret = make_public_link(board, people.owner)

        found = [opened(stranger, secret) for _ in range(5)]

        assert 429 in {one.status_code for one in found}
        assert int(found[-1]["Retry-After"]) <= 60
        assert {opened(stranger, "pub_guessed").status_code for _ in range(4)} == {429}

    def test_openings_are_counted_and_on_record_once_an_hour(
        self, people: People, board: Dashboard, stranger: Client
    ) -> None:
        link, secret = make_public_link(board, people.owner)

        for _ in range(3):
            opened(stranger, secret)

        link.refresh_from_db()
        assert link.opened == 3
        entry = AuditEntry.objects.get(action="public_link.open")
        assert entry.actor is None
        assert entry.actor_label == f"public link {link}"
        assert entry.address == "127.0.0.1"


def take_all_data_away() -> None:
    DataSet.objects.all().delete()


class Scene:
    """A link whose maker is an editor's teammate with an admin grant on the board."""

    def __init__(self, people: People, board: Dashboard) -> None:
        self.people, self.board = people, board
        self.grant = actions.share(people.owner, board, people.editor, Level.ADMIN)
        self.link, self.secret = make_public_link(board, people.editor)

    def revoke(self) -> None:
        PublicLink.objects.filter(pk=self.link.pk).update(revoked_at=clock.now())

    def expire(self) -> None:
        PublicLink.objects.filter(pk=self.link.pk).update(expires_at=clock.now())

    def unshare(self) -> None:
        actions.unshare(self.people.owner, self.board, self.grant)

    def share_less(self) -> None:
        actions.share(self.people.owner, self.board, self.people.editor, Level.EDIT)

    def switch_off(self) -> None:
        actions.set_active(None, self.people.editor, active=False)

    def lose_role(self) -> None:
        actions.set_roles(None, self.people.editor, [])

    def delete_board(self) -> None:
        self.board.delete()


ENDS: list[Callable[[Scene], None]] = [
    Scene.revoke, Scene.expire, Scene.unshare, Scene.share_less, Scene.switch_off, Scene.lose_role,
]  # fmt: skip


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_link_ends(
    end: Callable[[Scene], None], people: People, board: Dashboard, stranger: Client
) -> None:
    scene = Scene(people, board)
    assert opened(stranger, scene.secret).status_code == 200

    end(scene)

    answer = opened(stranger, scene.secret)
    assert answer.status_code == 410
    assert "Sales board" not in answer.text
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_what_was_never_a_link_opens_nothing(
    people: People, board: Dashboard, stranger: Client
) -> None:
    _, secret = make_public_link(board, people.owner)

    for text in ("x", secret[:-1], secret[:-1] + "A" * 2, "ptk" + secret[3:], secret + "-1"):
        assert opened(stranger, text).status_code in {404, 410}, text


def test_revoking_by_the_api_is_on_record(
    people: People, board: Dashboard, call: TokenClient
) -> None:
    link, _ = make_public_link(board, people.owner)
    api = call(people.owner)

    assert api.delete(f"/api/v1/links/{link.pk}").status_code == 204
    assert api.delete(f"/api/v1/links/{link.pk}").status_code == 204

    assert api.get(f"/api/v1/links/{link.pk}").json()["state"] == "revoked"
    assert AuditEntry.objects.filter(action="public_link.revoke").count() == 1
    assert call(people.teammate).get(f"/api/v1/links/{link.pk}").status_code == 404


def test_the_page_who_can_see_this_names_links(
    people: People, board: Dashboard, browse: PageClient, call: TokenClient
) -> None:
    make_public_link(board, people.owner, name="Big customer")

    page = browse(people.owner).get(f"/sharing/dashboard/{board.pk}/").text
    answer = call(people.owner).get(f"/api/v1/access/dashboard/{board.pk}").json()

    assert "Big customer" in page
    assert answer["other_ways"][0]["state"] == "active"


class TestAPlaylistOnAScreen:
    @pytest.fixture
    def boards(self, people: People) -> list[Dashboard]:
        names = ("First", "Second", "Not shared")
        owners: list[User] = [people.owner, people.owner, people.admin]
        return [make_dashboard(name=n, created_by=o) for n, o in zip(names, owners, strict=True)]

    def test_it_shows_what_its_maker_may_share_in_turn(
        self, people: People, boards: list[Dashboard], stranger: Client
    ) -> None:
        wall = make_playlist(*boards, created_by=people.owner)
        actions.share(people.admin, boards[2], people.owner, Level.VIEW)
        _, secret = make_public_link(wall, people.owner, kind="screen", expires_at=None)

        names = [opened(stranger, secret, f"?at={at}").text for at in range(3)]

        assert "<h1>First" in names[0]
        assert "<h1>Second" in names[1]
        assert "<h1>First" in names[2]
        assert all("Not shared" not in name for name in names)

    def test_a_screen_is_all_that_a_playlist_takes(
        self, people: People, boards: list[Dashboard], call: TokenClient
    ) -> None:
        wall = make_playlist(*boards, created_by=people.owner)
        path = f"/api/v1/playlists/{wall.pk}/links"

        refused = call(people.owner).post(path, HOUR, format="json")
        made = call(people.owner).post(path, {"name": "TV", "kind": "screen"}, format="json")

        assert (refused.status_code, refused.json()["error"]["field"]) == (400, "kind")
        assert made.status_code == 201
        assert made.json()["expires_at"] is None
