"""How targets are, and how they look as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, Sum

from analytics.collect.scraping.drafts import as_written, has_bearer
from analytics.collect.scraping.models import Endpoint, ScrapeTarget
from analytics.collect.scraping.shown import without_parameters, without_query

Json = dict[str, Any]
MOST_SHOWN = 500


@dataclass(frozen=True)
class Standing:
    """How a target's endpoints are together. Times and sums are of their last visits."""

    total: int = 0
    up: int = 0
    down: int = 0
    last_at: datetime | None = None
    duration_s: float | None = None  # the slowest
    samples: int | None = None
    error: str = ""


def standings(targets: Iterable[ScrapeTarget]) -> dict[int, Standing]:
    """Return how each target is, by its id."""
    wanted = [one.pk for one in targets]
    rows = (
        Endpoint.objects.filter(target__in=wanted, ended_at=None)
        .order_by()
        .values("target")
        .annotate(
            n_total=Count("pk"),
            n_up=Count("pk", filter=Q(state=Endpoint.State.UP)),
            n_down=Count("pk", filter=Q(state=Endpoint.State.DOWN)),
            latest=Max("last_at"),
            slowest=Max("duration_s"),
            n_samples=Sum("samples"),
            error=Max("last_error"),
        )
        .values_list(
            "target", "n_total", "n_up", "n_down", "latest", "slowest", "n_samples", "error"
        )
    )
    found = {target: Standing(*values) for target, *values in rows}
    return {pk: found.get(pk, Standing()) for pk in wanted}


def state_of(target: ScrapeTarget, standing: Standing) -> str:
    """Return off, new, up, down, or partly (some of its endpoints are down)."""
    if not target.is_on:
        return "off"
    if standing.down:
        return "partly" if standing.up else "down"
    if target.refresh_error and not standing.total:
        return "down"
    return "up" if standing.up else "new"


def error_of(target: ScrapeTarget, standing: Standing) -> str:
    return target.refresh_error or standing.error if target.is_on else ""


def endpoints_of(target: ScrapeTarget) -> list[Endpoint]:
    """Return a target's endpoints, those that are down first, not more than can be looked at."""
    rows = Endpoint.objects.filter(target=target, ended_at=None).defer("series")
    return list(rows.order_by("state", "url", "pk")[:MOST_SHOWN])


def seen(target: ScrapeTarget, *, whole: bool) -> Json:
    """Return what was written, whole for who may change it."""
    found = as_written(target)
    if whole:
        return found
    hidden = {"url": without_query(target.url), "relabel": without_parameters(target.relabel)}
    return found | hidden


def target_json(target: ScrapeTarget, standing: Standing, *, whole: bool) -> Json:
    """Return the API's shape of a target; its endpoints stand in the answer for one only."""
    return {
        "id": target.pk,
        **seen(target, whole=whole),
        "has_bearer": has_bearer(target),
        "state": state_of(target, standing),
        "last_error": error_of(target, standing),
        "last_scrape_at": standing.last_at,
        "duration_s": standing.duration_s,
        "samples": standing.samples,
        "endpoint_count": standing.total,
        "up_count": standing.up,
        "refreshed_at": target.refreshed_at,
        "created_by": target.created_by.email if target.created_by else "system",
        "created_at": target.created_at,
        "page_url": target.get_absolute_url(),
    }


def endpoint_json(one: Endpoint, *, whole: bool) -> Json:
    return {
        "url": one.url if whole else without_query(one.url),
        "labels": one.labels,
        "state": one.state,
        "last_error": one.last_error,
        "last_scrape_at": one.last_at,
        "duration_s": one.duration_s,
        "samples": one.samples,
        "samples_kept": one.samples_kept,
    }
