from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

BACK = (
    """
    INSERT INTO insights_folder (id, name, parent_id, created_by_id, created_at)
    SELECT id, name, parent_id, created_by_id, created_at FROM accounts_folder
    """,
    """
    SELECT setval(
        pg_get_serial_sequence('insights_folder', 'id'), greatest(max(id), 1), max(id) IS NOT NULL
    ) FROM insights_folder
    """,
    "SET CONSTRAINTS ALL IMMEDIATE",  # so that the tables can be altered after this
)


def copy_back(apps: Any, schema_editor: Any) -> None:
    for statement in BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_teams_folders_grants"),
        ("insights", "0008_copy_folders"),
    ]

    operations = [
        migrations.AlterField(
            model_name="savedinsight",
            name="folder",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="insights",
                to="accounts.folder",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, copy_back),
        migrations.DeleteModel(name="Folder"),
    ]
