"""The audit trail: complete, and not to be rewritten."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.audit.trail import Change, record
from tests.people import People

pytestmark = pytest.mark.django_db


def test_an_entry_names_who_did_what_to_which_object(people: People) -> None:
    record(people.admin, "user.update", people.viewer, Change({"name": "A"}, {"name": "B"}))

    entry = AuditEntry.objects.latest("id")
    assert (entry.actor, entry.actor_label) == (people.admin, "admin")
    assert (entry.object_type, entry.object_id) == ("accounts.user", str(people.viewer.pk))
    assert (entry.before, entry.after) == ({"name": "A"}, {"name": "B"})


def test_secrets_are_left_out_at_any_depth(people: People) -> None:
    after = {"name": "x", "password": "p", "settings": {"api_token": "t", "list": [{"secret": 1}]}}

    record(people.admin, "source.update", None, Change(after=after))

    kept = AuditEntry.objects.latest("id").after
    assert kept == {"name": "x", "settings": {"list": [{}]}}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET action = 'nothing.happened'",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
    ],
)
def test_the_database_refuses_to_change_the_trail(people: People, statement: str) -> None:
    with (
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="append-only"),
        transaction.atomic(),
    ):
        cursor.execute(statement)


def test_an_entry_outlives_its_actor(people: People) -> None:
    entry = record(people.outsider, "user.login", people.outsider)

    people.outsider.delete()

    entry.refresh_from_db()
    assert entry.actor_label == "outsider"


def test_a_change_that_fails_leaves_no_entry(people: People) -> None:
    before = AuditEntry.objects.count()

    with pytest.raises(DatabaseError):
        record_and_fail(people.admin)

    assert AuditEntry.objects.count() == before


@transaction.atomic
def record_and_fail(actor: User) -> None:
    record(actor, "user.update", actor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
