"""Keep a target's endpoints as its address or its list says."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from analytics.collect.scraping import endpoints, fetching, lists, own, relabeling
from analytics.collect.scraping.endpoints import Found
from analytics.collect.scraping.fetching import Address, FetchFailed, Tls
from analytics.collect.scraping.lists import BadList
from analytics.collect.scraping.models import Endpoint, ScrapeTarget
from analytics.collect.scraping.relabeling import Rule
from portal.lib.field_error import FieldError
from portal.lib.secrets import Secret, Undecryptable

log = logging.getLogger(__name__)
Discovery = ScrapeTarget.Discovery
EVERY = timedelta(seconds=30)
LIST_TIMEOUT_S = 10.0

_alone = threading.Lock()


def refresh_due(now: datetime) -> int:
    """Look up the endpoints of all targets whose time has come; returns how many targets.

    Once at a time in a process: services that do not answer must not hold every thread.
    """
    if not _alone.acquire(blocking=False):
        return 0
    try:
        own.ensure(now)
        count = 0
        while target := taken(now):
            refresh(target, now)
            count += 1
        return count
    finally:
        _alone.release()


@transaction.atomic
def taken(now: datetime) -> ScrapeTarget | None:
    """Take a target that nobody else has, and put its next look-up off."""
    lists_ = ScrapeTarget.objects.filter(refresh_at__lte=now).exclude(discovery=Discovery.NONE)
    rows = lists_.order_by("refresh_at", "pk").select_for_update(skip_locked=True)
    target: ScrapeTarget | None = rows.first()
    if target is not None:
        target.refresh_at = now + EVERY
        target.save(update_fields=["refresh_at"])
    return target


def refresh(target: ScrapeTarget, now: datetime) -> None:
    """Look up one target's endpoints. Those it had stay while its list cannot be read."""
    try:
        found = look_up(target) if target.is_on else []
    except (BadList, FetchFailed, Undecryptable) as error:
        note(target, now, str(error))
        return
    except FieldError as error:
        note(target, now, f"{error.field}: {error.message}")
        return
    left_out = sync(target, found, now)
    words = f"{left_out} entries are left out: others have the same labels." if left_out else ""
    note(target, now, words)


def note(target: ScrapeTarget, now: datetime, problem: str) -> None:
    row = ScrapeTarget.objects.filter(pk=target.pk)
    row.update(refreshed_at=now, refresh_error=problem[:300])


def look_up(target: ScrapeTarget) -> list[Found]:
    """Return where a target's pages are now. Raises BadList, FetchFailed, FieldError."""
    if target.discovery == Discovery.OWN:
        return own.found()
    rules = rules_of(target.relabel)
    if target.discovery == Discovery.NONE:
        one = endpoints.of_url(target.url, {"job": target.name, **target.labels}, rules)
        return [one] if one else []
    return [
        one
        for labels in listed(target)
        if (one := endpoints.relabeled({**usual_labels(target), **labels}, rules))
    ]


def listed(target: ScrapeTarget) -> list[dict[str, str]]:
    if target.discovery == Discovery.FILE:
        return lists.from_files(settings.SCRAPE_LISTS, target.files)
    asked = {"Accept": "application/json", "X-Prometheus-Refresh-Interval-Seconds": "30"}
    answer = fetching.fetch(address_of(target, target.url, LIST_TIMEOUT_S), asked)
    return lists.from_body(fetching.body_of(answer), target.url)


def usual_labels(target: ScrapeTarget) -> Mapping[str, str]:
    """Return what an entry of a list has unless it says otherwise."""
    path, _, query = target.path.partition("?")
    parameters = {
        endpoints.PARAM + name: values[0] for name, values in endpoints.query_of(query).items()
    }
    where = {endpoints.SCHEME: target.scheme, endpoints.PATH: path, **parameters}
    return {**where, "job": target.name, **target.labels}


def address_of(target: ScrapeTarget, url: str, timeout_s: float) -> Address:
    """Return how a page or a list of a target is asked for. Raises Undecryptable."""
    bearer = target.bearer.reveal() if isinstance(target.bearer, Secret) else target.bearer
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return Address(url, timeout_s, headers, Tls(target.ca, target.verifies))


def rules_of(values: list[object]) -> list[Rule]:
    return [relabeling.parse(value, f"[{number}]") for number, value in enumerate(values)]


@transaction.atomic
def sync(target: ScrapeTarget, found: Iterable[Found], now: datetime) -> int:
    """Let the target have these endpoints; returns how many were left out for equal labels.

    One whose labels are gone ends now; one that moved to another address goes on.
    """
    if not ScrapeTarget.objects.select_for_update().filter(pk=target.pk).exists():
        return 0  # removed meanwhile
    wanted, left_out = endpoints.distinct(found)
    known = {one.digest: one for one in open_endpoints(target)}
    end(Endpoint.objects.filter(pk__in=[known[key].pk for key in known.keys() - wanted]), now)
    for digest in known.keys() & wanted.keys():
        move(known[digest], wanted[digest].url, target.interval_s, now)
    Endpoint.objects.bulk_create(
        Endpoint(
            target=target, url=one.url, labels=dict(one.labels), digest=digest,
            interval_s=target.interval_s, due_at=now,
        )
        for digest, one in wanted.items()
        if digest not in known
    )  # fmt: skip
    return left_out


def open_endpoints(target: ScrapeTarget) -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(target=target, ended_at=None).defer("series")


def move(endpoint: Endpoint, url: str, interval_s: int, now: datetime) -> None:
    """Let an endpoint be elsewhere, or be fetched at another pace, from now on."""
    row = Endpoint.objects.filter(pk=endpoint.pk)
    if endpoint.url != url:
        row.update(url=url)
    if endpoint.interval_s != interval_s:
        row.update(interval_s=interval_s, due_at=now)


def keep_pace(target: ScrapeTarget, now: datetime) -> None:
    """Let the endpoints that are known have the target's interval."""
    rows = open_endpoints(target).exclude(interval_s=target.interval_s)
    rows.update(interval_s=target.interval_s, due_at=now)


def end(rows: QuerySet[Endpoint], now: datetime) -> None:
    """Let endpoints be over: the scraper writes their stale markers, then they go."""
    rows.filter(ended_at=None).update(ended_at=now, due_at=now)
