"""Cohorts: rules that say which persons belong together. Pure.

A rule is one JSON object, told by its first field:

    {"and": [...]}, {"or": [...]}, {"not": {...}}
    {"property": "plan", "op": "=", "value": "pro"}                     a person's property
    {"did": "buy", "at_least": 3, "last_days": 30}                      also at_most, exactly
    {"did": "visit", "then": "buy", "within": {"value": 7, "unit": "day"}}
    {"first_did": "visit", "from": "2026-01-01", "to": "2026-02-01"}
    {"stopped": "visit", "for_days": 30, "last_days": 90}
    {"cohort": 5, "op": "not_in"}                                       another cohort
    {"kind": "static", "user_ids": ["ada", "bob"]}                      a list; stands alone
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from analytics.insights.definitions.filters import (
    MAX_FILTERS,
    Filter,
    InCohort,
    PropertyFilter,
    parse_filter,
    parse_in_cohort,
    parse_property_filter,
)
from analytics.insights.definitions.funnel import LONGEST_WINDOW, UNITS
from analytics.insights.definitions.reading import Reader, name_of
from portal.lib.field_error import FieldError

T = TypeVar("T")
MAX_DEPTH = 10
MAX_RULES = 100
MAX_LISTED = 100_000
MAX_ID_LENGTH = 200
MAX_TIMES = 1_000_000
MAX_DAYS = 3_660
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """When something was done: in the last days, or from one moment up to another, or ever."""

    last_days: int | None = None
    start: datetime | None = None
    end: datetime | None = None

    def bounds(self, as_of: datetime) -> tuple[datetime | None, datetime]:
        """Return the half-open range as of a moment; what lies after the moment is not in it."""
        if self.last_days is not None:
            return as_of - self.last_days * DAY, as_of
        return self.start, min(self.end or as_of, as_of)


@dataclass(frozen=True)
class Deed:
    """Events of one name (None: any) that pass all filters."""

    event: str | None
    where: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Every:
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Either:
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Not:
    """All other persons with any event."""

    rule: Rule


@dataclass(frozen=True)
class Has:
    """A condition on a person's property, by today's value."""

    filter: PropertyFilter


@dataclass(frozen=True)
class Did:
    """Did it so often; `most` 0 is "never". Without a bound that side is open."""

    deed: Deed
    least: int = 1
    most: int | None = None
    span: Span = Span()


@dataclass(frozen=True)
class DidThen:
    """Did one thing in the span, and another at the same moment or up to `within` later."""

    deed: Deed
    then: Deed
    within: timedelta
    span: Span = Span()


@dataclass(frozen=True)
class FirstDid:
    """Did it for the first time in the span."""

    deed: Deed
    span: Span


@dataclass(frozen=True)
class Stopped:
    """Did it in the span, but not in the last days."""

    deed: Deed
    days: int
    span: Span = Span()


@dataclass(frozen=True)
class Listed:
    """Who has one of these user ids. `persons` is empty until the ids have been looked up."""

    user_ids: tuple[str, ...]
    persons: tuple[int, ...] = ()


Rule = Every | Either | Not | Has | Did | DidThen | FirstDid | Stopped | Listed | InCohort


@dataclass
class Parsing:
    """What all rules of one definition share: the zone of its times, and how many there are."""

    zone: ZoneInfo
    count: int = 0


def parse_rule(body: Any, path: str, zone: ZoneInfo) -> Rule:
    """Read a cohort's definition. Raises FieldError."""
    if isinstance(body, Mapping) and body.get("kind") is not None:
        return _listed(Reader(body, path))
    return _rule(body, path, Parsing(zone), 1)


def _listed(reader: Reader) -> Listed:
    reader.choice("kind", ("static",))
    ids = reader.each("user_ids", _user_id, most=MAX_LISTED)
    reader.finish()
    if not ids:
        raise FieldError(reader.at("user_ids"), "List at least one user id.")
    return Listed(tuple(dict.fromkeys(ids)))


