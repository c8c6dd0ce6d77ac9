"""Fetch one page of metrics or one list of targets, within a time and a size."""

from __future__ import annotations

import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from analytics.collect.scraping.shown import without_query
from portal.lib import http
from portal.lib.http import Answer, Call, Limits

ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=1.0.0;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
)
OPENMETRICS = "application/openmetrics-text"
NOT_METRICS = {
    "text/html": "an HTML page",
    "application/json": "JSON",
    "application/vnd.google.protobuf": "protobuf, which it was not asked for",
}
ERRNO = re.compile(r"\[Errno -?\d+\] ")
GZIP = 16 + zlib.MAX_WBITS


class FetchFailed(Exception):
    """A page could not be had; the text says why."""


@dataclass(frozen=True)
class Tls:
    """Whose certificates count: those in `ca` (PEM), if any, else the system's; or all."""

    ca: str = ""
    verifies: bool = True

    def context(self) -> ssl.SSLContext | None:
        """Return what a connection needs; None for the usual. Raises FetchFailed."""
        if self == Tls():
            return None
        try:
            found = ssl.create_default_context(cadata=self.ca or None)
        except (ssl.SSLError, ValueError) as error:
            raise FetchFailed("The certificates of its authority cannot be read.") from error
        if not self.verifies:
            found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
        return found


@dataclass(frozen=True)
class Address:
    """What to ask, and as whom. `named` are hosts that may be called besides the settings'."""

    url: str
    timeout_s: float
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: Tls = Tls()
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fetched:
    body: bytes
    is_openmetrics: bool


def metrics(address: Address) -> Fetched:
    """Fetch a page of metrics. Raises FetchFailed."""
    asked = {"Accept": ACCEPT, "X-Prometheus-Scrape-Timeout-Seconds": f"{address.timeout_s:g}"}
    answer = fetch(address, asked)
    kind = content_type(answer)
    if kind in NOT_METRICS:
        raise FetchFailed(f"It sends {NOT_METRICS[kind]}, not metrics.")
    return Fetched(body_of(answer), kind == OPENMETRICS)


def fetch(address: Address, asked: Mapping[str, str]) -> Answer:
    """Send the request; whatever is not 200 is a failure. Raises FetchFailed."""
    call = Call("GET", address.url, {**asked, "Accept-Encoding": "gzip", **address.headers})
    limits = Limits(address.timeout_s, settings.SCRAPE_MAX_BYTES)
    named = (*settings.SCRAPE_HOSTS, *address.named)
    tls = address.tls.context()
    try:
        answer = http.request(call, limits=limits, named=named, tls=tls)
    except (http.Failed, http.Refused) as error:
        raise FetchFailed(ERRNO.sub("", str(error))) from error
    if 300 <= answer.status < 400:
        where = without_query(header(answer, "Location")) or "nowhere"
        raise FetchFailed(f"It redirects to {where[:200]}; give that address instead.")
    if answer.status != 200:
        raise FetchFailed(f"It answers {answer.status}.")
    return answer


def body_of(answer: Answer) -> bytes:
    """Return the body, unpacked where it is gzip. Raises FetchFailed."""
    coding = header(answer, "Content-Encoding").strip().lower()
    if coding in {"", "identity"}:
        return answer.body
    if coding not in {"gzip", "x-gzip"}:
        raise FetchFailed(f"It sends {coding[:40]}, which it was not asked for.")
    return unzipped(answer.body)


def unzipped(packed: bytes) -> bytes:
    """Unpack gzip up to the size of the settings. Raises FetchFailed."""
    most = settings.SCRAPE_MAX_BYTES
    unpacker = zlib.decompressobj(GZIP)
    try:
        found = unpacker.decompress(packed, most + 1)
    except zlib.error as error:
        raise FetchFailed("Its gzip cannot be unpacked.") from error
    if len(found) > most:
        raise FetchFailed(f"The answer is larger than {most} bytes.")
    if not unpacker.eof:
        raise FetchFailed("Its gzip ends too early.")
    return found


def content_type(answer: Answer) -> str:
    return header(answer, "Content-Type").partition(";")[0].strip().lower()


def header(answer: Answer, name: str) -> str:
    found = (value for key, value in answer.headers.items() if key.lower() == name.lower())
    return next(found, "")
