"""Folders of saved insights become those of the whole portal, with the same ids."""

from __future__ import annotations

from typing import Any

from django.db import migrations

COPY = (
    # Parents before children: a folder's id is larger than those that existed when it was made,
    # but it may have moved since, so the reference is checked at the end of the transaction.
    """
    INSERT INTO accounts_folder (id, name, parent_id, is_public, stop_inheriting, created_by_id, created_at)
    SELECT id, name, parent_id, parent_id IS NULL, false, created_by_id, created_at FROM insights_folder
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO accounts_folderpath (ancestor_id, descendant_id, inherits)
    WITH RECURSIVE up AS (
        SELECT id AS descendant_id, id AS ancestor_id FROM insights_folder
        UNION ALL
        SELECT up.descendant_id, folder.parent_id
        FROM up JOIN insights_folder folder ON folder.id = up.ancestor_id
        WHERE folder.parent_id IS NOT NULL
    )
    SELECT ancestor_id, descendant_id, true FROM up
    ON CONFLICT DO NOTHING
    """,
    """
    SELECT setval(
        pg_get_serial_sequence('accounts_folder', 'id'), greatest(max(id), 1), max(id) IS NOT NULL
    ) FROM accounts_folder
    """,
)


def copy(apps: Any, schema_editor: Any) -> None:
    for statement in COPY:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_teams_folders_grants"),
        ("insights", "0007_annotations"),
    ]

    # Backwards the folders stay where they are, for dashboards may stand in them.
    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
