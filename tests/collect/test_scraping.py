"""From a due slot to samples in the engine: taken, fetched, read, kept."""

from __future__ import annotations

import gzip
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from analytics.collect.scraping import actions, refreshing, scraper
from analytics.collect.scraping.drafts import parse_draft
from analytics.collect.scraping.keeping import Memory, finish, keep
from analytics.collect.scraping.models import Endpoint, ScrapeTarget
from analytics.collect.scraping.taking import Slot, offset_of, slot_for, snapped, take, take_ended
from analytics.collect.scraping.visiting import Shelf, Visit, visit
from analytics.series import metadata
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage
from analytics.series.samples import is_stale
from portal.store import client
from tests.collect.conftest import Page

pytestmark = [pytest.mark.django_db]

# Samples older than 30 days are dropped by the engine at once, so the past has to be near.
NOW = datetime.now(tz=UTC).replace(hour=10, minute=42, second=0, microsecond=0) - timedelta(days=2)
STALE = "stale"
RECORDED = (
    Path(__file__).resolve().parents[3] / "shared/data/metrics/node_exporter_1.5.0_metrics.txt"
)
Points = list[tuple[float, float | str]]


class Scraping:
    """One target, and a worker that fetches it when its clock says so."""

    def __init__(self, page: Page, **fields: Any) -> None:
        self.job = f"job-{uuid.uuid4().hex}"
        self.now = NOW
        body = {"name": self.job, "url": page.url, "interval": 10, **fields}
        draft = parse_draft(body)
        self.target = actions.create_target(None, draft, self.now)
        self.begin_worker()

    def begin_worker(self) -> None:
        """Forget all that a worker remembers, as one that was killed has."""
        self.shelf, self.memory = Shelf(), Memory()

    def clock(self) -> datetime:
        return self.now

    def slots(self) -> list[Slot]:
        return [one for one in take(self.now, most=100) if one.target.pk == self.target.pk]

    def once(self) -> Visit:
        """Go on to the next slot, and fetch and keep it."""
        self.now = Endpoint.objects.get(target=self.target, ended_at=None).due_at
        (slot,) = self.slots()
        self.now = max(self.now, slot.at)
        came = visit(slot, self.shelf, self.clock)
        keep([came], self.memory, token=uuid.uuid4().hex)
        return came

    def end(self) -> None:
        finish(take_ended(self.now + timedelta(minutes=1), most=100))

    def endpoint(self) -> Endpoint:
        return Endpoint.objects.get(target=self.target, ended_at=None)

    def stored(self, **labels: str) -> dict[str, Points]:
        """Return what the engine has, by metric: seconds after NOW, and value or "stale"."""
        matchers = [Matcher("job", "=", labels.pop("job", self.job))]
        matchers += [Matcher(name, "=", value) for name, value in labels.items()]
        start_ms = round(NOW.timestamp() * 1000)
        found = EngineStorage().select(matchers, start_ms - 10**8, start_ms + 10**8)
        points: dict[str, Points] = {}
        begin = 0
        for series, end in zip(found.series, found.ends.tolist(), strict=True):
            seconds = (found.ts[begin:end] - start_ms) / 1000
            values = found.values[begin:end]
            points.setdefault(series.name, []).extend(
                (second, STALE if stale else value)
                for second, value, stale in zip(
                    seconds.tolist(), values.tolist(), is_stale(values).tolist(), strict=True
                )
            )
            begin = end
        return points

    def values(self, name: str, **labels: str) -> list[float | str]:
        return [value for _, value in self.stored(**labels).get(name, [])]


@pytest.fixture
def scraping(page: Page) -> Callable[..., Scraping]:
    return lambda **fields: Scraping(page, **fields)


Make = Callable[..., Scraping]


