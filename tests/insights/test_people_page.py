"""The pages of people as a browser without scripts sees them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from analytics.ingest.identities import Changes, Id, commit
from analytics.ingest.models import PersonChange
from analytics.insights.models import Cohort
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.store import client
from tests.conftest import PageClient
from tests.insights.events import Event, load, person_of, person_property
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
PEOPLE, ADA = "/explore/people/", "/explore/people/id/ada/"
AT = clock.now() - timedelta(days=2)


@pytest.fixture
def viewer(people: People, browse: PageClient) -> Client:
    return browse(people.viewer)


@pytest.fixture
def admin(people: People, browse: PageClient) -> Client:
    return browse(people.admin)


def text(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, answer
    return unescape(answer.content.decode())


def names(page: str) -> list[str]:
    return re.findall(r'<a class="strong truncate" href="[^"]+">([^<]+)</a>', page)


def history() -> None:
    """Ada is known by two ids; bob is another."""
    load(
        [
            Event("user_identified", AT, "ada", properties={"plan": "pro"}),
            Event("visit", AT + timedelta(minutes=5), "ada", properties={"path": "/a"}),
            Event("visit", AT + timedelta(minutes=50), "ada", "s-1", {"path": "/b"}),
            Event("buy", AT + timedelta(days=1), "ada2", properties={"sum": 5}),
            Event("visit", AT - timedelta(days=3), "bob"),
        ]
    )
    person_property("ada", "plan", "pro", AT)
    ids = [Id("ada", is_user=True), Id("ada2", is_user=True)]
    commit(Changes({one.number: (one, ids[0].number) for one in ids}), clock.now())
    client.command(
        f"ALTER TABLE events UPDATE person = {person_of('ada')} WHERE user_id = 'ada2'",
        settings_={"mutations_sync": 1},
    )


class TestTheList:
    def test_it_shows_who_was_here_last_with_what_is_known(self, viewer: Client) -> None:
        history()

        page = text(viewer, PEOPLE)

        assert names(page) == ["ada2", "bob"]
        assert "plan</span> pro" in page

    def test_a_search_and_a_cohort_stand_in_the_address(self, viewer: Client) -> None:
        history()
        cohort = Cohort.objects.create(
            name="Bobs", created_at=clock.now(), updated_at=clock.now(), listed=1,
            definition={"kind": "static"}, user_ids=["bob"],
        )  # fmt: skip

        assert names(text(viewer, f"{PEOPLE}?q=BO")) == ["bob"]
        page = text(viewer, f"{PEOPLE}?cohort={cohort.pk}")
        assert names(page) == ["bob"]
        assert "in “Bobs”" in page

    def test_a_filter_becomes_a_chip_on_the_person(self, viewer: Client) -> None:
        history()

        answer = viewer.get(f"{PEOPLE}?new_property=plan&new_op==&new_value=pro")

        page = text(viewer, answer["Location"])
        assert names(page) == ["ada2"]
        assert "plan" in page
        assert 'data-edit="' in page

    def test_nobody_says_why(self, viewer: Client) -> None:
        load([])
        assert "No people yet" in text(viewer, PEOPLE)
        history()
        assert "Nobody like this" in text(viewer, f"{PEOPLE}?q=zzz")

    def test_an_id_that_no_address_can_hold_leads_to_a_search(self, viewer: Client) -> None:
        load([Event("visit", AT, "two\nlines")])

        page = text(viewer, PEOPLE)

        assert 'href="/explore/people/?q=two%0Alines"' in page

    def test_older_people_come_as_rows_only(self, viewer: Client) -> None:
        load(Event("visit", AT - timedelta(minutes=n), f"u{n:02}") for n in range(60))
        page = text(viewer, PEOPLE)
        following = re.search(r'hx-get="([^"]+cursor[^"]+)"', page)
        assert following is not None

        more = text(viewer, PEOPLE + following[1], **{"HX-Request": "true"})

        assert names(page) + names(more) == [f"u{n:02}" for n in range(60)]
        assert "<html" not in more


class TestTheProfile:
    def test_it_shows_profile_ids_and_a_timeline_by_day_and_session(self, viewer: Client) -> None:
        history()

        page = text(viewer, ADA)

        assert "4 events in 3 sessions" in page
        assert re.search(r'<th scope="row">plan</th><td class="person-value">pro</td>', page)
        assert page.count('<li class="person-id">') == 2
        assert re.findall(r'class="event-name">([^<]+)', page) == [
            "buy", "visit", "visit", "user_identified"
        ]  # fmt: skip
        assert page.count('class="person-session"') == 3  # the first two events are one session
        assert "session s-1" in page
        assert "<portal-chart" in page
        assert "Merge with" not in page

    def test_an_event_leads_to_the_profile_of_who_did_it(self, viewer: Client) -> None:
        history()

        assert f'href="{ADA}"' in text(viewer, "/explore/events/?user=ada")

    def test_the_timeline_is_narrowed_to_one_event(self, viewer: Client) -> None:
        history()

        part = text(viewer, f"{ADA}?event=buy", **{"HX-Request": "true"})

        assert re.findall(r'class="event-name">([^<]+)', part) == ["buy"]
        assert "visit (2)" in part
        assert "<html" not in part

    def test_opening_it_is_noted_once(self, viewer: Client, people: People) -> None:
        history()

        text(viewer, ADA)
        text(viewer, f"{ADA}?event=buy", **{"HX-Request": "true"})

        entry = AuditEntry.objects.get(action="person.view")
        assert entry.actor == people.viewer

    def test_nobody_is_404_and_a_broken_cursor_is_said(self, viewer: Client) -> None:
        history()

        assert viewer.get("/explore/people/id/nobody/").status_code == 404
        assert "This is no cursor" in text(viewer, f"{ADA}?cursor=x")

    def test_staff_without_a_role_and_strangers_see_nothing(
        self, people: People, browse: PageClient
    ) -> None:
        history()

        assert browse(people.outsider).get(ADA).status_code == 403
        assert browse(None).get(ADA)["Location"].startswith("/accounts/login/")
        assert not AuditEntry.objects.filter(action="person.view").exists()


class TestChanges:
    def test_a_split_is_shown_and_then_asked_for(self, admin: Client) -> None:
        history()
        page = text(admin, ADA)
        assert 'name="id" value="user:ada2"' in page

        preview = text(admin, "/explore/people/split/?of=user:ada&id=user:ada2")
        assert "2 → 3" in preview
        refused = admin.post("/explore/people/split/", {"of": "user:ada", "id": "user:ada2"})
        assert "Say why" in refused.content.decode()
        body = {"of": "user:ada", "id": "user:ada2", "reason": "A shared laptop"}
        answer = admin.post("/explore/people/split/", body)

        change = PersonChange.objects.get()
        assert answer["Location"] == f"{ADA}?asked={change.pk}"
        assert (change.kind, change.moved, change.state) == ("split", [[True, "ada2"]], "queued")
        assert "being applied" in text(admin, ADA)
        state = f"/explore/people/changes/{change.pk}/"
        assert 'hx-trigger="every 2s"' in text(admin, state)
        PersonChange.objects.update(state="done", done_at=clock.now())
        assert "Done: admin split ada2 from ada" in text(admin, state)
        assert "Done: admin split ada2 from ada" in text(admin, answer["Location"])
        assert f'href="/explore/people/changes/{change.pk}/undo/"' in text(admin, ADA)

    def test_a_merge_begins_with_the_other_id(self, admin: Client) -> None:
        history()
        assert 'name="from"' in text(admin, "/explore/people/merge/?into=user:ada")

        preview = text(admin, "/explore/people/merge/?into=user:ada&from=bob")

        assert "2 → 1" in preview
        body = {"into": "user:ada", "from": "bob", "reason": "One human"}
        assert admin.post("/explore/people/merge/", body)["Location"].startswith(ADA)
        assert PersonChange.objects.get().kind == "merge"

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("merge/?into=user:ada&from=nobody", "Nobody with the id “nobody” was ever seen"),
            ("merge/?into=user:ada&from=ada2", "one person already"),
            ("split/?of=user:ada", "Choose at least one id"),
            ("split/?of=user:ada&id=user:ada&id=user:ada2", "Nothing would be left"),
        ],
    )
    def test_what_cannot_be_done_is_said(self, admin: Client, query: str, words: str) -> None:
        history()

        assert words in text(admin, f"/explore/people/{query}")

    def test_only_admins_may(self, people: People, browse: PageClient) -> None:
        history()

        for who in (people.viewer, people.editor, people.responder, people.outsider):
            answer = browse(who).get("/explore/people/split/?of=user:ada&id=user:ada2")
            assert answer.status_code == 403
