"""How a link's dashboard is looked at: as its maker chose, with the rights that its maker has now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import QueryDict

from dashboards.looking import Look, look_of, wanted_in
from dashboards.models import Dashboard
from dashboards.open.links import Opened
from portal.accounts.models import User
from portal.lib.time_range import BadRange
from portal.live.topics import BadRequest

CHOSEN_BY_VISITORS = ("from", "to", "tz", "compare", "as_of")


def look_for(opened: Opened, wanted: Mapping[str, Any], now: datetime) -> Look:
    """Return the look of a link; what a visitor wants counts where the link leaves it open.

    Raises BadRequest for what cannot be.
    """
    chosen = wanted_in(query_of(opened.link.look))
    if opened.link.may_choose_range and any(wanted.get(name) for name in CHOSEN_BY_VISITORS):
        chosen |= {name: wanted.get(name) for name in CHOSEN_BY_VISITORS}
    # Anew: the permissions that an account object remembers are those of when it was read.
    maker = User.objects.get(pk=opened.maker.pk)
    return checked_look(opened.dashboard, maker, chosen, now)


def look_kept(
    dashboard: Dashboard, user: User, look: Mapping[str, list[str]], now: datetime
) -> Look:
    """Return the look that is kept with a link or snapshot, as somebody has it. Raises BadRequest."""
    return checked_look(dashboard, user, wanted_in(query_of(look)), now)


def checked_look(
    dashboard: Dashboard, user: User, wanted: Mapping[str, Any], now: datetime
) -> Look:
    look = look_of(dashboard, user, wanted)
    try:
        look.range_at(now)
        look.states(now)
    except BadRange as problem:
        raise BadRequest(str(problem)) from problem
    return look


def query_of(look: Mapping[str, list[str]]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, values in look.items():
        query.setlist(name, values)
    return query
