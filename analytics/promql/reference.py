"""What functions, aggregations and words of PromQL do, a sentence each, for whoever writes queries. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analytics.promql.parse import WITH_PARAMETER
from analytics.promql.signatures import EXPERIMENTAL_AGGREGATIONS, FUNCTIONS
from analytics.promql.tree import Function

Kind = Literal["function", "aggregation", "keyword"]
SHOWN = {"vector": "v", "matrix": "v[5m]", "scalar": "number", "string": '"text"'}

FUNCTIONS_DO = {
    "abs": "The value without its sign.",
    "absent": "1 where the vector is empty, with the labels that its selector asks for.",
    "absent_over_time": "1 where the range has no sample, with the labels that its selector asks for.",
    "acos": "Arc cosine, in radians.",
    "acosh": "Inverse hyperbolic cosine.",
    "asin": "Arc sine, in radians.",
    "asinh": "Inverse hyperbolic sine.",
    "atan": "Arc tangent, in radians.",
    "atanh": "Inverse hyperbolic tangent.",
    "avg_over_time": "The average of the range's samples.",
    "ceil": "Rounded up to a whole number.",
    "changes": "How often the value changed inside the range.",
    "clamp": "Kept between a smallest and a largest value.",
    "clamp_max": "Kept at most this large.",
    "clamp_min": "Kept at least this large.",
    "cos": "Cosine of radians.",
    "cosh": "Hyperbolic cosine.",
    "count_over_time": "How many samples the range has.",
    "day_of_month": "Day of the month, 1 to 31, in UTC.",
    "day_of_week": "Day of the week, 0 is Sunday, in UTC.",
    "day_of_year": "Day of the year, 1 to 366, in UTC.",
    "days_in_month": "How many days the month has, in UTC.",
    "deg": "Radians as degrees.",
    "delta": "How much a gauge grew over the range, extrapolated to its ends.",
    "deriv": "How fast a gauge grows per second, by a line through the range's samples.",
    "double_exponential_smoothing": "Smoothed with a trend; both factors between 0 and 1.",
    "end": "The end of the query's range, in seconds since 1970.",
    "exp": "e to the power of the value.",
    "first_over_time": "The oldest sample of the range.",
    "floor": "Rounded down to a whole number.",
    "histogram_fraction": "Which part of a histogram's observations lies between two values.",
    "histogram_quantile": "The quantile (0 to 1) of a classic histogram, from rates of its buckets.",
    "histogram_quantiles": "Several quantiles of a classic histogram, told apart by a label.",
    "hour": "Hour of the day, 0 to 23, in UTC.",
    "idelta": "Difference of the range's last two samples.",
    "increase": "How much a counter grew over the range, resets counted, extrapolated to its ends.",
    "info": "Puts labels of info metrics, such as target_info, on series of the same instance and job.",
    "irate": "How fast a counter grows per second, by the range's last two samples.",
    "label_join": "Sets a label to the values of other labels, joined.",
    "label_replace": "Sets a label from another one's value, where a regular expression matches it.",
    "last_over_time": "The newest sample of the range.",
    "ln": "Natural logarithm.",
    "log10": "Logarithm to the base 10.",
    "log2": "Logarithm to the base 2.",
    "mad_over_time": "The median of the distances from the range's median.",
    "max_of": "The larger of two numbers.",
    "max_over_time": "The largest sample of the range.",
    "min_of": "The smaller of two numbers.",
    "min_over_time": "The smallest sample of the range.",
    "minute": "Minute of the hour, 0 to 59, in UTC.",
    "month": "Month of the year, 1 to 12, in UTC.",
    "pi": "3.14159…",
    "predict_linear": "Where a gauge will be in so many seconds, by a line through the range's samples.",
    "present_over_time": "1 where the range has a sample.",
    "quantile_over_time": "The quantile (0 to 1) of the range's samples.",
    "rad": "Degrees as radians.",
    "range": "How long the query's range is, in seconds.",
    "rate": "How fast a counter grows per second over the range, resets counted.",
    "resets": "How often a counter began anew inside the range.",
    "round": "Rounded to the nearest whole number, or multiple of a number.",
    "scalar": "The value of a vector's only series as a number; NaN where there is not one.",
    "sgn": "1, 0 or -1: the value's sign.",
    "sin": "Sine of radians.",
    "sinh": "Hyperbolic sine.",
    "sort": "Sorted by value, smallest first; at one moment only.",
    "sort_by_label": "Sorted by labels, numbers in them by size; at one moment only.",
    "sort_by_label_desc": "Sorted by labels, last first; at one moment only.",
    "sort_desc": "Sorted by value, largest first; at one moment only.",
    "sqrt": "Square root.",
    "start": "The start of the query's range, in seconds since 1970.",
    "stddev_over_time": "The standard deviation of the range's samples.",
    "stdvar_over_time": "The variance of the range's samples.",
    "step": "The query's step, in seconds.",
    "sum_over_time": "The sum of the range's samples.",
    "tan": "Tangent of radians.",
    "tanh": "Hyperbolic tangent.",
    "time": "The moment that is asked for, in seconds since 1970.",
    "timestamp": "When the sample was taken, in seconds since 1970.",
    "ts_of_first_over_time": "When the oldest sample of the range was taken.",
    "ts_of_last_over_time": "When the newest sample of the range was taken.",
    "ts_of_max_over_time": "When the last largest sample of the range was taken.",
    "ts_of_min_over_time": "When the last smallest sample of the range was taken.",
    "vector": "A number as a vector with one series, without labels.",
    "year": "Year, in UTC.",
}
AGGREGATIONS_DO = {
    "avg": "The average of each group.",
    "bottomk": "The series with the k smallest values of each group.",
    "count": "How many series each group has.",
    "count_values": "How many series of each group have each value, written into a label.",
    "group": "1 for each group.",
    "limit_ratio": "About this part of each group's series, always the same ones.",
    "limitk": "k series of each group.",
    "max": "The largest value of each group.",
    "min": "The smallest value of each group.",
    "quantile": "The quantile (0 to 1) of each group's values.",
    "stddev": "The standard deviation of each group's values.",
    "stdvar": "The variance of each group's values.",
    "sum": "The sum of each group.",
    "topk": "The series with the k largest values of each group.",
}
KEYWORDS_DO = {
    "and": "Series of the left that match one of the right.",
    "atan2": "The angle of a point, from its two coordinates, in radians.",
    "bool": "A comparison gives 1 or 0 instead of leaving series out.",
    "by": "Groups by these labels only.",
    "group_left": "Many series of the left match one of the right, whose labels may be taken over.",
    "group_right": "Many series of the right match one of the left, whose labels may be taken over.",
    "ignoring": "Matches by all labels but these.",
    "offset": "Asks for an earlier moment.",
    "on": "Matches by these labels only.",
    "or": "Series of the left, and those of the right that match none of them.",
    "unless": "Series of the left that match none of the right.",
    "without": "Groups by all labels but these.",
}


@dataclass(frozen=True)
class Entry:
    """One word of the language: how it is written and what it does."""

    name: str
    kind: Kind
    written: str
    does: str
    is_experimental: bool = False


def entries(*, experimental: bool = False) -> list[Entry]:
    """List the language by name; what is experimental only where it is let in."""
    functions = [
        Entry(name, "function", _written(FUNCTIONS[name]), does, FUNCTIONS[name].experimental)
        for name, does in FUNCTIONS_DO.items()
    ]
    aggregations = [
        Entry(name, "aggregation", _grouped(name), does, name in EXPERIMENTAL_AGGREGATIONS)
        for name, does in AGGREGATIONS_DO.items()
    ]
    keywords = [Entry(name, "keyword", name, does) for name, does in KEYWORDS_DO.items()]
    everything = sorted(functions + aggregations + keywords, key=lambda one: one.name)
    return [one for one in everything if experimental or not one.is_experimental]


def _written(function: Function) -> str:
    arguments = [SHOWN[type_] for type_ in function.takes]
    if function.name == "info":
        arguments[-1] = '{label=~".+"}'
    if function.variadic:
        more = ", …" if function.variadic < 0 or function.variadic > 1 else ""
        arguments[-1] = f"[{arguments[-1]}{more}]"
    return f"{function.name}({', '.join(arguments)})"


def _grouped(name: str) -> str:
    parameter = {"quantile": "0.9, ", "count_values": '"label", ', "limit_ratio": "0.1, "}
    before = parameter.get(name, "k, ") if name in WITH_PARAMETER else ""
    return f"{name} by (label) ({before}v)"
