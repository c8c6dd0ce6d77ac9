"""Functions of each value by itself. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from analytics.promql.outcome import Flags, Floats

MOST_SECONDS = 1e15
YEAR_OF_NO_NUMBER = 292277026596.0
# 4 December 2016, 15:30:08: a leap year that begins on the same day of the week.
STAND_IN = 1480865408.0
# Takes the values and the scalar arguments at their times.
Elementwise = Callable[[Floats, Sequence[Floats]], Floats]


def plain(values: Floats, _: Sequence[Floats], *, by: Callable[[Floats], Floats]) -> Floats:
    return by(values)


def signs(values: Floats) -> Floats:
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


def rounded(values: Floats, scalars: Sequence[Floats]) -> Floats:
    """Round to a multiple; halves go up."""
    per_one = 1.0 / (scalars[0] if scalars else np.float64(1.0))
    result: Floats = np.floor(values * per_one + 0.5) / per_one
    return result


def clamped(values: Floats, scalars: Sequence[Floats]) -> Floats:
    result: Floats = np.maximum(scalars[0], np.minimum(scalars[1], values))
    return result


def clamped_above(values: Floats, scalars: Sequence[Floats]) -> Floats:
    result: Floats = np.minimum(scalars[0], values)
    return result


def clamped_below(values: Floats, scalars: Sequence[Floats]) -> Floats:
    result: Floats = np.maximum(scalars[0], values)
    return result


def is_empty_range(scalars: Sequence[Floats]) -> Flags:
    """Tell at which times `clamp` has a maximum below its minimum, and so no answer."""
    flags: Flags = scalars[1] < scalars[0]
    return flags


def radians(values: Floats) -> Floats:
    return values * np.pi / 180


def degrees(values: Floats) -> Floats:
    return values * 180 / np.pi


def _instants(seconds: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]:
    """Give whole seconds as dates.

    What is no number of this side of all calendars is the moment that Go makes of it, in December
    of the year 292277026596, put into a year that a date can have.
    """
    whole = np.trunc(seconds)
    sane = np.abs(whole) < MOST_SECONDS
    return np.where(sane, whole, STAND_IN).astype(np.int64).astype("datetime64[s]")


def _since(seconds: Floats, unit: str, larger: str) -> Floats:
    """Count units since the larger unit began."""
    at = _instants(seconds)
    result: Floats = np.subtract(
        at.astype(f"datetime64[{unit}]"), at.astype(f"datetime64[{larger}]")
    ).astype(np.float64)
    return result


def minutes(seconds: Floats) -> Floats:
    return _since(seconds, "m", "h")


def hours(seconds: Floats) -> Floats:
    return _since(seconds, "h", "D")


def days_of_month(seconds: Floats) -> Floats:
    return _since(seconds, "D", "M") + 1


def days_of_year(seconds: Floats) -> Floats:
    return _since(seconds, "D", "Y") + 1


def days_of_week(seconds: Floats) -> Floats:
    """Count from Sunday, which is 0."""
    days = _instants(seconds).astype("datetime64[D]").astype(np.int64)
    return ((days + 4) % 7).astype(np.float64)


def months(seconds: Floats) -> Floats:
    return (_instants(seconds).astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.float64)


def years(seconds: Floats) -> Floats:
    found = (_instants(seconds).astype("datetime64[Y]").astype(np.int64) + 1970).astype(np.float64)
    return np.where(np.abs(np.trunc(seconds)) < MOST_SECONDS, found, YEAR_OF_NO_NUMBER)


def month_lengths(seconds: Floats) -> Floats:
    month = _instants(seconds).astype("datetime64[M]")
    days = (month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")
    return np.asarray(days, np.float64)


OF_TIME: dict[str, Callable[[Floats], Floats]] = {
    "minute": minutes,
    "hour": hours,
    "day_of_month": days_of_month,
    "day_of_year": days_of_year,
    "day_of_week": days_of_week,
    "days_in_month": month_lengths,
    "month": months,
    "year": years,
}
PLAIN: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sgn": signs,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "rad": radians,
    "deg": degrees,
}
ELEMENTWISE: dict[str, Elementwise] = {
    **{name: partial(plain, by=function) for name, function in (PLAIN | OF_TIME).items()},
    "round": rounded,
    "clamp": clamped,
    "clamp_max": clamped_above,
    "clamp_min": clamped_below,
}

OPERATORS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: dict[str, Callable[[Floats, Floats], Flags]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}
