"""What puts entries into the spool: one thread, one fsync for all that came meanwhile."""

from __future__ import annotations

import queue
import shutil
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from django.conf import settings

from analytics.ingest.spool import Kept, Spool, SpoolFull

MAX_GROUP_BYTES = 32 << 20


class Committer:
    """One thread that puts everything which came during the last fsync into the next."""

    def __init__(self, file: Path) -> None:
        self._spool = Spool(file)
        self._file = file
        self._queue: queue.SimpleQueue[tuple[Kept, Future[int]] | None] = queue.SimpleQueue()
        self._room_until = 0.0
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def put(self, entry: Kept) -> Future[int]:
        """Keep a batch; the future has its number once it is on disk, or raises SpoolFull."""
        future: Future[int] = Future()
        self._queue.put((entry, future))
        return future

    def close(self) -> None:
        """Commit what waits, and end."""
        self._queue.put(None)
        self._thread.join()
        self._spool.close()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, is_last = self._group(first)
            self._commit(group)
            if is_last:
                return

    def _group(
        self, first: tuple[Kept, Future[int]]
    ) -> tuple[list[tuple[Kept, Future[int]]], bool]:
        """Take what waits, up to MAX_GROUP_BYTES."""
        group, size = [first], first[0].size
        while size < MAX_GROUP_BYTES:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return group, True
            group.append(item)
            size += item[0].size
        return group, False

    def _commit(self, group: list[tuple[Kept, Future[int]]]) -> None:
        try:
            self._check_room()
            numbers = self._spool.append([entry for entry, _ in group])
        except Exception as error:  # noqa: BLE001  # every waiting request must hear of it
            for _, future in group:
                future.set_exception(error)
            return
        for (_, future), number in zip(group, numbers, strict=True):
            future.set_result(number)

    def _check_room(self) -> None:
        """Refuse before the disk is full: the servers beside us need room, too."""
        if time.monotonic() < self._room_until:
            return
        check_room(self._file, self._spool)
        self._room_until = time.monotonic() + 0.5


def check_room(file: Path, spool: Spool) -> None:
    """Raise SpoolFull when the spool's cap or the disk's reserve is reached."""
    if spool.used_bytes() > settings.SPOOL_MAX_BYTES:
        raise SpoolFull("The intake spool has reached its limit; the writer is behind.")
    if shutil.disk_usage(file.parent).free < settings.DISK_RESERVE_BYTES:
        raise SpoolFull("The disk is nearly full.")
