"""What links open, as a live topic: its name in the address is the right to watch it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import QueryDict

from analytics.insights.data_rights import row_rights
from dashboards.live import DashboardTopic
from dashboards.looking import wanted_in
from dashboards.open.links import Ended, Opened, Unknown, open_link
from dashboards.open.looking import look_for
from dashboards.open.shown import open_answer, open_board
from portal.accounts.models import User
from portal.lib import clock
from portal.live.topics import NotVisible, Topic, topic_kinds


@dataclass(frozen=True)
class OpenTopic(DashboardTopic):
    """A dashboard as strangers see it; never shares a room, or what it sends, with staff."""

    link_id: int = 0
    maker_id: int = 0

    @property
    def key(self) -> Hashable:
        return ("open", self.link_id, super().key)

    def evaluate(self, part: str, now: datetime, last: Any) -> dict[str, Any]:
        found = super().evaluate(part, now, last)
        return {**found, "data": open_answer(found["data"])}

    def overdue(self, last: Any, now: datetime) -> dict[str, Any]:
        found = super().overdue(last, now)
        return {**found, "data": open_answer(found["data"])}

    def greeting(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        shown = open_board(self.dashboard, [self.look.named(one, now) for one in self.widgets])
        return self._message("initial_data", now) | {"dashboard": shown, "data": values}


class OpenBoards:
    kind = "open"
    label = "Public links"
    is_for_anybody = True

    def open(self, viewer: AbstractBaseUser, ident: str, wanted: Mapping[str, Any]) -> OpenTopic:
        opened = opened_by(ident)
        if opened is None or opened.link.snapshot_id is not None:
            raise NotVisible("a public link")
        now = clock.now()
        look = look_for(opened, wanted, now)
        widgets = tuple(look.boxes(list(opened.dashboard.widgets.all()), now))
        return OpenTopic(
            opened.dashboard, widgets, look, link_id=opened.link.pk, maker_id=opened.maker.pk
        )

    def wanted(self, query: QueryDict) -> dict[str, Any]:
        return wanted_in(query)

    def version(self, ident: str) -> int | None:
        opened = opened_by(ident)
        return opened.dashboard.version if opened else None

    def rights_stamp(self, ident: str) -> None:
        return None

    def moved(self, topic: Topic, viewer_ids: Collection[int]) -> set[int]:
        """Return all viewers where the link's maker may read other rows now."""
        assert isinstance(topic, OpenTopic)  # noqa: S101  # it opened it
        rights = row_rights(User.objects.get(pk=topic.maker_id))
        return set(viewer_ids) if rights != topic.look.rights else set()

    def allowed(self, ident: str, viewer_ids: Collection[int]) -> set[int]:
        return set(viewer_ids) if opened_by(ident) else set()


def opened_by(ident: str) -> Opened | None:
    try:
        return open_link(ident, clock.now())
    except (Unknown, Ended):
        return None


topic_kinds.add(OpenBoards())
