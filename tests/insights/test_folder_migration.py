"""Folders of saved insights become folders of the portal, there and back again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from analytics.insights.models import SavedInsight
from portal.accounts import actions
from portal.accounts.models import Folder, FolderPath
from portal.lib import clock
from tests.factories import make_staff

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [("insights", "0007_annotations")]


def migrate(targets: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate(targets)


@pytest.fixture
def latest() -> Iterator[list[tuple[str, str]]]:
    """Return the newest migrations, which the database has again in the end."""
    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield leaves
    migrate(leaves)


def test_folders_and_what_is_inside_stay(latest: list[tuple[str, str]]) -> None:
    owner, now = make_staff("analyst"), clock.now()
    growth = actions.create_folder(owner, name="Growth", parent=None, now=now)
    weekly = actions.create_folder(owner, name="Weekly", parent=growth, now=now)
    insight = SavedInsight.objects.create(
        name="Visits", kind="trend", definition={}, folder=weekly, created_by=owner,
        created_at=now, updated_at=now,
    )  # fmt: skip

    migrate(BEFORE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, parent_id FROM insights_folder ORDER BY id")
        assert cursor.fetchall() == [("Growth", None), ("Weekly", growth.pk)]
        cursor.execute("DELETE FROM accounts_grant")  # a later migration makes some again
        cursor.execute("UPDATE insights_savedinsight SET folder_id = NULL")
        cursor.execute("DELETE FROM accounts_folderpath")
        cursor.execute("DELETE FROM accounts_folder")  # as if they had never been there
        cursor.execute("UPDATE insights_savedinsight SET folder_id = %s", [weekly.pk])
    migrate(latest)

    insight.refresh_from_db()
    paths = FolderPath.objects.order_by("ancestor_id", "descendant_id")
    assert insight.folder == weekly
    assert list(Folder.objects.order_by("id").values_list("name", "parent_id", "is_public")) == [
        ("Growth", None, True),
        ("Weekly", growth.pk, False),  # open by the folder around it
    ]
    assert list(paths.values_list("ancestor_id", "descendant_id", "inherits")) == [
        (growth.pk, growth.pk, True),
        (growth.pk, weekly.pk, True),
        (weekly.pk, weekly.pk, True),
    ]
    assert actions.create_folder(owner, name="Next", parent=None, now=now).pk > weekly.pk
