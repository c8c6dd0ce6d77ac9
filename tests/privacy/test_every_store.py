"""Whatever can hold something of a person has a holder, or a reason why it cannot."""

from __future__ import annotations

import re

from django.apps import apps
from django.conf import settings

from portal.audit.personal import holders
from portal.store import migrate
from portal.store.cluster import SPREAD

# Models that hold nothing of the persons whose events are measured. What is about staff is theirs:
# an account is removed by its own way, and stands in no event.
NOT_PERSONAL = {
    "accounts": "staff: accounts, tokens, teams, rights",
    "account": "staff: e-mail addresses of logins",
    "admin": "staff: Django's own log of its admin pages, names of rows that admins changed",
    "auth": "staff: groups and permissions",
    "contenttypes": "names of models",
    "mfa": "staff: second factors",
    "sessions": "staff: logins",
    "sign_in": "staff: identity providers, sessions",
    "socialaccount": "staff: logins by an identity provider",
    "usersessions": "staff: logins",
    "audit.Seal": "hashes of entries",
    "audit.Head": "hashes of entries",
    "audit.ChainState": "hashes of entries",
    "dashboards.Favorite": "staff: what they starred",
    "dashboards.Visit": "staff: what they opened",
    "dashboards.HomeDashboard": "staff: what they find at home",
    "dashboards.PlaylistEntry": "names no more than a dashboard",
    "store.Epoch": "counters; `unread` has numbers only while events move on a cluster",
    "insights.Exploration": "carries permissions; has no table",
    "dashboards.Editing": "staff: who has an editor open",
    "insights.Deploy": "services and versions that programs told of",
    "collect.ScrapeTarget": "addresses to collect from",
    "collect.Endpoint": "addresses, and how their last page was",
    "promql.PrometheusServer": "addresses and secrets of other servers",
    "series.Kept": "moments",
    "series.SeriesLimit": "names of sources, numbers",
    "ingest.ScrubRule": "what is looked for",
    "ingest.RetentionRule": "days and counts",
    "ingest.Source": "apps and services",
    "ingest.PushedGroup": "metrics of jobs",
    "ingest.IngestKey": "hashes of keys",
}
NOT_PERSONAL_TABLES = {
    "schema_migrations": "names of files",
    "series": "labels of the portal's own metrics",
    "samples": "the portal's own metrics",
    "metric_metadata": "what metrics say of themselves",
    "samples_5m": "metrics, as samples",
    "samples_1h": "metrics, as samples",
}
# Folders of the data directory.
FOLDERS = {
    "engine/": "the tables, see there",
    "postgres/": "the models, see there",
    "run/": "addresses, digests of keys, keyed hashes of erased ids, the demo's logins",
}


def covered() -> set[str]:
    return {name for holder in holders for name in holder.covers}


def test_every_model_has_a_holder_or_a_reason() -> None:
    models = {model._meta.label for model in apps.get_models()}

    missing = {
        label
        for label in models - covered()
        if label not in NOT_PERSONAL and label.partition(".")[0] not in NOT_PERSONAL
    }

    assert missing == set(), "write a holder (portal/audit/personal.py), or a reason above"


def test_every_model_that_a_holder_names_exists() -> None:
    models = {model._meta.label for model in apps.get_models()}

    assert {label for label in covered() if "." in label} - models == set()


def test_every_table_of_the_engine_has_a_holder_or_a_reason() -> None:
    made = "".join(file.read_text() for file in migrate.files())
    tables = set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", made)) | set(SPREAD)

    assert tables - covered() - set(NOT_PERSONAL_TABLES) == set()


def test_every_folder_that_the_portal_writes_has_a_holder_or_a_reason() -> None:
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text()
    told = {
        line.split("`")[1] for line in page.splitlines() if line.startswith("| `") and "/`" in line
    }
    written = {name.split("/")[0] + "/" for name in told if not name.startswith("/")}

    assert written - covered() - set(FOLDERS) == set()
    assert covered() & {"kept/", "exports/", "log/", "outbox/", "rejected/", "spool/", "valkey/"}
