"""What to do about series that are many. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

MANY_VALUES = 1_000
SOME_VALUES = 100
LOOKED_AT = 200  # characters of a value: it may be very long
FAST_GROWTH = 0.2
UUID = re.compile(
    r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$", re.IGNORECASE
)
HEX = re.compile(r"^[0-9a-f]{16,}$", re.IGNORECASE)
NUMBER = re.compile(r"^\d{4,}$")
ADDRESS = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
PATH = re.compile(r"^/.*\d")
NAMES_OF_IDS = re.compile(
    r"(^|_)(id|uid|uuid|guid|user|email|session|request|trace|span|order|token|ip)($|_|id$)"
)
# Labels that collection itself gives, whose values are few machines and names.
GIVEN = {"instance", "job", "le", "quantile", "pod", "node", "container", "namespace"}


def on_metric(live: int, new_in_hour: int, new_in_day: int) -> str:
    """Say what to do about a metric with so many series; nothing where nothing is to be done."""
    if live >= SOME_VALUES and new_in_hour > FAST_GROWTH * live and new_in_day > new_in_hour:
        return (
            "Grows by the hour: one of its labels changes with each request, deployment or user."
            " Find it below, and drop it where the metric is made."
        )
    if live >= MANY_VALUES and new_in_day >= 0.5 * live:
        since = "All" if new_in_day == live else "Most"
        return f"{since} of its series came within a day: look by which label, and who asks by it."
    if live >= 10 * MANY_VALUES:
        return "Large but steady: sum it up by the labels that are asked for, or drop the others."
    return ""


def on_label(name: str, values: int, examples: Sequence[str]) -> str:
    """Say what to do about a label with so many values."""
    if values >= SOME_VALUES and (what := kind_of(name, examples)):
        return f"Holds {what}: drop it (labeldrop), and keep such things in events or logs."
    if values >= MANY_VALUES and name in GIVEN:
        return "Comes with collection: sum it up before it is kept where nobody looks at one."
    if values >= MANY_VALUES:
        return "Many values: group them at the sender (a status class, a route), or drop the label."
    return ""


def kind_of(name: str, examples: Sequence[str]) -> str:
    """Guess what a label holds that has no end; nothing where it seems to have one."""
    kinds = (
        (ADDRESS, "e-mail addresses"), (UUID, "ids"), (HEX, "ids"), (NUMBER, "numbers"),
        (PATH, "paths with ids in them"),
    )  # fmt: skip
    for pattern, what in kinds:
        if examples and all(pattern.match(value[:LOOKED_AT]) for value in examples):
            return what
    return "ids" if name not in GIVEN and NAMES_OF_IDS.search(name.lower()) else ""


def on_source(live: int, limit: int, new_in_hour: int) -> str:
    """Say what to do about a source with so many of the series that it may have."""
    if live >= limit:
        return (
            "Full: its new series are refused, the others go on. Drop a label, or raise the limit."
        )
    is_old_enough = live > 2 * new_in_hour  # all of a source that has just begun are new
    if is_old_enough and new_in_hour and live + 24 * new_in_hour >= limit:
        return "At this pace it is full within a day."
    return ""
