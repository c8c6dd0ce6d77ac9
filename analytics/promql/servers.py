"""Ask another Prometheus server, over its HTTP API, with the answer as one of our own."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson

from analytics.promql.asking import LIMITS, Asked, seconds_for
from analytics.promql.errors import (
    BadQuery,
    Cancelled,
    EvaluationFailed,
    QueryFailed,
    TimedOut,
    TooManySamples,
)
from analytics.promql.guard import TOO_MANY
from analytics.promql.models import BASIC, BEARER, PrometheusServer
from analytics.promql.outcome import Instant, Labels, Outcome, Stats
from analytics.promql.writing import moment_text
from portal.lib import http
from portal.lib.asker import current
from portal.lib.secrets import Secret, Undecryptable

LARGEST_ANSWER = 64 << 20
TEST_TIMEOUT_S = 10.0
WRAPPED = 'invalid parameter "query": '
NOT_PROMETHEUS = (
    "and not as Prometheus does. The URL should be what stands before /api/v1 in the server's"
    " addresses; for Mimir and Thanos it ends with /prometheus or the like."
)
NOT_LET_IN = "it does not accept the token, password or tenant that is kept here."
LAST_MS = 253_402_300_799_000  # the year 9999
HISTOGRAMS = "Native histograms of the other server are left out."
Point = tuple[int, float]


class UnknownServer(QueryFailed):
    """The server that is asked for does not exist, or not any more."""


@dataclass(frozen=True)
class Tested:
    """How a server answered to a test."""

    is_ok: bool
    message: str


def answered(server_id: int, asked: Asked) -> Outcome:
    """Ask another server. Raises QueryFailed, in its words where it has some."""
    server = PrometheusServer.objects.filter(pk=server_id).first()
    if server is None:
        raise UnknownServer("There is no such Prometheus server any more; choose another one.")
    begun = perf_counter()
    path, form = request_of(asked)
    timeout_s = seconds_for(current(), asked.timeout_ms)
    answer = call(server, path, form | {"timeout": f"{timeout_s:g}"}, timeout_s)
    return outcome(answer, asked, perf_counter() - begun)


def tested(server: PrometheusServer) -> Tested:
    """Ask a server the simplest question there is, and say what came of it."""
    begun = perf_counter()
    try:
        found = call(server, "query", {"query": "vector(1)"}, TEST_TIMEOUT_S)
        value = result_of(found)[0]["value"][1]
    except QueryFailed as error:
        return Tested(False, str(error))
    except (LookupError, TypeError):
        return Tested(False, f"{server} answered, but not with the number that was asked for.")
    took = (perf_counter() - begun) * 1000
    if str(value) != "1":
        return Tested(False, f"{server} says that 1 is {value}.")
    return Tested(True, f"{server} answered in {took:.0f} ms{version_of(server)}.")


def version_of(server: PrometheusServer) -> str:
    """Say which version a server calls itself; not all of them do."""
    try:
        found = call(server, "status/buildinfo", None, TEST_TIMEOUT_S)
        return f"; it is version {found['data']['version']}"
    except (QueryFailed, LookupError, TypeError):
        return ""


def request_of(asked: Asked) -> tuple[str, dict[str, str]]:
    form = {"query": asked.query}
    if asked.lookback_ms:
        form["lookback_delta"] = f"{asked.lookback_ms / 1000:g}"
    if isinstance(asked.at, Instant):
        return "query", form | {"time": moment_text(asked.at.at_ms)}
    at = asked.at
    times = {"start": moment_text(at.start_ms), "end": moment_text(at.end_ms)}
    return "query_range", form | times | {"step": moment_text(at.step_ms)}


def call(
    server: PrometheusServer, path: str, form: Mapping[str, str] | None, timeout_s: float
) -> Any:
    """Return what a server answers with success. Raises QueryFailed."""
    url = f"{server.url.rstrip('/')}/api/v1/{path}"
    try:
        headers = {"Accept": "application/json", **identification(server)}
        request = http.Call("GET", url, headers)
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            request = http.Call("POST", url, headers, urlencode(form).encode())
        answer = http.request(
            request, limits=http.Limits(timeout_s=timeout_s, max_bytes=LARGEST_ANSWER)
        )
    except (http.Refused, http.Failed, Undecryptable) as error:
        raise EvaluationFailed(f"{server}: {error}") from error
    return read(server, answer)


def identification(server: PrometheusServer) -> dict[str, str]:
    """Return the headers that show a server who asks. Raises Undecryptable."""
    found, secret = {}, revealed(server.secret)
    if server.authentication == BEARER:
        found["Authorization"] = f"Bearer {secret}"
    if server.authentication == BASIC:
        pair = base64.b64encode(f"{server.user_name}:{secret}".encode()).decode()
        found["Authorization"] = f"Basic {pair}"
    if tenant := revealed(server.tenant):
        found["X-Scope-OrgID"] = tenant
    return found


def revealed(kept: Secret | str | None) -> str:
    return kept.reveal() if isinstance(kept, Secret) else kept or ""


def read(server: PrometheusServer, answer: http.Answer) -> Any:
    """Return an answer's JSON. Raises QueryFailed for anything but a success."""
    try:
        found = orjson.loads(answer.body)
        status = found["status"]
    except (ValueError, LookupError, TypeError) as error:
        if answer.status in {401, 403}:
            raise EvaluationFailed(f"{server} answered {answer.status}: {NOT_LET_IN}") from error
        raise EvaluationFailed(f"{server} answered {answer.status}, {NOT_PROMETHEUS}") from error
    if status != "success":
        raise refusal(server, found)
    return found


