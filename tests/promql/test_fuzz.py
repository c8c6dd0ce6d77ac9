"""Whatever is asked, the answer is a result or a reason, soon, and in bounded memory."""

from __future__ import annotations

import os
import random
import resource
import time

import numpy as np
import pytest

from analytics.promql.errors import BadQuery, Cancelled, QueryFailed, TimedOut, TooManySamples
from analytics.promql.evaluate import evaluate
from analytics.promql.outcome import Instant, Limits, Options, Range
from tests.promql.memory import MemoryStorage

# CASES=20000 tries as many.
TRIED = int(os.environ.get("CASES", "400"))
OPTIONS = Options(experimental_functions=True)
AT = (Instant(600_000), Range(0, 900_000, 60_000), Range(600_000, 600_000, 1))

QUERIES = """
sum by (job, le) (rate(http_requests_total{job=~"api.*", code!~"5.."}[5m] offset 1m))
histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))
topk(3, http_requests_total) / on (job) group_left (version) build_info
max_over_time(deriv(cpu[2m])[10m:30s] @ end())
label_replace(up, "host", "$1", "instance", "(.*):.*") and on (host) cpu > bool 0.5
predict_linear(cpu[10m], 3600) < 0 or absent(up{job="gone"}) unless vector(1)
quantile_over_time(0.5, cpu[5m]) ^ 2 % 3 - -1 * scalar(sum(up)) atan2 pi()
count_values without (instance) ("value", round(cpu * 10, 0.5))
avg_over_time(cpu[1h:1m]) == bool ignoring (code) group_right () stddev by (job) (cpu)
clamp(day_of_week(timestamp(up)), 1, 5) and hour() > 8 and month(vector(time())) <= 12
{"up", job="api"} offset -5m @ 600.5 or {__name__=~"http_.*|cpu", instance!=""}
sort_by_label(label_join(up, "all", "-", "job", "instance"), "all") # why
double_exponential_smoothing(cpu[10m], 0.5, 0.1) + limitk(2, cpu) + limit_ratio(0.5, up)
"Text \\x41\\u00e9" == 1
0x1F + 1_000.5e-3 + Inf - NaN + 5m + .5
histogram_quantiles(latency_bucket, "q", 0.1, 0.9) or histogram_fraction(0, 1, latency_bucket)
absent_over_time(up[5m]) or changes(up[1h]) or resets(up[1h]) or info(up)
""".strip().splitlines()
SNIPPETS = [
    "(", ")", "[", "]", "{", "}", "[5m]", "[5m:1s]", " offset 1y", " @ start()", " @ 1e15", ",", "-",
    "^", " by ", "(job)", " and ", " or ", '"', "'", "`", "\\", "\n", "#", "NaN", "Inf", "0", "1e308",
    "-1", "[1000y]", "[1d:1ms]", " bool ", "=~", '"(((a+)+)+)+"', '".{1000}{1000}"', "\x00", "é", "\U0001d54f",
    "\ud800", "sum", "topk", "rate", "=", "::", "1_", "0x", "on", "ignoring", "group_left", "9" * 30,
]  # fmt: skip


def storage() -> MemoryStorage:
    made, values = MemoryStorage(), random.Random(7)
    for job in ("api", "db"):
        for instance in ("a:1", "b:2"):
            labels = {"job": job, "instance": instance}
            odd = [float("nan"), float("inf"), "stale", None]
            cpu = [values.choice([*odd, *[values.random()] * 8]) for _ in range(60)]
            made.load(labels | {"__name__": "cpu"}, 15_000, cpu)
            made.load(labels | {"__name__": "up"}, 15_000, [1] * 60)
            count = [float(values.randrange(5) + step * 3 % 50) for step in range(60)]
            made.load(labels | {"__name__": "http_requests_total", "code": "200"}, 15_000, count)
            for bound in ("0.1", "1", "+Inf", "x"):
                bucket = labels | {"__name__": "latency_bucket", "le": bound}
                made.load(bucket, 15_000, list(range(60)))
        made.load({"__name__": "build_info", "job": job, "version": "1"}, 15_000, [1] * 60)
    return made


def mutated(random_: random.Random) -> str:
    text = random_.choice(QUERIES)
    for _ in range(random_.choice([0, 1, 1, 2, 3, 6])):
        at, until = sorted(random_.randrange(len(text) + 1) for _ in range(2))
        other = random_.choice(QUERIES)
        part = sorted(random_.randrange(len(other) + 1) for _ in range(2))
        text = random_.choice(
            [
                text[:at] + text[until:],
                text[:at] + random_.choice(SNIPPETS) + text[at:],
                text[:at] + other[part[0] : part[1]] + text[until:],
                text[:until] + text[at:],
            ]
        )
    return text


