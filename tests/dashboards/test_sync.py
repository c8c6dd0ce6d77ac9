"""Dashboards beside a folder of files, and those that ship: who changed what, and nothing is locked."""

from __future__ import annotations

import shutil
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from dashboards import actions, provision
from dashboards.models import Dashboard, DashboardVersion, Origin
from dashboards.provision import SHIPPED, document_shipped
from dashboards.shapes import document_of
from dashboards.sides import Standing, standing
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient
from tests.people import People

pytestmark = pytest.mark.django_db
BOARD = """\
format: portal-dashboard-1
uid: checkout
name: Checkout
widgets:
- id: up
  title: Up
  position: {x: 0, y: 0, w: 12, h: 6}
  source: promql
  query: up
  config:
    kind: line
- id: errors
  title: Errors
  position: {x: 12, y: 0, w: 12, h: 6}
  source: promql
  query: sum(rate(errors_total[5m]))
  config:
    kind: line
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "checkout.yaml").write_text(BOARD)
    return tmp_path


def sync(folder: Path, *options: str) -> str:
    out = StringIO()
    call_command("dashboards", "sync", str(folder), *options, stdout=out)
    return out.getvalue()


def change_here(people: People, **changes: Any) -> None:
    board = Dashboard.objects.get(uid="checkout")
    document = document_of(board)
    for widget in document["widgets"]:
        widget.update(changes.get(widget["id"], {}))
    actions.save(people.admin, board, document, board.version, clock.now())


def change_there(folder: Path, old: str, new: str) -> None:
    path = folder / "shop" / "checkout.yaml"
    path.write_text(path.read_text().replace(old, new))


def test_looking_changes_nothing(folder: Path) -> None:
    assert sync(folder).split() == ["new", "shop/checkout.yaml"]
    assert not Dashboard.objects.exists()
    assert not Origin.objects.exists()


def test_what_is_new_in_the_folder_is_made_and_then_in_sync(folder: Path) -> None:
    made = sync(folder, "--apply", "--public")

    board = Dashboard.objects.get(uid="checkout")
    assert "made here" in made
    assert (board.name, board.is_public, board.is_provisioned) == ("Checkout", True, False)
    assert sync(folder).startswith("in sync")
    assert AuditEntry.objects.filter(action="dashboard.sync").count() == 1


def test_each_side_s_changes_are_told_apart(folder: Path, people: People) -> None:
    sync(folder, "--apply")
    change_here(people, up={"title": "Is it up?"})
    here = sync(folder)
    change_there(folder, "title: Errors", "title: Failures")
    both = sync(folder)
    actions.restore(people.admin, Dashboard.objects.get(uid="checkout"), 1, None, clock.now())
    there = sync(folder)

    assert here.startswith("changed here ")
    assert both.startswith("changed on both sides")
    assert there.startswith("changed there")


def test_what_the_file_changed_is_taken_as_a_version(folder: Path) -> None:
    sync(folder, "--apply")
    change_there(folder, "title: Errors", "title: Failures")

    taken = sync(folder, "--apply")

    board = Dashboard.objects.get(uid="checkout")
    assert "taken from the file" in taken
    assert [one.title for one in board.widgets.all()] == ["Up", "Failures"]
    assert board.versions.first().note == "From shop/checkout.yaml"  # type: ignore[union-attr]  # it has one
    assert sync(folder).startswith("in sync")


def test_changes_of_both_sides_are_joined_where_they_can_be(folder: Path, people: People) -> None:
    sync(folder, "--apply")
    change_here(people, up={"title": "Is it up?"})
    change_there(folder, "title: Errors", "title: Failures")

    joined = sync(folder, "--apply")

    assert "both sides' changes joined" in joined
    assert [one.title for one in Dashboard.objects.get(uid="checkout").widgets.all()] == [
        "Is it up?",
        "Failures",
    ]
    assert sync(folder).startswith("changed here ")


def test_where_both_changed_the_same_a_person_chooses(folder: Path, people: People) -> None:
    sync(folder, "--apply")
    change_here(people, errors={"title": "Mistakes"})
    change_there(folder, "title: Errors", "title: Failures")

    left = sync(folder, "--apply")
    stays = Dashboard.objects.get(uid="checkout").widgets.get(key="errors").title
    sync(folder, "--take-there")

    assert "choose with" in left
    assert stays == "Mistakes"
    assert Dashboard.objects.get(uid="checkout").widgets.get(key="errors").title == "Failures"


def test_what_was_changed_here_is_written_into_the_file(folder: Path, people: People) -> None:
    sync(folder, "--apply")
    change_here(people, errors={"title": "Mistakes"})

    written = sync(folder, "--take-here")

    assert "written into the file" in written
    assert (folder / "shop" / "checkout.yaml").read_text() == BOARD.replace(
        "title: Errors", "title: Mistakes"
    )
    assert sync(folder).startswith("in sync")


@pytest.mark.skipif(shutil.which("git") is None, reason="git applies the patch")
def test_the_patch_brings_what_was_changed_here_into_the_folder(
    folder: Path, people: People, tmp_path: Path
) -> None:
    sync(folder, "--apply")
    change_here(people, errors={"title": "Mistakes"})
    change_there(folder, "title: Up\n", "title: Still up\n")
    path = folder / "shop" / "checkout.yaml"
    path.write_text(path.read_text().rstrip("\n"))  # nor does a missing newline stop it
    patch = tmp_path / "changes.patch"

    sync(folder, "--patch", str(patch))
    subprocess.run(["git", "apply", "--unsafe-paths", str(patch)], cwd=folder, check=True)

    assert path.read_text() == BOARD.replace("title: Errors", "title: Mistakes").replace(
        "title: Up", "title: Still up"
    )
    assert sync(folder, "--apply")
    assert sync(folder).startswith("in sync")


def test_what_is_gone_on_one_side_stays_on_the_other(folder: Path, people: People) -> None:
    sync(folder, "--apply")
    (folder / "shop" / "checkout.yaml").unlink()
    gone_there = sync(folder, "--apply")
    stays = Dashboard.objects.filter(uid="checkout").exists()
    (folder / "shop" / "checkout.yaml").write_text(BOARD)
    actions.remove(people.admin, Dashboard.objects.get(uid="checkout"))
    gone_here = sync(folder, "--apply")

    assert "gone there" in gone_there
    assert stays
    assert gone_here.startswith("gone here")
    assert not Dashboard.objects.filter(uid="checkout").exists()
    assert "made here" in sync(folder, "--take-there")


def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(folder: Path) -> None:
    (folder / "broken.yaml").write_text("name: [")
    (folder / "double.json").write_text('{"name": "Again", "uid": "checkout"}')
    (folder / ".hidden.yaml").write_text("name: [")

    told = sync(folder, "--apply")

    assert "cannot be read" in told
    assert "broken.yaml: body: This is not YAML: line" in told
    assert "shop/checkout.yaml: double.json is of the same dashboard." in told
    assert "hidden" not in told
    with pytest.raises(SystemExit):
        sync(folder, "--check")


def test_exported_dashboards_are_in_sync_and_come_in_elsewhere(
    folder: Path, people: People, tmp_path: Path
) -> None:
    sync(folder, "--apply")
    before = document_of(Dashboard.objects.get(uid="checkout"))
    out = tmp_path / "out"

    call_command("dashboards", "export", str(out), stdout=StringIO())
    again = sync(out, "--check")
    actions.remove(people.admin, Dashboard.objects.get(uid="checkout"))
    call_command(
        "dashboards",
        "import",
        str(out / "checkout.yaml"),
        "--owner",
        people.editor.email,
        stdout=StringIO(),
    )

    board = Dashboard.objects.get(uid="checkout")
    assert again.startswith("in sync")
    assert (document_of(board), board.created_by) == (before, people.editor)


def test_the_command_says_what_it_cannot_find(folder: Path, people: People) -> None:
    for arguments in (
        ("sync", str(folder / "nowhere")), ("export", str(folder), "nothing"), ("import", str(folder / "x"), "--owner", people.editor.email),
        ("import", str(folder / "shop" / "checkout.yaml"), "--owner", "nobody@x.test"),
    ):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("dashboards", *arguments, stdout=StringIO())


@pytest.mark.parametrize(
    ("here", "there", "base", "found"),
    [
        (None, {}, None, Standing.NEW), (None, {}, {}, Standing.GONE_HERE), ({}, None, {}, Standing.GONE_THERE),
        ({"a": 1}, {"a": 1}, {"a": 0}, Standing.IN_SYNC), ({"a": 1}, {"a": 2}, {"a": 1}, Standing.CHANGED_THERE),
        ({"a": 1}, {"a": 2}, {"a": 2}, Standing.CHANGED_HERE), ({"a": 1}, {"a": 2}, {"a": 0}, Standing.BOTH),
        ({"a": 1}, {"a": 2}, None, Standing.BOTH),
    ],
)  # fmt: skip
def test_how_both_sides_stand(here: Any, there: Any, base: Any, found: Standing) -> None:
    assert standing(here, there, base) is found


def newer(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the next release ship this dashboard under another name."""
    shipped = tuple(
        type(one)(**{**vars(one), "name": name}) if one.uid == "business" else one
        for one in SHIPPED
    )
    monkeypatch.setattr(provision, "SHIPPED", shipped)


