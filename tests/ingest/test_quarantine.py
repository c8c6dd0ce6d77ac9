"""What was not taken: shown, corrected, and sent once more."""

from __future__ import annotations

import pytest

from analytics.ingest import actions, quarantine
from analytics.ingest.models import Quarantined
from analytics.ingest.writer import Writer
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.ingest.conftest import DoorClient, rows, write_all


@pytest.fixture
def rejected(door: DoorClient, writer: Writer) -> Quarantined:
    """Have the door reject one event."""
    door.send({"id": "1", "name": "", "userId": "ada", "timestamp": "2026-03-01T12:00:00Z"})
    quarantine.take_in(writer.spool)
    return Quarantined.objects.get()


def test_a_corrected_event_is_taken_once_however_often_it_is_sent(
    rejected: Quarantined, writer: Writer
) -> None:
    rejected.event = rejected.event.replace('"name":""', '"name":"bought"')

    for _ in range(2):
        assert actions.replay(None, [rejected], now=clock.now()) == 1
        write_all(writer)

    assert rows("SELECT id, name, user_id FROM events") == [("1", "bought", "ada")]
    assert Quarantined.objects.get().replayed_at is not None
    assert AuditEntry.objects.latest("id").action == "quarantined.replay"


@pytest.mark.parametrize(
    ("event", "field"), [('{"name":5}', "name"), ("not json", "name"), ("[]", "event")]
)
def test_what_is_refused_again_stays_with_the_new_reason(
    rejected: Quarantined, writer: Writer, event: str, field: str
) -> None:
    rejected.event = event

    assert actions.replay(None, [rejected], now=clock.now()) == 0

    found = Quarantined.objects.get()
    assert (found.field, found.replayed_at) == (field, None)
    assert writer.spool.size().batches == 0


def test_an_admin_corrects_and_replays_on_a_page(
    rejected: Quarantined, writer: Writer, browse: PageClient
) -> None:
    client = browse(make_staff("admin"))

    shown = client.get("/admin/ingest/quarantined/")
    client.post(
        f"/admin/ingest/quarantined/{rejected.pk}/change/", {"event": '{"id":"1","name":"fixed"}'}
    )
    client.post("/admin/ingest/quarantined/", {"action": "replay", "_selected_action": rejected.pk})
    write_all(writer)

    assert "An event needs a name." in shown.text
    assert rows("SELECT name FROM events") == [("fixed",)]
