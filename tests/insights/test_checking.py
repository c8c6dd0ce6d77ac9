"""The nightly check of saved insights: the same figures by other means."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.insights import actions, checking
from analytics.insights.checking import Finding, check, differences, night_of
from analytics.insights.models import SavedInsight
from analytics.insights.sources.funnel import FunnelSource
from analytics.insights.tasks import check_saved_insights
from portal.store.frame import Frame
from portal.store.sources import Question
from tests.insights.events import Event, load
from tests.insights.test_saved import DEFINITIONS
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
NOW = datetime(2026, 3, 20, 3, tzinfo=UTC)
STEPS = [{"event": "visit"}, {"event": "cart"}, {"event": "visit"}, {"event": "buy"}]
ASKED: list[tuple[str, dict[str, Any], int]] = [
    ("trend", {"series": [{"event": "visit"}], "from": "-10d"}, 12),
    (
        "trend",
        {
            "series": [
                {"event": None, "math": "unique_users"},
                {"event": "buy", "where": [{"property": "plan", "op": "=", "value": "pro"}]},
                {"event": "buy", "math": "avg", "property": "price"},
            ],
            "interval": "week", "from": "-6w", "time_zone": "Asia/Kathmandu",
            "compare": "previous_period",
        },
        16,
    ),
    ("trend", {"series": [{"event": "visit"}], "breakdown": {"property": "plan"}}, 0),
    ("funnel", {"steps": STEPS, "window": {"value": 6, "unit": "hour"}}, 4),
    ("funnel", {"steps": STEPS, "order": "strict"}, 0),
    ("stickiness", {"event": "visit", "interval": "day", "from": "-7d"}, 8),
    ("stickiness", {"event": None, "interval": "week", "time_zone": "America/New_York"}, 5),
    ("retention", {**DEFINITIONS["retention"], "interval": "week"}, 0),
    ("lifecycle", DEFINITIONS["lifecycle"], 0),
    ("paths", DEFINITIONS["paths"], 0),
    ("sessions", DEFINITIONS["sessions"], 0),
]  # fmt: skip


@pytest.fixture
def company(db: None) -> None:
    """Load a month of thirty people, some of whose events fall on one instant."""
    draw = random.Random(7)
    names = ["visit", "visit", "cart", "buy"]
    load(
        Event(
            draw.choice(names), NOW - timedelta(minutes=10 * draw.randrange(4_320)),
            f"u{draw.randrange(30)}" if draw.random() < 0.95 else "",
            properties={"plan": draw.choice(["pro", "free"]), "price": draw.randrange(9) / 4},
        )
        for _ in range(3_000)
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "definition", "figures"), ASKED)
def test_what_is_right_is_found_the_same_in_every_way(
    company: None, kind: str, definition: dict[str, Any], figures: int
) -> None:
    finding = check(kind, definition, NOW)

    assert finding.state == "ok", finding
    assert "The same from the events alone" in finding.note
    assert (f"by other SQL ({figures} figures)" in finding.note) == bool(figures), finding.note


def test_the_figures_of_the_check_are_not_all_zero(company: None) -> None:
    question = checking.settled(ASKED[3][1], NOW)

    assert all(checking.independent("funnel", question).values())


def test_a_wrong_answer_is_found(company: None, monkeypatch: pytest.MonkeyPatch) -> None:
    right = FunnelSource.answer

    def wrong(self: FunnelSource, question: Question) -> Frame:
        frame = right(self, question)
        steps = [
            step | {"users": step["users"] + (step["step"] == 2)} for step in frame.extra["steps"]
        ]
        return replace(frame, extra={**frame.extra, "steps": steps})

    monkeypatch.setattr(FunnelSource, "answer", wrong)

    finding = check("funnel", {"steps": STEPS}, NOW)

    assert finding.state == "differs"
    assert "step 2: " in finding.note


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        ("hologram", {}),
        ("trend", {"series": []}),
        ("trend", {"series": [{"event": "a"}], "from": "-0h"}),
    ],
)
def test_what_cannot_be_computed_says_why(kind: str, definition: dict[str, Any]) -> None:
    assert check(kind, definition, NOW).state == "failed"


def test_numbers_may_differ_by_rounding_only() -> None:
    one = {"a": [1.0, {"b": 0.1 + 0.2}], "c": "x"}

    assert list(differences(one, {"a": [1.0, {"b": 0.3}], "c": "x"})) == []
    assert list(differences(one, {"a": [1.0, {"b": 0.31}], "c": "y"})) == [
        "a[1].b: 0.30000000000000004 instead of 0.31", "c: x instead of y",
    ]  # fmt: skip
    assert list(differences({"a": [1]}, {"a": [1, 2]})) == ["a: [1] instead of [1, 2]"]


def test_a_night_begins_at_two_where_the_portal_is() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    assert night_of(NOW, berlin) == datetime(2026, 3, 20, 1, tzinfo=UTC)
    assert night_of(NOW.replace(hour=0), berlin) == datetime(2026, 3, 19, 1, tzinfo=UTC)


class TestTheNight:
    @pytest.fixture
    def looked_at(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Note what is checked instead of checking it."""
        seen: list[str] = []

        def noted(kind: str, definition: dict[str, Any], now: datetime) -> Finding:
            seen.append(str(definition["name"]))
            return Finding("ok", "Same.")

        monkeypatch.setattr("analytics.insights.actions.saved.check", noted)
        return seen

    def keep(self, people: People, name: str, **values: Any) -> SavedInsight:
        made: SavedInsight = SavedInsight.objects.create(
            **{
                "name": name, "kind": "trend", "definition": {"name": name},
                "created_by": people.owner, "created_at": NOW - timedelta(days=9),
                "updated_at": NOW,
            } | values
        )  # fmt: skip
        return made

    def test_those_that_wait_longest_come_first_and_each_once(
        self, people: People, looked_at: list[str]
    ) -> None:
        self.keep(people, "yesterday", checked_at=NOW - timedelta(days=1))
        self.keep(people, "never")
        self.keep(people, "tonight", checked_at=NOW - timedelta(minutes=5))
        self.keep(people, "too new", created_at=NOW - timedelta(minutes=5))
        self.keep(people, "sql", kind="sql")

        first = actions.check_due(NOW, most=1)
        second = actions.check_due(NOW, most=5)
        third = actions.check_due(NOW + timedelta(minutes=5), most=5)

        assert (first, second, third) == (1, 1, 0)
        assert looked_at == ["never", "yesterday"]
        assert SavedInsight.objects.get(name="never").check_state == "ok"

    def test_a_night_has_a_limit(
        self, people: People, looked_at: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("analytics.insights.actions.saved.SAMPLE", 2)
        for number in range(4):
            self.keep(people, str(number))

        counts = [actions.check_due(NOW, most=5) for _ in range(2)]
        tomorrow = actions.check_due(NOW + timedelta(days=1), most=5)

        assert (counts, tomorrow) == ([2, 0], 2)
        assert looked_at == ["0", "1", "2", "3"]

    def test_what_changed_meanwhile_gets_no_badge_of_what_was(
        self, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = self.keep(people, "one")

        def changed(kind: str, definition: dict[str, Any], now: datetime) -> Finding:
            SavedInsight.objects.filter(pk=made.pk).update(version=2, checked_at=None)
            return Finding("ok", "Same.")

        monkeypatch.setattr("analytics.insights.actions.saved.check", changed)

        actions.check_due(NOW, most=5)

        assert SavedInsight.objects.get().check_state == ""

    def test_the_job_finds_its_work_by_itself(self, people: People, company: None) -> None:
        self.keep(people, "real", definition=DEFINITIONS["trend"])

        check_saved_insights()

        found = SavedInsight.objects.get()
        assert (found.check_state, found.checked_at is not None) == ("ok", True)
