"""Read a business metric from JSON, as somebody wants it to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from analytics.collect.business.computing import Asked, refusal
from analytics.collect.business.models import ADMINISTER, BusinessMetric
from analytics.collect.business.shaping import KINDS
from analytics.insights.models import RUN_SQL, SavedInsight
from portal.accounts.access import require, visible
from portal.accounts.models import User
from portal.lib import instruments
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader, name_of

Json = Mapping[str, Any]
Type = BusinessMetric.Type
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,119}")
DURATION = re.compile(r"(\d{1,9})(s|m|h|d|w)")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
LONGEST_DESCRIPTION, LONGEST_SQL = 2_000, 100_000
SHORTEST_S, LONGEST_S = 60, 86_400
LONGEST_RANGE_S = 3_660 * 86_400
# Endings that belong to histograms and summaries, and names that the portal counts under itself.
RESERVED_ENDINGS = ("_bucket", "_count", "_sum", "_created", "_info")
RESERVED_BEGINNINGS = ("process_", "engine_", "event_", "custom_", "health_check_", "scrape_")
BUILT_IN = ("active_users_total", "revenue_total", "conversion_rate")
RANGE_OF_SQL = re.compile(r"\{\s*(from|to)\s*:")
# What an answer has, so that it can be sent back as it came; nobody sets it.
READ_ONLY = (
    "id", "metric", "author", "state", "error", "failed_at", "collected_at", "next_at", "took_ms",
    "series", "values", "created_at", "updated_at", "page_url", "version",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """What people set. Exactly one of `insight` (its id) and `sql` is asked."""

    name: str = ""
    description: str = ""
    type: str = Type.GAUGE
    insight: int | None = None
    sql: str = ""
    range_s: int = 86_400
    interval_s: int = 300
    is_on: bool = True
    reads_all: bool = False

    def asked(self) -> tuple[object, ...]:
        """Return what decides over the figures."""
        return (self.type, self.insight, self.sql, self.range_s, self.reads_all)


def drawn_of(metric: BusinessMetric) -> Draft:
    """Return a metric as it stands."""
    return Draft(
        metric.name, metric.description, metric.type, metric.insight_id, metric.query,
        metric.range_s, metric.interval_s, metric.is_on, metric.reads_all,
    )  # fmt: skip


def read(body: Any, before: Draft | None = None) -> Draft:
    """Read a whole metric, or what changes of one. Raises FieldError."""
    draft = before or Draft()
    reader = Reader(body)
    for name in READ_ONLY:
        reader.take(name)
    given = dict(reader.values)
    draft = replace(
        draft,
        name=name_in(reader, draft.name),
        description=text(reader, "description", draft.description, LONGEST_DESCRIPTION),
        type=reader.choice("type", Type.values, draft.type),
        range_s=duration(reader, "range", draft.range_s, low=60, high=LONGEST_RANGE_S),
        interval_s=interval(reader, draft.interval_s),
        is_on=flag(reader, "is_on", draft.is_on),
        reads_all=flag(reader, "reads_all", draft.reads_all),
        **what_is_asked(reader, given, draft),
    )
    reader.finish()
    return checked(draft)


def what_is_asked(reader: Reader, given: Json, draft: Draft) -> dict[str, Any]:
    """Read the insight or the SQL; naming one of them leaves the other, unless both are named."""
    sql_field = "query" if "query" in given and "sql" not in given else "sql"
    reader.take("query")
    sql = text(reader, sql_field, "", LONGEST_SQL)
    reader.take("sql")
    insight = reader.take("insight")
    if insight is not None and (isinstance(insight, bool) or not isinstance(insight, int)):
        raise FieldError("insight", f"This must be the id of an insight, not {name_of(insight)}.")
    if insight is not None and not 0 < insight < 2**63:
        raise FieldError("insight", "This must be the id of a saved insight.")
    if insight is None and not sql:
        return {} if draft.insight or draft.sql else {"insight": None, "sql": ""}
    return {"insight": insight, "sql": sql}


def name_in(reader: Reader, otherwise: str) -> str:
    """Read the name, with or without the portal's prefix."""
    name = text(reader, "name", otherwise, 200).removeprefix(instruments.PREFIX)
    if not NAME.fullmatch(name):
        raise FieldError(
            "name",
            "A metric's name has letters, digits and _, begins with no digit, and is at most 120"
            " characters long: orders_open, say.",
        )
    if name.endswith(RESERVED_ENDINGS) or name.startswith(RESERVED_BEGINNINGS) or taken(name):
        raise FieldError("name", "The portal or Prometheus uses this name; choose another.")
    return name


