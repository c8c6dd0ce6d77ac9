"""The scraper of a process: takes slots, fetches each at its time, keeps what comes.

Celery only wakes it. Two threads of its own and a pool for the fetching: one takes slots a second
ahead and begins each on time; one writes what came in batches, again while the engine or PostgreSQL
is away, so that a short absence costs nothing. All truth is in PostgreSQL: any number of processes
may run one, and one that is killed costs at most the slots that it had taken.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from django.db import DatabaseError, connection

from analytics.collect.scraping import keeping
from analytics.collect.scraping.keeping import Memory
from analytics.collect.scraping.taking import Slot, take, take_ended
from analytics.collect.scraping.visiting import Clock, Shelf, Visit, visit
from portal.lib import clock
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)
THREADS = 32
MOST_TAKEN = 2 * THREADS  # not more than one can begin soon: others may have room
TURN_S = 0.5
TOGETHER_S = 1.0  # what comes meanwhile is written at once: small writes cost the engine most
AGAIN_AFTER_S = 1.0
PATIENCE_S = 120.0  # so long what came waits for an engine that is away
MOST_WAITING = 2_000  # visits
AWAY = (EngineUnavailable, DatabaseError)


class Scraper:
    def __init__(self, now: Clock = clock.now) -> None:
        self.now = now
        self.memory = Memory()
        self._shelf = Shelf()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._waking = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="scrape")
        self._taken: list[tuple[float, int, Slot]] = []  # a heap, by when they begin
        self._order = count()
        self._busy = 0
        self._came: list[Visit] = []
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Start working, unless that runs already."""
        with self._waking:
            if all(thread.is_alive() for thread in self._threads) and self._threads:
                return
            self._threads = [
                threading.Thread(target=self._repeat, args=(turn,), name=name, daemon=True)
                for name, turn in (("scrape slots", self._begin_due), ("scrape keep", self._keep))
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """Finish what is begun, keep it, and end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()
        self._keep()
        connection.close()

    def _repeat(self, turn: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                turn()
            except Exception:  # around a thread's loop: it must not end
                log.exception("The scraper stumbled; it goes on.")
                self._stopping.wait(AGAIN_AFTER_S)
            finally:
                connection.close()

    def _begin_due(self) -> None:
        """Take what is due, and begin for half a second what was taken when its time comes."""
        room = MOST_TAKEN - self._busy - len(self._taken)
        try:
            for slot in take(self.now(), most=room) if room > 0 else ():
                heapq.heappush(self._taken, (slot.at.timestamp(), next(self._order), slot))
            connection.close()
        except DatabaseError as error:
            log.warning("No slots could be taken.", extra={"reason": str(error)})
        until = time.monotonic() + TURN_S
        while not self._stopping.is_set() and time.monotonic() < until:
            self._begin_those_on_time()
            next_in_s = self._taken[0][0] - self.now().timestamp() if self._taken else TURN_S
            left_s = until - time.monotonic()
            self._stopping.wait(max(0.0, min(next_in_s, left_s)))

    def _begin_those_on_time(self) -> None:
        now = self.now().timestamp()
        while self._taken and self._taken[0][0] <= now:
            _, _, slot = heapq.heappop(self._taken)
            with self._lock:
                self._busy += 1
            self._pool.submit(self._visit, slot)

    def _visit(self, slot: Slot) -> None:
        try:
            came = visit(slot, self._shelf, self.now)
        except Exception:
            log.exception("A target could not be fetched.", extra={"endpoint": slot.endpoint.pk})
            came = None
        with self._lock:
            self._busy -= 1
            if came is not None:
                self._came.append(came)
                if len(self._came) > MOST_WAITING:
                    del self._came[0]
                    log.warning("What was fetched waits too long; the oldest is dropped.")

    def _keep(self) -> None:
        """Write what came meanwhile, and what ended."""
        self._stopping.wait(TOGETHER_S)
        with self._lock:
            came, self._came = self._came, []
        if came:
            keep_patiently(came, self.memory, self._stopping)
        self._finish_ended()

    def _finish_ended(self) -> None:
        try:
            ended = take_ended(self.now(), most=100)
            if ended:
                keeping.finish(ended)
        except (*AWAY, QueryFailed) as error:
            log.warning("Series were not ended; that is done later.", extra={"reason": str(error)})
            self._stopping.wait(AGAIN_AFTER_S)
            return
        for one in ended:
            self._shelf.forget(one.pk)
            self.memory.forget(one.pk)


def keep_patiently(came: Sequence[Visit], memory: Memory, stopping: threading.Event) -> None:
    """Keep visits, as often as it takes while the engine or the database is away.

    What the engine refuses is dropped alone; after PATIENCE_S all of it is.
    """
    token, until = uuid.uuid4().hex, time.monotonic() + PATIENCE_S
    while True:
        try:
            keeping.keep(came, memory, token=token)
        except AWAY as error:
            connection.close()
            if stopping.is_set() or time.monotonic() > until:
                log.warning("Scraped samples were dropped.", extra={"reason": str(error)})
                return
            stopping.wait(AGAIN_AFTER_S)
        except QueryFailed as error:
            if len(came) == 1:
                log.warning("Scraped samples were refused.", extra={"reason": str(error)})
                return
            for one in came:
                keep_patiently([one], memory, stopping)
            return
        else:
            return


scraper = Scraper()
