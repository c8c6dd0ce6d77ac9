"""Business metrics: set up through the API, collected at exact slots, read from the series."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from analytics.collect.business import collecting, provided
from analytics.collect.business.models import BusinessMetric
from analytics.insights import actions as insights
from analytics.insights.drafts import Draft
from analytics.series.samples import STALE_BITS
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.celery import app
from portal.lib import clock
from portal.store import client
from portal.store.client import EngineUnavailable
from portal.store.query import Query
from tests.conftest import PageClient, TokenClient
from tests.factories import make_business_metric
from tests.insights.events import Event, add, load, person_property
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
METRICS = "/api/v1/metrics/business"
BY_PLATFORM = (
    "SELECT platform, count() AS value FROM events WHERE name = 'buy'"
    " AND ts >= {from:DateTime64(6)} AND ts < {to:DateTime64(6)} GROUP BY platform"
)
ARRIVED = (
    "SELECT platform, sum(numbers['revenue']) AS value FROM events WHERE name = 'buy'"
    " AND received_at >= {from:DateTime64(6)} AND received_at < {to:DateTime64(6)} GROUP BY platform"
)
# Samples older than 30 days are dropped by the engine at once, so the past has to be near.
SLOT = datetime.now(tz=UTC).replace(hour=10, minute=40, second=0, microsecond=0) - timedelta(days=2)
MINUTE = timedelta(minutes=1)
FIVE = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def only_mine(db: None) -> None:
    """Leave out the metrics that every portal begins with, and what was held last."""
    BusinessMetric.objects.all().delete()
    collecting._held.minute = None


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    return call(people.editor)


@pytest.fixture
def name(metric: str) -> str:
    return metric


def bought(*, at: datetime, platform: str = "web", revenue: float = 10, user: str = "u1") -> Event:
    return Event("buy", at, user, platform=platform, properties={"revenue": revenue})


def made(api: APIClient, **body: Any) -> dict[str, Any]:
    answer = api.post(METRICS, body, format="json")
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def refused(api: APIClient, **body: Any) -> tuple[int, str]:
    answer = api.post(METRICS, body, format="json")
    return answer.status_code, answer.json()["error"].get("field", "")


def collect_at(now: datetime) -> int:
    """Collect what is due at a moment of the past, as if it were then."""
    BusinessMetric.objects.filter(due_at__gt=now + timedelta(days=1)).update(due_at=now)
    return collecting.collect_due(lambda: now)


def kept(name: str) -> dict[tuple[str, ...], list[tuple[datetime, float | None]]]:
    """Return a metric's samples by its labels' values; None is a stale marker."""
    rows = client.run(
        Query(
            "SELECT mapValues(labels), ts, value, reinterpretAsUInt64(value) FROM samples FINAL"
            " INNER JOIN (SELECT * FROM series FINAL) AS known ON samples.series = known.id"
            " WHERE name = {name:String} ORDER BY ts",
            {"name": f"tanqory_{name}"},
        )
    ).rows()
    found: dict[tuple[str, ...], list[tuple[datetime, float | None]]] = {}
    for values, ts, value, bits in rows:
        found.setdefault(tuple(values), []).append((ts, None if bits == STALE_BITS else value))
    return found


def test_it_is_made_read_changed_and_removed(api: APIClient, people: People, name: str) -> None:
    load([])
    own = made(api, name=name, sql=BY_PLATFORM, interval="15m", description="Orders")
    where = f"{METRICS}/{own['id']}"

    listed = api.get(METRICS).json()["metrics"]
    changed = api.patch(where, {"interval": 60, "is_on": False}, format="json").json()
    back = api.put(where, changed | {"is_on": True}, format="json").json()
    stale = api.patch(where, {"interval": 120, "version": 1}, format="json")
    gone = api.delete(where)

    assert own["metric"] == f"tanqory_{name}"
    assert (own["type"], own["interval"], own["range"]) == ("gauge", 900, 86_400)
    assert (own["author"], own["state"]) == (people.editor.email, "waiting")
    assert [one["id"] for one in listed] == [own["id"]]
    assert (changed["interval"], changed["state"], changed["next_at"]) == (60, "off", None)
    assert back["is_on"] is True
    assert stale.status_code == 409
    assert gone.status_code == 204
    assert api.get(where).status_code == 404
    verbs = [entry.action for entry in AuditEntry.objects.filter(action__startswith="business")]
    assert sorted(verbs) == sorted(
        f"business_metric.{verb}" for verb in ("create", "change", "change", "delete")
    )


def test_what_cannot_be_collected_is_refused_by_its_field(api: APIClient, name: str) -> None:
    load([bought(at=SLOT - MINUTE)])
    count = "SELECT count() AS value FROM events"
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("name", {"name": "9 lives", "sql": count}),
        ("name", {"name": "http_requests_total", "sql": count}),
        ("name", {"name": "orders_bucket", "sql": count}),
        ("name", {"sql": count}),
        ("insight", {"name": name}),
        ("sql", {"name": name, "sql": count, "insight": 1}),
        ("insight", {"name": name, "insight": 999_999}),
        ("insight", {"name": name, "insight": "five"}),
        ("interval", {"name": name, "sql": count, "interval": "7s"}),
        ("interval", {"name": name, "sql": count, "interval": "7m"}),
        ("interval", {"name": name, "sql": count, "interval": True}),
        ("range", {"name": name, "sql": count, "range": "a while"}),
        ("type", {"name": name, "sql": count, "type": "histogram"}),
        ("sql", {"name": f"{name}_total", "sql": count, "type": "counter"}),
        ("name", {"name": name, "sql": ARRIVED, "type": "counter"}),
        ("sql", {"name": name, "sql": "SELECT platform FROM events"}),
        ("sql", {"name": name, "sql": "SELECT 1 AS a, 2 AS b"}),
        ("sql", {"name": name, "sql": "SELECT now() AS t, 2 AS value"}),
        ("sql", {"name": name, "sql": "SELECT 'x' AS `my label`, 2 AS value"}),
        ("sql", {"name": name, "sql": "SELECT 'x' AS a, number AS value FROM numbers(2)"}),
        ("sql", {"name": name, "sql": "SELECT toString(number) AS a, 1 AS value FROM numbers(1001)"}),
        ("sql", {"name": name, "sql": "SELECT user_id, 1 AS value FROM events LIMIT 1"}),
        ("sql", {"name": name, "sql": "SELECT * FROM system.tables"}),
        ("sql", {"name": name, "sql": "DROP TABLE events"}),
        ("colour", {"name": name, "sql": count, "colour": "red"}),
    ]  # fmt: skip

    answers = [(field, refused(api, **body)) for field, body in wrong]

    assert answers == [(field, (400, field)) for field, _ in wrong]
    assert not BusinessMetric.objects.exists()


def test_a_name_is_taken_once(api: APIClient, name: str) -> None:
    load([])
    made(api, name=name, sql=BY_PLATFORM)

    assert refused(api, name=f"tanqory_{name}", sql=BY_PLATFORM) == (400, "name")


def test_a_preview_says_what_would_be_collected_now_and_keeps_nothing(
    api: APIClient, people: People, call: TokenClient, name: str
) -> None:
    now = clock.now()
    load([bought(at=now - MINUTE), bought(at=now - MINUTE, platform="ios")])

    answer = api.post(f"{METRICS}/preview", {"name": name, "sql": BY_PLATFORM}, format="json")

    assert answer.status_code == 200
    values = {one["labels"]["platform"]: one["value"] for one in answer.json()["values"]}
    assert values == {"web": 1, "ios": 1}
    assert not BusinessMetric.objects.exists()
    assert AuditEntry.objects.filter(action="sql.run").count() == 1
    body = {"name": name, "sql": BY_PLATFORM}
    assert call(people.viewer).post(METRICS, body, format="json").status_code == 403


def test_each_label_set_becomes_a_series_at_the_slots_time(api: APIClient, name: str) -> None:
    load([bought(at=SLOT - MINUTE), bought(at=SLOT - 2 * MINUTE, platform="ios"),
          bought(at=SLOT - MINUTE), bought(at=SLOT + timedelta(seconds=1))])  # fmt: skip
    own = made(api, name=name, sql=BY_PLATFORM)

    assert collect_at(SLOT + timedelta(seconds=12)) == 1

    assert kept(name) == {("web",): [(SLOT, 2)], ("ios",): [(SLOT, 1)]}
    found = api.get(f"{METRICS}/{own['id']}").json()
    assert (found["series"], found["error"]) == (2, None)
    assert found["collected_at"] == SLOT.isoformat().replace("+00:00", "Z")
    assert found["next_at"] == (SLOT + FIVE).isoformat().replace("+00:00", "Z")
    assert {"labels": {"platform": "web"}, "value": 2} in found["values"]


def test_a_slot_that_two_workers_do_is_done_once(name: str) -> None:
    load([bought(at=SLOT - MINUTE)])
    row = make_business_metric(name=name, query=BY_PLATFORM, reads_all=True, due_at=SLOT)
    now = SLOT + timedelta(seconds=7)

    assert collecting.collect_due(lambda: now) == 1
    add([bought(at=SLOT - MINUTE)])  # late: the slot was said already
    BusinessMetric.objects.filter(pk=row.pk).update(due_at=SLOT)  # a worker died before it said so
    assert collecting.collect_due(lambda: now + timedelta(seconds=30)) == 1

    assert kept(name) == {("web",): [(SLOT, 1)]}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_share_what_is_due(people: People, name: str) -> None:
    load([bought(at=SLOT - MINUTE)])
    BusinessMetric.objects.all().delete()
    for number in range(6):
        make_business_metric(
            name=f"{name}_{number}", query=BY_PLATFORM, reads_all=True, due_at=SLOT
        )
    counts: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        counts.append(collecting.collect_due(lambda: SLOT + timedelta(seconds=7)))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()

    assert sum(counts) == 6
    assert all(kept(f"{name}_{number}") == {("web",): [(SLOT, 1)]} for number in range(6))


def test_a_dead_workers_slot_is_done_when_its_lease_ends_and_missed_ones_stay_a_gap(
    name: str,
) -> None:
    load([bought(at=SLOT - MINUTE)])
    make_business_metric(name=name, query=BY_PLATFORM, reads_all=True, due_at=SLOT)
    assert collecting.claim(SLOT + timedelta(seconds=5)) is not None  # and the worker dies

    assert collecting.collect_due(lambda: SLOT + timedelta(seconds=30)) == 0
    assert collecting.collect_due(lambda: SLOT + timedelta(seconds=55)) == 1
    assert collecting.collect_due(lambda: SLOT + 3 * FIVE + timedelta(seconds=3)) == 1

    assert kept(name) == {("web",): [(SLOT, 1), (SLOT + 3 * FIVE, 1)]}


def test_what_takes_longer_than_its_lease_is_noted_all_the_same(name: str) -> None:
    load([bought(at=SLOT - MINUTE)])
    row = make_business_metric(name=name, query=BY_PLATFORM, reads_all=True, due_at=SLOT)
    slow = collecting.claim(SLOT + timedelta(seconds=5))
    assert slow is not None
    assert collecting.claim(SLOT + timedelta(seconds=52)) is not None  # another worker's turn

    collecting.collect(slow, SLOT + timedelta(seconds=5))

    row.refresh_from_db()
    assert (row.collected_at, row.due_at, row.leased_until) == (SLOT, SLOT + FIVE, None)


def test_a_label_set_that_is_gone_ends_and_is_no_zero(name: str) -> None:
    load([bought(at=SLOT - MINUTE), bought(at=SLOT - MINUTE, platform="ios")])
    make_business_metric(name=name, query=BY_PLATFORM, range_s=300, reads_all=True, due_at=SLOT)
    collecting.collect_due(lambda: SLOT)
    add([bought(at=SLOT + MINUTE)])

    collecting.collect_due(lambda: SLOT + FIVE)

    assert kept(name) == {
        ("web",): [(SLOT, 1), (SLOT + FIVE, 1)],
        ("ios",): [(SLOT, 1), (SLOT + FIVE, None)],
    }


def test_a_failure_ends_the_series_and_is_told(api: APIClient, name: str) -> None:
    load([bought(at=SLOT - MINUTE)])
    own = made(api, name=name, sql=BY_PLATFORM)
    collect_at(SLOT)
    BusinessMetric.objects.update(query="SELECT platform, throwIf(1) AS value FROM events")

    collecting.collect_due(lambda: SLOT + FIVE)

    found = api.get(f"{METRICS}/{own['id']}").json()
    assert found["state"] == "failing"
    assert "throwIf" in found["error"]
    assert found["failed_at"] == (SLOT + FIVE).isoformat().replace("+00:00", "Z")
    assert found["values"] == [{"labels": {"platform": "web"}, "value": 1}]
    assert kept(name) == {("web",): [(SLOT, 1), (SLOT + FIVE, None)]}


def test_while_the_engine_is_away_the_slot_is_tried_again(
    api: APIClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load([bought(at=SLOT - MINUTE)])
    made(api, name=name, sql=BY_PLATFORM)

    def away(*args: object, **kwargs: object) -> None:
        raise EngineUnavailable("The engine does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(collecting, "figures", away)
        collect_at(SLOT)
        told = api.get(METRICS).json()["metrics"][0]["error"]
    collecting.collect_due(lambda: SLOT + timedelta(seconds=6))

    assert told == "The engine does not answer."
    assert kept(name) == {("web",): [(SLOT, 1)]}
    assert api.get(METRICS).json()["metrics"][0]["error"] is None


def test_a_slot_waits_for_what_was_accepted_before_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load([bought(at=SLOT - MINUTE)])
    make_business_metric(name=name, query=BY_PLATFORM, reads_all=True, due_at=SLOT)
    lag_s = [20.0]
    monkeypatch.setattr("analytics.ingest.state.lag", lambda now: lag_s[0])

    collecting.collect_due(lambda: SLOT + timedelta(seconds=2))
    early = kept(name)
    lag_s[0] = 0.4
    collecting.collect_due(lambda: SLOT + timedelta(seconds=30))

    assert early == {}
    assert kept(name) == {("web",): [(SLOT, 1)]}


def test_a_counter_adds_up_what_arrived_and_never_falls(api: APIClient, name: str) -> None:
    load([bought(at=SLOT - 40 * MINUTE, revenue=30), bought(at=SLOT - MINUTE, revenue=12.5)])
    made(api, name=f"{name}_total", sql=ARRIVED, type="counter")
    collect_at(SLOT)
    load(
        [bought(at=SLOT + MINUTE, revenue=7), bought(at=SLOT + MINUTE, platform="tv")]
    )  # rest: gone

    collecting.collect_due(lambda: SLOT + FIVE)
    load([])
    collecting.collect_due(lambda: SLOT + 2 * FIVE)

    assert kept(f"{name}_total") == {
        ("web",): [(SLOT, 42.5), (SLOT + FIVE, 49.5), (SLOT + 2 * FIVE, 49.5)],
        ("tv",): [(SLOT + FIVE, 10), (SLOT + 2 * FIVE, 10)],
    }


def test_between_slots_the_figure_is_held_each_minute_but_not_over_a_gap(name: str) -> None:
    load([bought(at=SLOT - MINUTE)])
    make_business_metric(name=name, query=BY_PLATFORM, reads_all=True, due_at=SLOT)
    collecting.collect_due(lambda: SLOT)

    held = [collecting.hold(SLOT + timedelta(seconds=seconds)) for seconds in (5, 61, 66, 121, 301)]

    assert held == [0, 1, 0, 1, 0]
    assert kept(name) == {("web",): [(SLOT, 1), (SLOT + MINUTE, 1), (SLOT + 2 * MINUTE, 1)]}


def test_an_edit_begins_anew_and_ends_the_old_series(api: APIClient, name: str) -> None:
    load([bought(at=SLOT - MINUTE)])
    own = made(api, name=name, sql=BY_PLATFORM)
    collect_at(SLOT)

    api.patch(f"{METRICS}/{own['id']}", {"name": f"{name}_b"}, format="json")
    found = api.get(f"{METRICS}/{own['id']}").json()

    assert (found["state"], found["series"]) == ("waiting", 0)


class TestInsights:
    def saved(self, owner: User, kind: str, *, is_shared: bool = True, **definition: Any) -> int:
        body = {"from": "-1d", **definition}
        draft = Draft("Kept", kind, body, is_shared=is_shared)
        return insights.save_insight(owner, draft, clock.now()).pk

    def values(self, api: APIClient, name: str, insight: int) -> dict[tuple[str, ...], float]:
        body = {"name": name, "insight": insight}
        answer = api.post(f"{METRICS}/preview", body, format="json")
        assert answer.status_code == 200, answer.content
        return {
            tuple(f"{k}={v}" for k, v in sorted(one["labels"].items())): one["value"]
            for one in answer.json()["values"]
        }

    def test_trend_funnel_retention_and_sql_give_one_number_a_label_set(
        self, api: APIClient, people: People, name: str
    ) -> None:
        now = clock.now()
        load([Event("visit", now - 3 * MINUTE, "u1", platform="web"),
              Event("visit", now - 3 * MINUTE, "u2", platform="ios"),
              bought(at=now - 2 * MINUTE), bought(at=now - 2 * MINUTE, revenue=5)])  # fmt: skip
        one = self.saved(people.editor, "trend", series=[{"event": "buy"}])
        two = self.saved(
            people.editor, "trend",
            series=[{"event": "buy"}, {"event": "visit", "math": "unique_users"}],
        )  # fmt: skip
        told_apart = self.saved(
            people.editor, "trend", series=[{"event": "visit"}],
            breakdown={"property": "$platform"},
        )  # fmt: skip
        funnel = self.saved(
            people.editor, "funnel", steps=[{"event": "visit"}, {"event": "buy"}],
            window={"value": 1, "unit": "day"},
        )  # fmt: skip
        sql = self.saved(
            people.editor, "sql", query="SELECT name, count() AS n FROM events GROUP BY name"
        )

        assert self.values(api, name, one) == {(): 2}
        assert self.values(api, name, two) == {
            ("series=buy",): 2, ("series=visit, unique users",): 2
        }  # fmt: skip
        assert self.values(api, name, told_apart) == {("platform=web",): 1, ("platform=ios",): 1}
        assert self.values(api, name, funnel) == {
            ("funnel_stage=visit",): 1, ("funnel_stage=buy",): 0.5
        }  # fmt: skip
        assert self.values(api, name, sql) == {("name=visit",): 2, ("name=buy",): 2}

    def test_one_that_is_not_shared_cannot_be_used_and_one_that_is_deleted_fails(
        self, api: APIClient, people: People, name: str
    ) -> None:
        load([])
        private = self.saved(people.owner, "trend", is_shared=False, series=[{"event": "buy"}])
        shared = self.saved(people.owner, "trend", series=[{"event": "buy"}])
        paths = self.saved(people.owner, "paths")

        assert refused(api, name=name, insight=private) == (400, "insight")
        assert refused(api, name=name, insight=paths) == (400, "insight")
        own = made(api, name=name, insight=shared)
        insights.delete_insight(
            people.owner,
            BusinessMetric.objects.get(pk=own["id"]).insight,  # type: ignore[arg-type]  # set
        )
        collect_at(SLOT)

        assert "deleted" in api.get(f"{METRICS}/{own['id']}").json()["error"]


class TestRights:
    def test_it_reads_what_its_author_may_read_and_fails_without_them(
        self, api: APIClient, people: People, name: str
    ) -> None:
        load([bought(at=SLOT - MINUTE)])
        own = made(api, name=name, sql=BY_PLATFORM)
        people.editor.is_active = False
        people.editor.save()

        collect_at(SLOT)

        row = BusinessMetric.objects.get(pk=own["id"])
        assert "has no account any more" in row.error
        assert kept(name) == {}

    def test_only_an_admin_lets_it_read_all_rows_and_a_new_question_asks_again(
        self, api: APIClient, people: People, call: TokenClient, name: str
    ) -> None:
        load([])
        admin = call(people.admin)
        body = {"name": name, "sql": BY_PLATFORM, "reads_all": True}

        assert api.post(METRICS, body, format="json").status_code == 403
        own = made(admin, **body)
        where = f"{METRICS}/{own['id']}"
        assert api.patch(where, {"interval": 60}, format="json").status_code == 200
        assert api.patch(where, {"sql": ARRIVED}, format="json").status_code == 403
        taken = api.patch(where, {"sql": ARRIVED, "reads_all": False}, format="json")
        assert (taken.status_code, taken.json()["author"]) == (200, people.editor.email)

    def test_who_may_not_explore_sees_none(
        self, people: People, call: TokenClient, name: str
    ) -> None:
        row = make_business_metric(name=name)

        assert call(people.auditor).get(METRICS).status_code == 403
        assert call(people.outsider).get(f"{METRICS}/{row.pk}").status_code in {403, 404}


class TestProvided:
    def test_every_portal_begins_with_active_users_revenue_and_conversion(
        self, api: APIClient
    ) -> None:
        moment = SLOT - MINUTE
        load([
            Event("visit", moment, "u1", platform="web"), Event("visit", moment, "u2", platform="web"),
            Event("add_to_cart", moment, "u1", platform="web"),
            Event("purchase", moment, "u1", platform="web",
                  properties={"revenue": 20.5, "currency": "EUR", "payment_method": "card"}),
            Event("visit", moment - timedelta(days=3), "u3", platform="ios"),
        ])  # fmt: skip
        person_property("u1", "country", "DE", moment)
        for one in provided.PROVIDED:
            make_business_metric(
                name=f"{one.name}", type=one.type, query=one.query, reads_all=True, due_at=SLOT
            )

        collect_at(SLOT)

        found = {
            one["name"]: {
                tuple(value["labels"].values()): value["value"] for value in one["values"]
            }
            for one in api.get(METRICS).json()["metrics"]
        }
        labels = {
            one["name"]: set(one["values"][0]["labels"])
            for one in api.get(METRICS).json()["metrics"]
        }
        assert labels == {
            "active_users_total": {"platform", "region"},
            "revenue_total": {"platform", "currency", "payment_method"},
            "conversion_rate": {"platform", "funnel_stage"},
        }
        assert sorted(found["active_users_total"].values()) == [1, 1]
        assert list(found["revenue_total"].values()) == [20.5]
        assert sorted(found["conversion_rate"].values()) == [0.5, 0.5]


class TestPages:
    def test_it_is_made_seen_changed_and_removed_by_hand(
        self, browse: PageClient, people: People, name: str
    ) -> None:
        load([bought(at=clock.now() - 10 * MINUTE)])
        editor = browse(people.editor)
        typed = {
            "name": name, "description": "Orders", "type": "gauge", "from": "sql",
            "sql": BY_PLATFORM, "range": "86400", "interval": "300",
        }  # fmt: skip

        preview = editor.post("/metrics/business/new/", typed | {"do": "preview"})
        wrong = editor.post("/metrics/business/new/", typed | {"sql": "SELECT", "do": "save"})
        saved = editor.post("/metrics/business/new/", typed | {"do": "save"})
        row = BusinessMetric.objects.get(name=name)
        where = f"/metrics/business/{row.pk}/"
        collecting.collect_due(clock.now)
        seen = editor.get(where).content.decode()
        editor.post(f"{where}edit/", typed | {"interval": "60", "do": "save"})
        editor.post(f"{where}switch/", {"on": "0"})
        row.refresh_from_db()
        listed = browse(people.viewer).get("/metrics/business/").content.decode()

        assert "told apart by" in preview.content.decode()
        assert wrong.status_code == 400
        assert saved.status_code == 302
        assert f"tanqory_{name}" in seen
        assert "metric-chart" in seen
        assert (row.interval_s, row.is_on) == (60, False)
        assert f"tanqory_{name}" in listed
        assert "New metric" not in listed
        assert editor.post(f"{where}delete/").status_code == 302
        assert not BusinessMetric.objects.filter(name=name).exists()


def test_a_saved_insight_offers_to_be_collected(browse: PageClient, people: People) -> None:
    load([])
    draft = Draft("Orders", "trend", {"from": "-1d", "series": [{"event": "buy"}]})
    row = insights.save_insight(people.editor, draft, clock.now())
    address = f"/metrics/business/new/?insight={row.pk}"

    seen = browse(people.editor).get(f"/explore/saved/{row.pk}/").content.decode()
    form = browse(people.editor).get(address).content.decode()
    viewer = browse(people.viewer).get(f"/explore/saved/{row.pk}/").content.decode()

    assert address in seen
    assert f'<option value="{row.pk}" selected>' in form
    assert address not in viewer


def test_the_job_stands_in_the_table_of_periodic_jobs() -> None:
    entry = app.conf.beat_schedule["collect business metrics"]

    assert entry["task"] == "analytics.collect.tasks.collect_business_metrics"
    assert entry["options"]["expires"] <= 5