def taken(name: str) -> bool:
    return name not in BUILT_IN and name in instruments.names()


def text(reader: Reader, name: str, otherwise: str, most: int) -> str:
    value = reader.take(name)
    if value is None:
        return otherwise
    if not isinstance(value, str):
        raise FieldError(name, f"This must be a string, not {name_of(value)}.")
    if len(value) > most:
        raise FieldError(name, f"This has {most:,} characters at most.")
    if "\0" in value:
        raise FieldError(name, "This must not hold a null character.")
    return value.strip()


def flag(reader: Reader, name: str, otherwise: bool) -> bool:
    return otherwise if reader.values.get(name) is None else reader.flag(name)


def duration(reader: Reader, name: str, otherwise: int, *, low: int, high: int) -> int:
    """Read seconds, as a number or written as "5m"."""
    value = reader.take(name)
    if value is None:
        return otherwise
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    seconds = int(found[1]) * SECONDS[found[2]] if found else value
    is_number = isinstance(seconds, int) and not isinstance(seconds, bool)
    if not is_number or not low <= seconds <= high:
        raise FieldError(
            name, f"This must be a time such as 300 (seconds) or “5m”, from {low} to {high} s."
        )
    return int(seconds)


def interval(reader: Reader, otherwise: int) -> int:
    seconds = duration(reader, "interval", otherwise, low=SHORTEST_S, high=LONGEST_S)
    if seconds % SHORTEST_S or 86_400 % seconds:
        raise FieldError("interval", "This must be whole minutes that a day is a multiple of.")
    return seconds


def checked(draft: Draft) -> Draft:
    """Check what one field says against the others. Raises FieldError."""
    if bool(draft.insight) == bool(draft.sql):
        what = "one of them, not both" if draft.sql else "a saved insight, or SQL"
        raise FieldError("sql" if draft.sql else "insight", f"A metric asks {what}.")
    if draft.type == Type.COUNTER:
        check_counter(draft)
    return draft


def check_counter(draft: Draft) -> None:
    if not draft.sql or set(RANGE_OF_SQL.findall(draft.sql)) != {"from", "to"}:
        raise FieldError(
            "sql",
            "A counter adds up what arrived since the slot before, so it is asked by SQL with"
            " received_at >= {from:DateTime64(6)} AND received_at < {to:DateTime64(6)}.",
        )
    if not draft.name.endswith("_total"):
        raise FieldError("name", "A counter's name ends in _total.")


def insight_of(user: User, draft: Draft) -> SavedInsight | None:
    """Return the saved insight that a draft names, as somebody may see it. Raises FieldError."""
    if draft.insight is None:
        return None
    found = visible(user, SavedInsight).filter(pk=draft.insight).first()
    if found is None:
        raise FieldError("insight", "There is no saved insight with this id that you may see.")
    if found.kind not in KINDS:
        raise FieldError("insight", refusal(found.kind))
    return found


def require_rights(user: User, draft: Draft, insight: SavedInsight | None) -> None:
    """Raise MissingPermission where somebody may not ask this."""
    if draft.sql or (insight and insight.kind == "sql"):
        require(user, RUN_SQL)
    if draft.reads_all:
        require(user, ADMINISTER)


def asked_by(draft: Draft, insight: SavedInsight | None) -> Asked:
    return Asked(insight, draft.sql, draft.range_s, draft.type == Type.COUNTER)
