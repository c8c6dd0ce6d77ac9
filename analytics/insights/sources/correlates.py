"""The source `correlates`: what converters of a funnel did more than those who dropped.

Asked with the body of POST /api/v1/insights/funnel without its time range; breakdown, trend and
comparison play no part. Columns: one row an event or value; `extra` is the contract's JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from analytics.insights import correlates, counted_funnel
from analytics.insights.correlates import Did, Groups
from analytics.insights.definitions.filters import Property
from analytics.insights.sources.asking import translated
from analytics.insights.sources.funnel import Asked, asked
from analytics.insights.sources.trend import named
from analytics.insights.sources.why import BUILT_INS, seen_scalars
from analytics.insights.sql import correlates as sql
from analytics.insights.sql.values import value_of
from analytics.insights.sql.why import Read
from portal.store.client import QueryFailed
from portal.store.frame import Column, Frame, Meta
from portal.store.query import Query
from portal.store.sources import Question, sources

Json = dict[str, Any]
MOST_PROPERTIES = 30
MOST_LISTED = 100
NOT_COMPARED = ("breakdown", "trend_interval", "compare")
COLUMNS = (
    Column("property", "string", "Property"),
    Column("value", "string", "Value"),
    Column("converters", "number", "Converters", "count"),
    Column("drop_offs", "number", "Drop-offs", "count"),
    Column("converter_share", "number", "Of converters", "ratio"),
    Column("drop_off_share", "number", "Of drop-offs", "ratio"),
    Column("odds_ratio", "number", "Odds ratio"),
    Column("low", "number", "From"),
    Column("high", "number", "To"),
    Column("p_value_corrected", "number", "p, corrected"),
)


@dataclass(frozen=True)
class CorrelatesSource:
    kind: str = "correlates"
    label: str = "What converters did more"

    def run(self, question: Question) -> Frame:
        """Compare converters with drop-offs. Raises FieldError."""
        plain = {name: one for name, one in question.params.items() if name not in NOT_COMPARED}
        ready = asked(replace(question, params=plain))
        table, groups, one_in = correlates.tried(ready.journeys())
        looking = Looking(
            ready, sql.Attempts(ready.funnel, ready.window, question.person, table), groups
        )
        try:
            body = looking.body() if min(groups) else looking.nothing()
        except QueryFailed as error:
            raise translated(error) from error
        meta = replace(
            reduce(Meta.plus, ready.costs),
            warnings=tuple(warnings_of(groups, one_in)),
            counted=tuple(sentences(ready)),
        )
        return Frame(COLUMNS, cells(body), meta, body)


class Looking:
    """One comparison: what was left out adds up while it runs."""

    def __init__(self, ready: Asked, attempts: sql.Attempts, groups: Groups) -> None:
        self.ready, self.attempts, self.groups = ready, attempts, groups
        self.left_out: list[Json] = []

    def nothing(self) -> Json:
        return self.answer([], [], 0)

    def answer(self, events: list[Json], values: list[Json], too_rare: int) -> Json:
        return {
            "converters": self.groups.converters,
            "drop_offs": self.groups.drop_offs,
            "events": events[:MOST_LISTED],
            "values": values[:MOST_LISTED],
            "too_rare": too_rare,
            "left_out": self.left_out,
        }

    def body(self) -> Json:
        """Return the contract's JSON without `meta`; all tests are corrected together."""
        reads = [Read(Property("$name")), *self.small(self.reads())]
        steps = {step.event for step in self.ready.funnel.steps}
        did: list[tuple[Json, Did]] = []
        for place, key, converters, drop_offs in self.run(sql.counted(self.attempts, reads)):
            what = {"property": reads[place].property.name, "value": value_of(key)}
            if key and (place or what["value"] not in steps):
                did.append((what, Did(converters, drop_offs)))
        rows, too_rare = correlates.compared(did, self.groups)
        events = [as_event(row) for row in rows if row["property"] == "$name"]
        values = [row for row in rows if row["property"] != "$name"]
        return self.answer(events, values, too_rare)

    def reads(self) -> list[Read]:
        """Return the built-ins, and the most frequent properties of events that are looked at."""
        own = sql.later_steps(self.ready.funnel)
        seen = seen_scalars(self.ready.question, lambda event: event not in own)
        names = sorted(seen, key=lambda name: (-seen[name][0], name))
        for name in names[MOST_PROPERTIES:]:
            self.leave_out(name, "rarer than the others")
        shown = [
            Read(Property(name), tuple(sorted(seen[name][1]))) for name in names[:MOST_PROPERTIES]
        ]
        return [*(Read(Property(name)) for name in BUILT_INS), *shown]

    def small(self, reads: Sequence[Read]) -> list[Read]:
        """Leave out what has so many values that most are one person's."""
        kept = []
        for read, size in zip(reads, self.run(sql.sizes(self.attempts, reads))[0], strict=True):
            if size <= sql.MOST_VALUES:
                kept.append(read)
            else:
                self.leave_out(read.property.name, f"more than {sql.MOST_VALUES:,} values")
        return kept

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out.append({"property": name, "reason": reason})

    def run(self, query: Query) -> list[tuple[Any, ...]]:
        result, cost = self.ready.question.run(query)
        self.ready.costs.append(cost)
        return result.rows()


def as_event(row: Json) -> Json:
    rest = {name: value for name, value in row.items() if name not in {"property", "value"}}
    return {"event": row["value"], **rest}


def warnings_of(groups: Groups, one_in: int) -> list[str]:
    """Say why nothing is compared, and that a part of the persons stands for all."""
    found = []
    if not groups.converters:
        found.append("Nobody converted: there is nothing to compare.")
    elif not groups.drop_offs:
        found.append("Everybody whose time is over converted: there is nothing to compare.")
    if one_in > 1:
        found.append(f"One person in {one_in} was looked at.")
    return found


def sentences(ready: Asked) -> list[str]:
    """Explain the comparison, one sentence each; the last are the funnel's own."""
    return [
        "Of each person the best attempt is looked at: a converter's from its first step until just"
        " before its last, a drop-off's from its first step for as long as one of the converters took."
        " These times are dealt out by a hash of the person, so that both groups had as long to do"
        " anything. Whoever may still convert is left out, and so are the funnel's own later steps.",
        "A person did something when at least one such event has it. The odds ratio says how many"
        " times larger the odds of converting are among those who did than among those who did not,"
        " with Woolf's 95 % interval; where nobody stands in one of the four cells, half a person is"
        " added to each.",
        "p is of the test of two proportions, with Holm's correction for everything compared here."
        f" What is expected in fewer than {correlates.LEAST_EXPECTED:.0f} persons of a cell is not"
        " compared. It shows what goes together with converting, not what causes it.",
        *counted_funnel.sentences(
            replace(ready.funnel, attribution=None, trend_interval=None), ready.window
        ),
    ]


def cells(body: Json) -> tuple[list[Any], ...]:
    rows = [
        ("$name" if "event" in one else one["property"],
         one["event"] if "event" in one else named(one["value"]),
         *(one[column.name] for column in COLUMNS[2:7]), *one["interval"], one["p_value_corrected"])
        for one in [*body["events"], *body["values"]]
    ]  # fmt: skip
    return tuple(map(list, zip(*rows, strict=True))) if rows else tuple([] for _ in COLUMNS)


sources.add(CorrelatesSource())
