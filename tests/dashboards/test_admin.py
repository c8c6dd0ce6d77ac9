"""Dashboards in Django's admin: for repair, through the same actions."""

from __future__ import annotations

import pytest

from dashboards import actions
from dashboards.actions.documents import Place
from dashboards.document import checked
from dashboards.models import Dashboard, DashboardVersion, Origin
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
TEXT = (
    "name: Repaired\nwidgets:\n- title: Up\n  source: promql\n  query: up\n  config: {kind: line}\n"
)


@pytest.fixture
def board(people: People) -> Dashboard:
    return actions.create(people.editor, checked({"name": "Broken"}), clock.now(), Place("broken"))


def url(board: Dashboard) -> str:
    return f"/admin/dashboards/dashboard/{board.pk}/change/"


def test_an_admin_repairs_a_document_as_a_version_on_record(
    board: Dashboard, people: People, browse: PageClient
) -> None:
    page = browse(people.admin)
    shown = page.get(url(board)).content.decode()

    saved = page.post(url(board), {"document": TEXT, "read_version": "1", "is_public": "on"})

    board.refresh_from_db()
    assert "name: Broken" in shown
    assert saved.status_code == 302
    assert (board.name, board.version, board.is_public, board.uid) == (
        "Repaired",
        2,
        True,
        "broken",
    )
    assert next(one.note for one in board.versions.all()) == "Repaired in the administration"
    assert AuditEntry.objects.filter(action="dashboard.change", actor=people.admin).exists()


@pytest.mark.parametrize(
    ("document", "version", "says"),
    [
        ("name: [", "1", "This is not YAML"),
        ("name: x\nuid: other", "1", "This must stay broken"),
        ("name: x\nwidgets:\n- config: {kind: nowhere}", "1", "config.kind"),
        ("name: x\nwidgets:\n- {source: promql, query: sum((, config: {kind: line}}", "1", "YAML"),
        ("name: x", "7", "Somebody saved this meanwhile"),
    ],
)
def test_what_cannot_be_saved_is_said_at_its_field(
    board: Dashboard, people: People, browse: PageClient, document: str, version: str, says: str
) -> None:
    answer = browse(people.admin).post(url(board), {"document": document, "read_version": version})

    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert Dashboard.objects.get(pk=board.pk).version == 1


def test_removing_and_restoring_go_through_the_actions(
    board: Dashboard, people: People, browse: PageClient
) -> None:
    page = browse(people.admin)
    page.post(url(board), {"document": TEXT, "read_version": "1"})
    first = DashboardVersion.objects.get(number=1)

    page.post(
        "/admin/dashboards/dashboardversion/", {"action": "restore", "_selected_action": [first.pk]}
    )
    restored = Dashboard.objects.get(pk=board.pk).name
    page.post(f"/admin/dashboards/dashboard/{board.pk}/delete/", {"post": "yes"})

    assert restored == "Broken"
    assert not Dashboard.objects.filter(pk=board.pk).exists()
    assert AuditEntry.objects.filter(action="dashboard.delete", actor=people.admin).exists()


@pytest.mark.parametrize(
    "name", ["dashboard", "widget", "dashboardversion", "draft", "origin", "librarywidget"]
)
def test_every_list_opens(board: Dashboard, people: People, browse: PageClient, name: str) -> None:
    Origin.objects.create(kind="files", uid="x", base={}, synced_at=clock.now())

    assert browse(people.admin).get(f"/admin/dashboards/{name}/?q=x").status_code == 200
    assert browse(people.editor).get(f"/admin/dashboards/{name}/").status_code in (302, 403)
