"""A data set as somebody wants it to be, before it is saved, and how it looks as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.ingest.models import Source
from analytics.insights.cohort_drafts import short
from analytics.insights.data_rights import ZONE, rights_of
from analytics.insights.definitions.data_sets import parse_filters, parse_sources
from analytics.insights.definitions.reading import Reader
from analytics.insights.drafts import storable
from analytics.insights.models import DataSet
from analytics.insights.sources.asking import translated
from analytics.insights.sql.params import Params
from portal.lib.field_error import FieldError
from portal.lib.row_rights import RowRights
from portal.store.client import EngineUnavailable, QueryFailed
from portal.store.query import Query
from portal.store.sources import Question

Json = dict[str, Any]
MAX_NAME, MAX_DESCRIPTION = 120, 1_000
LOOKED_AT = timedelta(days=7)
# What an answer has, so that it can be sent back as it came; nobody sets it.
READ_ONLY = (
    "id", "is_built_in", "is_all_data", "version", "created_by", "created_at", "updated_at",
    "page_url",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """What a save would write."""

    name: str
    description: str
    sources: list[int]
    filters: list[Json]

    def columns(self) -> Json:
        return asdict(self)

    @property
    def rights(self) -> RowRights:
        """Return the rows that somebody with this data set alone would read."""
        return rights_of([DataSet(**self.columns())])


def parse_draft(body: Any, current: DataSet | None = None) -> Draft:
    """Read `name`, `description`, `sources` and `filters`; what is left out stays as it is.

    Raises FieldError.
    """
    kept = as_written(current)
    reader = Reader({**kept, **body} if isinstance(body, Mapping) else body)
    name = short(reader.take("name"), "name", MAX_NAME).strip()
    if not name:
        raise FieldError("name", "Give the data set a name, such as “Shop, Germany”.")
    description = short(reader.take("description"), "description", MAX_DESCRIPTION).strip()
    sources = list(parse_sources(reader.take("sources")))
    check_sources(sources, kept["sources"])
    filters = reader.take("filters")
    parse_filters(filters, ZONE)
    storable(filters, "filters")
    for one in READ_ONLY:
        reader.take(one)
    reader.finish()
    return Draft(name, description, sources, filters)


def as_written(row: DataSet | None) -> Json:
    if row is None:
        return {"name": "", "description": "", "sources": [], "filters": []}
    return {name: getattr(row, name) for name in ("name", "description", "sources", "filters")}


def check_sources(sources: list[int], known: list[int]) -> None:
    """Raise FieldError for a source that does not exist and was not named before."""
    exist = set(Source.objects.filter(pk__in=sources).values_list("pk", flat=True))
    missing = [one for one in sources if one not in exist and one not in known]
    if missing:
        raise FieldError("sources", f"There is no source with the id {missing[0]}.")


def check_runs(draft: Draft, now: datetime) -> None:
    """Raise FieldError for filters that the engine cannot read; one that is away stops nothing."""
    try:
        preview(draft.rights, now)
    except EngineUnavailable:
        return
    except QueryFailed as problem:
        found = translated(problem)
        raise FieldError("filters", str(found)) from problem


def preview(rights: RowRights, now: datetime) -> tuple[int, int]:
    """Count the events of the last days that may be read, and all. Asks with the right to all.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    params = Params()
    since, until = params.instant(now - LOOKED_AT), params.instant(now)
    sql = (
        f"SELECT countIf({rights.events or '1'}) AS held, count() AS everything FROM events"
        f" WHERE day >= {params.day(now - LOOKED_AT)} AND ts >= {since} AND ts < {until}"
    )
    result, _ = Question({}, None, now).run(Query(sql, params.values))
    ((held, everything),) = result.rows()
    return int(held), int(everything)


def data_set_json(row: DataSet) -> Json:
    """Return the API's shape of a data set."""
    return as_written(row) | {
        "id": row.pk,
        "is_built_in": row.is_built_in,
        "is_all_data": row.is_whole,
        "version": row.version,
        "created_by": row.created_by.email if row.created_by else "system",
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "page_url": row.get_absolute_url(),
    }