def test_samples_bear_the_slots_time_and_the_targets_labels(scraping: Make, page: Page) -> None:
    page.text = 'orders_total{shop="a"} 5\norders_total{shop="b"} 7\n'
    one = scraping(labels={"team": "data"})
    slot = slot_for(one.endpoint(), one.target, NOW + timedelta(seconds=10))
    Endpoint.objects.filter(target=one.target).update(due_at=slot)

    first, second = one.once(), one.once()

    offset_s = round((first.at - NOW).total_seconds(), 3)
    assert (second.at - first.at) == timedelta(seconds=10)
    assert one.stored(team="data", shop="a", instance=f"127.0.0.1:{page.port}") == {
        "orders_total": [(offset_s, 5.0), (round(offset_s + 10, 3), 5.0)]
    }
    assert one.values("up") == [1.0, 1.0]
    assert one.values("scrape_samples_scraped") == [2.0, 2.0]
    assert one.values("scrape_samples_post_metric_relabeling") == [2.0, 2.0]
    assert one.values("scrape_series_added") == [2.0, 0.0]
    assert len(one.values("scrape_duration_seconds")) == 2


def test_a_target_is_asked_in_the_formats_that_are_read(scraping: Make, page: Page) -> None:
    page.text = "a 1\n"
    one = scraping(bearer="s3cr3t", timeout=3)

    one.once()

    (asked,) = page.asked
    assert asked["Accept"].startswith("application/openmetrics-text;version=1.0.0")
    assert "text/plain;version=0.0.4" in asked["Accept"]
    assert asked["Authorization"] == "Bearer s3cr3t"
    assert asked["X-Prometheus-Scrape-Timeout-Seconds"] == "3"
    assert page.paths == ["/metrics"]


def test_openmetrics_and_gzip_are_read(scraping: Make, page: Page) -> None:
    page.body = gzip.compress(b'# TYPE a counter\n# HELP a What.\na_total 5 # {x="y"} 1\n# EOF\n')
    page.headers = {
        "Content-Type": "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "Content-Encoding": "gzip",
    }
    one = scraping()

    one.once()

    assert one.values("a_total") == [5.0]


def test_what_a_page_says_of_its_metrics_is_kept(scraping: Make, page: Page, metric: str) -> None:
    page.text = f"# HELP {metric} How long.\n# TYPE {metric} untyped\n{metric} 1\n"

    scraping().once()

    assert metadata.read(metric) == {metric: [metadata.Metadata(metric, "unknown", "How long.")]}


def test_a_series_that_vanishes_from_the_page_becomes_stale_once(
    scraping: Make, page: Page
) -> None:
    one = scraping()
    for text in ("a 1\nb 1\n", "a 2\n", "a 3\n", "a 4\nb 4\n"):
        page.text = text
        one.once()

    assert one.values("a") == [1.0, 2.0, 3.0, 4.0]
    assert one.values("b") == [1.0, STALE, 4.0]
    assert one.values("scrape_series_added") == [2.0, 0.0, 0.0, 1.0]


def test_a_target_that_fails_is_down_and_its_series_stale(scraping: Make, page: Page) -> None:
    page.text = "a 1\n"
    one = scraping()
    one.once()
    page.status = 503

    one.once()
    one.once()

    assert one.values("a") == [1.0, STALE]
    assert one.values("up") == [1.0, 0.0, 0.0]
    assert one.endpoint().state == "down"
    assert one.endpoint().last_error == "It answers 503."
    page.status = 200
    one.once()
    assert one.values("a") == [1.0, STALE, 1.0]
    assert (one.endpoint().state, one.endpoint().last_error) == ("up", "")


def test_a_worker_that_begins_anew_knows_which_series_there_were(
    scraping: Make, page: Page
) -> None:
    page.text = "a 1\nb 1\n"
    one = scraping()
    one.once()

    one.begin_worker()
    page.text = "a 2\n"
    one.once()

    assert one.values("b") == [1.0, STALE]
    assert one.values("scrape_series_added") == [2.0, 0.0]


def test_a_worker_forgets_what_it_looked_at_long_ago(scraping: Make, page: Page) -> None:
    page.text = "a 1\nb 1\n"
    memory = Memory(most=1)
    several = [scraping() for _ in range(4)]
    for each in several:
        each.memory = memory
        each.once()

    assert len(memory) == 2
    page.text = "a 2\n"
    several[0].once()
    assert several[0].values("b") == [1.0, STALE]


