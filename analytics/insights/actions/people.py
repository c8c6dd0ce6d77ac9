"""Looking at who is behind a number leaves a trace."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import transaction

from analytics.insights.definitions.window import Asked
from analytics.insights.models import Cohort
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change

PAGING = ("limit", "cursor")


@transaction.atomic
def record_people_listed(actor: User, kind: str, asked: Asked, people: int) -> None:
    """Note that somebody lists the persons behind a number, once a list, not once a page.

    The question stands there as a reference, alike for alike questions: its filters are where ids
    of persons stand.
    """
    own = {name: value for name, value in asked.params.items() if name not in PAGING}
    after: dict[str, Any] = {
        "kind": kind,
        "question": trail.reference(orjson.dumps(own, option=orjson.OPT_SORT_KEYS).decode()),
        "from": asked.window.start.isoformat(),
        "to": asked.window.end.isoformat(),
        "people": people,
    }
    trail.record(actor, "people.list", None, Change(after=after))


@transaction.atomic
def record_members_listed(actor: User, cohort: Cohort, people: int) -> None:
    """Note that somebody lists who is in a cohort, once a list."""
    after = {"kind": "cohort", "version": cohort.version, "people": people}
    trail.record(actor, "people.list", cohort, Change(after=after))
