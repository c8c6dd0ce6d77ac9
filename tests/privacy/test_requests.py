"""Exports and erasures as admins ask for them: by API, page and command."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from analytics.ingest.models import PersonRequest
from analytics.ingest.writer import Writer
from analytics.privacy import carrying
from portal.audit.models import AuditEntry
from portal.audit.personal import holders
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.factories import make_staff
from tests.ingest.conftest import DoorClient
from tests.ingest.test_persons import identified, one_by_one, seen
from tests.privacy.erasing import afterwards, carry_out, later

pytestmark = pytest.mark.usefixtures("empty_cache")


def test_an_admin_asks_for_an_export_and_takes_the_zip(
    door: DoorClient, writer: Writer, call: TokenClient
) -> None:
    one_by_one(door, writer, identified("ada", "phone", plan="pro"), seen(user="ada"))
    api = call(make_staff("admin"))

    asked = api.post("/api/v1/people/ada/export")
    carrying.carry_on(later)
    state = api.get(asked.json()["url"]).json()
    archive = api.get("/api/v1/people/ada/export")

    assert (asked.status_code, state["state"]) == (202, "done")
    with zipfile.ZipFile(io.BytesIO(archive.getvalue())) as opened:
        manifest = orjson.loads(opened.read("manifest.json"))
        events = orjson.loads(opened.read("events.json"))
    assert {one["file"] for one in manifest["stores"]} == {f"{one.kind}.json" for one in holders}
    assert [one["name"] for one in events] == ["user_identified", "seen"]
    assert AuditEntry.objects.filter(action="person.download").exists()


def test_asking_twice_is_one_request(door: DoorClient, writer: Writer, call: TokenClient) -> None:
    one_by_one(door, writer, seen(user="ada"))
    api = call(make_staff("admin"))

    first, second = (api.post("/api/v1/people/ada/export").json()["id"] for _ in range(2))

    assert first == second


def test_an_export_expires(
    door: DoorClient, writer: Writer, call: TokenClient, data_dir: Path
) -> None:
    one_by_one(door, writer, seen(user="ada"))
    api = call(make_staff("admin"))
    asked = api.post("/api/v1/people/ada/export").json()
    carrying.carry_on(later)
    assert list((data_dir / "exports").iterdir())

    carrying.expire(clock.now() + timedelta(days=8))

    assert not list((data_dir / "exports").iterdir())
    assert api.get(asked["url"]).json()["state"] == "expired"
    assert api.get("/api/v1/people/ada/export").status_code == 404


def test_an_erasure_by_api_has_a_certificate_where_it_was_asked_for(
    door: DoorClient, writer: Writer, call: TokenClient, browse: PageClient
) -> None:
    one_by_one(door, writer, seen(user="ada"), seen(user="bob"))
    api = call(make_staff("admin"))

    asked = api.post("/api/v1/people/ada/erase", {"confirm": "ada"}, format="json")
    carry_out(writer, PersonRequest.objects.get(pk=asked.json()["id"]))
    found = api.get("/api/v1/people/ada/erase").json()

    assert (asked.status_code, found["state"]) == (202, "done")
    counted = {one["kind"]: (one["before"], one["after"]) for one in found["stores"]}
    assert counted["events"] == (1, 0)
    assert found["certificate"]["signature"]
    assert api.get("/api/v1/people/ada").status_code == 404
    gone = browse(make_staff("admin")).get("/settings/privacy/person/?of=ada")
    assert (gone.status_code, "was erased" in gone.text) == (404, True)
    assert api.get("/api/v1/people/bob").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "confirm"), ({"confirm": "Ada"}, "confirm"), ({"confirm": "ada", "after": "x"}, "after")],
)
def test_an_erasure_is_confirmed_by_the_id(
    door: DoorClient, writer: Writer, call: TokenClient, body: dict[str, Any], field: str
) -> None:
    one_by_one(door, writer, seen(user="ada"))

    answer = call(make_staff("admin")).post("/api/v1/people/ada/erase", body, format="json")

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_who_is_in_no_store_is_not_found(
    engine: None, transactional_db: None, data_dir: Path, call: TokenClient
) -> None:
    api = call(make_staff("admin"))

    assert api.post("/api/v1/people/nobody-at-all/export").status_code == 404
    assert api.post("/api/v1/people/nobody-at-all/erase", {}, format="json").status_code == 404


def test_the_pages_show_what_is_held_and_lead_to_the_erasure(
    door: DoorClient, writer: Writer, browse: PageClient
) -> None:
    one_by_one(door, writer, identified("ada", "phone", plan="pro"))
    page = browse(make_staff("admin"))

    held = page.get("/settings/privacy/person/?of=ada").text
    wrong = page.post("/settings/privacy/person/erase/", {"of": "user:ada", "confirm": "x"})
    right = page.post("/settings/privacy/person/erase/", {"of": "user:ada", "confirm": "ada"})
    shown = page.get(right["Location"]).text

    assert "Properties known of the person" in held
    assert (wrong.status_code, "exactly as it stands" in wrong.text) == (400, True)
    assert "Waits for its turn" in shown
    number = PersonRequest.objects.get().pk
    assert f"Erasure {number}" in page.get("/settings/privacy/").text
    assert "queued" in page.get("/settings/privacy/person/state/?of=user:ada").text


def test_what_becomes_of_new_events_is_decided_on_the_page(
    engine: None, transactional_db: None, browse: PageClient
) -> None:
    page = browse(make_staff("admin"))

    given = {"after_erasure": "new", "export_days": "3", "backup_days": "30"}
    page.post("/settings/privacy/", given)

    entry = AuditEntry.objects.get(action="privacy.change")
    assert entry.after == {"after_erasure": "new", "export_days": 3, "backup_days": 30}


def test_the_command_writes_the_archive(
    door: DoorClient, writer: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_by_one(door, writer, seen(user="ada"))

    call_command("export_person", "ada", "--output", str(tmp_path / "ada.zip"))

    assert zipfile.is_zipfile(tmp_path / "ada.zip")
    with pytest.raises(CommandError, match="Nothing is held"):
        call_command("export_person", "nobody-at-all")


def test_two_workers_never_take_the_same_request(
    door: DoorClient, writer: Writer, call: TokenClient
) -> None:
    one_by_one(door, writer, seen(user="ada"))
    call(make_staff("admin")).post("/api/v1/people/ada/export")

    first, second = carrying.claimed(later()), carrying.claimed(later())

    assert first is not None
    assert second is None
    assert carrying.claimed(later() + carrying.LEASE) is not None  # whose worker died


def test_an_erasure_that_fails_is_tried_again(
    door: DoorClient, writer: Writer, call: TokenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one(door, writer, seen(user="ada"))
    asked = call(make_staff("admin")).post(
        "/api/v1/people/ada/erase", {"confirm": "ada"}, format="json"
    )
    request = PersonRequest.objects.get(pk=asked.json()["id"])
    broken: Callable[..., None] = lambda *_: (_ for _ in ()).throw(OSError("the disk is full"))  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(carrying, "count_again", broken)
        for _ in range(6):
            writer.chores(later())
        carrying.carry_on(afterwards)
    request.refresh_from_db()
    assert (request.state, request.trouble) == ("sweeping", "OSError: the disk is full")

    request.trouble = ""
    request.due_at = clock.now()
    request.save()
    assert carry_out(writer, request).state == "done"
