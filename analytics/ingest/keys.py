"""Which keys let events in: all of them in memory, so that intake outlives its database."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from analytics.ingest.erased import ErasedIds
from analytics.ingest.models import IngestKey
from analytics.ingest.scrubbers import Scrubbers
from portal.lib.secrets import digest_of, is_shaped_like

log = logging.getLogger(__name__)
KEY_LABEL = "pik"
FRESH_S = 2.0  # older than this, a refresh begins behind the scenes
STALE_S = 4.0  # older than this, requests wait for the refresh
WAIT_S = 1.5  # ... but not longer than this: then the database is away
AWAY_S = 5.0  # and for so long nobody waits for it
RETRY_S = 0.2  # the keys are not read more often than this


@dataclass(frozen=True)
class KeyHolder:
    """What a key stands for."""

    source: int
    name: str
    service: str
    environment: str
    events_per_minute: int | None
    samples_per_minute: int | None = None

    @property
    def sender(self) -> str:
        """Return the source's name as analytics.series.limits counts by."""
        return sender_of(self.name)


def sender_of(name: str) -> str:
    return f"intake:{name}"


class KeysUnknown(Exception):
    """The database does not answer, and what is known does not decide."""


class Keys:
    """A snapshot of all valid keys, renewed every few seconds while requests come."""

    def __init__(self, file: Path, load: Callable[[], dict[str, KeyHolder]]) -> None:
        self._file = file
        self._load = load
        self._found: dict[str, KeyHolder] | None = None
        self._read_at = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None
        self._next_try_at = 0.0
        self._database_away_until = 0.0

    async def find(self, text: str) -> KeyHolder | None:
        """Return what the key stands for; None when it is unknown or revoked.

        Raises KeysUnknown.
        """
        if not is_shaped_like(text, KEY_LABEL):
            return None
        digest = digest_of(text)
        age = time.monotonic() - self._read_at
        if age > FRESH_S:
            await self._refresh(wait_s=WAIT_S if age > STALE_S else 0)
        return self._known().get(digest) or await self._look_again(digest)

    async def _look_again(self, digest: str) -> KeyHolder | None:
        """Read the keys once more: this one may be new. Guessers are slowed down by it."""
        asked_at = time.monotonic()
        await asyncio.sleep(max(0.0, self._next_try_at - asked_at) + 0.001)
        await self._refresh(wait_s=WAIT_S)
        if self._read_at < asked_at and self._database_away_until > time.monotonic():
            raise KeysUnknown("The database is away, and this key is not among those known.")
        return self._known().get(digest)

    def _known(self) -> dict[str, KeyHolder]:
        if self._found is None:
            self._found = self._remembered()
        return self._found

    async def _refresh(self, *, wait_s: float) -> None:
        """Begin to read the keys unless that runs; wait for it so long."""
        now = time.monotonic()
        if self._refreshing is None or (self._refreshing.done() and now > self._next_try_at):
            self._next_try_at = now + RETRY_S
            self._refreshing = asyncio.create_task(self._read())
        if wait_s and now > self._database_away_until:
            done, _ = await asyncio.wait({self._refreshing}, timeout=wait_s)
            if not done:
                self._database_away_until = time.monotonic() + AWAY_S

    async def _read(self) -> None:
        began = time.monotonic()
        try:
            found = await asyncio.to_thread(self._load)
        except (DatabaseError, OSError):
            log.warning("The ingest keys cannot be read; going on with those known.")
            self._database_away_until = time.monotonic() + AWAY_S
            return
        if found != self._found:
            await asyncio.to_thread(remember, self._file, found)
        self._found, self._read_at = found, began
        self._database_away_until = 0.0

    def _remembered(self) -> dict[str, KeyHolder]:
        """Return the keys that an earlier process wrote down. Raises KeysUnknown."""
        try:
            stored = json.loads(self._file.read_text())
        except (OSError, ValueError) as error:
            raise KeysUnknown("The ingest keys cannot be read now.") from error
        return {digest: KeyHolder(**holder) for digest, holder in stored.items()}


def remember(file: Path, found: dict[str, KeyHolder]) -> None:
    """Write the keys' digests down for a start without database; they are no secrets."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({digest: asdict(holder) for digest, holder in found.items()}))
    draft.replace(file)


def file() -> Path:
    found: Path = settings.DATA_DIR / "run" / "ingest-keys.json"
    return found


def load(erased: ErasedIds, scrubbers: Scrubbers) -> dict[str, KeyHolder]:
    """Read all valid keys, which ids are erased, and what is scrubbed; gives the database
    connection back.
    """
    try:
        erased.load()
        scrubbers.load()
        valid = IngestKey.objects.filter(revoked_at=None).select_related("source")
        return {key.digest: holder_of(key) for key in valid}
    finally:
        connection.close()


def holder_of(key: IngestKey) -> KeyHolder:
    source = key.source
    return KeyHolder(
        source=source.pk,
        name=source.name,
        service=source.service,
        environment=source.environment,
        events_per_minute=source.events_per_minute,
        samples_per_minute=source.samples_per_minute,
    )
