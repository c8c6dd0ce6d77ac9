"""Data sets: made and changed by admins, through the API and on pages, with their trail."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from rest_framework.test import APIClient

from analytics.ingest.models import Source
from analytics.insights.data_rights import row_rights
from analytics.insights.models import DataSet
from portal.accounts import actions
from portal.accounts.models import Grant, Level
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
DATA_SETS = "/api/v1/data_sets"
SHOP = {"property": "$service", "op": "=", "value": "shop"}
PLAN = {"property": "plan", "op": "in", "value": ["free", 1]}


@pytest.fixture
def admin(people: People, call: TokenClient) -> APIClient:
    return call(people.admin)


def made(admin: APIClient, **body: Any) -> dict[str, Any]:
    answer = admin.post(DATA_SETS, {"name": "Shop", "filters": [SHOP]} | body, format="json")
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


class TestApi:
    def test_one_is_made_changed_and_deleted_on_record(self, admin: APIClient) -> None:
        shop = made(admin, description="What the shop sends")
        one = f"{DATA_SETS}/{shop['id']}"

        assert admin.get(one).json() == shop
        changed = admin.patch(one, {"filters": [SHOP, PLAN], "version": 1}, format="json").json()
        assert (changed["filters"], changed["version"]) == ([SHOP, PLAN], 2)
        assert changed["description"] == "What the shop sends"
        again = admin.put(one, changed, format="json").json()
        assert again == changed
        stale = admin.patch(one, {"name": "Old", "version": 1}, format="json")
        assert stale.status_code == 409
        assert admin.delete(one).status_code == 204
        assert admin.get(one).status_code == 404
        found = AuditEntry.objects.filter(action__startswith="data_set.").order_by("pk")
        assert [entry.action for entry in found] == [
            "data_set.create", "data_set.update", "data_set.delete",
        ]  # fmt: skip
        assert found[1].before is not None
        assert found[1].before["filters"] == [SHOP]

    def test_everything_is_listed_for_admins_and_ones_own_for_others(
        self, admin: APIClient, people: People, call: TokenClient
    ) -> None:
        shop = made(admin)
        viewer = call(people.viewer)

        def names(client: APIClient) -> list[str]:
            return [one["name"] for one in client.get(DATA_SETS).json()["data_sets"]]

        assert names(admin) == ["All data", "Shop"]
        assert names(viewer) == ["All data"]
        Grant.objects.all().delete()
        assert names(viewer) == []
        actions.share(people.admin, DataSet.objects.get(pk=shop["id"]), people.viewer, Level.VIEW)
        assert names(viewer) == ["Shop"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": " "}, "name"),
            ({"name": "all DATA"}, "name"),
            ({"name": "a\0b"}, "name"),
            ({"filters": SHOP}, "filters"),
            ({"filters": None}, "filters"),
            ({"filters": [{"property": "$nothing", "op": "is_set"}]}, "filters[0].property"),
            ({"filters": [{**SHOP, "of": "person", "property": "x"}]}, "filters[0]"),
            ({"filters": [{"cohort": 1, "op": "in"}]}, "filters[0]"),
            ({"filters": [{**SHOP, "op": "regex", "value": "("}]}, "filters[0].value"),
            ({"filters": [{**SHOP, "op": "regex", "value": "(?=a)"}]}, "filters"),
            ({"filters": [{**SHOP, "value": "a\0"}]}, "filters[0].value"),
            ({"sources": [99_999]}, "sources"),
            ({"sources": ["1"]}, "sources[0]"),
            ({"sources": [2**40]}, "sources[0]"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_bad_input_names_its_field(
        self, admin: APIClient, body: dict[str, Any], field: str
    ) -> None:
        answer = admin.post(DATA_SETS, {"name": "Shop", **body}, format="json")

        assert answer.status_code == 400, answer.content
        assert answer.json()["error"]["field"] == field

    def test_all_data_stays_what_it_is(self, admin: APIClient) -> None:
        one = f"{DATA_SETS}/{DataSet.objects.get(is_built_in=True).pk}"

        assert admin.patch(one, {"filters": [SHOP]}, format="json").status_code == 400
        assert admin.delete(one).status_code == 400

    def test_who_read_by_a_deleted_one_reads_nothing(
        self, admin: APIClient, people: People
    ) -> None:
        shop = made(admin)
        Grant.objects.all().delete()
        row = DataSet.objects.get(pk=shop["id"])
        actions.share(people.admin, row, people.viewer, Level.VIEW)
        assert row_rights(people.viewer).names == ("Shop",)

        admin.delete(f"{DATA_SETS}/{shop['id']}")

        assert row_rights(people.viewer).is_nothing
        assert not Grant.objects.filter(object_type="data_set").exists()


def test_it_stands_in_no_folder(admin: APIClient) -> None:
    access = f"/api/v1/access/data_set/{made(admin)['id']}"

    assert admin.get(access).json()["stop_inheriting"] is False
    for change in ({"folder": None}, {"stop_inheriting": True}, {"is_public": True}):
        assert admin.patch(access, change, format="json").status_code == 400


class TestPages:
    @pytest.fixture(autouse=True)
    def week(self) -> None:
        now = clock.now()
        load([
            *(Event("visit", now, f"u{n}", service="shop", source=1) for n in range(3)),
            *(Event("visit", now, f"u{n}", service="other", source=2) for n in range(7)),
        ])  # fmt: skip

    def test_the_builder_shows_how_much_is_in_it(self, people: People, browse: PageClient) -> None:
        source = Source.objects.create(name="Website")
        query = {"changed": "1", "where": orjson.dumps(SHOP).decode(), "source": source.pk}
        page: Any = browse(people.admin).get(f"/data-sets/new/?{urlencode(query)}")
        words = page.content.decode()

        assert "of 10 events of the last 7 days" in words
        assert "$service is “shop”" in words
        assert f'value="{source.pk}" checked' in words

    def test_a_filter_is_added_by_the_small_form(self, people: People, browse: PageClient) -> None:
        added = {"new_property": "$service", "new_op": "=", "new_value": "shop"}

        page: Any = browse(people.admin).get(f"/data-sets/new/?{urlencode(added)}", follow=True)

        assert b"<strong>3</strong>\n" in page.content or b"<strong>3</strong>" in page.content

    def test_it_is_saved_shared_and_changed(self, people: People, browse: PageClient) -> None:
        admin = browse(people.admin)
        form = {"name": "Shop", "description": "", "where": orjson.dumps(SHOP).decode()}

        saved: Any = admin.post("/data-sets/new/", form, follow=True)
        row = DataSet.objects.get(name="Shop")
        assert saved.redirect_chain[-1][0] == f"/data-sets/{row.pk}/"
        assert "Nobody but admins" in saved.content.decode()
        shared: Any = admin.post(
            f"/sharing/data_set/{row.pk}/grants/", {"to": people.viewer.email, "level": "view"}
        )
        assert shared.status_code == 302
        sharing: Any = admin.get(f"/sharing/data_set/{row.pk}/")
        assert "Who sees a data set reads its events" in sharing.content.decode()
        edit: Any = admin.get(f"/data-sets/{row.pk}/edit/")
        assert "$service is “shop”" in edit.content.decode()
        changed = {"name": "Shop 2", "version": 1, "where": orjson.dumps(PLAN).decode()}
        admin.post(f"/data-sets/{row.pk}/edit/", changed)
        row.refresh_from_db()
        assert (row.name, row.filters, row.version) == ("Shop 2", [PLAN], 2)
        stale: Any = admin.post(f"/data-sets/{row.pk}/edit/", changed | {"name": "Late"})
        assert stale.status_code == 409
        admin.post(f"/data-sets/{row.pk}/delete/")
        assert not DataSet.objects.filter(pk=row.pk).exists()

    def test_a_name_that_is_taken_keeps_what_was_built(
        self, people: People, browse: PageClient
    ) -> None:
        form = {"name": "All data", "where": orjson.dumps(SHOP).decode()}

        page: Any = browse(people.admin).post("/data-sets/new/", form)

        assert page.status_code == 400
        assert "There is a data set named" in page.content.decode()
        assert "$service is “shop”" in page.content.decode()

    def test_pages_of_explore_say_what_is_read(self, people: People, browse: PageClient) -> None:
        viewer = browse(people.viewer)
        whole: Any = viewer.get("/explore/trends/?event=visit", follow=True)
        assert "You read" not in whole.content.decode()
        Grant.objects.all().delete()
        now = clock.now()
        row = DataSet.objects.create(name="Shop", filters=[SHOP], created_at=now, updated_at=now)
        actions.share(people.admin, row, people.viewer, Level.VIEW)

        part: Any = viewer.get("/explore/trends/?event=visit", follow=True)
        about: Any = viewer.get(f"/data-sets/{row.pk}/")

        assert "You read the data set" in part.content.decode()
        assert "of 10 events" not in about.content.decode()
        assert viewer.get(f"/data-sets/{row.pk}/edit/").status_code == 403
