"""Groups of pushed metrics: kept in PostgreSQL, and sampled every minute until they are replaced.

All of it is the writer's: what replaces a group and what samples it take turns, so that no sample
of a series comes after the marker that ended it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import orjson
from django.db import transaction

from analytics.ingest import sample_spool
from analytics.ingest.keys import sender_of
from analytics.ingest.models import PushedGroup, Source
from analytics.ingest.sample_spool import PushedEntry, as_json, bits_of, series_in, value_of
from analytics.ingest.spool import Spool
from analytics.series.identity import Series
from analytics.series.samples import STALE
from analytics.series.writing import Batch, write

EVERY = timedelta(minutes=1)
MAX_SAMPLES = 100_000  # of one insert
Values = dict[Series, int]  # the bits of each series' value


class Pushes:
    """What the writer does about pushes, for one spool."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._sampled: datetime | None = None

    def step(self, now: datetime) -> None:
        """Take in what was pushed; then sample all groups, if that is due.

        Raises DatabaseError, client.QueryFailed, client.EngineUnavailable; then call it again.
        """
        self.take_in(now)
        self.sample(now)

    def take_in(self, now: datetime) -> None:
        """Replace groups in the order in which they were pushed, and end series that are gone."""
        for entry in sample_spool.pushes(self.spool):
            token = f"{self.spool.id}-push-{entry.number}"
            apply(entry, now, token=token)
            sample_spool.forget_pushes(self.spool, entry.number)

    def sample(self, now: datetime) -> None:
        """Write each group's values once a minute. A minute in which nothing runs has none."""
        slot = datetime.fromtimestamp(now.timestamp() // 60 * 60, UTC)
        if self._sampled is not None and slot < self._sampled + EVERY:
            return
        for source in Source.objects.filter(pushed_groups__isnull=False).distinct():
            groups = source.pushed_groups.order_by("pk").iterator()
            for number, part in enumerate(in_parts(groups)):
                token = f"{self.spool.id}-pushed-{source.pk}-{int(slot.timestamp())}-{number}"
                samples = [(series, value_of(bits)) for series, bits in part.items()]
                batch = Batch.of_instant(samples, slot)
                write(batch, token=token, source=sender_of(source.name))
        self._sampled = slot


def apply(entry: PushedEntry, now: datetime, *, token: str) -> None:
    """Carry one push out. To repeat it changes nothing."""
    push = entry.push
    source = Source.objects.filter(pk=entry.source).first()
    if source is None:
        return
    key = key_of(push.group)
    with transaction.atomic():
        row = PushedGroup.objects.select_for_update().filter(source=source, key=key).first()
        before = values_in(row.samples) if row else {}
        after = replaced(before, push.method, {series: bits_of(v) for series, v in push.samples})
        gone = [(series, float(STALE)) for series in before.keys() - after.keys()]
        if gone:
            batch = Batch.of_instant(gone, now)
            write(batch, token=token, source=sender_of(source.name))
        if push.method == "DELETE":
            PushedGroup.objects.filter(source=source, key=key).delete()
            return
        PushedGroup.objects.update_or_create(
            source=source,
            key=key,
            defaults={
                "samples": orjson.dumps(
                    [[*as_json(series), bits] for series, bits in after.items()]
                ),
                "pushed_at": datetime.fromtimestamp(entry.received_at / 1e6, UTC),
            },
        )


def replaced(before: Values, method: str, pushed: Values) -> Values:
    """Return a group's values after a push."""
    if method != "POST":
        return pushed
    names = {series.name for series in pushed}
    return {series: bits for series, bits in before.items() if series.name not in names} | pushed


def key_of(group: tuple[tuple[str, str], ...]) -> str:
    return blake2b(orjson.dumps(group), digest_size=32).hexdigest()


def values_in(samples: bytes | memoryview) -> Values:
    found = orjson.loads(bytes(samples))
    return {series_in([name, labels]): bits for name, labels, bits in found}


def in_parts(groups: Iterable[PushedGroup]) -> Iterator[Values]:
    """Give all groups' values, so many at once."""
    part: Values = {}
    for group in groups:
        part |= values_in(group.samples)
        if len(part) >= MAX_SAMPLES:
            yield part
            part = {}
    if part:
        yield part
