"""The source `why`: which values of which properties made a number change.

Asked with the body of POST /api/v1/insights/why without its time range. Columns: `property`,
`explained` (0 to 1), `value` (text), `now`, `before`, `change`, `share` (of the whole change);
`extra` is the contract's JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from analytics.insights.cohorts import resolved
from analytics.insights.counted_why import sentences
from analytics.insights.definitions.filters import Property
from analytics.insights.definitions.why import MAX_PROPERTIES, Why, parse_why
from analytics.insights.sources.asking import translated
from analytics.insights.sources.trend import named
from analytics.insights.sql import why as sql
from analytics.insights.sql.values import value_of
from analytics.insights.why import (
    Counted,
    NoReference,
    NotBegun,
    Part,
    Periods,
    explained,
    parts,
    periods,
    rest_of,
    utc,
)
from portal.lib.field_error import FieldError
from portal.store.client import QueryFailed
from portal.store.frame import Column, Frame, Meta
from portal.store.query import Query
from portal.store.sources import Question, ask, sources

COLUMNS = (
    Column("property", "string", "Property"),
    Column("explained", "number", "Explained"),
    Column("value", "string", "Value"),
    Column("now", "number", "Now"),
    Column("before", "number", "Before"),
    Column("change", "number", "Change"),
    Column("share", "number", "Share of the change"),
)
SCALARS = ("string", "number", "boolean")
UNFETCHED = "\0rest"
BUILT_INS = ("$platform", "$version", "$service", "$environment")


@dataclass(frozen=True)
class Found:
    """One property's values, as far as they were fetched, and what all of them add up to."""

    property: Property
    of: int
    values: list[Part]
    summed: Counted
    explained: float


@dataclass(frozen=True)
class WhySource:
    kind: str = "why"
    label: str = "Why did it change?"

    def run(self, question: Question) -> Frame:
        """Answer what changed. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "A change needs a time range.")
        why = resolved(parse_why(question.params, question.window.tzinfo), question.as_of)
        try:
            compared = periods(why, question.window, question.as_of)
        except NotBegun:
            raise FieldError("t", "This bucket has not begun yet.") from None
        except NoReference as error:
            raise FieldError("against", str(error)) from error
        looking = Looking(why, compared, question)
        try:
            total, found = looking.look()
        except QueryFailed as error:
            raise translated(error) from error
        return framed(looking, total, found)


def seen_scalars(
    question: Question, is_ours: Callable[[str], bool]
) -> dict[str, tuple[int, set[str]]]:
    """Return how often the scalar properties of some events were seen, and with which types."""
    asked = Question({}, None, question.as_of, question.rights, question.epoch)
    found: dict[str, tuple[int, set[str]]] = {}
    for row in ask("schema", asked).dicts():
        name, kind = row["property"], row["type"]
        if name and kind in SCALARS and is_ours(row["event"]):
            count, types = found.get(name, (0, set()))
            found[name] = (count + row["events"], types | {kind})
    return found


class Looking:
    """One look at a change: what was left out and what it cost add up while it runs."""

    def __init__(self, why: Why, compared: Periods, question: Question) -> None:
        self.why, self.periods, self.question = why, compared, question
        self.left_out: list[dict[str, Any]] = []
        self.costs: list[Meta] = []

    def look(self) -> tuple[Counted, list[Found]]:
        """Return everything together, and each property, best explanation first."""
        reads = self.small(self.reads())
        query = sql.contributions(self.why, self.periods, reads, self.question.person)
        rows = self.run(query)
        by_place: dict[int, list[tuple[Any, ...]]] = {}
        for row in rows:
            by_place.setdefault(row[0], []).append(row)
        whole = by_place.pop(len(reads), [])
        total = counted_in(whole[0][2:6]) if whole else Counted(0, 0)
        found = [self.property(reads[place], cells, total) for place, cells in by_place.items()]
        kept = [one for one in found if one is not None]
        return total, sorted(kept, key=lambda one: (-one.explained, one.of, one.property.name))

    def reads(self) -> list[sql.Read]:
        """Return the properties that were asked for, or those that the events have."""
        if self.why.properties is not None:
            return [sql.Read(one) for one in dict.fromkeys(self.why.properties)]
        built_ins = [*(("$name",) if self.why.series.event is None else ()), *BUILT_INS]
        seen = self.seen()
        names = sorted(seen, key=lambda name: (-seen[name][0], name))
        shown = names[: MAX_PROPERTIES - len(built_ins)]
        for name in names[len(shown) :]:
            self.leave_out(name, "rarer than the others")
        own = [sql.Read(Property(name), tuple(sorted(seen[name][1]))) for name in shown]
        return [*(sql.Read(Property(name)) for name in built_ins), *own]

    def seen(self) -> dict[str, tuple[int, set[str]]]:
        """Return how often the events' scalar properties were seen, and with which types."""
        event = self.why.series.event
        found = seen_scalars(self.question, lambda name: event in (None, name))
        found.pop(self.why.series.measured, None)
        return found

    def small(self, reads: list[sql.Read]) -> list[sql.Read]:
        """Leave out what has too many values, unless it was asked for by name."""
        if self.why.properties is not None or not reads:
            return reads
        query = sql.sizes(self.why, self.periods, reads, self.question.person)
        kept = []
        for read, size in zip(reads, self.run(query)[0], strict=True):
            if size <= sql.MOST_VALUES:
                kept.append(read)
            else:
                self.leave_out(read.property.name, f"more than {sql.MOST_VALUES:,} values")
        return kept

    def property(
        self, read: sql.Read, rows: Sequence[tuple[Any, ...]], total: Counted
    ) -> Found | None:
        """Make one property's parts. What was not fetched of it counts as one value."""
        of, sums = int(rows[0][6]), counted_in(rows[0][7:11])
        if of > sql.MOST_VALUES and self.why.properties is None:
            self.leave_out(read.property.name, f"{of:,} values")
            return None
        if of == 1 and not rows[0][1] and self.why.properties is None:
            return None  # none of the events has it
        values = {row[1]: counted_in(row[2:6]) for row in rows}
        fetched = reduce(Counted.__add__, values.values())
        if of > len(values):
            values[UNFETCHED] = sums - fetched
        found = parts(values, total, is_average=self.why.series.math == "avg")
        return Found(read.property, of, found, sums, explained(found))

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out.append({"property": name, "reason": reason})

    def run(self, query: Query) -> list[tuple[Any, ...]]:
        result, cost = self.question.run(query)
        self.costs.append(cost)
        return result.rows()


