"""Paths agree with sessions walked by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from analytics.insights.definitions.window import parse_asked
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.insights.events import Event, load

Asked = Callable[..., Frame]
START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = {"from": "2024-01-01", "to": "2024-01-02"}
Walk = list[tuple[datetime, str]]


@pytest.fixture
def paths(db: None, store_schema: None, empty_cache: None) -> Asked:
    def asked(**body: Any) -> Frame:
        moment = datetime(2030, 1, 1, tzinfo=UTC)
        found = parse_asked(SPAN | body, moment, "UTC")
        return ask("paths", Question(found.params, found.window, moment), refresh=True)

    return asked


def sessions(events: list[Event], gap: timedelta) -> list[tuple[str, list[Event]]]:
    """Return each person's sessions in order of time."""
    found: list[tuple[str, list[Event]]] = []
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda one: one.at):
        if event.user:
            groups[event.user, event.session].append(event)
    for (user, session), group in groups.items():
        parts = [[group[0]]]
        for earlier, later in pairwise(group):
            if not session and later.at - earlier.at > gap:
                parts.append([])
            parts[-1].append(later)
        found += [(user, part) for part in parts]
    return found


def walk(session: list[Event], body: dict[str, Any]) -> tuple[int, Walk]:
    """Return the number of the first step, and the path."""
    merged: Walk = []
    for event in session:
        passes = "where" not in body or event.properties.get("x") == 1
        if passes and (not merged or merged[-1][1] != event.name):
            merged.append((event.at, event.name))
    steps, start, end = body["steps"], body.get("start"), body.get("end")
    if start:
        return 1, from_start(merged, start, end)[:steps]
    if end:
        path = to_end(merged, end)[-steps:]
        return steps - len(path) + 1, path
    return 1, merged[:steps]


def from_start(merged: Walk, start: str, end: str | None) -> Walk:
    names = [name for _, name in merged]
    if start not in names:
        return []
    first = names.index(start)
    if end is None:
        return merged[first:]
    if end not in names[first + 1 :]:
        return []
    return merged[first : names.index(end, first + 1) + 1]


def to_end(merged: Walk, end: str) -> Walk:
    names = [name for _, name in merged]
    if end not in names:
        return []
    return merged[: len(names) - names[::-1].index(end)]


def expected(events: list[Event], body: dict[str, Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    nodes: dict[Any, set[str]] = defaultdict(set)
    ended: dict[Any, set[str]] = defaultdict(set)
    links: dict[Any, list[tuple[str, float]]] = defaultdict(list)
    gap = timedelta(minutes=body["session_gap_minutes"])
    for user, session in sessions(events, gap):
        first, path = walk(session, body)
        for step, (at, name) in enumerate(path, first):
            nodes[step, name].add(user)
            following = path[step - first + 1 : step - first + 2]
            if not following:
                ended[step, name].add(user)
            for later, after in following:
                links[step, name, after].append((user, (later - at).total_seconds()))
    return (
        {
            key: (len(users), len(ended[key]) if key[0] < body["steps"] else None)
            for key, users in nodes.items()
        },
        {k: (len({u for u, _ in v}), median(s for _, s in v)) for k, v in links.items()},
    )


@pytest.mark.parametrize("seed", range(40))
def test_random_sessions_agree(paths: Asked, seed: int) -> None:
    dice = random.Random(seed)
    events = load(
        Event(
            dice.choice("ABCD"), START + timedelta(minutes=n * dice.randrange(0, 5)),
            dice.choice(["", "a", "b", "c"]), session=dice.choice(["", "", "s", "t"]),
            properties={"x": dice.choice([1, 2])},
        )
        for n in range(dice.randrange(1, 60))
    )  # fmt: skip
    body: dict[str, Any] = {
        "steps": dice.randrange(2, 6), "session_gap_minutes": dice.choice([1, 5, 30]),
    }  # fmt: skip
    body |= {"start": dice.choice("AB")} if dice.random() < 0.5 else {}
    body |= {"end": dice.choice("BC")} if dice.random() < 0.5 else {}
    if dice.random() < 0.3:
        body["where"] = [{"property": "x", "op": "=", "value": 1}]

    answer = paths(**body).extra

    nodes, links = expected(events, body)
    assert {
        (n["step"], n["name"]): (n["users"], n["ended"]) for n in answer["nodes"]
    } == nodes  # fmt: skip
    assert {
        (one["from"]["step"], one["from"]["name"], one["to"]["name"]):
            (one["users"], one["median_seconds"])
        for one in answer["links"]
    } == links  # fmt: skip


def test_paths_may_follow_a_property(paths: Asked) -> None:
    load(
        [
            Event("page", START + timedelta(seconds=n), "a", properties={"path": path})
            for n, path in enumerate(["/", "/", "/buy"])
        ]
        + [Event("page", START + timedelta(seconds=9), "a")]
    )

    answer = paths(by={"property": "path"}).extra

    assert [node["name"] for node in answer["nodes"]] == ["/", "/buy", "$none"]
    assert [(one["to"]["name"], one["median_seconds"]) for one in answer["links"]] == [
        ("/buy", 2),
        ("$none", 7),
    ]


def test_paths_may_begin_and_end_with_a_value_of_any_type(paths: Asked) -> None:
    values = [1, 5, "5", True, None, 2.5]
    load(
        Event("page", START + timedelta(seconds=n), "a", properties={} if v is None else {"v": v})
        for n, v in enumerate(values)
    )

    for start, end in [(5, "5"), ("5", True), (True, "$none"), ("$none", 2.5), (1, 2.5)]:
        found = paths(by={"property": "v"}, start=start, end=end, steps=20).extra["nodes"]
        assert found[0]["name"] == start
        assert found[-1]["name"] == end


def test_rare_steps_are_left_out(paths: Asked) -> None:
    load([Event("A", START, user) for user in "ab"] + [Event("B", START + timedelta(1e-5), "a")])

    answer = paths(min_users=2).extra

    assert [node["name"] for node in answer["nodes"]] == ["A"]
    assert answer["links"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [({"steps": 1}, "steps"), ({"steps": 99}, "steps"), ({"by": "page"}, "by"),
     ({"by": {"property": "x", "of": "person"}}, "by.of"), ({"min_users": 0}, "min_users"),
     ({"session_gap_minutes": 0}, "session_gap_minutes"), ({"strat": "A"}, "strat")],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_by_its_field(
    paths: Asked, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        paths(**body)

    assert caught.value.field == field
