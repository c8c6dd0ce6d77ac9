"""What stays equal while nobody's rights change, for whoever would ask for rights again and again."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model

from portal.accounts.models import Folder, FolderPath, Grant, User

# Of accounts only what gives rights: the rest changes with each login.
ACCOUNTS = f"(SELECT id, is_active, is_superuser FROM {User._meta.db_table})"
MADE_OF: tuple[type[Model], ...] = (
    User.groups.through, User.user_permissions.through, Group.permissions.through, Grant, Folder,
    FolderPath,
)  # fmt: skip


def rights_stamp(*models: type[Model]) -> tuple[object, ...]:
    """Digest all that rights are made of, and all rows of more models, in one query.

    It reads rows and no counter, so that a change behind the portal's back is seen, too.
    """
    tables = [ACCOUNTS, *(f'"{model._meta.db_table}"' for model in (*MADE_OF, *models))]
    digests = [
        f"(SELECT COALESCE(SUM(HASHTEXTEXTENDED(one::text, 0)), 0) FROM {table} one)"  # names of ours
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(digests)}")
        return tuple(cursor.fetchone())
