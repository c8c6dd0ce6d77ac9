"""Dashboards as a live topic: each widget is a part, evaluated at its own pace."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import QueryDict

from analytics.insights.data_rights import row_rights
from analytics.insights.models import DataSet
from dashboards.evaluate import Look, evaluate
from dashboards.looking import look_of as look_of
from dashboards.looking import wanted_in as wanted_in
from dashboards.models import Dashboard, Widget
from dashboards.shapes import as_json
from portal.accounts import refusals
from portal.accounts.access import named, visible
from portal.accounts.models import User
from portal.accounts.rights_stamp import rights_stamp
from portal.lib import clock
from portal.lib.time_range import BadRange
from portal.live.topics import BadRequest, NotVisible, Part, Topic, topic_kinds
from portal.store.models import Epoch

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
            Part(widget.key, max(FASTEST_S, self.look.every_s(widget.refresh_interval_ms)))
            for widget in self.widgets
        ]

    def evaluate(self, part: str, now: datetime, last: Any) -> dict[str, Any]:
        """Return a widget's value; when it fails for now, the last one, marked as stale."""
        widget = next(widget for widget in self.widgets if widget.key == part)
        data = evaluate(widget, self.look, now)
        if data.get("passes") and last and last["data"]["state"] != "error":
            return stale(last, data["meta"]["warnings"][0], now)
        return {"data": data, "lastUpdated": now}

    def essence(self, value: Any) -> bytes:
        """Digest all that is shown: the picture, and of the answer's meta its warnings."""
        data = value["data"]
        shown = {name: part for name, part in data.items() if name != "meta"}
        text = orjson.dumps([shown, data["meta"].get("warnings")], default=str)
        return hashlib.blake2b(text, digest_size=16).digest()

    def overdue(self, last: Any, now: datetime) -> dict[str, Any]:
        return stale(last, "Counting it anew takes long; it is still tried.", now)

    def stands(self, value: Any) -> bool:
        return bool(value["data"]["state"] != "error")

    def stamp(self) -> Hashable:
        """Return the epoch: what was erased or merged is in no value from before."""
        return Epoch.current().number

    def greeting(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        shown = as_json(self.dashboard, list(self.widgets))
        states = [one.as_json() for one in self.look.known_states.values()]
        found = {"dashboard": shown, "data": values, "variables": states}
        return self._message("initial_data", now) | found

    def update(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        return self._message("dashboard_update", now) | {"updates": values}

    def _message(self, kind: str, now: datetime) -> dict[str, Any]:
        return {"type": kind, "dashboardId": self.dashboard.uid, "timestamp": now}


class Dashboards:
    kind = "dashboards"
    label = "Dashboards"
    is_for_anybody = False

    def open(
        self, viewer: AbstractBaseUser, ident: str, wanted: Mapping[str, Any]
    ) -> DashboardTopic:
        # Read anew: a socket's own user object remembers the permissions it began with.
        viewer = User.objects.get(pk=viewer.pk)
        dashboard = (
            visible(viewer, Dashboard).select_related("created_by").filter(uid=ident).first()
        )
        if dashboard is None:
            wanted_one = named(Dashboard, {"uid": ident})
            attempt = {"method": "WS", "route": "/ws/dashboards/", "object": wanted_one}
            refusals.record(viewer, attempt, clock.now())
            raise NotVisible(ident)
        look = look_of(dashboard, viewer, wanted)
        now = clock.now()
        try:
            look.states(now)
            look.range_at(now)
        except BadRange as problem:
            raise BadRequest(str(problem)) from problem
        return DashboardTopic(
            dashboard, tuple(look.boxes(list(dashboard.widgets.all()), now)), look
        )

    def wanted(self, query: QueryDict) -> dict[str, Any]:
        return wanted_in(query)

    def version(self, ident: str) -> int | None:
        return Dashboard.objects.filter(uid=ident).values_list("version", flat=True).first()

    def rights_stamp(self, ident: str) -> Hashable:
        own = Dashboard.objects.filter(uid=ident).values_list(
            "created_by", "is_public", "folder", "stop_inheriting"
        )
        return own.first(), rights_stamp(DataSet)

    def moved(self, topic: Topic, viewer_ids: Collection[int]) -> set[int]:
        assert isinstance(topic, DashboardTopic)  # noqa: S101  # it opened it
        viewers = User.objects.filter(pk__in=viewer_ids)
        return {user.pk for user in viewers if row_rights(user) != topic.look.rights}

    def allowed(self, ident: str, viewer_ids: Collection[int]) -> set[int]:
        viewers = User.objects.filter(pk__in=viewer_ids)
        return {user.pk for user in viewers if visible(user, Dashboard).filter(uid=ident).exists()}


def stale(last: dict[str, Any], reason: str, now: datetime) -> dict[str, Any]:
    """Return a value that still stands although it could not be asked again, since when and why."""
    mark = last["data"].get("stale") or {"since": now, "reason": reason}
    return last | {"data": last["data"] | {"stale": mark}}


topic_kinds.add(Dashboards())
