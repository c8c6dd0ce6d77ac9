"""Why did a point of a trend change? In a drawer by htmx, else as a page."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import fsum
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from analytics.insights.buckets import CLOCK
from analytics.insights.figures.cells import cell_text
from analytics.insights.figures.trend import value_text
from analytics.insights.forms.shared import as_of_in
from analytics.insights.forms.why import ANOTHER, Point, WhyForm, references
from analytics.insights.views.behind import cell_url, people_url
from analytics.insights.views.shared import (
    EXPLORE,
    PROBLEMS,
    Json,
    page,
    problem_of,
    question,
    window_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.text import grouped
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import ask

STANDS_OUT = 0.1  # a property that explains less is one of those that followed
MOST_OF_IT = 0.5
OPEN = 3
WHOLE_FROM = 10
EMPTY = "(empty text)"
WORDS = {
    "previous_bucket": "the {interval} before",
    "same_bucket_last_week": "the same {interval} a week before",
    "previous_period": "its place in the period before",
    ANOTHER: "another {interval}",
}


@require_safe
@staff_page(EXPLORE)
def why(request: StaffRequest) -> HttpResponseBase:
    """Explain one point of a trend, or its total."""
    form = WhyForm.read(request.GET)
    as_of = as_of_in(request.GET, clock.now())
    context: Json = {
        "form": form,
        "as_of": as_of.isoformat(),
        "on": form.on,
        "back_url": trend_url(form.trend.address()),
    }
    try:
        window = window_of(form.trend.range, as_of)
        context |= choices(form, window)
        frame = ask("why", question(request, form.body(window), window, as_of))
    except PROBLEMS as problem:
        return page(request, "why", context | {"problem": problem_of(problem)})
    return page(request, "why", context | explained(form, frame, window))


def trend_url(query: str) -> str:
    return f"{reverse('trends')}{query}"


def choices(form: WhyForm, window: TimeRange) -> Json:
    """Return the references to choose from, and the one that is chosen."""
    interval = form.trend.interval_for(window)
    chosen = form.against or "previous_bucket"
    return {
        "interval": interval,
        "references": [
            (name, WORDS[name].format(interval=interval), name == chosen)
            for name in references(interval)
        ],
        "is_another": chosen == ANOTHER,
        "has_clock": interval in CLOCK,
    }


def explained(form: WhyForm, frame: Frame, window: TimeRange) -> Json:
    """Return what the page shows of an answer."""
    body, as_of = frame.extra, frame.meta.as_of
    told = [property_row(one, form, body) for one in body["properties"]]
    shown = [one for one in told if one["explained"] >= STANDS_OUT]
    trend, back = form.trend.body(window), trend_url(form.trend.address())
    people = people_url("trend", trend, window, as_of, back)
    return {
        "meta": frame.meta,
        "time_zone": window.zone,
        "now": period(body["periods"]["now"], body["now"], window.tzinfo),
        "before": period(body["periods"]["before"], body["before"], window.tzinfo),
        "change": signed(body["change"]),
        "share": body["change"] / abs(body["before"]) if body["before"] else None,
        "on": form.on or local(body["periods"]["before"]["from"], form, window),
        "lead": lead(shown, body["change"]),
        "properties": shown[:OPEN],
        "more": shown[OPEN:],
        "followed": [one for one in told if one["explained"] < STANDS_OUT],
        "left_out": body["left_out"],
        "is_average": form.row.math == "avg",
        "is_persons": form.row.math == "unique_users",
        "people_url": cell_url(people, people_cell(form.point)),
    }


def people_cell(point: Point) -> Json:
    cell: Json = {"series_index": point.series, "title": "The people of this point"}
    cell |= {"t": point.t} if point.t else {}
    return cell if point.value is None else cell | {"breakdown_value": cell_text(point.value)}


def period(span: Json, value: float | None, zone: ZoneInfo) -> Json:
    """Return one of the two periods: its span in words and what it counted."""
    return {"words": span_words(span, zone), "value": value}


def span_words(span: Json, zone: ZoneInfo) -> str:
    """Say a period: "Tue 10 Mar 2026" for a whole day, else both ends."""
    start, end = (datetime.fromisoformat(span[name]).astimezone(zone) for name in ("from", "to"))
    is_whole = (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0)
    last = end - timedelta(microseconds=1)
    if is_whole:
        first = f"{start:%a} {day(start)}"
        return first if last.date() == start.date() else f"{day(start)} to {day(last)}"
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{day(end)}, {end:%H:%M}"
    return f"{start:%a} {day(start)}, {start:%H:%M} to {until}"


def day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def local(moment: str, form: WhyForm, window: TimeRange) -> str:
    """Return a moment as the field of the zone's dates, or of its times, has it."""
    at = datetime.fromisoformat(moment).astimezone(window.tzinfo)
    return f"{at:%Y-%m-%dT%H:%M}" if form.trend.interval_for(window) in CLOCK else f"{at:%Y-%m-%d}"


def property_row(one: Json, form: WhyForm, body: Json) -> Json:
    """Return a property with its values, and how they add up to the change."""
    largest = max((abs(value["change"]) for value in one["values"]), default=0)
    values = [value_row(value, one["property"], form, largest) for value in one["values"]]
    overlap = one.get("overlap", {"now": 0, "before": 0, "change": 0})
    rest = one["rest"]
    return {
        "name": one["property"],
        "of": one["of"],
        "explained": one["explained"],
        "url": trend_url(form.broken_down(one["property"])),
        "values": values,
        "best": max(values, key=lambda value: value["distance"]) if values else None,
        "rest": rest and rest | {"change_text": signed(rest["change"])},
        "overlap": overlap | {"change_text": signed(overlap["change"])}
        if overlap["change"] or overlap["now"] or overlap["before"]
        else None,
        "sum": sum_text(one, overlap["change"], body["change"]),
    }


def value_row(value: Json, name: str, form: WhyForm, largest: float) -> Json:
    return value | {
        "text": value_text(value["value"]) or EMPTY,
        "url": trend_url(form.drilled(name, value["value"])),
        "change_text": signed(value["change"]),
        "expected_text": signed(rounded(value["expected"])),
        "distance": abs(value["change"] - value["expected"]),
        "bar": abs(value["change"]) / largest if largest else 0,
    }


def sum_text(one: Json, overlap: float, change: float) -> str:
    """Write the sum out: the first values, the others together, and what it comes to."""
    parts = [value["change"] for value in one["values"]]
    rest = [one["rest"]["change"]] if one["rest"] else []
    listed = [*parts[:3], *([fsum([*parts[3:], *rest])] if parts[3:] or rest else [])]
    listed += [overlap] if overlap else []
    return f"{' '.join(map(signed, listed))} = {signed(change)}"


def lead(shown: list[Json], change: float) -> Json | None:
    """Return the one value that says most about the change, and whether that is most of it."""
    if not shown or not change or shown[0]["best"] is None:
        return None
    best = shown[0]["best"]
    is_most = shown[0]["explained"] >= MOST_OF_IT and best["change"] * change > 0
    return {**best, "name": shown[0]["name"], "is_most": is_most}


def rounded(value: float) -> float:
    """Leave out digits that an estimate does not have."""
    return round(value) if abs(value) >= WHOLE_FROM else round(value, 1)


def signed(value: float | None) -> str:
    return f"+{grouped(value)}" if value and value > 0 else grouped(value)