def test_a_mutated_query_is_answered_or_refused_with_a_reason() -> None:
    asked, random_, answered = storage(), random.Random(11), 0

    for _ in range(TRIED):
        query = mutated(random_)
        began, reason = time.monotonic(), "answered"
        try:
            evaluate(
                query, random_.choice(AT), asked, Limits(samples=2_000_000, timeout_s=3), OPTIONS
            )
            answered += 1
        except QueryFailed as failed:
            reason = str(failed)
        except Exception as crashed:
            raise AssertionError(repr(query)) from crashed
        assert reason, query
        assert time.monotonic() - began < 10, query

    assert answered > TRIED / 10


HOSTILE = [
    "(" * 50_000 + "1" + ")" * 50_000,
    "-" * 50_000 + "1",
    "sum(" * 5_000 + "up" + ")" * 5_000,
    "1" + "+1" * 10_000,
    "up" + " or up" * 2_000,
    "up" + "[5m:1m]" * 1_000,
    '{a=~"' + "(a|b)*" * 1_500 + '"}',
    '{a=~"((((((a{100}){100}){100}){100}){100}){100})"}',
    '{a=~"' + "(" * 5_000 + ")" * 5_000 + '"}',
    "sum_over_time(vector(1)[1000y:1ms])",
    "sum_over_time(vector(1)[30d:1s])",
    "quantile_over_time(0.5, vector(time())[11d:1s])",
    "max_over_time(max_over_time(max_over_time(vector(1)[1y:1s])[1y:1s])[1y:1s])",
    "up offset 290y @ 9223372036854775",
    "up[292y] @ -9223372036854775",
    "topk(1e300, up)", "topk(-1e300, up)", "topk(Inf, up)",
    "up" * 90_000,
    '"' + "a" * 150_000 + '"',
    "é" * 10_000,
    'label_replace(up, "a", "' + "$1" * 20_000 + '", "job", "(.*)")',
    'label_replace(up, "a", "$' + "9" * 5_000 + '", "job", "(.*)")',
    "count_values(\"v\", rand) by (" + ",".join(f"l{i}" for i in range(10_000)) + ")",
    "[", "{", "}", "", " ", "#", "\x00", "5m5m", "1y1y", "99999999999999y", "0x", "1e", "08", "1.e5",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: repr(query[:30]))
def test_a_hostile_query_ends_soon_and_small(query: str) -> None:
    asked = storage()
    evaluate("rate(up[1m]) + sum_over_time(up[1m]) + sum(up)", Instant(0), asked)
    began, reason = time.monotonic(), "answered"
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    try:
        evaluate(query, Range(0, 600_000, 1_000), asked, Limits(timeout_s=2), OPTIONS)
    except QueryFailed as failed:
        reason = str(failed)
    more_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib

    assert 0 < len(reason) < 1_000
    assert time.monotonic() - began < 15
    assert more_kib < 1 << 20


def test_time_is_up_inside_one_long_function() -> None:
    query = "sum_over_time(vector(1)[10d:1s])"

    with pytest.raises(TimedOut):
        evaluate(query, Range(0, 10_000_000, 1_000), storage(), Limits(timeout_s=0.2))


def test_nobody_waits_any_more() -> None:
    looked = 0

    def check() -> None:
        nonlocal looked
        looked += 1
        if looked == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate("up + up + up + up + up", Instant(600_000), storage(), Limits(check=check))


def test_too_many_samples_are_refused_before_they_are_read() -> None:
    with pytest.raises(TooManySamples):
        evaluate("sum_over_time(vector(1)[1000d:1s])", Instant(0), storage())
    with pytest.raises(TooManySamples):
        evaluate("up", Instant(600_000), storage(), Limits(samples=10))


def test_a_query_that_cannot_be_read_says_where() -> None:
    with pytest.raises(BadQuery) as refused:
        evaluate("sum(up)\n + rate(up)", Instant(0), storage())

    assert str(refused.value).startswith("2:9: parse error: expected type range vector")
    assert refused.value.position == 16


def test_numbers_stay_numbers_of_eight_bytes() -> None:
    outcome = evaluate("up * 2 > bool 1", Range(0, 600_000, 60_000), storage())

    assert outcome.values.dtype == np.float64