def counted_in(cells: Sequence[Any]) -> Counted:
    now, before, events_now, events_before = cells
    return Counted(now, before, (events_now, events_before))


def framed(looking: Looking, total: Counted, found: Sequence[Found]) -> Frame:
    """Lay out rows, one a listed value, and the contract's JSON."""
    answer = as_json(looking, total, found)
    rows = [
        (one["property"], one["explained"], named(value["value"]),
         value["now"], value["before"], value["change"], value["share_of_change"])
        for one in answer["properties"] for value in one["values"]
    ]  # fmt: skip
    values = tuple(list(cells) for cells in zip(*rows, strict=True)) or ((),) * len(COLUMNS)
    warnings = []
    if looking.periods.is_cut and looking.why.at is not None:
        warnings.append(
            "This bucket still runs, or the range cuts it: of the reference as much is counted."
        )
    meta = replace(
        reduce(Meta.plus, looking.costs),
        warnings=tuple(warnings),
        counted=tuple(sentences(looking.why, looking.periods.now, looking.periods.before)),
    )
    return Frame(COLUMNS, values, meta, answer)


def as_json(looking: Looking, total: Counted, found: Sequence[Found]) -> dict[str, Any]:
    is_average = looking.why.series.math == "avg"
    (whole,) = parts({"": total}, total, is_average=is_average)
    change = (whole.now or 0) - (whole.before or 0)
    listed = [property_json(one, total, change, looking.why) for one in found]
    return {
        "now": whole.now,
        "before": whole.before,
        "change": change,
        "periods": {
            "now": {"from": utc(looking.periods.now.start), "to": utc(looking.periods.now.end)},
            "before": {
                "from": utc(looking.periods.before.start), "to": utc(looking.periods.before.end)
            },
        },
        "properties": listed,
        "left_out": looking.left_out,
    }  # fmt: skip


def property_json(found: Found, total: Counted, change: float, why: Why) -> dict[str, Any]:
    fetched = [part for part in found.values if part.key != UNFETCHED]
    shown, hidden = fetched[: why.limit], fetched[why.limit :]
    hidden += [part for part in found.values if part.key == UNFETCHED]
    rest = rest_of(hidden)
    answer: dict[str, Any] = {
        "property": found.property.name,
        "of": found.of,
        "explained": round(found.explained, 6),
        "values": [value_json(part, change, why) for part in shown],
        "rest": None,
    }
    if rest is not None:
        row = value_json(rest, change, why)
        del row["value"]
        answer["rest"] = {"values": found.of - len(shown), **row}
    if why.series.math == "unique_users":
        overlap = total - found.summed
        answer["overlap"] = {
            "now": overlap.now, "before": overlap.before, "change": overlap.now - overlap.before
        }  # fmt: skip
    return answer


def value_json(part: Part, change: float, why: Why) -> dict[str, Any]:
    found: dict[str, Any] = {
        "value": value_of(part.key),
        "now": part.now,
        "before": part.before,
        "change": part.change,
        "share_of_change": part.change / change if change else None,
        "expected": part.expected,
    }
    if why.series.math == "avg":
        events_now, events_before = part.counted.events
        found |= {
            "mix": part.mix, "rate": part.rate,
            "events_now": events_now, "events_before": events_before,
        }  # fmt: skip
    return found


sources.add(WhySource())
