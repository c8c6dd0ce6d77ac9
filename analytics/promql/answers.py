"""Prometheus's envelope, and an outcome inside it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from analytics.promql.outcome import Outcome, Stats
from analytics.promql.writing import json_of, metric, moment_text, pair, pairs

ErrorType = Literal[
    "bad_data", "execution", "timeout", "canceled", "internal", "unavailable", "not_found"
]
STATUS: dict[ErrorType, int] = {
    "bad_data": 400,
    "execution": 422,
    "timeout": 503,
    "canceled": 499,
    "internal": 500,
    "unavailable": 503,
    "not_found": 404,
}
TRUNCATED = "results truncated due to limit"


@dataclass(frozen=True)
class Answer:
    """What goes into the envelope: JSON, and what the asker should know about it."""

    data: bytes
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = field(default=())


def success(answer: Answer) -> bytes:
    parts = [b'{"status":"success","data":', answer.data]
    for name, texts in (("warnings", answer.warnings), ("infos", answer.infos)):
        if texts:
            parts += [b',"', name.encode(), b'":', json_of(list(texts))]
    return b"".join([*parts, b"}"])


def failure(error_type: str, message: str) -> bytes:
    return json_of({"status": "error", "errorType": error_type, "error": message})


def plain(value: Any) -> Answer:
    return Answer(json_of(value))


def of_outcome(outcome: Outcome, *, limit: int = 0, with_stats: bool = False) -> Answer:
    """Write an outcome; of more series than the limit (0: any number) the first ones, with a word."""
    is_cut = 0 < limit < len(outcome.series) and outcome.kind in {"vector", "matrix"}
    count = limit if is_cut else len(outcome.series)
    stats = b',"stats":' + json_of(stats_of(outcome.stats)) if with_stats else b""
    kind = outcome.kind.encode()
    data = b'{"resultType":"%b","result":%b%b}' % (kind, result(outcome, count), stats)
    warnings = (*outcome.warnings, TRUNCATED) if is_cut else outcome.warnings
    return Answer(data, warnings, outcome.infos)


def result(outcome: Outcome, count: int) -> bytes:
    if outcome.kind == "string":
        moment = moment_text(int(outcome.times[0]))
        return b"[%b,%b]" % (moment.encode(), json_of(outcome.text))
    if outcome.kind == "scalar":
        return pair(int(outcome.times[0]), float(outcome.values[0, 0]))
    if outcome.raw:
        return listed(samples(outcome, count))
    rows = vector(outcome, count) if outcome.kind == "vector" else matrix(outcome, count)
    return listed(rows)


def vector(outcome: Outcome, count: int) -> Iterator[bytes]:
    for row in range(count):
        times, values = outcome.points(row)
        point = pair(int(times[0]), float(values[0]))
        yield b'{"metric":%b,"value":%b}' % (metric(outcome.series[row]), point)


def matrix(outcome: Outcome, count: int) -> Iterator[bytes]:
    moments = [moment_text(ms) for ms in outcome.times.tolist()]
    for row in range(count):
        kept = outcome.present[row]
        values = outcome.values[row]
        if kept.all():
            written = pairs(moments, values.tolist())
        else:
            here = [moments[index] for index in kept.nonzero()[0].tolist()]
            written = pairs(here, values[kept].tolist())
        yield b'{"metric":%b,"values":%b}' % (metric(outcome.series[row]), written)


def samples(outcome: Outcome, count: int) -> Iterator[bytes]:
    """Write raw samples, which are at times of their own."""
    for row in range(count):
        times, values = outcome.points(row)
        written = pairs([moment_text(ms) for ms in times.tolist()], values.tolist())
        yield b'{"metric":%b,"values":%b}' % (metric(outcome.series[row]), written)


def listed(rows: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def stats_of(stats: Stats) -> dict[str, Any]:
    """Return Prometheus's own fields; all samples of a question are in memory at once."""
    return {
        "timings": {"evalTotalTime": stats.elapsed_s, "execTotalTime": stats.elapsed_s},
        "samples": {"totalQueryableSamples": stats.samples, "peakSamples": stats.samples},
        "resolutions": stats.resolutions,  # not Prometheus's: of what is kept, what answered
    }
