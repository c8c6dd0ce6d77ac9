"""What can stand at the cursor, with what it does: what the editor's list shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from analytics.promql.asking import OPTIONS
from analytics.promql.completing import Completion, completion
from analytics.promql.reference import entries
from analytics.series import browsing
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage
from portal.store import client

MOST = 40
NAME = "__name__"
DAY_MS = 86_400_000
DURATIONS = (
    "$__rate_interval",
    "$__interval",
    "$__range",
    "1m",
    "5m",
    "15m",
    "30m",
    "1h",
    "6h",
    "1d",
)


@dataclass(frozen=True)
class Offer:
    """`text` replaces what is typed; `goes_on` where something has to follow at once."""

    text: str
    kind: str
    detail: str = ""
    help: str = ""

    def as_json(self) -> dict[str, str]:
        return {"text": self.text, "kind": self.kind, "detail": self.detail, "help": self.help}


def offers(query: str, cursor: int, now_ms: int) -> tuple[Completion, list[Offer]]:
    """List what fits at the cursor, the likeliest first; nothing of the engine's while it is away."""
    at = completion(query, cursor)
    try:
        found = list(islice(fitting(at, now_ms), MOST))
    except (client.QueryFailed, client.EngineUnavailable):
        found = list(islice(words(at.typed), MOST)) if at.kind == "expression" else []
    return at, found


def fitting(at: Completion, now_ms: int) -> Iterator[Offer]:
    if at.kind == "expression":
        yield from words(at.typed, is_start=True)
        for one in browsing.metrics(at.typed, now_ms - DAY_MS, MOST):
            yield Offer(one.name, "metric", " ".join(filter(None, (one.type, one.unit))), one.help)
        yield from words(at.typed, is_start=False)
    elif at.kind == "label":
        yield from texts(at, "label", label_names(at, now_ms))
    elif at.kind == "grouping":
        for metric in at.metrics or ("",):
            yield from texts(at, "label", label_names(Completion("label", 0, "", metric), now_ms))
    elif at.kind == "value":
        found = EngineStorage().label_values(
            at.label, [set_of(at)], now_ms - DAY_MS, now_ms, limit=1_000
        )
        yield from texts(at, "value", found)
    elif at.kind == "duration":
        yield from texts(at, "duration", DURATIONS)


def words(typed: str, *, is_start: bool = True) -> Iterator[Offer]:
    """Give the language's words that begin with what is typed, or else those that hold it."""
    if not typed:
        return
    for one in entries(experimental=OPTIONS.experimental_functions):
        begins = one.name.startswith(typed.lower())
        if begins if is_start else typed.lower() in one.name and not begins:
            yield Offer(one.name, one.kind, one.written, one.does)


def label_names(at: Completion, now_ms: int) -> list[str]:
    found = EngineStorage().label_names([set_of(at)], now_ms - DAY_MS, now_ms, limit=1_000)
    return [name for name in found if name != NAME]


def set_of(at: Completion) -> list[Matcher]:
    named = [Matcher(NAME, "=", at.metric)] if at.metric else []
    # A pattern that is still being written may be none.
    return [*named, *(one for one in at.matchers if one.op in {"=", "!="})]


def texts(at: Completion, kind: str, found: object) -> Iterator[Offer]:
    typed = at.typed.lower()
    held = [str(text) for text in found if typed in str(text).lower()]  # type: ignore[attr-defined]  # a list of texts
    for text in sorted(held, key=lambda text: not text.lower().startswith(typed)):
        yield Offer(escaped(text) if kind == "value" else text, kind)


def escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text).replace("\n", "\\n")
