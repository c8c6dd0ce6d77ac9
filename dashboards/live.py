"""Dashboards as a live topic: each widget is a part, evaluated at its own pace."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser

from dashboards.evaluate import Look, evaluate
from dashboards.models import Dashboard, Widget
from dashboards.shapes import as_json
from portal.accounts.access import row_rights, visible
from portal.accounts.models import User
from portal.lib import clock
from portal.lib.time_range import BadRange
from portal.live.topics import BadRequest, NotVisible, Part, topic_kinds

FASTEST_S = 1.0


@dataclass(frozen=True)
class DashboardTopic:
    dashboard: Dashboard
    widgets: tuple[Widget, ...]
    look: Look

    @property
    def key(self) -> Hashable:
        return (self.dashboard.uid, self.look.key)

    @property
    def version(self) -> int:
        return self.dashboard.version

    @property
    def parts(self) -> list[Part]:
        return [
            Part(widget.key, max(FASTEST_S, widget.refresh_interval_ms / 1000))
            for widget in self.widgets
        ]

    def evaluate(self, part: str, now: datetime) -> dict[str, Any]:
        widget = next(widget for widget in self.widgets if widget.key == part)
        return {"data": evaluate(widget, self.look, now), "lastUpdated": now}

    def greeting(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        shown = as_json(self.dashboard, list(self.widgets))
        return self._message("initial_data", now) | {"dashboard": shown, "data": values}

    def update(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        return self._message("dashboard_update", now) | {"updates": values}

    def _message(self, kind: str, now: datetime) -> dict[str, Any]:
        return {"type": kind, "dashboardId": self.dashboard.uid, "timestamp": now}


class Dashboards:
    kind = "dashboards"
    label = "Dashboards"

    def open(
        self, viewer: AbstractBaseUser, ident: str, wanted: Mapping[str, Any]
    ) -> DashboardTopic:
        assert isinstance(viewer, User)  # noqa: S101  # the consumer lets only staff in
        dashboard = (
            visible(viewer, Dashboard).select_related("created_by").filter(uid=ident).first()
        )
        if dashboard is None:
            raise NotVisible(ident)
        look = look_of(dashboard, viewer, wanted)
        try:
            look.range_at(clock.now())
        except BadRange as problem:
            raise BadRequest(str(problem)) from problem
        return DashboardTopic(dashboard, tuple(dashboard.widgets.all()), look)

    def version(self, ident: str) -> int | None:
        return Dashboard.objects.filter(uid=ident).values_list("version", flat=True).first()

    def allowed(self, ident: str, viewer_ids: Collection[int]) -> set[int]:
        viewers = User.objects.filter(pk__in=viewer_ids)
        return {user.pk for user in viewers if visible(user, Dashboard).filter(uid=ident).exists()}


def look_of(dashboard: Dashboard, user: User, wanted: Mapping[str, Any]) -> Look:
    """Read how a viewer wants to see a dashboard: `from`, `to`, `tz`, `variables`.

    Raises BadRequest for values of the wrong type.
    """
    chosen = {name: relative(wanted.get(name) or "") for name in ("from", "to", "tz")}
    variables = wanted.get("variables") or {}
    texts = [*chosen.values(), *(variables.values() if isinstance(variables, dict) else [None])]
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest("`from`, `to`, `tz` are text, `variables` maps names to text")
    return Look(
        chosen=chosen,
        rights=row_rights(user),
        zone=settings.PORTAL_TIME_ZONE,
        default=dashboard.time.get("from") or "-7d",
        variables=variables,
    )


def wanted_in(query: Mapping[str, str]) -> dict[str, Any]:
    """Read an address's query string, `var-x` and all, into the form that `look_of` reads."""
    variables = {
        name.removeprefix("var-"): value for name, value in query.items() if name.startswith("var-")
    }
    return {**query, "variables": variables}


def relative(text: Any) -> Any:
    """Read Grafana's way of writing a relative time, "now-7d", as ours."""
    return text.removeprefix("now") if isinstance(text, str) else text


topic_kinds.add(Dashboards())
