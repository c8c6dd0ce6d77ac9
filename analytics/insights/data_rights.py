"""Which rows somebody may read: what the data sets hold that are shared with them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser

from analytics.insights.definitions.data_sets import parse_filters, parse_sources
from analytics.insights.models import DataSet
from analytics.insights.property_columns import with_columns
from analytics.insights.sql.rights import any_of, held
from portal.accounts.access import is_staff_member, visible
from portal.accounts.models import User
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.row_rights import ALL, NOTHING, MayNotRead, RowRights

log = logging.getLogger(__name__)
ZONE = ZoneInfo("UTC")  # of times in filters without an offset


def row_rights(user: User | AnonymousUser) -> RowRights:
    """Return the rows that somebody may read: those of all data sets that they see, together.

    The one answer for pages, the API, sockets and exports; asked anew for each question.
    """
    if not is_staff_member(user):
        return NOTHING
    return rights_of(list(visible(user, DataSet)))


def rights_of(rows: Sequence[DataSet]) -> RowRights:
    """Return the rights that some data sets give together."""
    if not rows:
        return NOTHING
    if any(row.is_whole for row in rows):
        return ALL
    names = tuple(row.name for row in rows)
    return RowRights(any_of(condition_of(row) for row in rows), names)


def condition_of(row: DataSet) -> str:
    """Return the engine's condition of a data set that is not all events.

    One that can no longer be read, by whatever mistake, holds nothing.
    """
    try:
        filters = with_columns(parse_filters(row.filters, ZONE), clock.now())
        return held(parse_sources(row.sources), filters)
    except FieldError:
        log.exception("A data set cannot be read; it holds nothing.", extra={"data_set": row.pk})
        return "0"


def require_all(rights: RowRights) -> None:
    """Raise MayNotRead (403) where something can only be done by whoever may read all rows."""
    if not rights.is_all:
        raise MayNotRead("This needs all data: only some data sets are shared with you.")