def refusal(server: PrometheusServer, found: Mapping[str, Any]) -> QueryFailed:
    """Return what a server refused with, as our own evaluator would."""
    kind, message = found.get("errorType"), str(found.get("error", "without a reason"))
    if kind == "bad_data":
        return BadQuery(message.removeprefix(WRAPPED))
    if kind == "timeout":
        return TimedOut(f"{server}: {message}")
    if kind == "canceled":
        return Cancelled(f"{server}: {message}")
    return EvaluationFailed(f"{server}: {message}")


def result_of(found: Any) -> Any:
    return found["data"]["result"]


def outcome(found: Any, asked: Asked, elapsed_s: float) -> Outcome:
    """Read a server's answer. Raises EvaluationFailed for one of another shape."""
    try:
        return read_outcome(found, asked, elapsed_s)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EvaluationFailed("The other server's answer cannot be read.") from error


def read_outcome(found: Any, asked: Asked, elapsed_s: float) -> Outcome:
    data = found["data"]
    kind, rows = data["resultType"], data["result"]
    warnings = tuple(map(str, found.get("warnings") or ()))
    infos = tuple(map(str, found.get("infos") or ()))
    text = ""
    if kind == "string":
        text, rows = rows[1], [{"metric": {}, "values": [[rows[0], "NaN"]]}]
    elif kind == "scalar":
        rows = [{"metric": {}, "values": [rows]}]
    elif kind not in {"vector", "matrix"}:
        raise ValueError(kind)
    if any("histogram" in row or "histograms" in row for row in rows):
        warnings = (*warnings, HISTOGRAMS)
    named = [(labels_of(row["metric"]), points(row)) for row in rows]
    named = [(labels, found_points) for labels, found_points in named if found_points]
    is_raw = kind == "matrix" and isinstance(asked.at, Instant)  # each series has its own times
    rows_ = [found_points for _, found_points in named]
    times, values, present = gridded([[] for _ in rows_] if is_raw else rows_, asked)
    samples = sum(map(len, rows_))
    return Outcome(
        kind=kind, times=times, series=[labels for labels, _ in named], values=values,
        present=present, text=text, warnings=warnings, infos=infos,
        raw=[arrays(one) for one in rows_] if is_raw else (),
        stats=Stats(series=len(named), samples=samples, elapsed_s=elapsed_s),
    )  # fmt: skip


def labels_of(metric: Mapping[str, str]) -> Labels:
    return tuple(sorted((str(name), str(value)) for name, value in metric.items()))


def points(row: Mapping[str, Any]) -> list[Point]:
    given = row.get("values") or ([row["value"]] if "value" in row else [])
    found = [(round(float(at) * 1000), float(value)) for at, value in given]
    if any(abs(ms) > LAST_MS for ms, _ in found):
        raise ValueError("a time that no calendar has")
    return found


def arrays(row: Sequence[Point]) -> tuple[Any, Any]:
    times, values = zip(*row, strict=True)
    return np.array(times, np.int64), np.array(values, np.float64)


def gridded(rows: Sequence[Sequence[Point]], asked: Asked) -> tuple[Any, Any, Any]:
    """Put each series's points onto the grid of the question, or of all their own moments.

    Raises TooManySamples where that grid would be too large.
    """
    at = asked.at
    moments = {ms for row in rows for ms, _ in row}
    if not isinstance(at, Instant):
        moments |= set(range(at.start_ms, at.end_ms + 1, at.step_ms))
    times = np.array(sorted(moments or {at.at_ms if isinstance(at, Instant) else at.start_ms}))
    if len(rows) * len(times) > LIMITS.samples:
        raise TooManySamples(TOO_MANY)
    values = np.full((len(rows), len(times)), np.nan)
    present = np.zeros(values.shape, bool)
    for index, row in enumerate(rows):
        where = np.searchsorted(times, [ms for ms, _ in row])
        values[index, where] = [value for _, value in row]
        present[index, where] = True
    return times.astype(np.int64), values, present