def test_two_workers_that_take_turns_agree_on_what_is_stale(scraping: Make, page: Page) -> None:
    one = scraping()
    others = one.shelf, one.memory
    page.text = "a 1\nb 1\n"
    one.once()
    one.begin_worker()
    page.text = "a 2\nc 2\n"
    one.once()
    one.shelf, one.memory = others
    page.text = "a 3\n"
    one.once()

    assert one.values("b") == [1.0, STALE]
    assert one.values("c") == [2.0, STALE]


def test_pages_that_waited_are_set_against_each_other(scraping: Make, page: Page) -> None:
    page.text = "a 1\nb 1\n"
    one = scraping()
    one.once()
    came = []
    for text in ("a 2\nc 2\n", "a 3\n"):
        page.text = text
        one.now = one.endpoint().due_at
        (slot,) = one.slots()
        one.now = slot.at
        came.append(visit(slot, one.shelf, one.clock))

    keep(came[::-1], one.memory, token=uuid.uuid4().hex)
    page.text = "a 4\n"
    one.once()

    assert one.values("b") == [1.0, STALE]
    assert one.values("c") == [2.0, STALE]
    assert one.values("a") == [1.0, 2.0, 3.0, 4.0]
    assert one.values("scrape_series_added") == [2.0, 1.0, 0.0, 0.0]


