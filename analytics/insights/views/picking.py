"""What the builders' pickers offer, and what is said at once beside a field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from analytics.insights.buckets import WIDTH
from analytics.insights.definitions.filters import BUILT_INS
from analytics.insights.forms.shared import ANY_SHOWN
from analytics.insights.views.shared import Json, Seen
from portal.lib.text import ago, humanize
from portal.store.query import TimeRange


@dataclass(frozen=True)
class Note:
    """A sentence beside a field: critical where no answer is possible, else a warning."""

    text: str
    kind: Literal["critical", "warning"] = "warning"


@dataclass(frozen=True)
class Option:
    """One entry of a picker: the value, and what is known of it."""

    value: str
    note: str


ANY_EVENT = Option(ANY_SHOWN, "whatever people did")


def event_options(seen: Seen, now: datetime) -> list[Option]:
    """Return every event with its count and when it came last."""
    return [
        Option(
            event["name"],
            f"{humanize(event['count'])} events, {ago((now - last_of(event)).total_seconds())}",
        )
        for event in seen.events
    ]


def property_options(seen: Seen, names: Sequence[str], *, numeric: bool = False) -> list[Option]:
    """Return the properties of these events (none: of all) with types and counts."""
    found: dict[str, tuple[dict[str, None], int]] = {}
    for event in seen.events:
        for entry in event["properties"] if not names or event["name"] in names else ():
            types, count = found.get(entry["name"], ({}, 0))
            kinds = types | dict.fromkeys(entry["types"])
            found[entry["name"]] = (kinds, count + entry["count"])
    options = [
        Option(name, f"{', '.join(types)}, on {humanize(count)} events")
        for name, (types, count) in sorted(found.items(), key=lambda item: (-item[1][1], item[0]))
        if not numeric or "number" in types
    ]
    return options + ([] if numeric else [Option(name, "built in") for name in BUILT_INS])


def last_of(event: Json) -> datetime:
    return datetime.fromisoformat(event["last_seen"])


def note_on_event(name: str, seen: Seen, window: TimeRange | None) -> Note | None:
    """Say that an event never came, or not in the range."""
    if not name or not seen.events:
        return None
    event = seen.named(name)
    if event is None:
        close = seen.similar(name)
        meant = f" Did you mean “{close}”?" if close else ""
        return Note(f"No event named “{name}” was ever seen.{meant}", "critical")
    if window is None:
        return None
    first, last = datetime.fromisoformat(event["first_seen"]), last_of(event)
    if last < window.start:
        return Note(f"Last seen {day(last, window.tzinfo)}, before this range.")
    if first >= window.end:
        return Note(f"First seen {day(first, window.tzinfo)}, after this range.")
    return None


def note_on_range(interval: str, window: TimeRange | None) -> Note | None:
    """Say that a range is shorter than what it is cut into."""
    width = next((width for name, width in WIDTH.items() if name == interval), timedelta(0))
    if window is None or window.end - window.start >= width:
        return None
    return Note(f"The range is shorter than one {interval}: it shows only a part of it.")


def day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y}"


def note_on_property(
    name: str, names: Sequence[str], seen: Seen, *, of: str = "event", numeric: bool = False
) -> Note | None:
    """Say that these events never had a property, or that it holds no numbers."""
    if not name or of != "event" or name.startswith("$") or not seen.events:
        return None
    types = seen.types_of(list(names)).get(name)
    if types is None:
        which = f"“{names[0]}”" if len(names) == 1 else "these events"
        return Note(f"No “{name}” was ever seen on {which}.")
    if numeric and "number" not in types:
        return Note(f"“{name}” is {' or '.join(types)}, never a number.", "critical")
    return None


def why_nothing(names: Iterable[str], seen: Seen, window: TimeRange) -> str:
    """Say why an answer is empty: events that are missing, or else the filters."""
    reasons = list(missing(names, seen, window))
    return " ".join(reasons) or (
        "These events came in this range, but nobody did what is asked with these filters."
    )


def missing(names: Iterable[str], seen: Seen, window: TimeRange) -> Iterator[str]:
    for name in dict.fromkeys(names):
        note = note_on_event(name, seen, window)
        if note:
            text = note.text if note.kind == "critical" else f"“{name}”: {lower(note.text)}"
            yield text


def lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
