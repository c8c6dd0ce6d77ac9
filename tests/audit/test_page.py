"""The audit trail as auditors read it: a page, a file and an API."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from portal.audit.chain import sealing
from portal.audit.models import AuditEntry, ChainState, Seal
from portal.audit.trail import Change, record
from portal.auditor.differences import Line, differences
from tests.conftest import PageClient, TokenClient
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]


@pytest.fixture(autouse=True)
def beside_the_database(tmp_path: Path, settings: Settings) -> None:
    settings.AUDIT_DIR = tmp_path / "audit"
    settings.AUDIT_KEY_FILE = tmp_path / "audit-key"


def changed(people: People, **more: Any) -> AuditEntry:
    change = Change(
        {"name": "Old name", "tags": ["a"]}, {"name": "New name", "tags": ["a"], **more}
    )
    return record(people.admin, "dashboard.change", people.viewer, change)


def test_an_auditor_reads_the_trail_and_finds_nothing_else(
    people: People, browse: PageClient
) -> None:
    changed(people)
    auditor = browse(people.auditor)

    page = auditor.get("/audit/")
    links = auditor.get("/").text

    assert page.status_code == 200
    assert "dashboard.change" in page.text
    assert 'href="/audit/"' in links
    assert 'href="/explore/' not in links


def test_others_do_not_read_it(people: People, browse: PageClient, call: TokenClient) -> None:
    for user in (people.viewer, people.editor, people.responder, people.outsider):
        assert browse(user).get("/audit/").status_code == 403
        assert call(user).get("/api/v1/audit").status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=adm", {"dashboard.change"}),
        ("actor=nobody-like-this", set()),
        ("action=user", {"user.login", "user.logout"}),
        ("action=user.login", {"user.login"}),
        ("action=user.*", {"user.login", "user.logout"}),
        ("action=use", set()),
        ("object=accounts.user", {"dashboard.change", "user.login", "user.logout"}),
        ("object=viewer", {"dashboard.change", "user.login", "user.logout"}),
        ("object=nothing", set()),
    ],
)
def test_filters_narrow_what_is_listed(
    people: People, call: TokenClient, query: str, found: set[str]
) -> None:
    changed(people)
    record(people.viewer, "user.login", people.viewer)
    record(people.viewer, "user.logout", people.viewer)

    answer = call(people.auditor).get(f"/api/v1/audit?{query}&limit=1000")

    wanted = {"dashboard.change", "user.login", "user.logout"}
    assert {one["action"] for one in answer.json()["entries"]} & wanted == found


def test_an_object_is_found_by_kind_and_number(people: People, call: TokenClient) -> None:
    entry = changed(people)
    record(people.admin, "dashboard.change", people.editor)

    answer = call(people.auditor).get(f"/api/v1/audit?object=accounts.user:{people.viewer.pk}")

    assert entry.pk in [one["id"] for one in answer.json()["entries"]]
    assert {one["object_id"] for one in answer.json()["entries"]} == {str(people.viewer.pk)}


def test_a_range_is_half_open(people: People, call: TokenClient) -> None:
    at = changed(people).at
    auditor = call(people.auditor)

    def listed(start: Any, end: Any) -> list[str]:
        query = {"action": "dashboard.change", "from": start.isoformat(), "to": end.isoformat()}
        return [one["action"] for one in auditor.get("/api/v1/audit", query).json()["entries"]]

    assert listed(at, at + timedelta(microseconds=1)) == ["dashboard.change"]
    assert listed(at - timedelta(seconds=1), at) == []


def test_pages_follow_each_other_without_gap_or_repeat(people: People, call: TokenClient) -> None:
    wanted = [changed(people, n=number).pk for number in range(7)]
    auditor, seen, cursor = call(people.auditor), [], ""

    while True:
        query = {"action": "dashboard.change", "limit": "3", "cursor": cursor}
        answer = auditor.get("/api/v1/audit", query).json()
        seen += [one["id"] for one in answer["entries"]]
        cursor = answer["next"]
        if not cursor:
            break

    assert seen == wanted[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=x", "cursor"), ("cursor=-1", "cursor"), ("cursor=99999999999999999999", "cursor"),
        ("limit=0", "limit"), ("limit=x", "limit"), ("limit=1001", "limit"), ("from=never", "from"),
        ("to=x", "to"), ("tz=Moon", "tz"), ("actor=%00", "actor"), (f"object={'x' * 300}", "object"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(
    people: People, call: TokenClient, browse: PageClient, query: str, field: str
) -> None:
    answer = call(people.auditor).get(f"/api/v1/audit?{query}")
    page = browse(people.auditor).get(f"/audit/?{query}")

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert page.status_code == 200


def test_an_entry_says_where_it_stands_in_the_chain(people: People, call: TokenClient) -> None:
    entry = changed(people)
    sealing.seal_new(timezone.now())

    answer = call(people.auditor).get("/api/v1/audit?action=dashboard.change").json()

    seal = Seal.objects.get(entry_id=entry.pk)
    assert (answer["entries"][0]["position"], answer["entries"][0]["hash"]) == (
        seal.position,
        seal.hash,
    )
    assert answer["chain"]["sealed_position"] == Seal.objects.count()


@pytest.mark.parametrize("way", ["?format=csv", "accept"])
def test_a_file_holds_the_entries_and_taking_it_is_recorded(
    people: People, call: TokenClient, way: str
) -> None:
    entry = changed(people, formula="=1+1")
    auditor = call(people.auditor)

    answer = (
        auditor.get("/api/v1/audit?format=csv&action=dashboard.change")
        if way != "accept"
        else auditor.get("/api/v1/audit?action=dashboard.change", HTTP_ACCEPT="text/csv")
    )

    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["id"], row["actor"], row["action"]) == (str(entry.pk), "admin", "dashboard.change")
    noted = AuditEntry.objects.get(action="audit.export")
    assert noted.after == {"format": "csv", "rows": 1, "filters": {"action": "dashboard.change"}}


def test_the_page_gives_the_same_file(people: People, browse: PageClient) -> None:
    changed(people)

    answer = browse(people.auditor).get("/audit/csv/?action=dashboard.change&from=-7d")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.text.count("dashboard.change") == 1
    assert AuditEntry.objects.filter(action="audit.export", actor=people.auditor).exists()


def test_the_page_shows_before_and_after(people: People, browse: PageClient) -> None:
    changed(people, added="<b>new</b>")

    page = browse(people.auditor).get("/audit/?action=dashboard.change")

    assert "<del>Old name</del>" in page.text
    assert "<ins>New name</ins>" in page.text
    assert "&lt;b&gt;new&lt;/b&gt;" in page.text


def test_an_empty_list_says_why(people: People, browse: PageClient) -> None:
    auditor = browse(people.auditor)

    filtered = auditor.get("/audit/?action=nothing.such").text
    early = auditor.get("/audit/?from=2020-01-01&to=2020-01-02").text

    assert "passes these filters" in filtered
    assert "Nothing was recorded in this range" in early


def test_the_page_says_how_far_the_chain_reaches(people: People, browse: PageClient) -> None:
    auditor = browse(people.auditor)
    before = auditor.get("/audit/").text
    changed(people)
    sealing.seal_new(timezone.now())

    auditor.post("/audit/verify/")
    after = auditor.get("/audit/").text

    assert "Nothing is sealed yet" in before
    assert "Sealed up to entry" in after
    state = ChainState.objects.get()
    assert (state.verified_position, f"Verified up to position {state.verified_position:,}" in after) == (
        Seal.objects.count(), True,
    )  # fmt: skip
    assert AuditEntry.objects.filter(action="audit.verify", actor=people.auditor).exists()


def test_a_finding_stands_on_the_page(people: People, browse: PageClient) -> None:
    ChainState.objects.create(pk=1, finding="altered: entry 7", verified_at=timezone.now())

    assert "altered: entry 7" in browse(people.auditor).get("/audit/").text


def test_differences_are_told_field_by_field() -> None:
    before = {
        "name": "A",
        "time": {"from": "-7d", "to": ""},
        "tags": ["x"],
        "gone": 1,
        "same": True,
    }
    after = {
        "name": "B",
        "time": {"from": "-30d", "to": ""},
        "tags": ["x", "y"],
        "new": None,
        "same": True,
    }

    assert differences(before, after) == [
        Line("name", "A", "B", "changed"),
        Line("time.from", "-7d", "-30d", "changed"),
        Line("tags", "x", "x, y", "changed"),
        Line("gone", "1", "", "removed"),
        Line("new", "", "null", "added"),
        Line("time.to", "", "", "same"),
        Line("same", "true", "true", "same"),
    ]


def test_what_began_or_ended_is_told_without_the_other_side() -> None:
    assert differences(None, {"a": {"b": 1}}) == [Line("a.b", "", "1", "added")]
    assert differences({"a": "x"}, None) == [Line("a", "x", "", "removed")]
    assert differences(None, None) == []
