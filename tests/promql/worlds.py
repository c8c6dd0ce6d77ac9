"""A few series at hand, and answers in a form that is short to write down."""

from __future__ import annotations

from analytics.promql.evaluate import evaluate
from analytics.promql.outcome import Instant, Limits, Options, Outcome, Range
from tests.promql.memory import MemoryStorage

PLAIN = Options()
MINUTE = Range(0, 60_000, 20_000)
Answer = dict[str, list[float | None]]


def small_world() -> MemoryStorage:
    """Make samples every 10 s up to 1,000 s: `metric` 0, 1, 2, … by job, `reset_total`, `gone`."""
    made = MemoryStorage()
    made.load({"__name__": "metric", "job": "a"}, 10_000, list(range(101)))
    made.load({"__name__": "metric", "job": "b"}, 10_000, [2 * step for step in range(101)])
    made.load({"__name__": "reset_total"}, 10_000, [step % 20 for step in range(101)])
    made.load({"__name__": "gone", "job": "a"}, 10_000, [1, 2, "stale", None, 5, "stale"])
    made.load({"__name__": "one", "job": "a", "version": "7"}, 10_000, [1] * 101)
    return made


def asked(storage: MemoryStorage, query: str, at: int | Range, options: Options = PLAIN) -> Answer:
    moment = at if isinstance(at, Range) else Instant(at)
    return shown(evaluate(query, moment, storage, Limits(), options))


def shown(outcome: Outcome) -> Answer:
    """Write series as their label values joined, with the values of all times."""
    return {
        "/".join(value for _, value in labels): [
            round(float(value), 9) if there else None
            for value, there in zip(values, present, strict=True)
        ]
        for labels, values, present in zip(
            outcome.series, outcome.values, outcome.present, strict=True
        )
    }
