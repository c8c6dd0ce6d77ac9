"""Check everything at one time, and keep what came of it as series."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

from analytics.collect.health import checks, standing
from analytics.collect.health.checks import Check, Result
from analytics.series import metadata
from analytics.series.identity import Series
from analytics.series.metadata import Metadata
from analytics.series.writing import Batch, write
from portal.lib.instruments import PREFIX
from portal.store.client import EngineUnavailable, QueryFailed

log = logging.getLogger(__name__)
STATUS, RESPONSE_TIME = (
    PREFIX + "health_check_status",
    PREFIX + "health_check_response_time_seconds",
)
PATIENCE_S = 15.0  # for all of them; each has less
MOST_AT_ONCE = 16
MOST_UNWRITTEN = 240  # two hours of an engine that is away
TOLD = (
    Metadata(STATUS, "gauge", "1 when the last check went well, else 0"),
    Metadata(RESPONSE_TIME, "gauge", "How long the answer to a check took", "seconds"),
)
Samples = list[tuple[Series, float]]


class Rounds:
    """Checks round after round. What the engine could not take is written when it is back, with the
    time at which it was found, as long as this process lives.
    """

    def __init__(self, every: Callable[[], list[Check]] = checks.every) -> None:
        self._every = every
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="check")
        self._busy: dict[str, Future[Result]] = {}
        self._unwritten: deque[tuple[datetime, Samples]] = deque(maxlen=MOST_UNWRITTEN)

    def go(self, at: datetime) -> list[Result]:
        """Check everything as of a time."""
        results = self._carried_out(self._every())
        for one in standing.note(results, at):
            tell(one)
        self._unwritten.append((at, samples_of(results)))
        self._write()
        return results

    def _carried_out(self, listed: Iterable[Check]) -> list[Result]:
        """Do all at once; one that is still busy with the time before did not answer."""
        asked: list[tuple[Check, Future[Result] | None]] = []
        for check in listed:
            busy = self._busy.get(check.name)
            if busy is not None and not busy.done():
                asked.append((check, None))
                continue
            self._busy[check.name] = self._pool.submit(checks.carried_out, check)
            asked.append((check, self._busy[check.name]))
        wait([future for _, future in asked if future is not None], timeout=PATIENCE_S)
        return [result_of(check, future) for check, future in asked]

    def _write(self) -> None:
        try:
            while self._unwritten:
                at, samples = self._unwritten[0]
                metadata.write(TOLD, at)
                which = ",".join(sorted({series.labels[0][1] for series, _ in samples}))
                write(Batch.of_instant(samples, at), token=f"health:{at.isoformat()}:{which}")
                self._unwritten.popleft()
        except (EngineUnavailable, QueryFailed) as problem:
            log.warning("Health checks wait to be kept.", extra={"reason": str(problem)})


def result_of(check: Check, future: Future[Result] | None) -> Result:
    if future is None or not future.done():
        return Result(check.name, check.about, False, None, "It has not answered yet.")
    if (problem := future.exception()) is not None:
        log.error("A health check broke.", exc_info=problem)
        return Result(check.name, check.about, False, None, checks.words_of(Exception(problem)))
    return future.result()


def samples_of(results: Iterable[Result]) -> Samples:
    """Return status and response time; without an answer there is no time, not a zero."""
    found: Samples = []
    for one in results:
        labels = {"check": one.name}
        found.append((Series.of(STATUS, labels), float(one.is_up)))
        if one.took_s is not None:
            found.append((Series.of(RESPONSE_TIME, labels), one.took_s))
    return found


def tell(one: standing.Standing) -> None:
    """Log that a check began to fail, or is well again."""
    if one.is_up:
        log.info("A health check is well again.", extra={"check": one.name})
    else:
        log.error("A health check fails.", extra={"check": one.name, "reason": one.problem})


_rounds: list[Rounds] = []


def check_all(at: datetime) -> None:
    """Do the round of this process."""
    if not _rounds:
        _rounds.append(Rounds())
    _rounds[0].go(at)
