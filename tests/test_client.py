"""The client for programs, against a portal as its users run it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.client import (
    Analytics,
    AnalyticsError,
    BusinessAnalytics,
    Funnel,
    TanqoryFunnel,
    UnknownStep,
    Unreachable,
    where,
)
from tests.running import RunningPortal, eventually, free_port, running_portal

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("client"), "--no-demo", within_s=180) as found:
        found.command("create_staff", "client@example.com", "--role", "analyst")
        yield found


@pytest.fixture(scope="module")
def client(portal: RunningPortal) -> Analytics:
    """Return a client of a portal that has taken a month of three people."""
    token = portal.command("create_token", "client@example.com")
    key = portal.command("create_source", "shop").split()[-1]
    found = Analytics(portal.url, token=token, ingest_key=key)
    days = {"ada": (0, 7, 14), "ben": (0, 14), "eva": (8,)}
    visits = [(user, START + timedelta(days=n, hours=9)) for user, on in days.items() for n in on]
    found.track_events(
        {"name": "visit", "userId": user, "timestamp": at.isoformat(), "properties": {"plan": plan}}
        for user, at in visits
        for plan in ["pro" if user == "ada" else "free"]
    )
    found.track_event("buy", {"plan": "pro"}, user_id="ada", timestamp="2026-03-01T10:00:00Z")
    eventually(
        lambda: found.event_count(None, START, END) == 7, within_s=30, what="the events are counted"
    )
    return found


@pytest.mark.slow
class TestAsking:
    def test_events_are_counted_by_name_and_filters(self, client: Analytics) -> None:
        assert client.event_count("visit", START, END) == 6
        assert client.event_count("visit", START, END, {"plan": "pro"}) == 3
        assert client.event_count("visit", START, END, {"plan": ["pro", "free"]}) == 6
        assert client.event_count("visit", START, END, {"plan": None}) == 0
        larger = [{"property": "$user_id", "op": "!=", "value": "ada"}]
        assert client.event_count("visit", date(2026, 3, 1), "2026-03-02", larger) == 1
        assert client.unique_users("visit", START, END) == 3

    def test_a_funnel_says_users_and_rates_of_each_step(self, client: Analytics) -> None:
        steps = client.funnel_analysis(["visit", "buy"], START, END)
        pro = client.funnel_analysis(["visit", "buy"], START, END, {"plan": "pro"})

        assert [(one["step"], one["users"]) for one in steps] == [("visit", 3), ("buy", 1)]
        assert steps[1]["conversion_rate"] == pytest.approx(1 / 3)
        assert [one["users"] for one in pro] == [1, 1]

    @pytest.mark.parametrize(
        ("kind", "sizes"),
        [("daily", [2] + [0] * 7 + [1] + [0] * 19), ("weekly", [2, 0, 1, 0, 0]), ("monthly", [3])],
    )
    def test_cohorts_are_daily_weekly_or_monthly(
        self, client: Analytics, kind: str, sizes: list[int]
    ) -> None:
        answer = client.cohort_analysis(START, END, kind)  # type: ignore[arg-type]  # one of three

        assert [one["size"] for one in answer["cohorts"]] == sizes

    def test_what_is_wrong_is_said_as_the_api_says_it(
        self, portal: RunningPortal, client: Analytics
    ) -> None:
        with pytest.raises(AnalyticsError) as wrong:
            client.funnel_analysis(["visit"], START, END)
        with pytest.raises(AnalyticsError) as nobody:
            Analytics(portal.url, token="ptk_wrong").event_count("visit", START, END)
        with pytest.raises(AnalyticsError) as rejected:
            client.track_event("", user_id="ada")

        assert (wrong.value.status, wrong.value.field) == (400, "steps")
        assert nobody.value.status == 401
        assert rejected.value.field == "events[0].name"

    def test_a_program_tracks_the_steps_of_a_funnel(self, client: Analytics) -> None:
        checkout = client.funnel("checkout", ["cart", "paid"])
        for user, step in (("ada", "cart"), ("ben", "cart"), ("ben", "cart"), ("ada", "paid")):
            checkout.track_step(user, step, {"items": 3})

        now = datetime.now(tz=UTC)
        span = now - timedelta(hours=1), now + timedelta(hours=1)
        eventually(
            lambda: client.event_count("funnel_step", *span) == 4,
            within_s=30, what="the steps are counted",
        )  # fmt: skip
        assert checkout.conversion_rate(*span) == {"cart_to_paid": 0.5}
        assert [one["step"] for one in checkout.analysis(*span)] == ["cart", "paid"]


def test_an_unknown_step_is_refused_before_anything_is_sent() -> None:
    funnel = Funnel("checkout", ["cart", "paid"], Analytics("http://127.0.0.1:1"))

    with pytest.raises(UnknownStep, match='Step "payed" not found in funnel "checkout"'):
        funnel.track_step("ada", "payed")


def test_the_first_drafts_names_are_the_same_things() -> None:
    assert (BusinessAnalytics, TanqoryFunnel) == (Analytics, Funnel)
    assert Analytics.getEventCount is Analytics.get_event_count is Analytics.event_count
    assert Analytics.getFunnelAnalysis is Analytics.funnel_analysis
    assert Analytics.getCohortAnalysis is Analytics.cohort_analysis
    assert Analytics.trackEvent is Analytics.track_event
    assert Funnel.trackStep is Funnel.track_step
    assert Funnel.getConversionRate is Funnel.conversion_rate


def test_a_portal_that_is_away_is_said_to_be() -> None:
    away = Analytics(f"http://127.0.0.1:{free_port()}", timeout_s=2)

    with pytest.raises(Unreachable, match="does not answer"):
        away.event_count("visit", START, END)


def test_only_web_addresses_are_opened() -> None:
    with pytest.raises(ValueError, match="no address"):
        Analytics("file:///etc/passwd")


def test_a_cohort_type_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="daily, weekly, monthly"):
        Analytics("http://x").cohort_analysis(START, END, "hourly")  # type: ignore[arg-type]  # the test


def test_filters_may_be_the_apis_own() -> None:
    own = [{"property": "n", "op": ">", "value": 3}]

    assert where(own) == own
    assert where({"n": 5}) == [{"property": "n", "op": "=", "value": 5}]
