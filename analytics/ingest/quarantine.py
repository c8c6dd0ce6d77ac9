"""Events that were not taken: kept with their reason, the newest per source."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from analytics.ingest.columns import COLUMN_OF
from analytics.ingest.models import Quarantined, Source
from analytics.ingest.spool import Spool

KEPT_PER_SOURCE = 10_000


def take_in(spool: Spool) -> None:
    """Move what the door rejected from the spool into PostgreSQL."""
    waiting = spool.rejections()
    if not waiting:
        return
    sources = set(Source.objects.values_list("pk", flat=True))
    for number, source, received_at, entries in waiting:
        if source in sources:
            keep(spool.id, number, source, received_at, orjson.loads(entries))
        spool.forget_rejections(number)
    for source in {source for _, source, _, _ in waiting} & sources:
        forget_old(source)


def keep(
    spool_id: str, number: int, source: int, received_at: int, entries: list[dict[str, Any]]
) -> None:
    Quarantined.objects.bulk_create(
        [
            Quarantined(
                source_id=source,
                origin=f"{spool_id}-{number}",
                index=entry["index"],
                received_at=datetime.fromtimestamp(received_at / 1e6, UTC),
                field=storable(entry["field"])[:300],
                message=storable(entry["message"])[:500],
                event=storable(entry["event"]),
            )
            for entry in entries
        ],
        ignore_conflicts=True,
        batch_size=1_000,
    )


def storable(value: object) -> str:
    """PostgreSQL has no NUL; JSON text holds it as an escape anyway."""
    return str(value).replace("\0", "\\0")


def forget_old(source: int) -> None:
    newest = Quarantined.objects.filter(source=source).order_by("-pk")
    oldest_kept = newest.values_list("pk", flat=True)[KEPT_PER_SOURCE : KEPT_PER_SOURCE + 1]
    limit = oldest_kept.first()
    if limit is not None:
        Quarantined.objects.filter(source=source, pk__lte=limit).delete()


def keep_refused(token: str, rows: Any, refused: dict[int, str]) -> None:
    """Keep events that the engine refused, put together again as their client sent them."""
    found = [
        refused_event(row, rows.slice(row, 1).to_pylist()[0], why) for row, why in refused.items()
    ]
    sources = set(Source.objects.values_list("pk", flat=True))
    for event in found:
        event.origin = token
    Quarantined.objects.bulk_create(
        [event for event in found if event.source_id in sources], ignore_conflicts=True
    )


def refused_event(row: int, cells: dict[str, Any], why: str) -> Quarantined:
    event = {field: cells[column] for field, column in COLUMN_OF.items() if cells[column]}
    event |= {"id": cells["id"], "name": cells["name"], "timestamp": cells["ts"].isoformat()}
    event["properties"] = orjson.loads(cells["properties"])
    return Quarantined(
        source_id=cells["source"],
        index=row,
        received_at=cells["received_at"],
        field="event",
        message=storable(why)[:500],
        event=orjson.dumps(event).decode(),
    )
