"""The functions of PromQL 3 and what they take. Pure."""

from __future__ import annotations

from analytics.promql.tree import Function, Type

OF_VECTOR = (
    "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg",
    "exp", "floor", "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar",
    "histogram_sum", "ln", "log10", "log2", "rad", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt",
    "tan", "tanh", "timestamp",
)  # fmt: skip
OF_MATRIX = (
    "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta",
    "increase", "irate", "last_over_time", "max_over_time", "min_over_time", "present_over_time",
    "rate", "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time",
)  # fmt: skip
OF_MATRIX_EXPERIMENTAL = (
    "first_over_time", "mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time",
    "ts_of_max_over_time", "ts_of_min_over_time",
)  # fmt: skip
OF_TIME = (
    "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year",
)  # fmt: skip
# What they give is of native histograms, which are not kept here.
OF_NATIVE_HISTOGRAMS = frozenset(
    {"histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum"}
)

V: Type = "vector"
M: Type = "matrix"
N: Type = "scalar"
T: Type = "string"

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        *(Function(name, (V,)) for name in OF_VECTOR),
        *(Function(name, (M,)) for name in OF_MATRIX),
        *(Function(name, (M,), experimental=True) for name in OF_MATRIX_EXPERIMENTAL),
        *(Function(name, (V,), variadic=1) for name in OF_TIME),
        Function("clamp", (V, N, N)),
        Function("clamp_max", (V, N)),
        Function("clamp_min", (V, N)),
        Function("double_exponential_smoothing", (M, N, N), experimental=True),
        Function("end", (), gives=N, experimental=True),
        Function("histogram_fraction", (N, N, V)),
        Function("histogram_quantile", (N, V)),
        Function("histogram_quantiles", (V, T, N, N), variadic=9, experimental=True),
        Function("info", (V, V), variadic=1, experimental=True),
        Function("label_join", (V, T, T, T), variadic=-1),
        Function("label_replace", (V, T, T, T, T)),
        Function("max_of", (N, N), gives=N, experimental=True),
        Function("min_of", (N, N), gives=N, experimental=True),
        Function("pi", (), gives=N),
        Function("predict_linear", (M, N)),
        Function("quantile_over_time", (N, M)),
        Function("range", (), gives=N, experimental=True),
        Function("round", (V, N), variadic=1),
        Function("scalar", (V,), gives=N),
        Function("sort_by_label", (V, T), variadic=-1, experimental=True),
        Function("sort_by_label_desc", (V, T), variadic=-1, experimental=True),
        Function("start", (), gives=N, experimental=True),
        Function("step", (), gives=N, experimental=True),
        Function("time", (), gives=N),
        Function("vector", (N,)),
    )
}
EXPERIMENTAL_AGGREGATIONS = frozenset({"limitk", "limit_ratio"})
