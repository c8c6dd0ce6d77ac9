"""Which ids are one person (SEMANTICS 3), in every query at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.ingest import merging
from analytics.ingest.identities import Changes, Id, Identities, Join, commit
from analytics.ingest.models import Identity, Merge
from analytics.ingest.writer import Writer
from portal.lib import clock
from portal.store import persons
from portal.store.models import Epoch
from tests.ingest.conftest import DoorClient, rows, write_all
from tests.running import eventually

LATER = timedelta(minutes=5)


def seen(*, user: str = "", anonymous: str = "", name: str = "seen") -> dict[str, Any]:
    return {"name": name, "userId": user, "anonymousId": anonymous}


def identified(user: str, anonymous: str, **properties: Any) -> dict[str, Any]:
    return seen(user=user, anonymous=anonymous, name="user_identified") | {"properties": properties}


def aliased(user: str, other: str) -> dict[str, Any]:
    return {"name": "alias", "userId": user, "properties": {"alias": other}}


def person() -> str:
    return persons.expression(pending=Epoch.current().pending_overrides > 0)


def people(where: str = "1") -> int:
    """Count persons as every insight does."""
    ((count,),) = rows(f"SELECT uniqExactIf({person()}, person != 0) FROM events WHERE {where}")
    return int(count)


def one_by_one(door: DoorClient, writer: Writer, *events: dict[str, Any]) -> None:
    for event in events:
        door.send(event)
        write_all(writer)


def rekey_all(writer: Writer) -> None:
    """Let the background work run to its end."""

    def is_done() -> bool:
        merging.rekey(clock.now() + LATER)
        return not Epoch.current().pending_overrides

    eventually(is_done, within_s=30, what="all persons are re-keyed")


def test_events_with_neither_id_are_nobodys(door: DoorClient, writer: Writer) -> None:
    door.send(seen(), seen(user="ada"))
    write_all(writer)

    assert people() == 1
    assert rows("SELECT count() FROM events WHERE person = 0") == [(1,)]


def test_ids_that_nothing_joined_need_no_row(door: DoorClient, writer: Writer) -> None:
    door.send(seen(user="ada"), seen(anonymous="ada"), seen(user="ada", anonymous="other"))
    write_all(writer)

    assert people() == 2
    assert not Identity.objects.exists()


def test_past_anonymous_events_count_for_the_person_at_once_and_after_re_keying(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, seen(anonymous="x"), seen(user="ada"))
    before = Epoch.current()
    assert people() == 2

    one_by_one(door, writer, identified("ada", "x"))

    assert people() == 1
    assert Epoch.current().number > before.number
    assert Epoch.current().pending_overrides == 1
    rekey_all(writer)
    assert people() == 1
    assert rows("SELECT uniqExact(person), uniqExact(actor) FROM events") == [(1, 2)]
    assert rows("SELECT count() FROM person_overrides FINAL") == [(0,)]


def test_a_join_within_one_batch_or_of_an_unseen_id_needs_no_re_keying(
    door: DoorClient, writer: Writer
) -> None:
    door.send(seen(anonymous="x"), identified("ada", "x"), seen(anonymous="x"))
    write_all(writer)

    assert people() == 1
    assert Epoch.current().pending_overrides == 0


def test_the_first_user_of_a_shared_device_keeps_its_anonymous_events(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(
        door, writer,
        seen(anonymous="tablet"), identified("ada", "tablet"), identified("bob", "tablet"),
        seen(user="bob", anonymous="tablet", name="bobs"), seen(anonymous="tablet", name="adas"),
    )  # fmt: skip

    assert people() == 2
    assert people("name IN ('seen', 'adas') OR user_id = 'ada'") == 1
    assert people("user_id = 'bob' OR name = 'adas'") == 2


@pytest.mark.parametrize("other", [{"user": "b"}, {"anonymous": "b"}])
def test_an_alias_joins_a_user_or_an_anonymous_id(
    door: DoorClient, writer: Writer, other: dict[str, str]
) -> None:
    one_by_one(door, writer, seen(user="a"), seen(**other), aliased("a", "b"))

    assert people() == 1


def test_joining_is_transitive_over_merges_that_are_not_re_keyed_yet(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(
        door, writer,
        seen(anonymous="x"), seen(user="a"), seen(user="b"), seen(user="c"),
        identified("a", "x"), aliased("b", "a"), aliased("c", "b"),
    )  # fmt: skip

    assert people() == 1
    rekey_all(writer)
    assert people() == 1


def test_answers_stay_while_re_keying_and_new_merges_come(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, *[seen(user=f"u{n}") for n in range(6)], aliased("u1", "u0"))
    merging.rekey(clock.now() + LATER)
    assert people() == 5

    one_by_one(door, writer, aliased("u2", "u1"), seen(user="u0"))

    assert people() == 4
    rekey_all(writer)
    assert people() == 4
    assert not Merge.objects.exclude(stage=Merge.Stage.DONE).exists()


def test_a_restarted_writer_knows_all_joins(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(anonymous="x"), identified("a", "x"), aliased("b", "a"))

    door.send(seen(anonymous="x"), seen(user="b"))
    write_all(Writer(writer.spool))

    assert people() == 1


def test_the_latest_value_of_a_person_property_wins_by_event_time(
    door: DoorClient, writer: Writer
) -> None:
    new = identified("ada", "x", plan="pro", seats=5) | {"timestamp": "2026-03-02T00:00:00Z"}
    old = identified("ada", "x", plan="free", city="Rome") | {"timestamp": "2026-03-01T00:00:00Z"}

    one_by_one(door, writer, new, old)

    assert properties_of("ada") == {"plan": "pro", "seats": 5.0, "city": "Rome"}


def test_a_merged_person_keeps_the_latest_of_both_ones_properties(
    door: DoorClient, writer: Writer
) -> None:
    a = identified("a", "", plan="pro", seats=5) | {"timestamp": "2026-03-02T00:00:00Z"}
    b = identified("b", "", plan="free", is_new=True) | {"timestamp": "2026-03-01T00:00:00Z"}

    one_by_one(door, writer, a, b, aliased("b", "a"))

    assert properties_of("b") == {"plan": "pro", "seats": 5.0, "is_new": True}


def properties_of(user: str) -> dict[str, Any]:
    found = rows(
        "SELECT key, type, string, number, boolean FROM person_properties FINAL"
        " WHERE person = {person:UInt64}",
        person=Identities.load().person_of(Id(user, is_user=True)),
    )
    columns = {"string": 0, "number": 1, "boolean": 2}
    return {key: cells[columns[kind]] for key, kind, *cells in found}


# The rules against an oracle: ten lines that only remember sets of ids.

NAMES = st.sampled_from("abcd")
JOINS = st.one_of(
    st.tuples(st.just("user_identified"), NAMES, NAMES), st.tuples(st.just("alias"), NAMES, NAMES)
)


def oracle(joins: Iterable[tuple[str, str, str]]) -> set[frozenset[str]]:
    sets = {f"{kind}:{name}": {f"{kind}:{name}"} for kind in "ua" for name in "abcd"}
    held: set[str] = set()
    for reason, user, other in joins:
        for loser in ["u:" + other, "a:" + other] if reason == "alias" else ["a:" + other]:
            if loser in held:
                continue
            if loser.startswith("a"):
                held.add(loser)
            together = sets["u:" + user] | sets[loser]
            sets |= dict.fromkeys(together, together)
    return {frozenset(one) for one in sets.values()}


def joins_of(events: Iterable[tuple[str, str, str]]) -> Iterable[Join]:
    for reason, user, other in events:
        if reason == "alias":
            yield Join(Id(user, is_user=True), Id(other, is_user=True), reason)
        yield Join(Id(user, is_user=True), Id(other, is_user=False), reason)


def partition(identities: Identities) -> set[frozenset[str]]:
    sets: dict[int, set[str]] = {}
    for kind in "ua":
        for name in "abcd":
            one = Id(name, is_user=kind == "u")
            sets.setdefault(identities.person_of(one), set()).add(f"{kind}:{name}")
    return {frozenset(one) for one in sets.values()}


@settings(max_examples=300, deadline=None)
@given(st.lists(JOINS, max_size=12), st.integers(0, 12))
def test_joins_make_the_same_persons_as_the_oracle(
    events: list[tuple[str, str, str]], cut: int
) -> None:
    identities = Identities()

    for part in (events[:cut], events[cut:]):
        identities.apply(identities.plan(joins_of(part)))

    assert partition(identities) == oracle(events)


@pytest.mark.django_db
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(JOINS, max_size=12), st.integers(0, 12))
def test_what_is_committed_is_loaded_again(events: list[tuple[str, str, str]], cut: int) -> None:
    Identity.objects.all().delete()
    Merge.objects.all().delete()
    identities = Identities()

    for part in (events[:cut], events[cut:]):
        changes = identities.plan(joins_of(part))
        commit(changes, clock.now())
        commit(Changes(), clock.now())
        identities.apply(changes)

    assert partition(Identities.load()) == oracle(events)
    Merge.objects.update(stage=Merge.Stage.DONE)
    assert partition(Identities.load()) == oracle(events)


def test_re_keying_rests_four_times_as_long_as_it_took(door: DoorClient, writer: Writer) -> None:
    start = clock.now() + LATER
    one_by_one(door, writer, *[seen(user=f"u{n}") for n in range(3)], aliased("u1", "u0"))
    writer.chores(start)
    eventually(lambda: not merging.is_rewriting(), within_s=20, what="the rewriting is done")
    writer.chores(start + timedelta(seconds=60))
    assert people() == 2

    one_by_one(door, writer, aliased("u2", "u1"))
    writer.chores(start + timedelta(seconds=200))
    assert Merge.objects.filter(stage=Merge.Stage.OVERRIDDEN).count() == 1
    writer.chores(start + timedelta(seconds=301))

    assert Merge.objects.filter(stage=Merge.Stage.REKEYING).count() == 1
    assert people() == 1


def test_the_writer_notices_when_others_change_the_map(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(anonymous="x"), identified("ada", "x"))

    Identity.objects.all().delete()
    Epoch.move(pending_overrides=0)
    writer.chores(clock.now())
    one_by_one(door, writer, identified("bob", "x"))

    assert set(Identity.objects.values_list("value", flat=True)) == {"bob", "x"}
