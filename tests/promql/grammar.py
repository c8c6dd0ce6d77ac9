"""Random queries that make sense, of the parts of PromQL that Prometheus 2.42 and 3 share."""

from __future__ import annotations

import random
from collections.abc import Callable

SELECTORS = [
    "cpu", "requests_total", "errors_total", "temperature", "build_info", "latency_bucket", "gaps",
    '{__name__=~"cpu|temperature"}', 'cpu{job="api"}', 'requests_total{code!~"5..", job=~"a.*|db"}',
    'temperature{room=""}', 'requests_total{instance="i1"}', 'nothing{a="b", c="d"}',
    'odd{kind!="x"}',
]  # fmt: skip
FINITE = ("cpu", "temperature", "requests_total", "latency_bucket")
COUNTERS = ("requests_total", "errors_total", "latency_bucket", 'requests_total{code!~"5.."}')
OF_RANGE = (
    "delta", "irate", "idelta", "resets", "changes", "deriv", "avg_over_time",
    "sum_over_time", "min_over_time", "max_over_time", "count_over_time", "last_over_time", "present_over_time", "absent_over_time",
)  # fmt: skip
OF_VECTOR = (
    "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "round", "absent", "sin",
    "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg",
    "rad", "timestamp", "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "month",
    "days_in_month", "year",
)  # fmt: skip
LABELS = ("job", "instance", "code", "room", "le", "version", "__name__", "nope")
AGGREGATIONS = ("sum", "avg", "min", "max", "count", "group")
# 2.42 keeps the name behind atan2, and has no NaN in stddev and stdvar of one infinite value.
ARITHMETIC = ("+", "-", "*", "/", "%", "^")
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")
NUMBERS = ("0", "1", "2", "-1", "0.5", "10", "1e3", "NaN", "Inf", "-Inf", "100")


