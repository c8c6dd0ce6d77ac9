"""Which addresses a target stands for, and which labels their series get."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import orjson

from analytics.collect.scraping.relabeling import Rule, apply
from portal.lib.field_error import FieldError
from portal.lib.http import Refused
from portal.lib.http.client import checked

ADDRESS, SCHEME, PATH, PARAM = "__address__", "__scheme__", "__metrics_path__", "__param_"
USUAL_PATH = "/metrics"
LONGEST_URL = 4_000


@dataclass(frozen=True)
class Found:
    """One address to fetch. No two of a target have the same labels: its series would be mixed."""

    url: str
    labels: Mapping[str, str]

    @property
    def digest(self) -> str:
        packed = orjson.dumps(dict(self.labels), option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(packed, digest_size=16).hexdigest()


def of_url(url: str, labels: Mapping[str, str], rules: Sequence[Rule]) -> Found | None:
    """Return the endpoint of a page's own address; None when a rule drops it.

    Raises FieldError.
    """
    parts = urlsplit(url)
    given = {
        ADDRESS: parts.netloc,
        SCHEME: parts.scheme,
        PATH: parts.path or USUAL_PATH,
        **{PARAM + name: values[0] for name, values in query_of(parts.query).items()},
    }
    return relabeled({**given, **labels}, rules, parts.query)


def relabeled(labels: Mapping[str, str], rules: Sequence[Rule], query: str = "") -> Found | None:
    """Apply a target's rules to an address with its labels; None when one drops it.

    Labels that begin with two underscores say where the page is, and end here. Raises FieldError.
    """
    found = apply(rules, labels)
    if found is None:
        return None
    address = found.get(ADDRESS, "")
    if not address:
        raise FieldError("relabel", "The rules leave no __address__.")
    url = urlunsplit(
        (found.get(SCHEME, "http"), address, found.get(PATH, USUAL_PATH), asked(query, found), "")
    )
    check(url)
    kept = {name: value for name, value in found.items() if not name.startswith("__")}
    return Found(url, {"instance": address, **kept})


def asked(query: str, labels: Mapping[str, str]) -> str:
    """Return the query with what the labels say of its parameters."""
    values = query_of(query)
    for name, value in labels.items():
        if name.startswith(PARAM):
            key = name.removeprefix(PARAM)
            values[key] = [value, *values.get(key, [])[1:]]
    return urlencode(values, doseq=True)


def query_of(query: str) -> dict[str, list[str]]:
    return parse_qs(query, keep_blank_values=True)


def check(url: str) -> None:
    """Raise FieldError for what cannot be called."""
    try:
        checked(url)
    except Refused as error:
        raise FieldError("url", str(error)) from error
    if len(url) > LONGEST_URL:
        raise FieldError("url", f"An address has {LONGEST_URL} characters at most.")


def distinct(found: Iterable[Found]) -> tuple[dict[str, Found], int]:
    """Return endpoints by digest, and how many were left out for having another one's labels."""
    by_digest: dict[str, Found] = {}
    count = 0
    for one in found:
        by_digest.setdefault(one.digest, one)
        count += 1
    return by_digest, count - len(by_digest)
