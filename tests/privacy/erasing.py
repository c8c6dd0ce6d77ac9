"""Carry requests out as the writer and the worker do, without waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

from analytics.ingest.identities import Id
from analytics.ingest.models import PersonRequest
from analytics.ingest.writer import Writer
from analytics.privacy import actions, carrying
from portal.lib import clock
from tests.factories import make_staff
from tests.ingest.conftest import write_all
from tests.running import eventually


def user(value: str) -> Id:
    return Id(value, is_user=True)


def device(value: str) -> Id:
    return Id(value, is_user=False)


def later() -> datetime:
    return clock.now() + timedelta(minutes=1)


def afterwards() -> datetime:
    """Return a time at which what the writer did later has settled."""
    return clock.now() + timedelta(minutes=2)


def ask_to_erase(one: Id, after: str = "refuse") -> PersonRequest:
    admin = make_staff("admin")
    return actions.request_erasure(admin, one, clock.now(), confirmed=one.value, after=after)


def carry_out(writer: Writer, request: PersonRequest) -> PersonRequest:
    """Let writer and worker go on until the request is over."""

    def is_over() -> bool:
        write_all(writer)
        writer.chores(later())
        carrying.carry_on(afterwards)
        request.refresh_from_db()
        # Tests on other workers write to the same PostgreSQL; it is tried again, as it says.
        assert not request.trouble or "StillSeen: " in request.trouble, request.trouble
        return request.is_over

    eventually(is_over, within_s=240, what="the request is over")
    return request


def erased(writer: Writer, one: Id, after: str = "refuse") -> PersonRequest:
    return carry_out(writer, ask_to_erase(one, after))