def test_a_worker_that_dies_while_it_writes_forgets_no_series(
    scraping: Make, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.text = "a 1\n"
    one = scraping()
    one.once()
    page.text = "b 1\n"

    def die(state: Visit, refused: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("analytics.collect.scraping.keeping.note_state", die)
        with pytest.raises(KeyboardInterrupt):
            one.once()
    one.begin_worker()
    page.text = "c 1\n"
    one.once()

    assert one.values("b") == [1.0, STALE]
    assert one.values("a")[-1] == STALE


def test_a_target_that_is_deleted_ends_its_series_then(scraping: Make, page: Page) -> None:
    page.text = "a 1\n"
    one = scraping()
    one.once()
    gone_at = one.now + timedelta(seconds=4)

    actions.delete_target(None, one.target, gone_at)
    one.end()

    seconds = round((gone_at - NOW).total_seconds(), 3)
    for name in ("a", "up", "scrape_duration_seconds", "scrape_series_added"):
        assert one.stored()[name][-1] == (seconds, STALE)
    assert not Endpoint.objects.filter(labels__job=one.job).exists()


def test_a_page_that_comes_after_its_target_was_deleted_is_not_kept(
    scraping: Make, page: Page
) -> None:
    page.text = "a 1\n"
    one = scraping()
    (slot,) = one.slots()
    late = visit(slot, one.shelf, one.clock)

    actions.delete_target(None, one.target, one.now)
    keep([late], one.memory, token=uuid.uuid4().hex)
    one.end()

    assert one.stored() == {}


def test_a_pause_ends_the_series_and_they_go_on_afterwards(scraping: Make, page: Page) -> None:
    page.text = "a 1\n"
    one = scraping()
    one.once()
    actions.switch_target(None, one.target, one.now + timedelta(seconds=1), is_on=False)

    assert one.slots() == []
    one.end()
    actions.switch_target(None, one.target, one.now + timedelta(seconds=20), is_on=True)
    one.once()

    assert one.values("a") == [1.0, STALE, 1.0]


def test_other_labels_end_the_series_and_begin_others(scraping: Make, page: Page) -> None:
    page.text = "a 1\n"
    one = scraping(labels={"team": "data"})
    one.once()
    draft = parse_draft({"labels": {"team": "web"}}, one.target)

    actions.change_target(None, one.target, draft, one.now + timedelta(seconds=1))
    one.end()
    one.once()

    assert one.values("a", team="data") == [1.0, STALE]
    assert one.values("a", team="web") == [1.0]


def test_a_change_that_keeps_the_labels_keeps_the_series(scraping: Make, page: Page) -> None:
    page.text = "a 1\n"
    one = scraping()
    one.once()
    draft = parse_draft({"interval": "30s", "timeout": 5}, one.target)

    actions.change_target(None, one.target, draft, one.now + timedelta(seconds=1))
    one.once()
    late = one.once()

    assert one.values("a") == [1.0, 1.0, 1.0]
    assert one.endpoint().due_at - late.at == timedelta(seconds=30)


def test_stale_markers_keep_their_bits(scraping: Make, page: Page) -> None:
    page.text = "a NaN\n"
    one = scraping()
    one.once()
    page.text = ""
    one.once()

    found = EngineStorage().select(
        [Matcher("job", "=", one.job), Matcher("__name__", "=", "a")], 0, 2**42
    )

    assert np.isnan(found.values).all()
    assert is_stale(found.values).tolist() == [False, True]


def test_times_of_the_page_count_unless_told_otherwise(scraping: Make, page: Page) -> None:
    at_ms = round(NOW.timestamp() * 1000) - 5_000
    page.text = f"a 1 {at_ms}\nfar 1 {at_ms + 10**9}\nold 1 1000\nolder 1 {-253402300799000}\nb 1\n"
    one, other = scraping(), scraping(honor_timestamps=False)
    for each in (one, other):
        each.once()
    page.text = "b 2\n"
    one.once()

    assert one.stored()["a"] == [(-5.0, 1.0)]  # and no stale marker after it
    assert not {"far", "old", "older"} & set(one.stored())
    assert other.stored()["a"][0][0] >= 0


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded page is not on this machine")
def test_a_recorded_page_of_node_exporter_is_kept_whole(scraping: Make, page: Page) -> None:
    page.body = RECORDED.read_bytes()
    one = scraping()

    one.once()

    found = one.stored()
    assert sum(len(points) for points in found.values()) == 533 + 5
    assert one.values("node_cpu_seconds_total", cpu="0", mode="idle") != []
    assert one.values("scrape_samples_scraped") == [533.0]


def test_a_sample_that_stands_there_twice_counts_once(scraping: Make, page: Page) -> None:
    page.text = 'a{x="1"} 1\na{x="1"} 2\na{ x="1" } 3\n'
    one = scraping()

    came = one.once()

    assert one.values("a") == [1.0]
    assert (came.samples, len(came.kept.series)) == (3, 1)


def test_rules_for_samples_drop_and_rename(scraping: Make, page: Page) -> None:
    page.text = "go_threads 7\nload 1\n"
    one = scraping(
        metric_relabel=[
            {"action": "drop", "source_labels": ["__name__"], "regex": "go_.*"},
            {"target_label": "host", "replacement": "db1"},
        ]
    )

    one.once()

    assert one.values("load", host="db1") == [1.0]
    assert "go_threads" not in one.stored()
    assert one.values("scrape_samples_scraped") == [2.0]
    assert one.values("scrape_samples_post_metric_relabeling") == [1.0]


def test_a_page_with_too_many_samples_fails_whole(scraping: Make, page: Page) -> None:
    page.text = "a 1\n"
    one = scraping(sample_limit=2)
    one.once()
    page.text = "a 1\nb 1\nc 1\n"

    one.once()

    assert one.values("up") == [1.0, 0.0]
    assert one.values("a") == [1.0, STALE]
    assert one.values("scrape_samples_scraped") == [1.0, 3.0]
    assert "the target may have 2" in one.endpoint().last_error


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"text": "this is { no page\n"}, "Line 1: this is no sample"),
        ({"text": "a 1\n" * 40_000}, "larger than 100000 bytes"),
        ({"body": gzip.compress(b"a 1\n" * 90_000), "headers": {"Content-Encoding": "gzip"}}, "larger than 100000"),
        ({"body": b"\x1f\x8bnothing", "headers": {"Content-Encoding": "gzip"}}, "gzip cannot be unpacked"),
        ({"body": gzip.compress(b"a 1\n")[:-9], "headers": {"Content-Encoding": "gzip"}}, "ends too early"),
        ({"text": "a 1\n", "headers": {"Content-Encoding": "br"}}, "sends br"),
        ({"text": "<html>", "headers": {"Content-Type": "text/html"}}, "an HTML page"),
        ({"text": "a 1\n", "headers": {"Content-Type": "application/openmetrics-text"}}, "before its # EOF"),
        ({"status": 302, "headers": {"Location": "http://169.254.169.254/x"}}, "It redirects to http://169"),
        ({"status": 404}, "It answers 404."),
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_used_says_why(
    change: dict[str, Any], error: str, scraping: Make, page: Page, settings: Settings
) -> None:
    settings.SCRAPE_MAX_BYTES = 100_000
    one = scraping()
    for name, value in change.items():
        setattr(page, name, value)

    one.once()

    assert error in one.endpoint().last_error
    assert one.values("up") == [0.0]
    assert len(page.asked) == 1  # redirects are not followed