class TestShipped:
    def test_what_nobody_changed_is_brought_up_to_date(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provision.provision()
        newer(monkeypatch, "Business, newer")

        assert provision.provision() == ["business"]

        board = Dashboard.objects.get(uid="business")
        assert (board.name, board.version) == ("Business, newer", 2)
        assert [one.note for one in board.versions.all()] == ["As shipped", "As shipped"]

    def test_what_was_changed_here_stays(
        self, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provision.provision()
        rename(people, "Ours")
        newer(monkeypatch, "Business, newer")

        assert provision.provision() == []
        assert Dashboard.objects.get(uid="business").name == "Ours"

    def test_what_was_removed_here_does_not_come_back(self, people: People) -> None:
        provision.provision()
        actions.remove(people.admin, Dashboard.objects.get(uid="business"))

        assert provision.provision() == []
        assert not Dashboard.objects.filter(uid="business").exists()

    def test_what_stood_here_before_is_taken_as_shipped_and_kept_as_a_version(self) -> None:
        provision.provision()
        Origin.objects.all().delete()
        DashboardVersion.objects.all().delete()
        Dashboard.objects.filter(uid="business").update(name="Of an older release")

        assert provision.provision() == ["business"]

        board = Dashboard.objects.get(uid="business")
        assert board.name == "Business"
        assert "Of an older release" in [one.document["name"] for one in board.versions.all()]

    def test_somebody_s_own_dashboard_of_that_address_is_left_alone(self, people: People) -> None:
        Dashboard.objects.create(uid="business", name="Mine", created_by=people.editor)

        assert "business" not in provision.provision()
        assert Dashboard.objects.get(uid="business").name == "Mine"

    def test_its_page_says_changed_here_and_takes_the_shipped_one_back(
        self, people: People, browse: PageClient
    ) -> None:
        provision.provision()
        rename(people, "Ours")
        page = browse(people.admin)

        board = page.get("/dashboards/business/").content.decode()
        shown = page.get("/dashboards/business/origin/").content.decode()
        taken = page.post("/dashboards/business/origin/", {"take": "shipped"})

        shipped = next(one for one in SHIPPED if one.uid == "business")
        assert "Changed here" in board
        assert "Renamed the dashboard from “Business” to “Ours”." in shown
        assert taken.status_code == 302
        assert document_of(Dashboard.objects.get(uid="business")) == document_shipped(shipped)
        assert "Changed here" not in page.get("/dashboards/business/").content.decode()

    def test_a_viewer_sees_the_comparison_and_cannot_take_it_back(
        self, people: People, browse: PageClient
    ) -> None:
        provision.provision()
        rename(people, "Ours")
        page = browse(people.viewer)

        assert page.get("/dashboards/business/origin/").status_code == 200
        assert page.post("/dashboards/business/origin/", {"take": "shipped"}).status_code == 403


def rename(people: People, name: str) -> None:
    board = Dashboard.objects.get(uid="business")
    actions.save(
        people.admin, board, {**document_of(board), "name": name}, board.version, clock.now()
    )
