"""Persons merged and split by an admin: exact in every query at once, undoable, and by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from analytics.ingest import actions, changing, merging, parting, wanted
from analytics.ingest.identities import Id, Identities
from analytics.ingest.models import Apart, Merge, PersonChange
from analytics.ingest.subjects import reference
from analytics.ingest.wanted import Wanted
from analytics.ingest.writer import Writer
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.models import Epoch
from tests.factories import make_staff
from tests.ingest.conftest import DoorClient, rows
from tests.ingest.test_persons import (
    aliased,
    identified,
    people,
    person,
    properties_of,
    rekey_all,
    seen,
)
from tests.ingest.test_persons import one_by_one as send_one_by_one
from tests.running import eventually

State = PersonChange.State
number = count(1)


def one_by_one(door: DoorClient, writer: Writer, *events: dict[str, Any]) -> None:
    """Send events that are new each time, also where they say the same as before."""
    send_one_by_one(door, writer, *({"id": f"e{next(number)}"} | event for event in events))


def user(value: str) -> Id:
    return Id(value, is_user=True)


def device(value: str) -> Id:
    return Id(value, is_user=False)


def ask(one: Wanted) -> PersonChange:
    """Ask for a change as an admin does."""
    admin = make_staff("admin")
    return actions.change_persons(admin, one, reason="shared laptop", effect={}, now=clock.now())


class Clock:
    """Each call is a quarter of a minute later."""

    def __init__(self) -> None:
        self.now = clock.now()

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=15)
        return self.now


def carry_out(writer: Writer, change: PersonChange) -> PersonChange:
    """Let the writer do its chores until the change is over."""
    later = Clock()

    def is_over() -> bool:
        writer.chores(later())
        change.refresh_from_db()
        return not change.is_waiting

    eventually(is_over, within_s=60, what="the change is over")
    return change


def done(writer: Writer, one: Wanted) -> PersonChange:
    change = carry_out(writer, ask(one))
    assert change.state == State.DONE, change.refusal
    return change


def test_a_split_id_counts_for_a_person_of_its_own_again(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(anonymous="x"), identified("ada", "x"), seen(user="ada"))
    assert people() == 1

    change = done(writer, wanted.split([device("x")]))

    assert people() == 2
    assert people("anonymous_id = 'x' AND user_id = ''") == 1
    assert rows(f"SELECT DISTINCT {person()} FROM events WHERE user_id = ''") == [(change.person,)]
    assert rows("SELECT count() FROM person_overrides FINAL") == [(0,)]


def test_no_answer_changes_until_the_split_is_done(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(anonymous="x"), identified("ada", "x"), seen(anonymous="x"))
    change, later = ask(wanted.split([device("x")])), Clock()

    states, counts = [], []
    while change.is_waiting:
        writer.chores(later())
        change.refresh_from_db()
        states.append(change.state)
        counts.append(people())
        one_by_one(door, writer, seen(anonymous="x"))

    assert set(states[:-1]) == {State.APPLYING}
    assert set(counts[:-1]) == {1}
    assert counts[-1] == 2
    assert rows("SELECT uniqExact(person) FROM events WHERE user_id = ''") == [(1,)]


def test_later_events_follow_the_split_and_join_no_more(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(user="b"), seen(user="a"), aliased("a", "b"))
    done(writer, wanted.split([user("b")]))

    one_by_one(door, writer, seen(user="b", name="later"), aliased("a", "b"), aliased("b", "a"))

    assert people() == 2
    assert people("name = 'later' OR user_id = 'a'") == 2


def test_an_anonymous_id_split_off_alone_may_join_somebody_else(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, seen(anonymous="x"), seen(user="bob"), identified("ada", "x"))
    done(writer, wanted.split([device("x")]))
    assert people() == 3

    one_by_one(door, writer, identified("ada", "x"))
    assert people() == 3
    one_by_one(door, writer, identified("bob", "x"), identified("cyd", "x"), aliased("ada", "bob"))

    assert people("user_id IN ('bob', '')") == 1
    assert people("user_id IN ('ada', 'bob')") == 2


def test_each_side_of_a_split_keeps_what_its_own_events_told(
    door: DoorClient, writer: Writer
) -> None:
    a = identified("a", "", plan="pro", seats=5) | {"timestamp": "2026-03-01T00:00:00Z"}
    b = identified("b", "", plan="free", is_new=True) | {"timestamp": "2026-03-02T00:00:00Z"}
    both = {"plan": "free", "seats": 5.0, "is_new": True}
    one_by_one(door, writer, a, b, aliased("a", "b"))
    assert properties_of("a") == both

    change = done(writer, wanted.split([user("b")]))

    assert properties_of("a") == {"plan": "pro", "seats": 5.0}
    assert properties_of("b") == {"plan": "free", "is_new": True}
    done(writer, wanted.undo(change))
    assert properties_of("a") == both


def test_an_admin_merges_and_undoes_it(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(user="a"), seen(user="b"), seen(anonymous="x"))
    done(writer, wanted.merge(user("a"), user("b")))
    change = done(writer, wanted.merge(user("a"), device("x")))
    assert people() == 1

    undo = done(writer, wanted.undo(change))

    assert undo.undoes == change
    assert people() == 2
    rekey_all(writer)
    assert people() == 2
    one_by_one(door, writer, identified("c", "x"))  # as if they had never been joined
    assert people("user_id = 'c' OR user_id = ''") == 1
    assert people() == 2
    with pytest.raises(FieldError, match="undone already"):
        wanted.undo(change)


def test_a_merge_ends_what_a_split_kept_apart_and_undone_it_is_kept_apart_again(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, seen(user="a"), seen(user="b"), aliased("a", "b"))
    split = done(writer, wanted.split([user("b")]))
    again = done(writer, wanted.undo(split))
    assert (people(), Apart.objects.count()) == (1, 0)

    done(writer, wanted.undo(again))
    one_by_one(door, writer, aliased("a", "b"))

    assert people() == 2


def test_merges_by_events_go_on_while_a_split_is_made(door: DoorClient, writer: Writer) -> None:
    one_by_one(
        door, writer,
        seen(anonymous="x"), seen(user="b"), seen(user="c"), identified("a", "x"), aliased("a", "b"),
    )  # fmt: skip
    change, later = ask(wanted.split([user("b")])), Clock()
    writer.chores(later())
    writer.chores(later())

    one_by_one(door, writer, aliased("c", "a"), seen(user="b"))
    assert people() == 1

    carry_out(writer, change)
    assert (people(), people("user_id = 'b'"), people("user_id != 'b'")) == (2, 1, 1)
    rekey_all(writer)
    assert (people(), people("user_id = 'b'"), people("user_id != 'b'")) == (2, 1, 1)


def test_a_split_whose_end_was_interrupted_is_completed_before_anything_is_written(
    door: DoorClient, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one(door, writer, seen(anonymous="x"), identified("ada", "x"))
    rekey_all(writer)
    change = ask(wanted.split([device("x")]))
    crash(monkeypatch, changing, "part")
    with pytest.raises(RuntimeError, match="crash"):
        carry_out(writer, change)
    assert people() == 1
    monkeypatch.undo()

    restarted = Writer(writer.spool)
    one_by_one(door, restarted, seen(anonymous="x"))

    assert people() == 2
    change.refresh_from_db()
    assert change.state == State.DONE


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (merging, "write_overrides"), (parting, "rewrite"), (parting, "rewrite_rest"),
        (parting, "part_properties"), (parting, "put"), (changing, "part"), (merging, "settle"),
        (merging, "count_overrides"), (changing, "end"),
    ],
)  # fmt: skip
def test_every_step_may_be_repeated(
    door: DoorClient, writer: Writer, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    told = identified("ada", "x", plan="pro") | {"timestamp": "2026-03-02T00:00:00Z"}
    one_by_one(door, writer, seen(anonymous="x"), told, identified("bob", "", plan="free"))
    one_by_one(door, writer, seen(user="bob"), aliased("ada", "bob"))

    for kind in ("split", "merge"):
        is_split = kind == "split"
        change = ask(
            wanted.split([user("ada")]) if is_split else wanted.merge(user("bob"), user("ada"))
        )
        crash(monkeypatch, module, step)
        try:
            carry_out(writer, change)
        except RuntimeError:
            monkeypatch.undo()
            writer = Writer(writer.spool)
        carry_out(writer, change)
        monkeypatch.undo()
        assert change.state == State.DONE
        assert people() == (2 if is_split else 1)
        assert properties_of("bob") == {"plan": "free"}


def crash(monkeypatch: pytest.MonkeyPatch, module: Any, step: str) -> None:
    """Let a step fail after it was done."""
    real: Callable[..., Any] = getattr(module, step)

    def crashing(*args: Any, **options: Any) -> None:
        real(*args, **options)
        raise RuntimeError("crash")

    monkeypatch.setattr(module, step, crashing)


def test_a_change_moves_the_epoch_and_a_split_says_that_rows_were_rewritten(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, seen(user="a"), seen(user="b"))
    before = Epoch.current()

    merge = done(writer, wanted.merge(user("a"), user("b")))
    between = Epoch.current()
    done(writer, wanted.undo(merge))
    after = Epoch.current()

    assert before.number < between.number < after.number
    assert (before.rewrites, between.rewrites) == (after.rewrites - 1, after.rewrites - 1)


def test_what_cannot_be_done_is_refused_with_a_reason(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(user="a"), identified("a", "x"), seen(user="b"))
    for ids, words in (
        ([], "at least one"), ([user("a"), device("x")], "Nothing would be left"),
        ([user("a"), user("b")], "not of one person"), ([user("b")], "Nothing would be left"),
    ):  # fmt: skip
        with pytest.raises(FieldError, match=words):
            wanted.split(ids)
    with pytest.raises(FieldError, match="one person already"):
        wanted.merge(user("a"), device("x"))
    with pytest.raises(FieldError, match="Say why"):
        actions.change_persons(
            make_staff("admin"), wanted.merge(user("a"), user("b")), reason=" ", effect={},
            now=clock.now(),
        )  # fmt: skip


def test_what_events_overtook_is_refused_when_its_turn_comes(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, seen(user="a"), seen(user="b"))
    merge = ask(wanted.merge(user("a"), user("b")))
    one_by_one(door, writer, aliased("a", "b"))

    carry_out(writer, merge)

    assert (merge.state, merge.refusal) == (State.REFUSED, "They are one person already.")
    assert people() == 1


def test_a_split_of_somebody_who_was_removed_meanwhile_is_refused(
    door: DoorClient, writer: Writer
) -> None:
    one_by_one(door, writer, seen(user="a"), seen(user="b"), aliased("a", "b"))
    change = ask(wanted.split([user("b")]))
    writer.chores(Clock()())
    Merge.objects.all().delete()

    carry_out(writer, change)

    assert (change.state, change.refusal) == (State.REFUSED, "Meanwhile the person was removed.")


def test_the_trail_names_the_change_but_no_id(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, seen(user="ada@example.com"), seen(user="b"))

    change = done(writer, wanted.merge(user("b"), user("ada@example.com")))

    entry = AuditEntry.objects.get(action="person.merge")
    after = entry.after or {}
    assert (entry.object_id, after["reason"]) == (str(change.pk), "shared laptop")
    assert after["moves"] == [reference(user("ada@example.com"))]
    assert "ada" not in str(after)


# Everything together, against an oracle that knows nothing but labels of ids.

IDS = [f"{kind}:{name}" for kind in "ua" for name in "abc"]


class Oracle:
    """Whose each id is, and which persons are kept apart."""

    def __init__(self) -> None:
        self.label = {one: index for index, one in enumerate(IDS)}
        self.apart: set[frozenset[int]] = set()
        self.acted: set[str] = set()
        self.told: list[tuple[str, str]] = []  # when, and by which user id
        self.undone_apart: dict[int, bool] = {}

    def people(self) -> int:
        return len({self.label[one] for one in self.acted})

    def latest(self) -> list[str]:
        """Return the latest value of each person of whom one was told: it is the time itself."""
        found: dict[int, str] = {}
        for at, one in self.told:
            label = self.label[one]
            found[label] = max(at, found.get(label, at))
        return sorted(found.values())

    def of(self, label: int) -> list[str]:
        return [one for one in IDS if self.label[one] == label]

    def join(self, first: str, other: str) -> None:
        one, two = self.label[first], self.label[other]
        is_held = other[0] == "a" and len(self.of(two)) > 1
        if one != two and not is_held and frozenset((one, two)) not in self.apart:
            self.together(one, two)

    def together(self, winner: int, loser: int) -> None:
        for one in self.of(loser):
            self.label[one] = winner
        self.apart = {
            frozenset(winner if each == loser else each for each in pair) for pair in self.apart
        }

    def change(self, change: PersonChange) -> None:
        kept, moved = key_of(change.kept), [key_of(one) for one in change.moved]
        if change.kind == "merge":
            pair = frozenset((self.label[kept], self.label[moved[0]]))
            self.undone_apart[change.pk] = pair in self.apart
            self.apart -= {pair}
            self.together(self.label[kept], self.label[moved[0]])
            return
        old, new = self.label[kept], 1_000 + change.pk
        self.apart |= {frozenset((new, *(pair - {old}))) for pair in self.apart if old in pair}
        if change.undoes_id is None or self.undone_apart[change.undoes_id]:
            self.apart.add(frozenset((old, new)))
        self.label |= dict.fromkeys(moved, new)


def key_of(packed: Iterable[Any]) -> str:
    is_user, value = packed
    return f"{'u' if is_user else 'a'}:{value}"


def id_of(key: str) -> Id:
    return Id(key[2:], is_user=key[0] == "u")


def random_change(dice: random.Random) -> Wanted | None:
    """Want something at random; None when that cannot be done just now."""
    over = PersonChange.objects.filter(state=State.DONE)
    try:
        match dice.choice(["merge", "split", "split", "undo"]):
            case "merge":
                into, other = dice.sample(IDS, 2)
                return wanted.merge(id_of(into), id_of(other))
            case "split":
                person_ids = [id_of(one) for one in dice.sample(IDS, dice.choice([1, 1, 2]))]
                return wanted.split(person_ids)
            case _:
                return wanted.undo(dice.choice(list(over))) if over else None
    except FieldError:
        return None


def random_event(dice: random.Random, oracle: Oracle, step: str) -> dict[str, Any]:
    """Return an event that the oracle has taken in."""
    a, b = dice.choice("abc"), dice.choice("abc")
    if step == "identify":
        oracle.acted.add(f"u:{a}")
        oracle.join(f"u:{a}", f"a:{b}")
        at = f"2026-03-{dice.randrange(1, 29):02}T00:00:{next(number) % 60:02}Z"
        oracle.told.append((at, f"u:{a}"))
        return identified(a, b, told=at) | {"timestamp": at}
    if step == "alias":
        oracle.acted.add(f"u:{a}")
        oracle.join(f"u:{a}", f"u:{b}")
        oracle.join(f"u:{a}", f"a:{b}")
        return aliased(a, b)
    key = dice.choice(IDS)
    oracle.acted.add(key)
    return seen(**{"user" if key[0] == "u" else "anonymous": key[2:]})


@pytest.mark.parametrize("seed", range(5))
def test_any_sequence_counts_as_the_oracle_does(
    door: DoorClient, writer: Writer, seed: int
) -> None:
    dice, oracle, later = random.Random(seed), Oracle(), Clock()
    settled: set[int] = set()

    def check() -> None:
        for change in PersonChange.objects.filter(state=State.DONE).order_by("pk"):
            if change.pk not in settled:
                settled.add(change.pk)
                oracle.change(change)
        assert people() == oracle.people()
        assert latest_told() == oracle.latest()

    for _ in range(40):
        step = dice.choice(["seen", "seen", "identify", "alias", "change", "chores", "chores"])
        one = random_change(dice) if step == "change" else None
        if one is not None:
            ask(one)
        elif step == "chores":
            writer.chores(later())
        else:
            one_by_one(door, writer, random_event(dice, oracle, step))
        check()

    def is_settled() -> bool:
        writer.chores(later())
        check()
        return changing.waiting() is None and not Epoch.current().pending_overrides

    eventually(is_settled, within_s=60, what="all changes are carried out")
    assert partition(Identities.load()) == {
        frozenset(oracle.of(each)) for each in oracle.label.values()
    }
    assert not Merge.objects.filter(stage=Merge.Stage.PARTING).exists()


def latest_told() -> list[str]:
    """Return today's value of each person, as filters and profiles read it."""
    found = rows(
        f"SELECT {person()} AS who, argMax(string, (ts, type)) FROM person_properties"
        f" WHERE key = 'told' AND who IN (SELECT {person()} FROM events) GROUP BY who"
    )
    return sorted(value for _, value in found)


def partition(identities: Identities) -> set[frozenset[str]]:
    sets: dict[int, set[str]] = {}
    for one in IDS:
        sets.setdefault(identities.person_of(id_of(one)), set()).add(one)
    return {frozenset(one) for one in sets.values()}
