"""The six roles: THE table of what each may do, as Django permissions (`app.codename`).

A new permission is declared in its model's `Meta.permissions` (or is one of Django's own) and added
to the roles here; `sync_roles` brings it into the database after every `migrate`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

SEE = (
    "dashboards.view_dashboard",
    "accounts.view_folder",
    "accounts.view_team",
    "insights.view_dataset",  # those that are shared with one
)
EXPLORE = (*SEE, "insights.explore", "collect.view_scrapetarget")
ANALYZE = (
    *EXPLORE,
    "insights.run_sql",
    "insights.change_cohort",
    "insights.change_savedinsight",
    "accounts.change_folder",  # make some; each has its own rights
    "insights.change_annotation",
)
ADMINISTER_ACCOUNTS = (
    "accounts.change_team",
    "accounts.administer_folders",
    "accounts.view_grant",
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "accounts.view_apitoken",
    "accounts.delete_apitoken",  # revoke anyone's
    "auth.view_group",
    "sign_in.change_identityprovider",
)
ADMINISTER_METRICS = ("promql.change_prometheusserver",)  # other servers to ask
ADMINISTER_INTAKE = (
    "ingest.view_source",
    "ingest.change_source",
    "ingest.view_ingestkey",
    "ingest.view_quarantined",
    "ingest.change_quarantined",  # correct and replay
    "ingest.change_persons",  # merge and split
    "ingest.erase_persons",  # ... export and erase
    "ingest.change_privacy",  # scrubbing, retention
    "series.change_serieslimit",
)
READ_AUDIT = ("audit.view_auditentry",)

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": EXPLORE,
    "analyst": ANALYZE,
    "editor": (*ANALYZE, "dashboards.change_dashboard", "collect.change_businessmetric"),
    "responder": EXPLORE,
    "admin": (
        *ANALYZE,
        "dashboards.administer_dashboards",
        "collect.change_businessmetric",
        "collect.administer_business_metrics",
        "collect.change_scrapetarget",
        "insights.administer_insights",
        "insights.administer_data_sets",
        *ADMINISTER_ACCOUNTS,
        *ADMINISTER_INTAKE,
        *ADMINISTER_METRICS,
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
