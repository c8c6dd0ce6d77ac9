"""Who is in a cohort is what deciding each rule for each person finds, nested or not."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from analytics.ingest.identities import Id
from tests.insights.events import Fact
from tests.insights.exact.worlds import (
    TICK,
    X_IS,
    Case,
    Dice,
    Json,
    Kind,
    event_of,
    instants,
    joins_of,
    span_of,
)
from tests.insights.oracles import trend
from tests.insights.oracles.asking import Asked

DAY = timedelta(days=1)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dice = Dice(draw)
    span = span_of(dice, ("day",), most=8)
    times = instants(dice, span, 4 * DAY, 4)
    times += [times[0] + n * DAY for n in (1, 2)] + [times[0] + DAY + TICK]
    cohorts: dict[int, Json] = {}
    for number in range(1, dice.number(1, 3) + 1):
        cohorts[number] = listed(dice) if dice.chance(1) else rule(dice, times, list(cohorts), 2)
    asked = {"cohort": max(cohorts), "op": dice.pick(["in", "in", "not_in"])}
    series = {"event": dice.pick(["A", None]), "math": "unique_users", "where": [asked]}
    body = span.body | {"series": [series]}
    if dice.chance(2):
        body["breakdown"] = {"cohort": 1}
    events = tuple(event_of(dice, dice.pick(times)) for _ in range(dice.number(0, 14)))
    late = tuple(event_of(dice, dice.pick(times)) for _ in range(dice.pick([0, 0, 2])))
    as_of = max(dice.pick([span.end, span.end + DAY, *times]), span.start)
    return Case(body, as_of, events, late, joins_of(dice), facts(dice, times), cohorts)


def facts(dice: Dice, times: list[datetime]) -> tuple[Fact, ...]:
    """Say things of ids, each at a time of its own."""
    return tuple(
        Fact(
            Id(dice.pick("ab"), is_user=True) if dice.chance(7) else Id("x", is_user=False),
            "x", dice.pick([1, 2, "1", None, [1]]), times[0] + place * TICK,
        )
        for place in range(dice.number(0, 3))
    )  # fmt: skip


def listed(dice: Dice) -> Json:
    return {"kind": "static", "user_ids": [dice.pick("abc"), dice.pick("abz")]}


def rule(dice: Dice, times: list[datetime], known: list[int], depth: int) -> Json:
    if depth and dice.chance(4):
        inner = [rule(dice, times, known, depth - 1) for _ in range(dice.number(1, 2))]
        return dice.pick([{"and": inner}, {"or": inner}, {"not": inner[0]}])
    kinds = [
        "property",
        "did",
        "did",
        "then",
        "first_did",
        "stopped",
        *(["cohort"] if known else []),
    ]
    kind = dice.pick(kinds)
    if kind == "cohort":
        return {"cohort": dice.pick(known), "op": dice.pick(["in", "not_in"])}
    if kind == "property":
        return dice.pick(
            [*X_IS, {"property": "x", "op": "is_not_set"}, {"property": "x", "op": "is_set"}]
        )
    return behavior(dice, kind, times)


def behavior(dice: Dice, kind: str, times: list[datetime]) -> Json:
    name = dice.pick(["A", "B", None])
    where = {"where": [dice.pick(X_IS)]} if dice.chance(2) else {}
    if kind == "stopped":
        days = dice.number(1, 4)
        more = {"last_days": days + dice.number(1, 5)} if dice.chance(5) else {}
        return {"stopped": name, "for_days": days} | where | more
    if kind == "first_did":
        return {"first_did": name} | where | spanned(dice, times, always=True)
    found = {"did": name} | where | spanned(dice, times)
    if kind == "then":
        within = {"value": dice.number(1, 2), "unit": dice.pick(["hour", "day", "day"])}
        return found | {"then": dice.pick(["A", "B", None]), "within": within}
    return found | dice.pick(
        [{}, {}, {"at_least": 2}, {"at_most": 1}, {"exactly": 0}, {"exactly": 2},
         {"at_least": 1, "at_most": 2}, {"at_most": 0}]
    )  # fmt: skip


def spanned(dice: Dice, times: list[datetime], *, always: bool = False) -> Json:
    kind = dice.pick(["days", "range"] if always else ["days", "range", "ever"])
    if kind == "days":
        return {"last_days": dice.number(1, 6)}
    start, end = sorted(dice.pick(times) for _ in range(2))
    return {"from": start.isoformat(), "to": (end + TICK).isoformat()} if kind == "range" else {}


def compare(asked: Asked, answer: Json) -> None:
    world, body = asked.world, asked.body
    if "breakdown" not in body:
        (expected,) = trend.answer(asked)
        (found,) = answer["series"]
        assert found["total"] == expected.total
        assert [p["value"] for p in found["points"]] == [value for _, value, _ in expected.points]
        return
    number = body["breakdown"]["cohort"]
    counted: dict[bool, set[Id | None]] = {True: set(), False: set()}
    for event in asked.meant(body["series"][0]["event"], body["series"][0]["where"],
                             body.get("where", ())):  # fmt: skip
        if world.who(event) is not None and asked.start <= event.at < asked.end:
            is_in = asked.passes(event, {"cohort": number})
            counted[is_in].add(world.who(event))
    found = {
        not one["breakdown_value"].startswith("not in"): one["total"] for one in answer["series"]
    }
    assert found == {is_in: len(users) for is_in, users in counted.items() if users}


KIND = Kind("trend", cases(), compare, ("columns", "rollups", "rows"))