class Writer:
    """Writes vectors, scalars and ranges, `depth` levels deep at most."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def query(self) -> str:
        return self.vector(3) if self.random.random() < 0.95 else self.scalar(3)

    def vector(self, depth: int) -> str:
        simple: list[Callable[[int], str]] = [self.selector]
        rest = [
            self.selector, self.range_function, self.range_function, self.vector_function,
            self.aggregation, self.aggregation, self.ranked, self.binary, self.with_scalar,
            self.sets, self.labelled, self.histogram, self.other,
        ]  # fmt: skip
        return self.random.choice(simple if depth <= 0 else rest)(depth)

    def scalar(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.6:
            return self.random.choice(NUMBERS)
        return self.random.choice(
            [
                "time()", "pi()", f"scalar({self.vector(depth - 1)})",
                f"({self.scalar(depth - 1)} {self.random.choice(ARITHMETIC)} {self.scalar(depth - 1)})",
                f"({self.scalar(depth - 1)} {self.random.choice(COMPARISONS)} bool"
                f" {self.scalar(depth - 1)})",
            ]
        )  # fmt: skip

    def modifiers(self) -> str:
        found = self.random.choice(["", "", "", " offset 1m", " offset -90s", " offset 7s"])
        if self.random.random() < 0.1:
            at = self.random.choice(["start()", "end()", "1600000900", "1600001234.5"])
            found = f" @ {at}{found}" if self.random.random() < 0.5 else f"{found} @ {at}"
        return found

    def duration(self) -> str:
        return self.random.choice(["37s", "1m", "2m30s", "5m", "10m", "3s"])

    def selector(self, _depth: int) -> str:
        return self.random.choice(SELECTORS) + self.modifiers()

    def range(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.75:
            return f"{self.random.choice(SELECTORS)}[{self.duration()}]{self.modifiers()}"
        step = self.random.choice(["", "13s", "1m", "30s"])
        # Half a second, so that no step lies on the edge of the window.
        return f"({self.vector(depth - 1)})[{self.duration()}500ms:{step}]{self.modifiers()}"

    def range_function(self, depth: int) -> str:
        if self.random.random() < 0.25:
            # 2.42 moves their windows in spite of `@`, and has other infinities in variances.
            plain = f"{self.random.choice(FINITE)}[{self.duration()}] offset 11s"
            return self.random.choice(
                [
                    f"quantile_over_time({self.scalar(depth - 1)}, {plain})",
                    f"predict_linear({plain}, {self.scalar(depth - 1)})",
                    f"{self.random.choice(['stddev', 'stdvar'])}_over_time({plain})",
                ]
            )
        if self.random.random() < 0.2:
            # Where a counter begins at zero inside the window, 2.42 extrapolates otherwise.
            counter = f"{self.random.choice(COUNTERS)}[{self.duration()}]{self.modifiers()}"
            return f"{self.random.choice(['rate', 'increase'])}({counter})"
        return f"{self.random.choice(OF_RANGE)}({self.range(depth - 1)})"

    def vector_function(self, depth: int) -> str:
        inner = self.vector(depth - 1)
        if self.random.random() < 0.2:
            one, other = self.scalar(depth - 1), self.scalar(depth - 1)
            return self.random.choice(
                [
                    f"clamp({inner}, {one}, {other})", f"clamp_min({inner}, {one})",
                    f"clamp_max({inner}, {one})", f"round({inner}, {one})", f"vector({one})",
                ]
            )  # fmt: skip
        return f"{self.random.choice(OF_VECTOR)}({inner})"

    def labels(self) -> str:
        return ", ".join(self.random.sample(LABELS, self.random.randrange(4)))

    def grouping(self) -> str:
        if self.random.random() < 0.3:
            return ""
        return f" {self.random.choice(['by', 'without'])} ({self.labels()}) "

    def aggregation(self, depth: int) -> str:
        if self.random.random() < 0.1:
            finite = self.random.choice(FINITE)
            return f"{self.random.choice(['stddev', 'stdvar'])}{self.grouping()}({finite})"
        return f"{self.random.choice(AGGREGATIONS)}{self.grouping()}({self.vector(depth - 1)})"

    def ranked(self, depth: int) -> str:
        op = self.random.choice(["quantile", "quantile", "topk", "bottomk", "count_values"])
        inner = self.vector(depth - 1)
        if op == "count_values":
            return f'count_values{self.grouping()}("value", {self.selector(0)})'
        parameter = self.scalar(depth - 1) if op == "quantile" else self.random.choice("0125")
        # Which of equal values topk takes is nobody's promise: count them.
        text = f"{op}{self.grouping()}({parameter}, {inner})"
        return text if op == "quantile" else f"count({text})"

    def matching(self) -> str:
        text = self.random.choice(["", "", " on", " ignoring"])
        if not text:
            return ""
        names = [name for name in LABELS if name != "__name__"]
        chosen = self.random.sample(names, self.random.randrange(3))
        text += f" ({', '.join(chosen)})"
        if self.random.random() < 0.4:
            others = [name for name in names if name not in chosen]
            included = ", ".join(self.random.sample(others, self.random.randrange(2)))
            text += f" {self.random.choice(['group_left', 'group_right'])} ({included})"
        return text

    def binary(self, depth: int) -> str:
        op = self.random.choice((*ARITHMETIC, *COMPARISONS))
        modifier = " bool" if op in COMPARISONS and self.random.random() < 0.4 else ""
        left, right = self.vector(depth - 1), self.vector(depth - 1)
        return f"({left}) {op}{modifier}{self.matching()} ({right})"

    def with_scalar(self, depth: int) -> str:
        op = self.random.choice((*ARITHMETIC, *COMPARISONS))
        modifier = " bool" if op in COMPARISONS and self.random.random() < 0.4 else ""
        sides = [f"({self.vector(depth - 1)})", f"({self.scalar(depth - 1)})"]
        self.random.shuffle(sides)
        return f"{sides[0]} {op}{modifier} {sides[1]}"

    def sets(self, depth: int) -> str:
        op = self.random.choice(["and", "or", "unless"])
        matching = self.matching().split(" group")[0]
        return f"({self.vector(depth - 1)}) {op}{matching} ({self.vector(depth - 1)})"

    def labelled(self, depth: int) -> str:
        inner = self.vector(depth - 1)
        return self.random.choice(
            [
                f'label_replace({inner}, "new", "$1-$2", "job", "(.)(.*)")',
                f'label_replace({inner}, "job", "x", "instance", "i[12]")',
                f'label_join({inner}, "all", "/", "job", "instance", "nope")',
            ]
        )

    def histogram(self, depth: int) -> str:
        buckets = self.random.choice(
            ["latency_bucket", "rate(latency_bucket[2m])", "sum by (le) (latency_bucket)",
             "sum by (le, job) (rate(latency_bucket[5m]))"]
        )  # fmt: skip
        return f"histogram_quantile({self.scalar(depth - 1)}, {buckets})"

    def other(self, depth: int) -> str:
        return self.random.choice(
            [f"-({self.vector(depth - 1)})", f"+({self.vector(depth - 1)})",
             f"vector({self.scalar(depth - 1)})", f"absent({self.vector(depth - 1)})"]
        )  # fmt: skip
