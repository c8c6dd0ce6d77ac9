"""A canary person stands in every store; after the erasure no file of the data directory names it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.cache import cache

from analytics.ingest import quarantine, wanted
from analytics.ingest.models import PersonRequest, Quarantined
from analytics.ingest.writer import Writer
from analytics.insights.actions.sql import record_sql_run
from analytics.insights.models import Annotation, SavedInsight
from analytics.privacy import actions, carrying, exporting
from portal.lib import clock
from portal.store import client
from portal.store.query import TimeRange
from portal.store.sources import Question, ask
from tests.factories import make_cohort, make_dashboard, make_staff
from tests.ingest.conftest import DoorClient, rows
from tests.ingest.test_person_changes import done
from tests.ingest.test_persons import aliased, identified, one_by_one, seen
from tests.privacy.erasing import carry_out, later, user
from tests.servers import SERVERS

MARK = "q5e1f0b77z"
USER, TWIN, DEVICE, TABLET = (f"{kind}-{MARK}" for kind in ("user", "twin", "phone", "tablet"))
ADDRESS = f"canary.{MARK}@example.org"
PLAIN = ("user_id", "anonymous_id", "properties")  # columns that are stored unpacked here
STANDS_IN = Path(os.environ[SERVERS])


@pytest.fixture
def unpacked(engine: None) -> Iterator[None]:
    """Let the engine store texts as they are, so that a search of its bytes proves something."""
    for column in PLAIN:
        client.command(f"ALTER TABLE events MODIFY COLUMN {column} String CODEC(NONE)")
    yield
    for column in PLAIN:
        client.command(f"ALTER TABLE events MODIFY COLUMN {column} String CODEC(ZSTD(1))")


def named_in(folder: Path) -> set[str]:
    """Return the files below a folder in whose bytes the canary stands."""
    found = set()
    for inside, _, names in os.walk(folder):  # goes on where a folder is gone meanwhile
        for file in (Path(inside) / name for name in names):
            try:
                if file.is_file() and MARK.encode() in file.read_bytes():
                    found.add(str(file.relative_to(folder)))
            except (FileNotFoundError, PermissionError):
                continue  # gone meanwhile, or a socket
    return found


def plant_events(door: DoorClient, writer: Writer) -> None:
    known = {"email": ADDRESS, "name": f"Quick {MARK}", "plan": "pro"}
    day = (clock.now() - timedelta(days=3)).isoformat()
    one_by_one(
        door, writer,
        seen(anonymous=DEVICE) | {"timestamp": day, "properties": {"email": ADDRESS}},
        identified(USER, DEVICE, **known) | {"timestamp": day},
        seen(user=TWIN), seen(anonymous=TABLET), aliased(USER, TABLET),
        seen(user=USER, name="buy") | {"timestamp": day, "properties": {"email": ADDRESS}},
        seen(user="somebody", name="buy"), seen(user="somebody", anonymous=DEVICE),
    )  # fmt: skip
    done(writer, wanted.merge(user(USER), user(TWIN)))
    door.send({"name": "", "userId": USER}, {"name": "x", "userId": "b", "properties": USER})
    quarantine.take_in(writer.spool)


def plant_texts() -> None:
    admin, now = make_staff("admin"), clock.now()
    make_cohort(admin, {"kind": "static", "user_ids": [USER, "somebody"]})
    where = [{"property": "email", "op": "=", "value": ADDRESS}]
    make_cohort(admin, {"did": "buy", "where": where})
    SavedInsight.objects.create(
        name=f"What {USER} did",
        kind="trend",
        created_by=admin,
        created_at=now,
        updated_at=now,
        definition={"series": [{"event": "buy", "where": where}]},
    )
    dashboard = make_dashboard()
    dashboard.widgets.update(query=orjson.dumps({"where": where}).decode(), title=f"For {USER}")
    Annotation.objects.create(text=f"Call {USER}", at=now, created_at=now, updated_at=now)
    record_sql_run(admin, f"SELECT * FROM events WHERE user_id = '{USER}' -- {ADDRESS}", {})


def plant_files(data_dir: Path) -> None:
    for folder in ("log", "outbox", "rejected"):
        (data_dir / folder).mkdir(exist_ok=True)
        (data_dir / folder / "some.log").write_text(f"a line\nGET /people/{USER}\nanother\n")


def plant_answers() -> None:
    window = TimeRange(clock.now() - timedelta(days=30), clock.now() + timedelta(days=1))
    funnel = {
        "steps": [{"event": "user_identified"}, {"event": "buy"}],
        "window": {"value": 1, "unit": "day"},
        "breakdown": {"property": "email", "attribution": "first_touch"},
    }
    frame = ask("funnel", Question(funnel, window, clock.now()))
    assert ADDRESS in str(frame)
    cache.set("frame:planted", frame, timeout=600)  # the answer itself lives for some seconds only


def stores(archive: Path) -> dict[str, list[Any]]:
    with zipfile.ZipFile(archive) as opened:
        return {
            name.removesuffix(".json"): orjson.loads(opened.read(name))
            for name in opened.namelist()
            if name.endswith(".json") and name != "manifest.json"
        }


@pytest.mark.slow
@pytest.mark.skipif(not (STANDS_IN / "postgres").exists(), reason="the servers are not embedded")
@pytest.mark.usefixtures("unpacked")
def test_after_the_erasure_no_byte_of_the_data_directory_names_the_canary(
    door: DoorClient, writer: Writer, data_dir: Path
) -> None:
    plant_events(door, writer)
    plant_texts()
    plant_files(data_dir)
    plant_answers()
    door.send(seen(user=USER, name="waits"))
    before = {part: named_in(STANDS_IN / part) for part in ("engine", "postgres", "valkey")}
    own = {file.split("/")[0] for file in named_in(data_dir)}
    assert all(before.values()), before
    assert {"spool", "log", "outbox", "rejected"} <= own
    assert Quarantined.objects.count() == 2

    asked = actions.request_export(make_staff("admin"), user(USER), clock.now())
    carrying.carry_on(later)
    asked.refresh_from_db()
    archive = exporting.path_of(asked)
    assert archive is not None, asked.trouble
    handed_out = stores(archive)
    request = actions.request_erasure(None, user(USER), clock.now(), confirmed=USER)
    carry_out(writer, request)

    holding = {kind for kind, entries in handed_out.items() if entries}
    assert {
        "events", "event_ids", "identities", "merges", "person_properties", "quarantine", "spool",
        "cohort_lists", "cohorts", "saved_insights", "widgets", "annotations", "sql_statements", "person_changes",
        "log", "outbox", "rejected", "audit", "requests",
    } <= holding  # fmt: skip
    assert {row["name"] for row in handed_out["events"]} >= {
        "seen",
        "user_identified",
        "alias",
        "buy",
    }
    told = {row["property"]: row["value"] for row in handed_out["person_properties"]}
    assert told == {"email": ADDRESS, "name": f"Quick {MARK}", "plan": "pro"}
    assert {row["id"] for row in handed_out["identities"]} == {USER, TWIN, DEVICE, TABLET}

    assert not archive.exists()
    assert rows("SELECT user_id, anonymous_id FROM events") == [("somebody", "")] * 2
    assert named_in(data_dir) == set()
    for part in before:
        assert named_in(STANDS_IN / part) == set(), part
    assert request.counts["kept_rows"]["before"] > 0
    assert request.counts["answers"]["before"] > 0
    assert request.certificate
    assert PersonRequest.objects.get(pk=request.pk).state == "done"
