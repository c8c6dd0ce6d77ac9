"""Take the sample company out again: events, metrics, ids, persons, keys, staff."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from analytics.collect.business import past
from analytics.collect.demo import note, people
from analytics.collect.models import BusinessMetric
from analytics.ingest import state
from analytics.ingest.events import key_of
from analytics.ingest.keys import sender_of
from analytics.ingest.models import Identity, IngestKey, Merge, Source
from analytics.series.deleting import AWAITED, delete_samples
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.store import client, persons
from portal.store.models import Epoch
from portal.store.query import Query

AT_ONCE = 5_000
WAIT_S = 60.0
DOOMED = "demo_removal"


class WriterAway(Exception):
    """Sample events wait in the spool, and nobody moves them: removing now would miss them."""


@dataclass(frozen=True)
class Removed:
    events: int
    persons: int
    person_properties: int
    identities: int
    sources: int
    staff: int


def remove(data_dir: Path, now: datetime, *, pause: Callable[[float], None]) -> Removed:
    """Remove all sample data and staff; running it again finishes what was interrupted.

    Raises WriterAway, client.QueryFailed, client.EngineUnavailable.
    """
    note.removed_marker(data_dir).parent.mkdir(parents=True, exist_ok=True)
    note.removed_marker(data_dir).touch()
    sources = list(Source.objects.filter(is_sample=True))
    IngestKey.objects.filter(source__in=sources, revoked_at=None).update(revoked_at=now)
    wait_for_writer(pause)
    numbers = [source.pk for source in sources]
    found = only_of(numbers)
    removed = Removed(
        events=count("events", numbers),
        persons=len(found),
        person_properties=forget_properties(found),
        identities=forget_identities(found),
        sources=len(sources),
        staff=User.objects.filter(is_sample=True).count(),
    )
    forget_ids(numbers)
    if numbers:
        client.command(f"ALTER TABLE events DELETE WHERE {listed(numbers)}", settings_=AWAITED)
    for source in sources:
        delete_samples("source = {sender:String}", {"sender": sender_of(source.name)})
    conclude(data_dir, sources, removed)
    past.rewrite(now)
    return removed


def wait_for_writer(pause: Callable[[float], None]) -> None:
    """Let the writer move what is accepted already. Raises WriterAway."""
    waited_s = 0.0
    while state.spool_size().batches:
        if waited_s > WAIT_S:
            raise WriterAway("Events wait in the spool; start the portal first: manage.py up")
        pause(0.5)
        waited_s += 0.5


def listed(numbers: Sequence[int]) -> str:
    # Literals: mutations take no parameters. They are numbers of our own.
    return f"source IN ({','.join(str(int(number)) for number in numbers)})"


def count(table: str, numbers: Sequence[int]) -> int:
    if not numbers:
        return 0
    found = client.run(Query(f"SELECT count() FROM {table} WHERE {listed(numbers)}"))
    return int(found.value())


def only_of(numbers: Sequence[int]) -> set[int]:
    """Return the persons all of whose events are of these sources, before and after merges."""
    found: set[int] = set()
    for person in (persons.COLUMN, persons.OVERRIDDEN) if numbers else ():
        sql = f"""
            SELECT {person} AS one FROM events WHERE events.person != 0
            GROUP BY one HAVING min({listed(numbers)}) = 1
        """
        found.update(int(one) for (one,) in client.run(Query(sql)).rows())
    return found


def chunks(found: set[int]) -> Iterator[list[int]]:
    ordered = sorted(found)
    return (ordered[first : first + AT_ONCE] for first in range(0, len(ordered), AT_ONCE))


def forget_properties(found: set[int]) -> int:
    """Delete what is known of these persons, and who became them; returns how many values."""
    total = 0
    for some in chunks(found):
        literals = ",".join(str(person) for person in some)
        sql = f"SELECT count() FROM person_properties WHERE person IN ({literals})"
        total += int(client.run(Query(sql)).value())
        for condition in (
            f"person_properties DELETE WHERE person IN ({literals})",
            f"person_overrides DELETE WHERE loser IN ({literals}) OR winner IN ({literals})",
        ):
            client.command(f"ALTER TABLE {condition}", settings_=AWAITED)
    return total


def forget_identities(found: set[int]) -> int:
    """Delete these persons' joined ids and merges; returns how many ids."""
    total = 0
    with transaction.atomic():
        for some in chunks(found):
            total += Identity.objects.filter(person__in=some).delete()[0]
            Merge.objects.filter(Q(loser__in=some) | Q(target__in=some)).delete()
    return total


def forget_ids(numbers: Sequence[int]) -> None:
    """Let the engine forget which ids the sources have sent."""
    if not numbers:
        return
    client.command(f"DROP TABLE IF EXISTS {DOOMED}")
    client.command(f"CREATE TABLE {DOOMED} (day Date32, id UInt128) ENGINE = Memory")
    days = client.run(Query(f"SELECT DISTINCT day FROM events WHERE {listed(numbers)}"))
    for (day,) in days.rows():
        sql = f"SELECT source, id FROM events WHERE {listed(numbers)} AND day = {{day:Date32}}"
        rows = client.run(Query(sql, {"day": day})).rows()
        keys = [int.from_bytes(key_of(source, text), "little") for source, text in rows]
        client.insert(DOOMED, {"day": [day] * len(keys), "id": keys}, token=f"{DOOMED}-{day}")
    client.command(
        f"ALTER TABLE event_ids DELETE WHERE (day, id) IN (SELECT day, id FROM {DOOMED})",
        settings_=AWAITED,
    )
    client.command(f"DROP TABLE {DOOMED}")


@transaction.atomic
def conclude(data_dir: Path, sources: Sequence[Source], removed: Removed) -> None:
    """Remove what PostgreSQL and the disk know of the demo, with its entry in the audit trail."""
    Source.objects.filter(pk__in=[source.pk for source in sources]).delete()
    people.dismiss(data_dir)
    # Counters hold what the sample sold; they begin anew with what is left.
    counters = BusinessMetric.objects.filter(type=BusinessMetric.Type.COUNTER)
    counters.update(figures=[], collected_at=None)
    unfinished = Merge.objects.exclude(stage__in=(Merge.Stage.DONE, Merge.Stage.JOINED)).count()
    Epoch.move(pending_overrides=unfinished)
    Epoch.rewritten()
    trail.record(None, "demo.remove", None, Change(after=asdict(removed)))
    note.file_of(data_dir).unlink(missing_ok=True)
