"""On a cluster the shards leave out what somebody may not read, and so does what reads them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from analytics.insights.data_rights import rights_of
from analytics.insights.definitions.window import parse_asked
from analytics.insights.models import DataSet
from portal.lib.row_rights import RowRights
from portal.store.sources import Question, ask
from tests.insights.events import Event
from tests.insights.test_sharding import (
    AS_OF,
    RANGE,
    alike,
    all_questions,
    everything,
    merge_persons,
    spread,
    title,
    trend,
    two_shards,
)
from tests.store.engines import EngineProcess

__all__ = ["everything", "merge_persons", "two_shards"]
COUNTRY = [{"property": "country", "of": "person", "op": "is_set"}]


def asked(kind: str, body: dict[str, Any], rights: RowRights) -> Any:
    found = parse_asked(body | (RANGE if kind != "events" else {}), AS_OF, "UTC")
    return alike(ask(kind, Question(found.params, found.window, AS_OF, rights), refresh=True))


@pytest.mark.parametrize("is_settled", [True, False], ids=["at home", "merged a moment ago"])
def test_a_cluster_answers_a_part_of_the_rows_like_one_engine(
    everything: list[Event], merge_persons: Callable[[], None],
    two_shards: EngineProcess, settings: Settings, is_settled: bool,
) -> None:  # fmt: skip
    if not is_settled:
        merge_persons()
    web = DataSet(filters=[{"property": "$platform", "op": "=", "value": "web"}])
    rights = rights_of([web])
    questions = [*all_questions(), ("trend", trend("unique_users", where=COUNTRY)[1])]
    questions.append(("sql", {"query": "SELECT platform, count() FROM events GROUP BY platform"}))
    questions.append(("sql", {"query": "SELECT count(), uniqExact(person) FROM people"}))
    expected = [asked(kind, body, rights) for kind, body in questions]
    settings.CLICKHOUSE_URL = spread(two_shards)
    settings.CLICKHOUSE_CLUSTER = "portal"

    found = [asked(kind, body, rights) for kind, body in questions]

    for question, one, other in zip(questions, found, expected, strict=True):
        assert one == other, title(question)
