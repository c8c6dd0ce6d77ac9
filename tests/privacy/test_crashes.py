"""An erasure that is interrupted anywhere ends the same, and rounds of the writer go on beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analytics.ingest import erasing, merging, spool, wanted
from analytics.ingest.models import Identity, Merge, PersonChange, PersonRequest
from analytics.ingest.personal import events as event_holders
from analytics.ingest.spool import Spool
from analytics.ingest.writer import Writer
from portal.store.models import Epoch
from tests.ingest.conftest import DoorClient, rows, write_all
from tests.ingest.test_person_changes import ask
from tests.ingest.test_persons import aliased, identified, one_by_one, people, seen
from tests.privacy.erasing import ask_to_erase, carry_out, later, user

STEPS = [
    (erasing, "fixed"),
    (event_holders, "change"),
    (erasing, "refuse"),
    (merging, "count_overrides"),
    (erasing, "forget_overrides"),
    (Epoch, "rewritten"),
]


class Killed(Exception):
    """Stands for a process that ends there."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_writer_that_dies_at_any_step_leaves_nothing_behind(
    door: DoorClient,
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    after: bool,
) -> None:
    one_by_one(
        door, writer,
        seen(anonymous="phone"), identified("canary", "phone", plan="pro"), seen(user="other"),
    )  # fmt: skip
    request = ask_to_erase(user("canary"))
    real: Callable[..., Any] = getattr(owner, name)

    def dies(*args: Any, **options: Any) -> Any:
        if after:
            real(*args, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dies)
        for _ in range(20):
            write_all(writer)
            try:
                writer.chores(later())
            except Killed:
                break
        else:
            pytest.fail("the step was never reached")
    reborn = Writer(Spool(spool.path()))
    carry_out(reborn, request)
    reborn.spool.close()

    assert rows("SELECT user_id FROM events") == [("other",)]
    assert rows("SELECT count() FROM event_ids") == [(1,)]
    assert rows("SELECT count() FROM person_properties") == [(0,)]
    assert rows("SELECT count() FROM person_overrides") == [(0,)]
    assert not Identity.objects.exists()
    assert not Merge.objects.exists()
    assert Epoch.current().pending_overrides == 0
    assert request.counts["events"] == {"before": 2, "after": 0}


def test_rounds_go_on_while_a_person_is_erased(door: DoorClient, writer: Writer) -> None:
    one_by_one(door, writer, identified("canary", "phone"), seen(user="other"))
    request = ask_to_erase(user("canary"))

    sent = 0
    while request.state != PersonRequest.State.SWEEPING:
        door.send(seen(user="other") | {"id": f"o{sent}"}, seen(user="canary") | {"id": f"c{sent}"})
        sent += 1
        write_all(writer)
        writer.chores(later())
        request.refresh_from_db()
    write_all(writer)
    carry_out(writer, request)

    assert rows("SELECT user_id, count() FROM events GROUP BY user_id") == [("other", sent + 1)]
    assert people() == 1


def test_a_split_and_an_erasure_take_turns(door: DoorClient, writer: Writer) -> None:
    one_by_one(
        door, writer,
        seen(user="a"), seen(user="b"), aliased("a", "b"), identified("canary", "phone"),
    )  # fmt: skip
    first = ask_to_erase(user("canary"))
    change = ask(wanted.split([user("b")]))
    second = ask_to_erase(user("a"))

    carry_out(writer, first)
    carry_out(writer, second)

    assert not PersonChange.objects.filter(pk=change.pk).exists()  # it named "a"
    assert rows("SELECT user_id FROM events") == [("b",)]
    assert people() == 1
