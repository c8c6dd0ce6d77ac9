"""Questions, answers, and the cache between them, on a real engine and a real Valkey."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from portal.lib.registry import UnknownKind
from portal.lib.row_rights import ALL, RowRights
from portal.store import client, migrate, selftest
from portal.store.frame import Column, Frame, Meta
from portal.store.models import Epoch
from portal.store.query import EmptyWindow, Query, TimeRange
from portal.store.sources import Question, ask, sources

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Counting:
    """A source that counts how often it is really evaluated."""

    kind: str = "counting"
    label: str = "Counting"
    asked: list[Question] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def run(self, question: Question) -> Frame:
        self.asked.append(question)
        self.may_answer.wait(10)
        result, meta = question.run(Query("SELECT {n:UInt32} AS n", {"n": len(self.asked)}))
        return Frame((Column("n", "number"),), result.columns, meta)


@pytest.fixture
def source() -> Iterator[Counting]:
    cache.clear()
    found = sources.add(Counting())
    assert isinstance(found, Counting)
    found.may_answer.set()
    yield found
    sources._entries.pop(found.kind)


def question(**changes: object) -> Question:
    values: dict[str, object] = {"params": {"a": 1}, "window": None, "as_of": NOON}
    return Question(**(values | changes))  # type: ignore[arg-type]  # test's shorthand


@pytest.mark.django_db
class TestAsking:
    def test_the_same_question_is_evaluated_once(self, source: Counting) -> None:
        first = ask("counting", question())
        second = ask("counting", question(as_of=NOON + timedelta(seconds=2)))

        assert len(source.asked) == 1
        assert (first.meta.cached, second.meta.cached) == (False, True)
        assert second.column("n") == first.column("n")

    def test_whoever_asks_the_same_meanwhile_waits_for_the_answer(self, source: Counting) -> None:
        source.may_answer.clear()
        same = question()  # made here: other threads do not see this test's database
        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(ask, "counting", same) for _ in range(4)]
            source.may_answer.set()
            found = [one.result(10) for one in answers]

        assert len(source.asked) == 1
        assert [one.column("n") for one in found] == [[1]] * 4

    def test_other_row_rights_never_share_an_answer(self, source: Counting) -> None:
        ask("counting", question(rights=ALL))
        ask("counting", question(rights=RowRights("service = 'a'")))

        assert len(source.asked) == 2

    def test_other_parameters_windows_and_moments_are_other_questions(
        self, source: Counting
    ) -> None:
        ask("counting", question())
        ask("counting", question(params={"a": 2}))
        ask("counting", question(window=TimeRange(NOON - timedelta(days=1), NOON)))
        ask("counting", question(as_of=NOON + timedelta(seconds=5)))

        assert len(source.asked) == 4

    def test_its_moment_is_one_of_utc_in_whatever_zone_it_was_said(self) -> None:
        midnight = datetime(
            2011, 12, 31, tzinfo=ZoneInfo("Pacific/Apia")
        )  # which had no day before

        before = question(as_of=midnight).as_of - timedelta(minutes=1)

        assert before == datetime(2011, 12, 30, 9, 59, tzinfo=UTC)

    def test_nothing_cached_survives_a_merge(self, source: Counting) -> None:
        ask("counting", question())
        Epoch.move(pending_overrides=1)
        ask("counting", question())

        assert len(source.asked) == 2

    def test_refresh_asks_again(self, source: Counting) -> None:
        ask("counting", question())
        ask("counting", question(), refresh=True)

        assert len(source.asked) == 2

    def test_pending_overrides_change_how_persons_are_read(self) -> None:
        Epoch.move(pending_overrides=0)
        settled = question().person
        Epoch.move(pending_overrides=2)

        assert settled == "person"
        assert "person_overrides" in question().person

    def test_an_unknown_kind_names_the_known_ones(self, source: Counting) -> None:
        with pytest.raises(UnknownKind, match="counting"):
            ask("no-such-kind", question())

    def test_answers_go_on_when_the_cache_is_away(
        self, source: Counting, settings: Settings
    ) -> None:
        settings.CACHES = {
            "default": {
                "BACKEND": "portal.lib.cache.FailOpenRedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }

        assert ask("counting", question()).column("n") == [1]


class TestTheEngine:
    def test_its_functions_answer_as_expected(self) -> None:
        assert selftest.failures() == []

    def test_a_wrong_function_is_named(self) -> None:
        probe = selftest.Probe("adding", "SELECT 1 + 1", 3)

        assert selftest.failure_of(probe) == "adding: 2, not 3"

    def test_values_travel_as_parameters(self) -> None:
        hostile = "'; DROP TABLE events; --\n\\"

        result = client.run(Query("SELECT {text:String} AS text", {"text": hostile}))

        assert result.value() == hostile

    def test_a_refused_query_tells_code_and_reason(self) -> None:
        with pytest.raises(client.QueryFailed, match="Unknown expression") as refused:
            client.run(Query("SELECT no_such_column"))

        assert refused.value.code == 47

    def test_a_query_over_its_time_is_stopped(self) -> None:
        endless = Query("SELECT count() FROM numbers(1e13) WHERE sipHash64(number) = 1")

        with pytest.raises(client.QueryFailed) as stopped:
            client.run(endless, time_limit=timedelta(seconds=0.2))

        assert stopped.value.code == 159

    def test_a_query_cannot_write(self) -> None:
        with pytest.raises(client.QueryFailed):
            client.run(Query("DROP TABLE events"))

    def test_an_insert_repeated_with_its_token_changes_nothing(self) -> None:
        client.command(
            "CREATE OR REPLACE TABLE repeated (n UInt32) ENGINE = MergeTree ORDER BY n"
            " SETTINGS non_replicated_deduplication_window = 10"
        )

        for _ in range(3):
            client.insert("repeated", {"n": [1, 2, 3]}, token="once")

        assert client.run(Query("SELECT count() FROM repeated")).value() == 3

    def test_an_insert_that_the_table_refuses_is_an_error(self) -> None:
        client.command(
            "CREATE OR REPLACE TABLE picky (n UInt32, labels Map(String, String),"
            " CONSTRAINT small CHECK n < 5) ENGINE = MergeTree ORDER BY n"
        )

        client.insert("picky", {"n": [1], "labels": [{"a": "b"}]}, token="1")
        with pytest.raises(client.QueryFailed, match="small"):
            client.insert("picky", {"n": [7], "labels": [{}]}, token="2")

        assert client.run(Query("SELECT n, labels FROM picky")).rows() == [(1, {"a": "b"})]

    def test_an_engine_that_is_away_is_told_from_a_refusal(self, settings: Settings) -> None:
        settings.CLICKHOUSE_URL = "http://default:x@127.0.0.1:9/default"

        with pytest.raises(client.EngineUnavailable):
            client.run(Query("SELECT 1"))

    def test_migrations_are_applied_once(self) -> None:
        for file in migrate.pending():
            migrate.apply(file)

        assert migrate.pending() == []


class TestTimeRange:
    def test_an_empty_range_is_refused(self) -> None:
        with pytest.raises(EmptyWindow):
            TimeRange(NOON, NOON)

    def test_it_is_kept_in_utc(self) -> None:
        start = datetime.fromisoformat("2026-03-01T00:00:00+05:45")

        window = TimeRange(start, NOON)

        assert window.start == start
        assert window.start.tzinfo is UTC


def test_a_frame_needs_columns_of_equal_length() -> None:
    columns = (Column("a", "number"), Column("b", "number"))

    with pytest.raises(ValueError, match="equal length"):
        Frame(columns, ([1], [1, 2]), Meta(as_of=NOON))
