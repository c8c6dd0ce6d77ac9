"""Rights are looked up again only when what they are made of has changed; then they are."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.live import Dashboards, DashboardTopic
from portal.accounts import actions
from portal.accounts.models import Level, User
from portal.live.rights import Rights, rights_now
from tests.factories import make_dashboard, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema")]
ENTRY = Dashboards()


def topic_of(viewer: User) -> DashboardTopic:
    return ENTRY.open(viewer, "board", {})


def tables_of(*statements: str) -> set[str]:
    return {name for sql in statements for name in re.findall(r'(?:FROM|JOIN) "?(\w+)"?', sql)}


def test_all_that_rights_are_read_from_is_in_the_stamp() -> None:
    viewer = make_staff("viewer")
    make_dashboard("board", is_public=True)
    topic = topic_of(viewer)
    with CaptureQueriesContext(connection) as reading:
        ENTRY.allowed("board", {viewer.pk})
        ENTRY.moved(topic, {viewer.pk})
    with CaptureQueriesContext(connection) as stamping:
        ENTRY.rights_stamp("board")

    read, stamped = (tables_of(*(one["sql"] for one in found)) for found in (reading, stamping))
    named = {"auth_permission", "auth_group", "django_content_type"}  # what links point to
    assert read - named <= stamped
    assert {"accounts_grant", "accounts_user_groups"} <= read


def test_a_person_s_rights_are_looked_up_once_while_nothing_changes() -> None:
    first, second = make_staff("viewer"), make_staff("viewer")
    make_dashboard("board", is_public=True)
    topic = topic_of(first)
    found = rights_now(ENTRY, "board", topic, {first.pk}, Rights())

    with CaptureQueriesContext(connection) as again:
        assert rights_now(ENTRY, "board", topic, {first.pk}, found) == found
    with_second = rights_now(ENTRY, "board", topic, {first.pk, second.pk}, found)

    assert len(again) == 2  # the stamp
    assert with_second.allowed == {first.pk, second.pk}


def test_each_change_of_rights_changes_the_stamp() -> None:
    owner, viewer = make_staff("editor"), make_staff("viewer")
    board = make_dashboard("board", created_by=owner)
    stamps = [ENTRY.rights_stamp("board")]

    grant = actions.share(owner, board, viewer, Level.VIEW)
    stamps.append(ENTRY.rights_stamp("board"))
    actions.unshare(owner, board, grant)
    actions.set_roles(None, viewer, [])
    stamps.append(ENTRY.rights_stamp("board"))
    actions.set_active(None, viewer, active=False)
    stamps.append(ENTRY.rights_stamp("board"))

    assert len(set(stamps)) == 4
