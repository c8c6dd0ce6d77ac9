"""Whether there is room for new series: asked at the door, so that the sender hears of it.

The engine counts them (analytics.series.limits). While it is away or slow everything is taken:
what was accepted is never dropped afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, connection

from analytics.ingest.accept_samples import AcceptedSamples
from analytics.ingest.measured import Untaken
from analytics.series import limits
from analytics.series.identity import Series
from analytics.series.limits import Admission
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)
WAIT_S = 2.0


class Admissions:
    """Asks in a thread of its own, one after the other, and waits for none longer than WAIT_S."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="admission")
        self._asking: asyncio.Future[Admission | None] | None = None

    async def admitted(
        self, accepted: AcceptedSamples, source: str, untaken: Untaken
    ) -> AcceptedSamples:
        """Leave out new series for which there is no room, and say so in `untaken`."""
        series = [one.series for one in accepted.entry.told]
        admission = await self._ask(series, source) if series else None
        if admission is None or len(admission.accepted) == len(series):
            return accepted
        refused = set(range(len(series))) - set(admission.accepted)
        left = accepted.without(refused)
        dropped = len(accepted.entry.rows) - len(left.entry.rows)
        why = " ".join(str(one) for one in admission.refused[:3]) or "there are too many series"
        untaken.add(why, dropped, "")
        return left

    async def _ask(self, series: list[Series], source: str) -> Admission | None:
        if self._asking is not None and not self._asking.done():
            await asyncio.wait({self._asking}, timeout=WAIT_S)
            if not self._asking.done():
                return None
        loop = asyncio.get_running_loop()
        self._asking = loop.run_in_executor(self._thread, ask, series, source)
        done, _ = await asyncio.wait({self._asking}, timeout=WAIT_S)
        return done.pop().result() if done else None

    def close(self) -> None:
        self._thread.shutdown(wait=False)


def ask(series: list[Series], source: str) -> Admission | None:
    """Ask which of the series may be told; None while nobody knows."""
    try:
        return limits.admit(series, source, time.monotonic())
    except (EngineUnavailable, QueryFailed, DatabaseError) as error:
        log.warning("New series are taken uncounted: %s", str(error).splitlines()[0])
        return None
    finally:
        connection.close()
