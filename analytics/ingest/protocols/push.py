"""Metrics of jobs that end before anybody could scrape them, as the pushgateway takes them.

PUT    /metrics/job/<job>{/<label>/<value>}   instead of the whole group
POST   the same path                          instead of the metrics of the same names
DELETE the same path                          the group is over
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import unquote

from google.protobuf.message import DecodeError

from analytics.ingest import bodies, pushed_protobuf
from analytics.ingest.known_series import Generation
from analytics.ingest.measured import (
    NAME,
    BadSeries,
    Gathering,
    Measured,
    Push,
    TooManyLabels,
    series_from,
    shown,
)
from analytics.ingest.protocols import (
    Answer,
    BadRequest,
    Headers,
    Problem,
    Receipt,
    Request,
    any_key,
    plain_refusal,
    protocols,
)
from analytics.ingest.pushed_text import BadText, Found, samples_in
from analytics.series.identity import Series
from analytics.series.metadata import Metadata

MAX_BYTES = 4 << 20
BEFORE_LABELS = "/metrics/"
IN_BASE64 = "@base64"
PUSHED_AT = "push_time_seconds"


class PushedMetrics:
    kind = "push"
    label = "Pushed metrics (Prometheus pushgateway)"
    routes = ("/metrics/job/*", "/metrics/job@base64/*")
    methods = ("PUT", "POST", "DELETE")

    def authenticate(self, headers: Headers, query: str) -> str:
        return any_key(headers)

    def expand(self, packed: bytes, request: Request) -> bytes:
        body = bodies.expanded(packed, request.headers.get("content-encoding", ""))
        if len(body) > MAX_BYTES:
            raise bodies.TooLarge(f"A push has {MAX_BYTES >> 20} MiB at most.")
        return body

    def decode(self, body: bytes, request: Request, series: Generation) -> Measured:
        group = group_of(request.path)
        gathering = Gathering(series)
        if request.method == "DELETE":
            return gathering.measured(Push("DELETE", tuple(group.items()), ()))
        samples = read(body, request, group, gathering)
        try:
            for one, value in samples:
                gathering.add(gathering.slot(one), request.at_ms, value)
        except TooManyLabels as error:
            raise BadRequest(str(error), status=413) from error
        return gathering.measured(Push(request.method, tuple(group.items()), tuple(samples)))

    def answer(self, receipt: Receipt, request: Request) -> Answer:
        status = 202 if request.method == "DELETE" else 200
        return Answer(status, b"", "text/plain; charset=utf-8")

    def refuse(self, problem: Problem, request: Request) -> Answer:
        return plain_refusal(problem)


def read(
    body: bytes, request: Request, group: dict[str, str], gathering: Gathering
) -> Sequence[tuple[Series, float]]:
    """Return the samples of a push, and beside them when it came. Raises BadRequest."""
    try:
        samples, metadata = found_in(body, request.content_type, group)
        pushed_at = series_from({**group, NAME: PUSHED_AT}.items())
    except UnicodeDecodeError as error:
        raise BadRequest("The text is not UTF-8.") from error
    except (BadText, BadSeries) as error:
        raise BadRequest(str(error)) from error
    except DecodeError as error:
        raise BadRequest("A metric is not readable.") from error
    help_text = "When the group was pushed last, in seconds since 1970."
    for one in (*metadata, Metadata(PUSHED_AT, "gauge", help_text)):
        gathering.metadata[one.name] = one
    return [*samples, (pushed_at, request.at_ms / 1000)]


def found_in(body: bytes, content_type: str, group: dict[str, str]) -> Found:
    """Read a body in the format that its type names. Raises BadText, UnicodeDecodeError."""
    if "protobuf" in content_type:
        return pushed_protobuf.samples_in(body, group)
    return samples_in(body.decode(), group, is_openmetrics="openmetrics" in content_type)


def group_of(path: str) -> dict[str, str]:
    """Return a group's labels by name, as its path says. Raises BadRequest."""
    parts = path.removeprefix(BEFORE_LABELS).split("/")
    if len(parts) % 2:
        raise BadRequest("The path is /metrics/job/<job>, then pairs of /<label>/<value>.")
    group: dict[str, str] = {}
    for raw_name, raw_value in zip(parts[::2], parts[1::2], strict=True):
        name, value = label_in(unquote(raw_name), unquote(raw_value))
        if not name or name.startswith("__") or name in group:
            raise BadRequest(f"The path has no label {shown(name)!r}, or has it twice.")
        group[name] = value
    if not group.get("job"):
        raise BadRequest("A job has a name.")
    return dict(sorted((name, value) for name, value in group.items() if value))


def label_in(name: str, value: str) -> tuple[str, str]:
    """Undo base64, which keeps slashes and emptiness; its padding may be left out."""
    if not name.endswith(IN_BASE64):
        return name, value
    text = value.rstrip("=")
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return name.removesuffix(IN_BASE64), found.decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"{shown(value)!r} is not base64 of a text, as {name} says.") from error


protocols.add(PushedMetrics())
