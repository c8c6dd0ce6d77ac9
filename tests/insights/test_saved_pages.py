"""Saving on the builder pages, the library, and the page about a saved insight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from analytics.insights.models import SavedInsight
from portal.accounts.models import Folder
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
FUNNELS, SAVED, NEW = "/explore/funnels/", "/explore/saved/", "/explore/saved/new/"
STEPS = "event=visit&label=&event=buy&label=&window=14&unit=day"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def company(db: None) -> None:
    start = clock.now() - timedelta(days=2)
    load([Event("visit", start, "a"), Event("visit", start, "b"), Event("buy", start, "a")])


@pytest.fixture
def owner(people: People, browse: PageClient) -> Client:
    return browse(people.owner)


def at(query: str, path: str = FUNNELS) -> dict[str, str]:
    return {**HTMX, "HX-Current-URL": f"http://testserver{path}?{query}"}


def save(client: Client, query: str = STEPS, path: str = FUNNELS, **given: str) -> Any:
    body = {"at": f"{path}?{query}", "name": "Visit to buy"} | given
    return client.post(NEW, body, headers=HTMX)


def only() -> SavedInsight:
    found: SavedInsight = SavedInsight.objects.get()
    return found


class TestSaving:
    def test_the_dialog_asks_for_a_name_of_what_the_page_shows(
        self, owner: Client, company: None
    ) -> None:
        answer = owner.get(NEW, headers=at(STEPS))

        assert answer.status_code == 200
        assert "Save this funnel" in answer.text
        assert f'name="at" value="{FUNNELS}?{STEPS.replace("&", "&amp;")}"' in answer.text

    def test_saving_opens_the_page_as_the_saved_insight(self, owner: Client, company: None) -> None:
        answer = save(owner, folder="Growth", is_private="1")

        insight = only()
        assert answer.status_code == 204
        assert answer["HX-Redirect"].startswith(f"{FUNNELS}?{STEPS}")
        assert QueryDict(answer["HX-Redirect"].partition("?")[2])["saved"] == str(insight.pk)
        assert [step["event"] for step in insight.definition["steps"]] == ["visit", "buy"]
        assert (insight.folder and insight.folder.name, insight.is_shared) == ("Growth", False)
        page = owner.get(answer["HX-Redirect"])
        assert page.status_code == 200
        assert "Visit to buy" in page.text
        assert 'id="keep-update"' in page.text

    def test_without_scripts_it_is_a_page_of_its_own(self, owner: Client, company: None) -> None:
        form = owner.get(f"{NEW}?at={FUNNELS}%3F{STEPS.replace('&', '%26')}")
        answer = owner.post(NEW, {"at": f"{FUNNELS}?{STEPS}", "name": "Visit to buy"})

        assert "Back to the page" in form.text
        assert answer.status_code == 302
        assert answer["Location"].startswith(FUNNELS)

    def test_a_page_that_asks_nothing_yet_says_so(self, owner: Client, company: None) -> None:
        answer = owner.get(NEW, headers=at("event=visit&label=&event=&label=&window=14&unit=day"))

        assert "There is nothing to save yet." in answer.text
        assert "at least two steps" in answer.text

    def test_what_cannot_be_is_said_beside_its_field(self, owner: Client, company: None) -> None:
        answer = save(owner, name=" ", folder="Growth")

        assert answer.status_code == 400
        assert "An insight needs a name." in answer.text
        assert 'value="Growth"' in answer.text
        assert not SavedInsight.objects.exists()

    @pytest.mark.parametrize("path", ["/explore/schema/", "/nowhere/", "//evil.example/", ""])
    def test_only_builder_pages_are_saved(self, owner: Client, path: str) -> None:
        assert owner.get(NEW, headers=at(STEPS, path)).status_code == 400
        assert owner.get(NEW, {"at": path}).status_code == 400

    def test_a_statement_comes_with_the_form_however_long(
        self, owner: Client, company: None
    ) -> None:
        query = f"SELECT count() AS n FROM events WHERE name != '{'x' * 5_000}'"

        dialog = owner.post(NEW, {"q": query, "p_a": "1"}, headers=at("", "/explore/sql/"))
        answer = save(owner, "", "/explore/sql/", q=query)

        assert 'name="p_a" value="1"' in dialog.text
        assert only().definition["query"] == query
        assert answer["HX-Redirect"] == f"{SAVED}{only().pk}/"

    def test_a_viewer_sees_no_button_and_saves_nothing(
        self, people: People, browse: PageClient, company: None
    ) -> None:
        viewer = browse(people.viewer)

        page = viewer.get(f"{FUNNELS}?{STEPS}")

        assert page.status_code == 200
        assert "keep-save" not in page.text
        assert save(viewer).status_code == 403


class TestUpdating:
    def test_what_the_page_shows_is_written_over_it(self, owner: Client, company: None) -> None:
        save(owner)
        path = f"{SAVED}{only().pk}/update/"
        changed = f"{STEPS.replace('buy', 'cart')}&saved={only().pk}"

        answer = owner.post(path, {"version": "1"}, headers=at(changed))

        assert answer.status_code == 204
        assert only().definition["steps"][1]["event"] == "cart"
        assert only().version == 2

    def test_somebody_elses_change_is_not_overwritten_unasked(
        self, owner: Client, company: None
    ) -> None:
        save(owner)
        path = f"{SAVED}{only().pk}/update/"
        owner.post(path, {"version": "1"}, headers=at(STEPS.replace("buy", "cart")))

        late = owner.post(path, {"version": "1"}, headers=at(STEPS.replace("buy", "refund")))

        assert late.status_code == 409
        assert "Somebody changed it meanwhile" in late.text
        assert 'name="version" value="2"' in late.text
        assert only().definition["steps"][1]["event"] == "cart"

    def test_a_page_that_cannot_be_asked_is_not_written(self, owner: Client, company: None) -> None:
        save(owner)

        answer = owner.post(
            f"{SAVED}{only().pk}/update/", headers=at(STEPS.replace("window=14", "window=0"))
        )

        assert answer.status_code == 400
        assert "whole number from 1" in answer.text

    def test_only_its_owner_updates_it(
        self, people: People, browse: PageClient, owner: Client, company: None
    ) -> None:
        save(owner)
        other = browse(people.analyst)

        page = other.get(f"{FUNNELS}?{STEPS}&saved={only().pk}")

        assert "Save a copy" in page.text
        assert "keep-update" not in page.text
        assert other.post(f"{SAVED}{only().pk}/update/", headers=at(STEPS)).status_code == 403


class TestLibrary:
    def test_it_lists_what_one_may_see_by_folder_and_words(
        self, people: People, browse: PageClient, owner: Client, company: None
    ) -> None:
        save(owner, name="Growth funnel", folder="Growth")
        save(owner, name="Mine alone", is_private="1")
        viewer, growth = browse(people.viewer), Folder.objects.get().pk

        assert "Growth funnel" in viewer.get(SAVED).text
        assert "Mine alone" not in viewer.get(SAVED).text
        assert "Mine alone" in owner.get(SAVED).text
        assert "Mine alone" not in owner.get(f"{SAVED}?folder={growth}").text
        assert "Growth funnel" in owner.get(f"{SAVED}?q=GROWTH").text
        assert "Nothing fits" in owner.get(f"{SAVED}?q=nothing").text

    def test_the_palette_finds_what_one_may_see(
        self, people: People, browse: PageClient, owner: Client, company: None
    ) -> None:
        save(owner, name="Secret plan", is_private="1")
        found = {
            "label": "Secret plan",
            "url": f"{SAVED}{only().pk}/open/",
            "kind": "Saved insight",
            "starred": False,
        }

        assert owner.get("/search?q=secret").json() == [found]
        assert browse(people.viewer).get("/search?q=secret").json() == []

    def test_it_begins_empty_and_says_what_to_do(self, owner: Client) -> None:
        assert "Nothing saved yet" in owner.get(SAVED).text

    def test_the_badge_says_what_the_nightly_check_found(
        self, owner: Client, company: None
    ) -> None:
        save(owner)
        SavedInsight.objects.update(
            checked_at=clock.now(), check_state="differs", check_note="3 became 4."
        )

        assert "Differs" in owner.get(SAVED).text
        assert "3 became 4." in owner.get(f"{SAVED}{only().pk}/").text

    def test_folders_are_made_renamed_and_removed(self, owner: Client) -> None:
        owner.post(f"{SAVED}folders/", {"name": "Growth", "parent": ""})
        folder = Folder.objects.get()

        owner.post(f"{SAVED}folders/{folder.pk}/", {"name": "Sales", "parent": ""})
        taken = owner.post(f"{SAVED}folders/", {"name": "sales"}, follow=True)
        renamed = Folder.objects.get().name
        owner.post(f"{SAVED}folders/{folder.pk}/delete/")

        assert renamed == "Sales"
        assert "There is a folder named" in taken.text
        assert not Folder.objects.exists()


class TestAbout:
    def test_it_says_what_is_known_and_shows_the_answer(self, owner: Client, company: None) -> None:
        save(owner)

        page = owner.get(f"{SAVED}{only().pk}/").text

        assert "<portal-chart" in page
        assert "An attempt begins with “visit”" in page
        assert "each night a sample is computed a second time" in page

    def test_opening_leads_to_the_builder(self, owner: Client, company: None) -> None:
        save(owner)

        answer = owner.get(f"{SAVED}{only().pk}/open/")

        assert answer["Location"].startswith(f"{FUNNELS}?{STEPS}")

    def test_what_no_builder_can_show_stands_here_as_it_is(
        self, owner: Client, company: None
    ) -> None:
        save(owner)
        SavedInsight.objects.update(definition={**only().definition, "sampling": 0.5})

        opened = owner.get(f"{SAVED}{only().pk}/open/")

        assert opened["Location"] == f"{SAVED}{only().pk}/"
        assert "more than a builder page can show" in owner.get(opened["Location"]).text

    def test_a_kind_that_is_gone_explains_itself(self, owner: Client, company: None) -> None:
        save(owner)
        SavedInsight.objects.update(kind="hologram")

        page = owner.get(f"{SAVED}{only().pk}/")

        assert page.status_code == 200
        assert "This must be one of" in page.text
        assert owner.get(SAVED).status_code == 200

    def test_it_is_renamed_there(self, owner: Client, company: None) -> None:
        save(owner)
        path = f"{SAVED}{only().pk}/"

        owner.post(path, {"name": "New", "version": "1"})
        stale = owner.post(path, {"name": "Late", "version": "1"})

        assert (only().name, only().is_shared, only().version) == ("New", True, 2)
        assert stale.status_code == 409
        assert "Somebody changed this meanwhile" in stale.text

    def test_deleting_leads_back(self, owner: Client, company: None) -> None:
        save(owner)

        answer = owner.post(f"{SAVED}{only().pk}/delete/")

        assert answer["Location"] == SAVED
        assert not SavedInsight.objects.exists()

    def test_sql_of_others_is_not_run_for_who_may_not(
        self, people: People, browse: PageClient, owner: Client, company: None
    ) -> None:
        save(owner, "", "/explore/sql/", q="SELECT 1 AS one")
        viewer = browse(people.viewer)

        opened = viewer.get(f"{SAVED}{only().pk}/open/")

        assert opened["Location"] == f"{SAVED}{only().pk}/"
        assert "your roles do not let you run it" in viewer.get(opened["Location"]).text
