"""A person is erased: from every answer, for good, and nobody else is touched."""

from __future__ import annotations

from typing import Any

from analytics.ingest import wanted
from analytics.ingest.models import ErasedId, Identity, Merge, PersonRequest, Quarantined
from analytics.ingest.writer import Writer
from analytics.privacy import certificates
from portal.audit.models import AuditEntry
from portal.store.models import Epoch
from tests.ingest.conftest import DoorClient, rows, write_all
from tests.ingest.test_person_changes import done
from tests.ingest.test_persons import (
    aliased,
    identified,
    one_by_one,
    people,
    properties_of,
    seen,
)
from tests.privacy.erasing import ask_to_erase, carry_out, device, erased, later, user


def count(where: str = "1") -> int:
    ((found,),) = rows(f"SELECT count() FROM events WHERE {where}")
    return int(found)


def test_nothing_measured_is_left_of_the_person_and_others_stay(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(
        door, writer,
        seen(anonymous="phone"), identified("canary", "phone", plan="pro"), seen(user="canary"),
        seen(anonymous="desk"), aliased("canary", "desk"), seen(user="other"),
        identified("other", "", plan="free"),
    )  # fmt: skip
    before = Epoch.current().rewrites

    request = erased(writer, user("canary"))

    assert request.state == PersonRequest.State.DONE
    assert (count(), count("user_id = 'other'")) == (2, 2)
    assert people() == 1
    assert rows("SELECT count() FROM event_ids") == [(2,)]
    assert rows("SELECT count() FROM person_overrides") == [(0,)]
    assert properties_of("other") == {"plan": "free"}
    assert rows("SELECT count() FROM person_properties") == [(1,)]
    assert not Identity.objects.exists()
    assert not Merge.objects.exists()
    assert Epoch.current().rewrites > before
    assert Epoch.current().pending_overrides == 0


def test_the_certificate_counts_before_and_after_and_is_signed(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, identified("canary", "phone", plan="pro"), seen(user="canary"))

    request = erased(writer, user("canary"))

    certificate: dict[str, Any] = request.certificate or {}
    stores = {
        one["kind"]: (one["before"], one["after"]) for one in certificate["statement"]["stores"]
    }
    assert stores["events"] == (2, 0)
    assert stores["identities"] == (2, 0)
    assert stores["person_properties"] == (1, 0)
    assert certificates.is_genuine(certificate)
    assert "canary" not in str(certificate)
    certificate["statement"]["stores"][0]["before"] += 1
    assert not certificates.is_genuine(certificate)


def test_the_trail_tells_of_it_by_references_only(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(user="canary-1234"))

    request = erased(writer, user("canary-1234"))

    actions = set(
        AuditEntry.objects.filter(object_id=str(request.pk)).values_list("action", flat=True)
    )
    assert {"person.erase", "person.erased"} <= actions
    assert not [one for one in AuditEntry.objects.all() if "canary" in f"{one.after} {one.before}"]
    assert not request.subject


def test_new_events_of_an_erased_id_are_refused_and_not_kept(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, identified("canary", "phone"))
    erased(writer, user("canary"))
    door.intake.door.erased.load()

    answer = door.send(
        seen(user="canary"), seen(anonymous="phone"), seen(user="other", anonymous="phone"),
        aliased("other", "canary"), {"userId": "canary"},
    )  # fmt: skip
    write_all(writer)
    writer.chores(later())

    assert answer["accepted"] == 1
    assert [(one["index"], one["field"]) for one in answer["rejected"]] == [
        (4, "name"), (0, "userId"), (1, "anonymousId"), (3, "properties.alias"),
    ]  # fmt: skip
    assert rows("SELECT user_id, anonymous_id FROM events") == [("other", "")]
    assert not Quarantined.objects.exists()
    assert not Identity.objects.exists()


def test_events_that_passed_the_door_before_it_knew_are_dropped_by_the_writer(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, identified("canary", "phone"))
    erased(writer, user("canary"))

    door.send(
        seen(user="canary"), seen(user="other", anonymous="phone"), aliased("other", "canary")
    )
    write_all(writer)

    assert rows("SELECT user_id, anonymous_id FROM events") == [("other", "")]


def test_new_events_may_be_taken_as_a_new_person(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, identified("canary", "phone", plan="pro"), seen(anonymous="phone"))

    erased(writer, user("canary"), after="new")
    one_by_one(door, writer, seen(user="canary") | {"id": "later"})

    assert count() == 1
    assert people() == 1
    assert properties_of("canary") == {}
    assert not ErasedId.objects.exists()


def test_what_waits_in_the_spool_is_erased_too(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(user="canary"), seen(anonymous="tablet"))
    request = ask_to_erase(user("canary"))
    door.send(identified("canary", "tablet"), seen(user="canary", name="last"), seen(user="other"))
    writer.chores(later())
    request.refresh_from_db()
    assert request.state == PersonRequest.State.DRAINING

    carry_out(writer, request)

    assert rows("SELECT user_id FROM events") == [("other",)]


def test_the_number_left_to_others_by_a_split_is_not_erased(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, seen(user="a"), seen(user="b", name="b1"), aliased("a", "b"))
    done(writer, wanted.split([user("a")]))  # the number of "a" stays with "b"

    erased(writer, user("a"))

    assert rows("SELECT user_id, name FROM events") == [("b", "b1")]
    assert people() == 1


def test_a_shared_device_is_named_no_more_in_others_events(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(
        door, writer,
        identified("canary", "tablet"), seen(user="other", anonymous="tablet"),
    )  # fmt: skip

    erased(writer, device("tablet"))

    assert rows("SELECT user_id, anonymous_id FROM events") == [("other", "")]