def test_a_target_that_dawdles_is_given_up_in_time(scraping: Make, page: Page) -> None:
    page.text, page.dawdles = "a 1\n", True
    one = scraping(timeout=0.3)

    came = one.once()

    assert 0.3 <= came.duration_s < 2
    assert "within 0.3 s" in came.error
    assert one.values("up") == [0.0]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a key and a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "target")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    began = datetime.now(tz=UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=3))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(Encoding.PEM)
    (tmp_path / "ca.pem").write_bytes(text)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.pem").write_bytes(secret + text)
    return tmp_path


def test_a_servers_certificate_is_verified_unless_told_otherwise(
    page: Page, certificate: Path
) -> None:
    page.text = "a 1\n"
    page.serve_tls(certificate / "server.pem")
    url = f"https://127.0.0.1:{page.port}/metrics"
    ca = (certificate / "ca.pem").read_text()

    usual, known, trusting = (
        Scraping(page, url=url, **more) for more in ({}, {"ca": ca}, {"verify_tls": False})
    )

    assert "certificate verify failed" in usual.once().error
    assert known.once().error == ""
    assert trusting.once().error == ""


def test_nothing_listens_there(scraping: Make, page: Page) -> None:
    one = scraping()
    Endpoint.objects.filter(target=one.target).update(url="http://127.0.0.1:9/metrics")

    assert "could not be called" in one.once().error


def test_an_operator_says_where_targets_may_be(
    scraping: Make, page: Page, settings: Settings
) -> None:
    settings.SCRAPE_HOSTS = ("10.0.0.0/8",)

    assert "PORTAL_INTERNAL_HOSTS" in scraping().once().error
    assert page.asked == []


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0"])  # noqa: S104
def test_where_clouds_keep_credentials_is_never_called(host: str, page: Page) -> None:
    one = Scraping(page, timeout=1)
    Endpoint.objects.filter(target=one.target).update(url=f"http://{host}:{page.port}/metrics")

    assert "not an address of the public internet" in one.once().error


def test_a_slot_is_taken_once_and_missed_ones_are_not_made_up(scraping: Make, page: Page) -> None:
    one = scraping()
    (first,) = one.slots()
    one.now = first.at + timedelta(seconds=35)

    taken = one.slots()

    assert [slot.at - first.at for slot in taken] == [timedelta(seconds=30)]
    assert one.slots() == []
    assert one.endpoint().due_at - first.at == timedelta(seconds=40)


def test_a_slot_that_is_taken_early_is_the_next(scraping: Make, page: Page) -> None:
    one = scraping()
    (first,) = one.slots()
    one.now = first.at + timedelta(seconds=9.2)

    (second,) = one.slots()

    assert second.at - first.at == timedelta(seconds=10)


@pytest.mark.parametrize("interval_s", [5, 7, 15, 60, 86_400])
def test_a_slot_that_is_due_is_never_taken_for_the_one_before(interval_s: int) -> None:
    for number in range(300):
        one = Endpoint(digest=f"{number:032x}", interval_s=interval_s, due_at=NOW)
        target = ScrapeTarget()
        one.due_at = slot_for(one, target, NOW)

        assert slot_for(one, target, one.due_at) == one.due_at
        assert slot_for(one, target, one.due_at - timedelta(seconds=1)) == one.due_at


