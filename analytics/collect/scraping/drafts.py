"""A scrape target as somebody wants it to be, before it is saved."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from analytics.collect.scraping import endpoints, lists, relabeling
from analytics.collect.scraping.models import ScrapeTarget
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader, name_of
from portal.lib.secrets import Secret

Json = dict[str, Any]
Discovery = ScrapeTarget.Discovery
CHOICES = (Discovery.NONE, Discovery.FILE, Discovery.HTTP)
SHORTEST_S, LONGEST_S = 5, 86_400
USUAL_INTERVAL_S, USUAL_TIMEOUT_S = 15, 10.0
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
UNITS_S = (3600, 60, 1, 0.001)
LARGEST_CA = 100_000
LONGEST_BEARER = 10_000
MOST_SAMPLES = 1_000_000
MOST_LABELS = 50
# What an answer has, so that it can be sent back as it came; nobody sets it.
READ_ONLY = (
    "id", "has_bearer", "state", "last_error", "last_scrape_at", "duration_s", "samples",
    "endpoint_count", "up_count", "endpoints", "refreshed_at", "created_by", "created_at",
    "page_url",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """What a save would write. `bearer` None leaves it as it is."""

    name: str
    discovery: str
    url: str
    files: str
    scheme: str
    path: str
    interval_s: int
    timeout_s: float
    labels: dict[str, str]
    ca: str
    verifies: bool
    honors_labels: bool
    honors_timestamps: bool
    relabel: list[Json]
    metric_relabel: list[Json]
    sample_limit: int
    is_on: bool
    bearer: str | None = field(default=None, repr=False)

    def columns(self) -> Json:
        found = asdict(self)
        if self.bearer is None:
            del found["bearer"]
        return found


def as_written(row: ScrapeTarget | None) -> Json:
    """Return what somebody wrote, less the bearer; of None what a new one has."""
    one = row or ScrapeTarget()
    return {
        "name": one.name,
        "discovery": one.discovery,
        "url": one.url,
        "files": one.files,
        "scheme": one.scheme,
        "path": one.path,
        "interval": one.interval_s,
        "timeout": one.timeout_s if row else None,
        "labels": one.labels,
        "ca": one.ca,
        "verify_tls": one.verifies,
        "honor_labels": one.honors_labels,
        "honor_timestamps": one.honors_timestamps,
        "relabel": one.relabel,
        "metric_relabel": one.metric_relabel,
        "sample_limit": one.sample_limit,
        "is_on": one.is_on,
    }


def has_bearer(row: ScrapeTarget) -> bool:
    return bool(row.bearer.encrypted if isinstance(row.bearer, Secret) else row.bearer)


def parse_draft(body: Any, current: ScrapeTarget | None = None) -> Draft:
    """Read a target's fields; what is left out stays as it is. Raises FieldError."""
    reader = Reader({**as_written(current), **body} if isinstance(body, Mapping) else body)
    discovery = reader.choice("discovery", CHOICES)
    interval_s = whole_seconds(reader.take("interval"), "interval")
    draft = Draft(
        name=name(reader),
        discovery=discovery,
        url=url(reader, discovery),
        files=files(reader, discovery),
        scheme=reader.choice("scheme", ("http", "https"), "http"),
        path=path(reader),
        interval_s=interval_s,
        timeout_s=timeout(reader.take("timeout"), interval_s),
        labels=labels(reader.take("labels")),
        ca=ca(reader.take("ca")),
        verifies=flag(reader, "verify_tls"),
        honors_labels=reader.flag("honor_labels"),
        honors_timestamps=flag(reader, "honor_timestamps"),
        relabel=rules(reader, "relabel"),
        metric_relabel=rules(reader, "metric_relabel"),
        sample_limit=reader.integer("sample_limit", 50_000, low=1, high=MOST_SAMPLES),
        is_on=flag(reader, "is_on"),
        bearer=bearer(reader, body),
    )
    for one in READ_ONLY:
        reader.take(one)
    reader.finish()
    check_endpoint(draft)
    check_bearer(draft, current)
    return draft


def check_endpoint(draft: Draft) -> None:
    """Raise FieldError for rules that leave no address to call."""
    if draft.discovery == Discovery.NONE:
        given = {"job": draft.name, **draft.labels}
        parsed = [relabeling.parse(one, "relabel") for one in draft.relabel]
        endpoints.of_url(draft.url, given, parsed)


