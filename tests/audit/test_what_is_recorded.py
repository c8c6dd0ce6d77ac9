"""What stands in the trail: every change, and what people look at, take out and try."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import get_commands

from analytics.ingest import actions as ingest
from analytics.ingest.identities import Id
from analytics.ingest.models import Quarantined, Source
from analytics.insights.actions import audited_sql
from portal.accounts import refusals
from portal.audit.admin import AuditedAdmin
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.calls import ROOT, Function, functions, reaches_the_trail
from tests.conftest import PageClient, TokenClient
from tests.factories import make_cohort, make_dashboard
from tests.people import People

OURS = ("portal", "analytics", "dashboards")
# Functions of actions that change nothing a person would ask about, or that run without anybody.
LEAVE_NO_ENTRY = {
    "analytics.insights.actions.cohorts.note_sizes": "a nightly figure, computed by the portal",
    "analytics.insights.actions.saved.check_due": "a nightly check, computed by the portal",
    "analytics.insights.actions.sql.audited": "says what is recorded",
    "dashboards.actions.drafts.discard_draft": "of one's own, and nobody else's",
    "dashboards.actions.drafts.keep_draft": "what is saved in the end is recorded then",
    "dashboards.actions.drafts.start_editing": "an editor is open; nothing has changed",
    "dashboards.actions.drafts.stop_editing": "an editor is closed; nothing has changed",
}
# Commands that change nothing that the trail is about.
COMMANDS = {
    "up": "runs the portal",
    "doctor": "only reads",
    "run_writer": "runs a process; what it does with persons on request is recorded there",
    "migrate_store": "the engine's schema, by files of this version",
}


def actions() -> list[Function]:
    """Return what actions.py files, and packages of that name, offer."""
    return [
        one
        for one in functions().values()
        if ".actions." in f".{one.name}." and ast_is_public(one) and changes_something(one)
    ]


def ast_is_public(one: Function) -> bool:
    module, _, name = one.name.rpartition(".")
    return not name.startswith("_") and module.split(".")[-1][0].islower()


def changes_something(one: Function) -> bool:
    """Somebody does it, or it is a transaction."""
    return "actor" in one.arguments or "transaction.atomic" in one.decorators


@pytest.mark.parametrize("action", actions(), ids=lambda one: one.name)
def test_every_action_leaves_an_entry(action: Function) -> None:
    assert reaches_the_trail(action.name) or helps(action) or action.name in LEAVE_NO_ENTRY, (
        f"{action.name} changes something and calls no trail.record()"
    )


def helps(action: Function) -> bool:
    """Tell whether only other functions of actions call this, each of which leaves an entry."""
    callers = [one for one in functions().values() if action.name in {*map(str, one.calls)}]
    inside = action.name.partition(".actions")[0] + ".actions"
    return bool(callers) and all(
        one.name.startswith(inside) and reaches_the_trail(one.name) for one in callers
    )


def test_the_walk_finds_the_actions_that_there_are() -> None:
    found = {one.name for one in actions()}

    assert len(found) > 40
    assert "portal.accounts.actions.people.set_roles" in found
    assert "dashboards.actions.adding.add_widget" in found


def test_an_action_without_an_entry_would_be_found() -> None:
    source = "def change(actor, thing):\n    thing.save()\n"
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)

    assert not reaches_the_trail("portal.lib.clock.now")
    assert changes_something(Function("x.actions.change", node))


@pytest.mark.parametrize(
    "command", sorted(name for name, app in get_commands().items() if str(app).startswith(OURS))
)
def test_every_command_that_changes_something_leaves_an_entry(command: str) -> None:
    files = [file for top in OURS for file in (ROOT / top).rglob(f"commands/{command}.py")]
    module = ".".join(files[0].relative_to(ROOT).with_suffix("").parts)

    assert command in COMMANDS or any(
        reaches_the_trail(name) for name in functions() if name.startswith(f"{module}.")
    )


@pytest.mark.parametrize(
    "model", [model for model in admin.site._registry if model.__module__.startswith(OURS)],
    ids=lambda model: model.__name__,
)  # fmt: skip
def test_what_the_administration_changes_is_recorded(model: Any) -> None:
    registered = type(admin.site._registry[model])
    saves = f"{registered.__module__}.{registered.__name__}.save_model"

    is_read_only = registered.has_change_permission is not admin.ModelAdmin.has_change_permission
    assert is_read_only or issubclass(registered, AuditedAdmin) or reaches_the_trail(saves)


def entries(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("id"))


@pytest.mark.django_db
def test_a_page_that_a_role_does_not_open_is_recorded(people: People, browse: PageClient) -> None:
    browse(people.viewer).get(
        "/explore/sql/", REMOTE_ADDR="192.0.2.7", HTTP_X_REQUEST_ID="abcdefgh"
    )

    (entry,) = entries(refusals.ACTION)
    assert (entry.actor, entry.address, entry.request_id) == (
        people.viewer,
        "192.0.2.7",
        "abcdefgh",
    )
    assert entry.after == {
        "method": "GET", "route": "/explore/sql/", "status": "403", "permission": "insights.run_sql",
    }  # fmt: skip


@pytest.mark.django_db
def test_an_object_that_one_may_not_know_of_is_recorded(people: People, call: TokenClient) -> None:
    hidden = make_dashboard(created_by=people.owner)

    answer = call(people.viewer).get(f"/api/v1/dashboards/{hidden.uid}")

    (entry,) = entries(refusals.ACTION)
    assert answer.status_code == 404
    assert entry.after is not None
    assert entry.after["object"] == f"dashboards.dashboard uid={hidden.uid}"
    assert entry.actor_label.startswith("viewer, token test (")


@pytest.mark.django_db
def test_an_object_that_one_may_only_see_is_recorded(people: People, call: TokenClient) -> None:
    cohort = make_cohort(people.owner)

    answer = call(people.viewer).delete(f"/api/v1/cohorts/{cohort.pk}")

    (entry,) = entries(refusals.ACTION)
    assert answer.status_code == 403
    assert (entry.after or {})["status"] == "403"


@pytest.mark.django_db
def test_a_scope_that_a_token_lacks_is_recorded(people: People, call: TokenClient) -> None:
    call(people.admin, ["write"]).get("/api/v1/dashboards")

    (entry,) = entries(refusals.ACTION)
    assert (entry.after or {})["scope"] == "read"


@pytest.mark.django_db
def test_an_address_without_anything_is_no_attempt(people: People, browse: PageClient) -> None:
    browse(people.viewer).get("/nothing/here/")

    assert entries(refusals.ACTION) == []


@pytest.mark.django_db
def test_a_scanner_does_not_flood_the_trail(people: People, call: TokenClient) -> None:
    scanner = call(people.viewer)

    for number in range(30):
        scanner.get(f"/api/v1/dashboards/guess-{number}")
    call(people.editor).get("/api/v1/dashboards/guess")

    of_scanner = [one for one in entries(refusals.ACTION) if one.actor == people.viewer]
    assert len(of_scanner) == refusals.MOST
    assert (of_scanner[-1].after or {})["more_are_left_out"] is True
    assert entries(refusals.ACTION)[-1].actor == people.editor


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema")
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_downloaded_file_is_recorded(people: People, browse: PageClient, format: str) -> None:
    answer = browse(people.viewer).get(f"/explore/lifecycle/{format}/?event=buy&from=-7d")

    (entry,) = entries("data.export")
    assert answer.status_code == 200
    assert (entry.actor, (entry.after or {})["format"]) == (people.viewer, format)


@pytest.mark.django_db
def test_a_widget_taken_as_csv_is_recorded(people: People, browse: PageClient) -> None:
    board = make_dashboard(is_public=True)

    browse(people.viewer).get(f"/dashboards/{board.uid}/widgets/note.csv")

    (entry,) = entries("data.export")
    assert entry.object_id == str(board.pk)
    assert (entry.after or {})["part"] == "note"


@pytest.mark.django_db
def test_a_corrected_event_stands_in_the_trail_without_its_person(
    people: People, browse: PageClient
) -> None:
    bad = Quarantined.objects.create(
        event='{"userId": "canary-person"}', field="name", message="canary-person is no name",
        **quarantined(),
    )  # fmt: skip

    browse(people.admin).post(
        f"/admin/ingest/quarantined/{bad.pk}/change/",
        {"event": '{"userId": "canary-person", "name": "buy"}'},
    )

    (entry,) = entries("quarantined.update")
    assert set(entry.after or {}) == {"event"}
    assert not is_named("canary-person")


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema")
def test_no_entry_names_a_person_whose_events_are_measured(
    people: People, call: TokenClient
) -> None:
    where = [{"property": "$user_id", "op": "=", "value": "canary-person"}]
    series = [{"event": "buy", "math": "total", "where": where}]
    trend = {"series": series, "interval": "day", "from": "-7d", "where": where}
    board = make_dashboard(created_by=people.editor)
    program = call(people.editor)

    kept = {"name": "Trend", "kind": "trend", "definition": trend}
    made = program.post("/api/v1/insights", kept, format="json")
    address = f"/api/v1/dashboards/{board.uid}/widgets"
    added = program.post(address, {"insight": made.json()["id"]}, format="json")
    make_cohort(people.editor, {"kind": "static", "user_ids": ["canary-person"]})
    make_cohort(people.editor, {"property": "id", "op": "=", "value": "canary-person"})
    with audited_sql(
        people.editor, "SELECT 1 WHERE user_id = 'canary-person'", {"a": "canary-person"}
    ):
        pass
    ingest.record_person_viewed(people.editor, Id("canary-person", is_user=True))

    assert (made.status_code, added.status_code) == (201, 201)
    assert {"insight.create", "widget.create", "cohort.create", "sql.run", "person.view"} <= set(
        AuditEntry.objects.values_list("action", flat=True)
    )
    assert not is_named("canary-person")


def quarantined() -> dict[str, Any]:
    source = Source.objects.create(name="shop")
    return {"source": source, "received_at": clock.now(), "index": 0, "origin": "x"}


def is_named(text: str) -> bool:
    """Tell whether any column of the trail holds this text."""
    rows = AuditEntry.objects.values()
    return any(text in str(value) for row in rows for value in row.values())
