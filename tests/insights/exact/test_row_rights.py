"""Who may read some events only is answered as if the others were not there, whatever is asked.

Each event of each case is stored with others of a foreign source: the same persons and names, other
times, properties and sessions. The oracles know nothing of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from analytics.insights import fast, property_columns
from analytics.insights.data_rights import rights_of
from analytics.insights.models import DataSet, PropertyColumn
from portal.lib import clock
from tests.insights.events import Event
from tests.insights.exact import (
    activities,
    funnels,
    memberships,
    retentions,
    trends,
    visits,
    walks,
)
from tests.insights.exact.stand import Stand, hold, placed, wanted
from tests.insights.exact.worlds import Kind

pytestmark = pytest.mark.slow
OVER_YEARS = (trends.KIND, retentions.KIND, activities.LIFECYCLE, activities.STICKINESS)
OVER_DAYS = (funnels.KIND, memberships.KIND, walks.KIND, visits.KIND)
OWN, FOREIGN = 7, 13
CANARY = "canary"


@pytest.fixture(params=["raw, by source", "fast, by property"])
def own(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    db: None,
    store_schema: None,
    empty_cache: None,
) -> Iterator[DataSet]:
    """Let the portal use all fast forms at once, or none; return the data set of the own events."""
    monkeypatch.setattr(property_columns, "WORTHWHILE_EVENTS", 1)
    PropertyColumn.objects.all().delete()
    now = clock.now()
    made = DataSet(name="Own", created_at=now, updated_at=now)
    is_raw = request.param.startswith("raw")
    if is_raw:
        made.sources = [OWN]
    else:
        made.filters = [{"property": CANARY, "op": "is_not_set"}]
    with fast.only(*(() if is_raw else fast.FORMS)):
        yield made


def foreign(event: Event) -> Iterator[Event]:
    """Give events that change every answer they get into."""
    properties = {**event.properties, "x": 2, CANARY: CANARY}
    same = replace(event, source=FOREIGN, id=f"{event.id}-{CANARY}", properties=properties)
    yield same
    yield replace(same, id=f"{same.id}-2", at=event.at - timedelta(days=3), session=CANARY)
    if event.user:
        yield replace(same, id=f"{same.id}-3", user=f"{CANARY} {event.user}", anonymous="")


def hold_without_the_foreign(kinds: tuple[Kind, ...], own: DataSet) -> None:
    cases = placed(wanted(kinds), "columns")  # a quarter: each stores four times as much
    mine = [replace(one, case=replace(
        one.case,
        events=tuple(replace(event, source=OWN) for event in one.case.events),
        late=tuple(replace(event, source=OWN) for event in one.case.late),
    )) for one in cases]  # fmt: skip
    hold(Stand(mine, "columns", rights_of([own]), foreign))


def test_questions_over_years_are_answered_without_foreign_rows(own: DataSet) -> None:
    hold_without_the_foreign(OVER_YEARS, own)


def test_questions_over_days_are_answered_without_foreign_rows(own: DataSet) -> None:
    hold_without_the_foreign(OVER_DAYS, own)
