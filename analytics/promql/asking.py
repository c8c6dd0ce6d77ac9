"""Ask a question in PromQL of the portal's own samples, on behalf of whoever asks now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings

from analytics.promql.errors import Cancelled, TooManySamples
from analytics.promql.evaluate import evaluate
from analytics.promql.guard import TOO_MANY
from analytics.promql.kept import KeptStorage
from analytics.promql.outcome import Instant, Limits, Options, Outcome, Range
from analytics.series import keeping
from analytics.series.reading import Ask, EngineStorage
from analytics.series.samples import TooManySamples as TooManyStored
from portal.lib import clock
from portal.lib.asker import Asker, current
from portal.store import client

OPTIONS = Options.of(settings.PROMQL_FEATURES)
LIMITS = Limits()
# As long as the engine's own limit for questions of nobody: jobs, widgets.
PATIENCE = timedelta(seconds=30)
HUNG_UP = "query was canceled in query execution"


@dataclass(frozen=True)
class Asked:
    """A query, and how it is meant; None is as the portal has it."""

    query: str
    at: Instant | Range
    lookback_ms: int | None = None
    timeout_ms: int | None = None


def answered(asked: Asked, ask: Ask = client.read_columns) -> Outcome:
    """Answer within the asker's limits, and only as long as the asker waits; `ask` asks the engine.

    Raises errors.QueryFailed, client.QueryFailed, client.EngineUnavailable.
    """
    options = OPTIONS
    if asked.lookback_ms and asked.lookback_ms > 0:
        options = replace(options, lookback_ms=asked.lookback_ms)
    asker = current()
    limits = replace(LIMITS, timeout_s=seconds_for(asker, asked.timeout_ms), check=check_of(asker))
    engine = EngineStorage(most_samples=limits.samples, ask=ask)
    storage = KeptStorage(engine, keeping.reach())
    try:
        outcome = evaluate(asked.query, asked.at, storage, limits, options)
    except TooManyStored as error:
        raise TooManySamples(TOO_MANY) from error
    return replace(
        outcome,
        stats=replace(
            outcome.stats, resolutions=storage.resolutions, is_rough=bool(storage.roughly)
        ),
        infos=(*outcome.infos, *storage.infos),
    )


def seconds_for(asker: Asker | None, timeout_ms: int | None) -> float:
    """Return how long a question may take: what is asked for, and never more than roles allow."""
    most = ((asker.time_limit if asker else None) or PATIENCE).total_seconds()
    return most if timeout_ms is None else min(most, timeout_ms / 1000)


def check_of(asker: Asker | None) -> Callable[[], None]:
    """Return what ends an evaluation whose asker has gone."""

    def check() -> None:
        if asker is not None and asker.has_gone:
            raise Cancelled(HUNG_UP)

    return check


def now_ms() -> int:
    return int(clock.now().timestamp() * 1000)
