"""What the sidebar shows. An entry appears when its URL exists and the viewer may open it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

THEMES = ("light", "dark")
ADMINISTER = "accounts.change_user"
SEE_DASHBOARDS = "dashboards.view_dashboard"
ADMINISTER_DASHBOARDS = "dashboards.administer_dashboards"
ADMINISTER_DATA = "insights.administer_data_sets"
SEE_TEAMS = "accounts.view_team"
ADMINISTER_SERVERS = "promql.change_prometheusserver"
SCRAPE = "collect.view_scrapetarget"
PRIVACY = "ingest.erase_persons"
EXPLORE = "insights.explore"
RUN_SQL = "insights.run_sql"
READ_AUDIT = "audit.view_auditentry"


@dataclass(frozen=True)
class Entry:
    """One link; `name` is the URL's name, `key` follows g on the keyboard."""

    label: str
    icon: str
    name: str
    key: str = ""
    permission: str = ""
    in_bar: bool = False  # one of the at most five of the narrow screen's bar


@dataclass(frozen=True)
class Section:
    label: str
    entries: tuple[Entry, ...]


SECTIONS = (
    Section(
        "",
        (
            Entry("Home", "house", "home", key="h", in_bar=True),
            Entry("Dashboards", "layout-dashboard", "dashboards", key="d", in_bar=True),
            Entry("Playlists", "play", "playlists", permission=SEE_DASHBOARDS),
        ),
    ),
    Section(
        "Explore",
        (
            Entry("Trends", "trending-up", "trends", "t", EXPLORE, in_bar=True),
            Entry("Funnels", "funnel", "funnels", "f", EXPLORE),
            Entry("Retention", "repeat", "retention", "r", EXPLORE),
            Entry("Lifecycle", "refresh-cw", "lifecycle", "l", EXPLORE),
            Entry("Stickiness", "calendar", "stickiness", "k", EXPLORE),
            Entry("Paths", "waypoints", "paths", "p", EXPLORE),
            Entry("Sessions", "clock", "sessions", "n", EXPLORE),
            Entry("People", "user", "people", "u", EXPLORE),
            Entry("Saved", "star", "saved", "v", EXPLORE),
            Entry("Cohorts", "users", "cohorts", "c", EXPLORE),
            Entry("Events", "list", "events", "e", EXPLORE, in_bar=True),
            Entry("SQL", "terminal", "sql", "q", RUN_SQL),
            Entry("Metrics", "activity", "explore-metrics", "m", EXPLORE),
            Entry("Cardinality", "hash", "cardinality", permission=EXPLORE),
            Entry("Schema", "database", "schema", "s", EXPLORE, in_bar=True),
        ),
    ),
    Section(
        "Settings",
        (
            Entry("Teams", "users", "teams", permission=SEE_TEAMS),
            Entry("Home dashboards", "house", "homes", permission=ADMINISTER_DASHBOARDS),
            Entry("Data sets", "eye", "data-sets", permission=ADMINISTER_DATA),
            Entry("Business metrics", "sigma", "business-metrics", permission=EXPLORE),
            Entry(
                "Prometheus servers", "server", "prometheus-servers", permission=ADMINISTER_SERVERS
            ),
            Entry("Health", "activity", "health", permission=EXPLORE),
            Entry("Scrape targets", "download", "scrape-targets", permission=SCRAPE),
            Entry("Service accounts", "server", "services", permission=SEE_TEAMS),
            Entry("Privacy", "eye-off", "privacy", permission=PRIVACY),
            Entry("API tokens", "key", "tokens"),
            Entry("API reference", "book-open", "api-docs"),
            Entry("Sign-in", "lock", "sign-in", permission="sign_in.change_identityprovider"),
            Entry("Audit", "history", "audit", "a", READ_AUDIT),
            Entry("Administration", "shield", "admin:index", permission=ADMINISTER),
        ),
    ),
)


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `nav`, `theme`, `environment_name`, `portal_time_zone`."""
    theme = request.COOKIES.get("theme", "")
    return {
        "nav": sections(request) if _is_signed_in(request) else [],
        "theme": theme if theme in THEMES else "",
        "environment_name": getattr(settings, "ENVIRONMENT_NAME", ""),
        "portal_time_zone": getattr(settings, "PORTAL_TIME_ZONE", "UTC"),
        "home_url": address("home") or "/",
        "status_url": address("status"),
        "search_url": address("search"),
        "design_url": address("design"),
    }


def _is_signed_in(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return bool(user and user.is_authenticated)


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what this viewer may open: [{label, items: [{label, url, icon, key, active}]}]."""
    listed = [{"label": s.label, "items": list(items(s, request))} for s in SECTIONS]
    return [section for section in listed if section["items"]]


def items(section: Section, request: HttpRequest) -> list[dict[str, Any]]:
    found = []
    for entry in section.entries:
        url = address(entry.name)
        if url and _may_open(entry, request):
            found.append(item(entry, url, request.path))
    return found


def _may_open(entry: Entry, request: HttpRequest) -> bool:
    return not entry.permission or request.user.has_perm(entry.permission)


def item(entry: Entry, url: str, path: str) -> dict[str, Any]:
    return {
        "label": entry.label,
        "url": url,
        "icon": entry.icon,
        "key": entry.key,
        "in_bar": entry.in_bar,
        "active": path == url or (url != "/" and path.startswith(url)),
    }


def address(name: str) -> str:
    """Return the URL of that name, or nothing when no app provides it yet."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