def check_bearer(draft: Draft, current: ScrapeTarget | None) -> None:
    """Raise FieldError where a kept token would be shown to another server than it was given for."""
    if current is None or draft.bearer is not None or not has_bearer(current):
        return
    if where_asked(draft) != where_asked(current):
        message = "The target would be asked elsewhere: type its token anew, or remove it."
        raise FieldError("bearer", message)


def where_asked(one: Draft | ScrapeTarget) -> tuple[object, ...]:
    """Return what decides which servers are asked."""
    if one.discovery == Discovery.NONE:
        rules = [relabeling.parse(rule, "relabel") for rule in one.relabel]
        found = endpoints.of_url(one.url, {"job": one.name, **one.labels}, rules)
        return urlsplit(found.url)[:2] if found else ()
    told = (one.name, one.labels) if one.relabel else ()  # of which rules may make addresses
    return (*urlsplit(one.url)[:2], one.discovery, one.files, one.scheme, one.relabel, *told)


def name(reader: Reader) -> str:
    value = reader.take("name")
    found = value.strip() if isinstance(value, str) else ""
    if not 0 < len(found) <= 120 or "\0" in found:
        raise FieldError("name", "A target needs a name of at most 120 characters: its job.")
    return found


def url(reader: Reader, discovery: str) -> str:
    value = reader.take("url")
    if discovery == Discovery.FILE:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise FieldError("url", "Give the address, such as http://host:9100/metrics.")
    if len(value) > 2_000:
        raise FieldError("url", "An address has 2,000 characters at most.")
    found = value.strip().partition("#")[0]
    endpoints.check(found)
    return found


def files(reader: Reader, discovery: str) -> str:
    value = reader.take("files")
    if discovery != Discovery.FILE:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise FieldError("files", "Name the files, such as nodes/*.yml, in 200 characters.")
    lists.check_pattern(value)
    return value


def path(reader: Reader) -> str:
    value = reader.text("path", endpoints.USUAL_PATH)
    if not value.startswith("/") or any(ord(one) <= 32 for one in value):
        raise FieldError("path", "This must begin with / and have no blanks.")
    return value


def whole_seconds(value: Any, field_name: str) -> int:
    """Read an interval: seconds, or a duration such as 1m30s. Raises FieldError."""
    found = seconds(value, field_name)
    if found != int(found) or not SHORTEST_S <= found <= LONGEST_S:
        message = f"This must be whole seconds, {SHORTEST_S} to {LONGEST_S}."
        raise FieldError(field_name, message)
    return int(found)


def seconds(value: Any, field_name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = DURATION.fullmatch(value[:40]) if isinstance(value, str) and value else None
    if match is None:
        raise FieldError(field_name, f"This must be seconds, or such as 30s, not {name_of(value)}.")
    return sum(int(part or 0) * unit for part, unit in zip(match.groups(), UNITS_S, strict=True))


def timeout(value: Any, interval_s: int) -> float:
    found = min(USUAL_TIMEOUT_S, interval_s) if value is None else seconds(value, "timeout")
    if not 0.1 <= found <= min(interval_s, 300):
        raise FieldError("timeout", "This must be at most the interval, 300 s, and at least 0.1 s.")
    return found


def labels(value: Any) -> dict[str, str]:
    found = lists.labels_of(value, "labels")
    if len(found) > MOST_LABELS:
        raise FieldError("labels", f"There may be {MOST_LABELS} labels at most.")
    for key, text in found.items():
        if key.startswith("__") or len(key) > 200 or len(text) > 1_000 or "\0" in key + text:
            message = "Names have 200 characters and do not begin with __; values have 1,000."
            raise FieldError(f"labels.{key[:200]}", message)
    return found


def ca(value: Any) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > LARGEST_CA:
        raise FieldError("ca", "This must be certificates in PEM.")
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError, TypeError) as error:  # the last for what is not ASCII
        raise FieldError("ca", "These are no certificates in PEM.") from error
    return value


def bearer(reader: Reader, body: Any) -> str | None:
    value = reader.take("bearer")
    if "bearer" not in body:
        return None
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_BEARER or not is_header(value):
        raise FieldError("bearer", "This must be a token, as it stands behind “Bearer”.")
    return value


def is_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def flag(reader: Reader, name_: str) -> bool:
    return True if reader.take(name_) is None else reader.flag(name_)


def rules(reader: Reader, name_: str) -> list[Json]:
    parsed = reader.each(name_, relabeling.parse, most=relabeling.MOST_RULES)
    return [one.as_json() for one in parsed]
