"""Rows that are kept beside the engine follow every change of who is who, at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.ingest.writer import Writer
from analytics.insights import fast
from analytics.insights.definitions.window import parse_asked
from portal.store import client
from portal.store.models import Epoch
from portal.store.sources import Question, ask
from tests.ingest.conftest import DoorClient, write_all
from tests.ingest.test_persons import aliased, identified, one_by_one, rekey_all, seen

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 20, tzinfo=UTC)
RANGE = {"from": "2026-03-01", "to": "2026-03-20"}
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("trend", {"series": [{"event": "seen", "math": "unique_users"}]}),
    ("trend", {"series": [{"event": None, "math": "wau"}]}),
    ("retention", {
        "start_event": "seen", "return_event": "seen", "interval": "day", "periods": 5,
        "kind": "first_time", "counting": "exact",
    }),
    ("lifecycle", {"event": "seen", "interval": "day"}),
    ("stickiness", {"event": "seen", "interval": "day"}),
    ("funnel", {
        "steps": [{"event": "seen"}, {"event": "bought"}], "window": {"value": 5, "unit": "day"},
        "breakdown": {"property": "$name"},
    }),
]  # fmt: skip


def answers(*forms: Any) -> list[Any]:
    with fast.only(*forms):
        found = []
        for kind, body in QUESTIONS:
            asked = parse_asked(RANGE | body, NOW, "UTC")
            question = Question(asked.params, asked.window, NOW)
            found.append(ask(kind, question, refresh=True).extra)
        return found


def happened(chance: random.Random) -> dict[str, Any]:
    who = chance.choice(("ada", "bob", "cy"))
    one = seen(name=chance.choice(("seen", "seen", "bought")))
    one |= {"userId": who} if chance.random() < 0.5 else {"anonymousId": f"anonymous-{who}"}
    at = START + timedelta(hours=chance.randint(0, 18 * 24))
    return one | {"timestamp": at.isoformat(), "id": str(chance.getrandbits(64))}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_answers_stay_those_of_the_engine_through_merges_and_their_re_keying(
    door: DoorClient, writer: Writer, seed: int
) -> None:
    chance = random.Random(seed)
    for name in ("ada", "bob", "cy"):
        door.send(*[happened(chance) for _ in range(20)])
        write_all(writer)
        assert answers("rows") == answers()

        one_by_one(door, writer, identified(name, f"anonymous-{name}"))
        assert answers("rows") == answers()

        if chance.random() < 0.5:
            rekey_all(writer)
            assert answers("rows") == answers()
    one_by_one(door, writer, aliased("ada", "bob"))
    one_by_one(door, writer, aliased("cy", "ada"))
    door.send(happened(chance))
    write_all(writer)
    assert answers("rows") == answers()


def test_what_was_erased_is_in_no_kept_row(door: DoorClient, writer: Writer) -> None:
    chance = random.Random(7)
    door.send(*[happened(chance) for _ in range(30)])
    write_all(writer)
    before = answers("rows")

    client.command(
        "ALTER TABLE events DELETE WHERE user_id = 'ada'", settings_={"mutations_sync": 1}
    )
    door.send(*[happened(chance) for _ in range(5)])
    write_all(writer)
    Epoch.rewritten()

    assert answers("rows") == answers()
    assert answers("rows") != before
