"""The form of a business metric: what is typed, as JSON that drafts read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analytics.collect.business.drafts import Draft
from analytics.collect.business.shaping import KINDS
from analytics.insights.models import SavedInsight
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.lib.field_error import FieldError

Json = dict[str, Any]
TYPED = ("name", "description", "type", "from", "insight", "sql", "range", "interval")
INTERVALS = (
    ("60", "every minute"), ("300", "every 5 minutes"), ("900", "every 15 minutes"),
    ("1800", "every 30 minutes"), ("3600", "every hour"), ("21600", "every 6 hours"),
    ("86400", "every day"),
)  # fmt: skip
RANGES = (
    ("300", "the last 5 minutes"), ("3600", "the last hour"), ("86400", "the last 24 hours"),
    ("604800", "the last 7 days"), ("2592000", "the last 30 days"),
    ("31536000", "the last 365 days"),
)  # fmt: skip
EXAMPLE = """SELECT platform, count() AS value
FROM events
WHERE name = 'purchase' AND ts >= {from:DateTime64(6)} AND ts < {to:DateTime64(6)}
GROUP BY platform"""


@dataclass(frozen=True)
class Form:
    """What stands in the fields; all of it is text."""

    values: Mapping[str, str]
    is_on: bool = True
    reads_all: bool = False
    problem: FieldError | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, draft: Draft) -> Form:
        values = {
            "name": draft.name, "description": draft.description, "type": str(draft.type),
            "from": "insight" if draft.insight else "sql", "insight": str(draft.insight or ""),
            "sql": draft.sql, "range": str(draft.range_s), "interval": str(draft.interval_s),
        }  # fmt: skip
        return cls(values, draft.is_on, draft.reads_all)

    @classmethod
    def sent(cls, given: Mapping[str, Any]) -> Form:
        values = {name: str(given.get(name, "")).strip() for name in TYPED}
        return cls(values, reads_all=given.get("reads_all") == "1")

    def body(self, *, is_on: bool) -> Json:
        """Return what the API would be sent."""
        asks_insight = self.values["from"] == "insight"
        insight = self.values["insight"]
        return {
            "name": self.values["name"],
            "description": self.values["description"],
            "type": self.values["type"] or "gauge",
            "insight": int(insight) if asks_insight and insight.isdecimal() else None,
            "sql": None if asks_insight else self.values["sql"],
            "range": number(self.values["range"]),
            "interval": number(self.values["interval"]),
            "is_on": is_on,
            "reads_all": self.reads_all,
        }

    def with_problem(self, problem: FieldError) -> Form:
        return Form(
            self.values, self.is_on, self.reads_all, problem, {problem.field: problem.message}
        )


def number(text: str) -> int | str | None:
    return int(text) if text.isdecimal() and len(text) < 10 else text or None


def choices(of: tuple[tuple[str, str], ...], chosen: str) -> list[tuple[str, str]]:
    """Return what may be chosen, with what was set through the API."""
    known = [value for value, _ in of]
    return [*of, *([] if chosen in known or not chosen else [(chosen, f"{chosen} s")])]


def insights_for(user: User) -> list[SavedInsight]:
    """Return the saved insights that somebody may make a metric of."""
    return list(visible(user, SavedInsight).filter(kind__in=KINDS).order_by("name")[:1_000])