def test_endpoints_are_spread_over_their_interval() -> None:
    offsets = [offset_of(Endpoint(digest=f"{n:032x}", interval_s=60)) for n in range(200)]

    assert max(offsets) < 60_000
    assert len({offset // 10_000 for offset in offsets}) == 6
    assert offsets[7] == offset_of(Endpoint(digest=f"{7:032x}", interval_s=60))


@pytest.mark.parametrize(
    ("late_ms", "is_snapped"), [(0, True), (199, True), (201, False), (4000, False)]
)
def test_what_begins_late_bears_the_time_at_which_it_did(late_ms: int, is_snapped: bool) -> None:
    slot = Slot(Endpoint(interval_s=10), ScrapeTarget(), NOW)
    began = NOW + timedelta(milliseconds=late_ms, microseconds=700)

    found = snapped(slot, began)

    assert found == (NOW if is_snapped else NOW + timedelta(milliseconds=late_ms))


def test_the_portal_is_a_target_of_its_own() -> None:
    refreshing.refresh_due(NOW)
    refreshing.refresh_due(NOW)

    own = ScrapeTarget.objects.get(discovery="own")
    assert (own.name, own.interval_s) == ("portal", 10)
    found = Endpoint.objects.filter(target=own)
    assert {one.labels["instance"] for one in found} >= {"web"}
    assert all(slot.at.timestamp() % 10 == 0 for slot in take(NOW, most=100))


def test_new_series_beyond_the_jobs_limit_are_refused_and_the_page_says_so(
    scraping: Make, page: Page, settings: Settings
) -> None:
    settings.MOST_SERIES_PER_SOURCE = 2
    page.text = "a 1\nb 1\n"
    one = scraping()
    one.once()
    page.text = "a 2\nb 2\nc 2\n"

    one.once()

    assert one.values("a") == [1.0, 2.0]
    assert "c" not in one.stored()
    assert one.values("up") == [1.0, 1.0]
    assert one.endpoint().state == "up"
    assert "a new series of c refused" in one.endpoint().last_error


def test_an_engine_that_refuses_changes_no_state(
    scraping: Make, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.text = "a 1\n"
    one = scraping()

    def away(*args: object, **kwargs: object) -> None:
        raise client.EngineUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr("analytics.collect.scraping.keeping.insert", away)
        with pytest.raises(client.EngineUnavailable):
            one.once()

    assert one.endpoint().state == "new"
    one.once()
    assert one.values("a") == [1.0]


def test_what_came_waits_while_the_engine_is_away(
    scraping: Make, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.text = "a 1\n"
    one = scraping()
    (slot,) = one.slots()
    came = visit(slot, one.shelf, one.clock)
    tries: list[int] = []

    def away_at_first(*args: Any, **kwargs: Any) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise client.EngineUnavailable("away")
        keep(*args, **kwargs)

    monkeypatch.setattr("analytics.collect.scraping.keeping.keep", away_at_first)
    monkeypatch.setattr(scraper, "AGAIN_AFTER_S", 0)
    # It would end the test's transaction.
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    scraper.keep_patiently([came], one.memory, threading.Event())

    assert one.values("a") == [1.0]
    assert len(tries) == 3


def test_what_the_engine_refuses_of_one_target_costs_no_other_its_samples(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.text = "a 1\n"
    good, bad = Scraping(page), Scraping(page)
    came = [visit(slot, good.shelf, good.clock) for slot in take(NOW, most=100)]

    def refuse(visits: list[Visit], memory: Memory, *, token: str) -> None:
        if any(one.slot.target == bad.target for one in visits):
            raise client.QueryFailed("no")
        keep(visits, memory, token=token)

    monkeypatch.setattr("analytics.collect.scraping.keeping.keep", refuse)
    scraper.keep_patiently(came, good.memory, threading.Event())

    assert good.values("a") == [1.0]
    assert bad.values("a") == []
