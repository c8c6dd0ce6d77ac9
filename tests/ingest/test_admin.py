"""Sources and keys in Django's admin."""

from __future__ import annotations

import pytest

from analytics.ingest import actions
from analytics.ingest.models import IngestKey, Source
from portal.audit.models import AuditEntry
from tests.conftest import PageClient
from tests.people import People


@pytest.fixture
def shop(db: None) -> Source:
    return actions.create_source(None, name="shop", service="web")


def test_a_change_of_a_source_is_in_the_trail(
    people: People, browse: PageClient, shop: Source
) -> None:
    browse(people.admin).post(
        f"/admin/ingest/source/{shop.pk}/change/",
        {"name": "shop", "service": "web", "environment": "production", "events_per_minute": "600"},
    )

    entry = AuditEntry.objects.latest("id")
    assert (entry.actor, entry.action, entry.object_label) == (
        people.admin,
        "source.update",
        "shop",
    )
    assert entry.before == {"environment": "", "events_per_minute": None}
    assert entry.after == {"environment": "production", "events_per_minute": 600}


def test_a_source_says_how_to_send(people: People, browse: PageClient, shop: Source) -> None:
    page = browse(people.admin).get(f"/admin/ingest/source/{shop.pk}/change/").text

    for path in ("/api/v1/events", "/prometheus/api/v1/write", "/v1/metrics", "/metrics/job/"):
        assert path in page


def test_saving_without_a_change_leaves_no_entry(
    people: People, browse: PageClient, shop: Source
) -> None:
    client = browse(people.admin)
    before = AuditEntry.objects.count()

    client.post(f"/admin/ingest/source/{shop.pk}/change/", {"name": "shop", "service": "web"})

    assert AuditEntry.objects.count() == before


def test_keys_are_revoked_there_and_their_hash_is_not_shown(
    people: People, browse: PageClient, shop: Source
) -> None:
    key, _ = actions.create_key(None, shop)
    client = browse(people.admin)

    shown = client.get(f"/admin/ingest/ingestkey/{key.pk}/change/")
    client.post("/admin/ingest/ingestkey/", {"action": "revoke", "_selected_action": key.pk})

    assert key.digest not in shown.text
    assert IngestKey.objects.get().revoked_at is not None
    assert AuditEntry.objects.latest("id").action == "ingest_key.revoke"
