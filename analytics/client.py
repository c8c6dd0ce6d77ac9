"""A client for programs that ask the portal, and send it events; needs nothing but Python.

    from analytics.client import Analytics

    portal = Analytics("https://portal.example.com", token="ptk_…", ingest_key="pik_…")
    portal.event_count("purchase", start, end, {"plan": "pro"})

Copy this one file into any program. docs/client.md shows more.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

Json = dict[str, Any]
Moment = datetime | date | str
CohortType = Literal["daily", "weekly", "monthly"]
INTERVALS = {"daily": "day", "weekly": "week", "monthly": "month"}
STEP_EVENT = "funnel_step"


class AnalyticsError(Exception):
    """The portal refused: `status`, the error's `code` and `message`, and the `field` it is about."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


class Unreachable(AnalyticsError):
    """The portal did not answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(0, "unreachable", reason)


class UnknownStep(ValueError):
    """A funnel has no step of this name."""


@dataclass(frozen=True)
class Analytics:
    """The portal, as a program sees it.

    `token` is an API token with the scope read; `ingest_key` lets events in. Filters are a mapping of
    properties to values, or the API's own list: `[{"property", "op", "value"}]`. A moment is a
    datetime, a date (midnight of `time_zone`), or text as the API takes it, such as "-30d".
    """

    base_url: str
    token: str = ""
    ingest_key: str = ""
    time_zone: str = ""
    timeout_s: float = 60

    def __post_init__(self) -> None:
        if urlsplit(self.base_url).scheme not in {"http", "https"}:
            raise ValueError(f"{self.base_url!r} is no address such as https://portal.example.com")

    def event_count(
        self,
        event_name: str | None,
        start: Moment,
        end: Moment,
        filters: Mapping[str, Any] | Sequence[Json] | None = None,
    ) -> int:
        """Count events of a name (None: any) in [start, end)."""
        series = {"event": event_name, "math": "total", "where": where(filters)}
        answer = self.insight("trend", start, end, series=[series], interval="month")
        return int(answer["series"][0]["total"])

    def unique_users(
        self,
        event_name: str | None,
        start: Moment,
        end: Moment,
        filters: Mapping[str, Any] | Sequence[Json] | None = None,
    ) -> int:
        """Count the persons who did it in [start, end)."""
        series = {"event": event_name, "math": "unique_users", "where": where(filters)}
        answer = self.insight("trend", start, end, series=[series], interval="month")
        return int(answer["series"][0]["total"])

    def funnel_analysis(
        self,
        funnel_steps: Sequence[str | Json],
        start: Moment,
        end: Moment,
        segmentation: Mapping[str, Any] | Sequence[Json] | None = None,
        **more: Any,
    ) -> list[Json]:
        """Return one object a step: `step` (its name), `users`, `conversion_rate` (a fraction).

        Steps are events' names, or the API's objects. `segmentation` are filters that all events
        must pass. `more` is the rest of the API's body: `window`, `order`, `exclusions`, ...
        """
        steps = [{"event": one} if isinstance(one, str) else one for one in funnel_steps]
        answer = self.insight("funnel", start, end, steps=steps, where=where(segmentation), **more)
        return [{**one, "number": one["step"], "step": one["label"]} for one in answer["steps"]]

    def cohort_analysis(
        self, start: Moment, end: Moment, cohort_type: CohortType = "weekly", **more: Any
    ) -> Json:
        """Return who came back, of those first seen in each day, week or month of [start, end).

        `cohorts` holds `start`, `size`, `returned` and `complete`, `average` the rates of all.
        `more` is the API's body of a retention; without it any event counts, of people by their
        first one ever.
        """
        if cohort_type not in INTERVALS:
            raise ValueError(f"cohort_type is one of {', '.join(INTERVALS)}, not {cohort_type!r}")
        usual = {
            "start_event": None, "return_event": None, "kind": "first_time", "counting": "exact",
            "periods": 12,
        }  # fmt: skip
        body = usual | {"interval": INTERVALS[cohort_type]} | more
        return self.insight("retention", start, end, **body)

    def insight(self, kind: str, start: Moment, end: Moment, /, **body: Any) -> Json:
        """Ask any insight of the API over [start, end)."""
        zone = {"time_zone": self.time_zone} if self.time_zone else {}
        whole = {"from": written(start), "to": written(end), **zone, **body}
        return self._asked(f"/api/v1/insights/{kind}", whole)

    def saved_insight(self, insight_id: int, /, **changes: Any) -> Json:
        """Answer a saved insight as of now; `from`, `to` and `time_zone` may be others."""
        return self._asked(f"/api/v1/insights/{insight_id}/result", changes)

    def track_event(
        self,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        user_id: str = "",
        anonymous_id: str = "",
        **event: Any,
    ) -> None:
        """Send one event that happens now. `event` is the rest of its shape: `sessionId`, ...

        It gets an `id` of its own, so that the same twice counts twice; give one to count it once.
        """
        now = datetime.now().astimezone().isoformat()  # noqa: TID251  # runs in programs
        found: Json = {"id": str(uuid.uuid4()), "timestamp": now, "name": name}
        found |= {"properties": dict(properties or {}), **event}
        found |= {"userId": user_id} if user_id else {}
        found |= {"anonymousId": anonymous_id} if anonymous_id else {}
        self.track_events([found])

    def track_events(self, events: Iterable[Json]) -> Json:
        """Send events in the API's shape; returns once they are on the portal's disk.

        One without an `id` is known by its content: sent again, it still counts once.
        Raises AnalyticsError when one of them was rejected; the others are accepted all the same.
        """
        answer = self._sent("/api/v1/events", {"events": list(events)}, self.ingest_key)
        for one in answer.get("rejected", ()):
            path = f"events[{one['index']}].{one['field']}"
            raise AnalyticsError(400, "rejected", one["message"], path)
        return answer

    def funnel(self, name: str, steps: Sequence[str]) -> Funnel:
        """Return a funnel whose steps this program tracks by itself."""
        return Funnel(name, steps, self)

    def _asked(self, path: str, body: Json) -> Json:
        return self._sent(path, body, self.token)

    def _sent(self, path: str, body: Json, key: str) -> Json:
        request = urllib.request.Request(  # noqa: S310  # http and https only: __post_init__
            f"{self.base_url.rstrip('/')}{path}",
            data=json.dumps(body, default=written).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310  # as above
                found: Json = json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            raise refusal(refused.code, refused.read()) from refused
        except (OSError, http.client.HTTPException) as away:
            raise Unreachable(f"{self.base_url} does not answer: {away}") from away
        return found

    # The names that programs of the first draft use.
    get_event_count = getEventCount = event_count  # noqa: N815
    get_funnel_analysis = getFunnelAnalysis = funnel_analysis  # noqa: N815
    get_cohort_analysis = getCohortAnalysis = cohort_analysis  # noqa: N815
    trackEvent = track_event  # noqa: N815


@dataclass(frozen=True)
class Funnel:
    """Steps that a program tracks by name, as events `funnel_step`.

    A step that is not among the funnel's is refused before anything is sent.
    """

    name: str
    steps: Sequence[str]
    analytics: Analytics = field(repr=False)

    def track_step(
        self, user_id: str, step: str, properties: Mapping[str, Any] | None = None
    ) -> None:
        """Send that somebody took a step. Raises UnknownStep."""
        if step not in self.steps:
            raise UnknownStep(f'Step "{step}" not found in funnel "{self.name}"')
        own = {"funnel_name": self.name, "step": step, "step_index": list(self.steps).index(step)}
        self.analytics.track_event(STEP_EVENT, {**(properties or {}), **own}, user_id=user_id)

    def analysis(self, start: Moment, end: Moment, **more: Any) -> list[Json]:
        """Return one object a step, as `Analytics.funnel_analysis` does: persons, in order."""
        of_funnel = {"property": "funnel_name", "op": "=", "value": self.name}
        steps: list[str | Json] = [
            {
                "event": STEP_EVENT, "label": step,
                "where": [of_funnel, {"property": "step", "op": "=", "value": step}],
            }
            for step in self.steps
        ]  # fmt: skip
        return self.analytics.funnel_analysis(steps, start, end, **more)

    def conversion_rate(self, start: Moment, end: Moment, **more: Any) -> dict[str, float]:
        """Return `{"cart_to_paid": 0.25, …}`: of those who took a step, the share who took the next.

        Fractions, as everywhere in the portal; 0 where nobody took the first of the two.
        """
        found = self.analysis(start, end, **more)
        pairs = zip(self.steps, self.steps[1:], found[1:], strict=False)
        return {f"{now}_to_{then}": row["from_previous"] or 0.0 for now, then, row in pairs}

    trackStep = track_step  # noqa: N815
    get_conversion_rate = getConversionRate = conversion_rate  # noqa: N815


BusinessAnalytics, TanqoryFunnel = Analytics, Funnel


def where(filters: Mapping[str, Any] | Sequence[Json] | None) -> list[Json]:
    """Return the API's filters: a property is the value, or one of a list; None is "not set"."""
    if filters is None:
        return []
    if not isinstance(filters, Mapping):
        return [dict(one) for one in filters]
    return [filter_of(name, value) for name, value in filters.items()]


def filter_of(name: str, value: Any) -> Json:
    if value is None:
        return {"property": name, "op": "is_not_set"}
    if isinstance(value, list | tuple | set):
        return {"property": name, "op": "in", "value": list(value)}
    return {"property": name, "op": "=", "value": value}


def written(moment: object) -> str:
    """Return a moment as the API takes it; a datetime without a zone is this machine's."""
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.astimezone()).isoformat()
    return moment.isoformat() if isinstance(moment, date) else str(moment)


def refusal(status: int, body: bytes) -> AnalyticsError:
    """Read the shape of every error of the API."""
    try:
        error = json.loads(body)["error"]
        return AnalyticsError(status, error["code"], error["message"], error.get("field", ""))
    except (ValueError, KeyError, TypeError):
        return AnalyticsError(status, "error", body.decode(errors="replace")[:500])
