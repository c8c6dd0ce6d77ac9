"""The six roles: THE table of what each may do, as Django permissions (`app.codename`).

A new permission is declared in its model's `Meta.permissions` (or is one of Django's own) and added
to the roles here; `sync_roles` brings it into the database after every `migrate`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

SEE = ("dashboards.view_dashboard",)
EXPLORE = (*SEE, "insights.explore")
ANALYZE = (
    *EXPLORE,
    "insights.run_sql",
    "insights.change_cohort",
    "insights.change_savedinsight",
    "insights.change_annotation",
)
ADMINISTER_ACCOUNTS = (
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "accounts.view_apitoken",
    "accounts.delete_apitoken",  # revoke anyone's
    "auth.view_group",
)
ADMINISTER_INTAKE = (
    "ingest.view_source",
    "ingest.change_source",
    "ingest.view_ingestkey",
    "ingest.view_quarantined",
    "ingest.change_quarantined",  # correct and replay
    "ingest.change_persons",  # merge and split
)
READ_AUDIT = ("audit.view_auditentry",)

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": EXPLORE,
    "analyst": ANALYZE,
    "editor": (*ANALYZE, "dashboards.change_dashboard"),
    "responder": EXPLORE,
    "admin": (
        *ANALYZE,
        "dashboards.administer_dashboards",
        "insights.administer_insights",
        *ADMINISTER_ACCOUNTS,
        *ADMINISTER_INTAKE,
        *READ_AUDIT,
    ),
    "auditor": READ_AUDIT,
}


# How long one query may run, by the strongest permission held: who may write SQL needs longer ones.
QUERY_LIMITS = (
    ("dashboards.administer_dashboards", timedelta(minutes=2)),
    ("insights.run_sql", timedelta(minutes=1)),
)
SHORTEST_LIMIT = timedelta(seconds=30)


def query_limit(permissions: Collection[str]) -> timedelta:
    """Return how long each query of somebody with these permissions may run."""
    found = (limit for permission, limit in QUERY_LIMITS if permission in permissions)
    return next(found, SHORTEST_LIMIT)


def roles_with(permission: str) -> list[str]:
    """Return the roles that carry a permission; shown where somebody lacks it."""
    return [role for role, held in ROLES.items() if permission in held]