def _user_id(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise FieldError(path, f"This must be a user id, not {name_of(value)}.")
    if len(value) > MAX_ID_LENGTH:
        raise FieldError(path, f"A user id has {MAX_ID_LENGTH} characters at most.")
    return value


def _rule(body: Any, path: str, parsing: Parsing, depth: int) -> Rule:
    reader = Reader(body, path)
    parsing.count += 1
    if depth > MAX_DEPTH:
        raise FieldError(path, f"Rules are nested {MAX_DEPTH} deep at most.")
    if parsing.count > MAX_RULES:
        raise FieldError(path, f"A cohort has {MAX_RULES} rules at most.")
    for name, parse in KINDS.items():
        if name in reader.values:
            rule = parse(reader, parsing, depth)
            reader.finish()
            return rule
    raise FieldError(path, f"A rule has one of the fields {', '.join(KINDS)}.")


def _several(reader: Reader, name: str, parsing: Parsing, depth: int) -> tuple[Rule, ...]:
    inner = partial(_rule, parsing=parsing, depth=depth + 1)
    rules = reader.each(name, inner, most=MAX_RULES)
    if not rules:
        raise FieldError(reader.at(name), "This needs at least one rule.")
    return rules


def _every(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    return Every(_several(reader, "and", parsing, depth))


def _either(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    return Either(_several(reader, "or", parsing, depth))


def _not(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    return Not(_rule(reader.take("not"), reader.at("not"), parsing, depth + 1))


def _has(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    of_person = Reader({"of": "person", **reader.values}, reader.path)
    found = parse_property_filter(of_person, parsing.zone)
    if found.property.of != "person":
        message = "A cohort filters on persons' properties; filter events inside `did`, by `where`."
        raise FieldError(reader.at("of"), message)
    reader.known += of_person.known
    return Has(found)


def _did(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    deed = _deed(reader, "did", "where", parsing.zone)
    if "then" in reader.values:
        then = _deed(reader, "then", "then_where", parsing.zone)
        return DidThen(deed, then, _within(reader), _span(reader, parsing.zone))
    least, most = _times(reader)
    return Did(deed, least, most, _span(reader, parsing.zone))


def _first_did(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    deed = _deed(reader, "first_did", "where", parsing.zone)
    span = _span(reader, parsing.zone)
    if span == Span():
        message = "Say when it was done first: `last_days`, or `from` and `to`."
        raise FieldError(reader.at("last_days"), message)
    return FirstDid(deed, span)


def _stopped(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    deed = _deed(reader, "stopped", "where", parsing.zone)
    if reader.values.get("for_days") is None:
        message = "Say for how many days it was not done, such as 30."
        raise FieldError(reader.at("for_days"), message)
    days = reader.integer("for_days", 30, low=1, high=MAX_DAYS)
    span = _span(reader, parsing.zone)
    if span.last_days is not None and span.last_days <= days:
        message = f"This must reach further back than for_days, which is {days}."
        raise FieldError(reader.at("last_days"), message)
    return Stopped(deed, days, span)


def _in_cohort(reader: Reader, parsing: Parsing, depth: int) -> Rule:
    return parse_in_cohort(reader)


KINDS: dict[str, Callable[[Reader, Parsing, int], Rule]] = {
    "and": _every, "or": _either, "not": _not, "property": _has, "did": _did,
    "first_did": _first_did, "stopped": _stopped, "cohort": _in_cohort,
}  # fmt: skip


def _deed(reader: Reader, name: str, where: str, zone: ZoneInfo) -> Deed:
    event = None if reader.take(name) is None else reader.text(name)
    return Deed(event, reader.each(where, partial(parse_filter, zone=zone), most=MAX_FILTERS))


def _times(reader: Reader) -> tuple[int, int | None]:
    """Return the least and the most times; nothing said is at least once."""
    given = [n for n in ("at_least", "at_most", "exactly") if reader.values.get(n) is not None]
    exactly = reader.integer("exactly", -1, low=0, high=MAX_TIMES)
    least = reader.integer("at_least", 0 if given else 1, low=1, high=MAX_TIMES)
    most = reader.integer("at_most", -1, low=0, high=MAX_TIMES)
    if exactly >= 0:
        if len(given) > 1:
            raise FieldError(reader.at("exactly"), "Leave at_least and at_most out beside this.")
        return exactly, exactly
    if 0 <= most < least:
        raise FieldError(reader.at("at_most"), "This must not be less than at_least.")
    return least, most if most >= 0 else None


def _within(reader: Reader) -> timedelta:
    given = Reader(reader.take("within"), reader.at("within"), like='{"value": 7, "unit": "day"}')
    if given.values.get("value") is None:
        raise FieldError(given.at("value"), "Say within what time it followed, such as 7.")
    unit = UNITS[given.choice("unit", tuple(UNITS), "day")]
    value = given.integer("value", 1, low=1, high=LONGEST_WINDOW // unit)
    given.finish()
    return value * unit


def _span(reader: Reader, zone: ZoneInfo) -> Span:
    start, end = _instant(reader, "from", zone), _instant(reader, "to", zone)
    if reader.values.get("last_days") is not None and (start or end):
        raise FieldError(reader.at("last_days"), "Leave this out beside `from` and `to`.")
    if start and end and start >= end:
        raise FieldError(reader.at("to"), "`to` must be later than `from`.")
    days = reader.integer("last_days", 0, low=1, high=MAX_DAYS)
    return Span(days or None, start, end)


def _instant(reader: Reader, name: str, zone: ZoneInfo) -> datetime | None:
    text = reader.text(name, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        found = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or not 1900 <= found.year <= 2299:
        message = "This is a date or a time, such as 2026-03-01 or 2026-03-01T00:00:00Z."
        raise FieldError(reader.at(name), message)
    return found


def walked(value: T, change: Callable[[Any], Any]) -> T:
    """Return a definition with its parts changed: frozen dataclasses and tuples, inside out.

    `change` gets every part that is a dataclass, and gives it back or another in its place.
    """
    found: T = _walked(value, change)
    return found


def _walked(value: Any, change: Callable[[Any], Any]) -> Any:
    if type(value) is tuple:
        if value and isinstance(value[0], str | int):
            return value  # ids: 100,000 of them, and no part among them
        items = tuple(_walked(item, change) for item in value)
        is_same = all(new is old for new, old in zip(items, value, strict=True))
        return value if is_same else items
    if not is_dataclass(value) or isinstance(value, type):
        return value
    old = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
    new = {name: _walked(part, change) for name, part in old.items()}
    changed = {name: part for name, part in new.items() if part is not old[name]}
    return change(replace(value, **changed) if changed else value)


def mentioned(value: Any) -> list[InCohort]:
    """Return the cohorts that a definition names itself, in its order."""
    found: list[InCohort] = []

    def note(part: Any) -> Any:
        if isinstance(part, InCohort):
            found.append(part)
        return part

    walked(value, note)
    return found


def rules_in(rule: Rule) -> Iterator[Rule]:
    """Return a rule and all inside it, the outer one first."""
    yield rule
    inner: Sequence[Rule] = ()
    if isinstance(rule, Every | Either):
        inner = rule.rules
    elif isinstance(rule, Not):
        inner = (rule.rule,)
    for one in inner:
        yield from rules_in(one)
