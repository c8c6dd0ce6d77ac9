"""Numbers and times as people read them; static/js/lib/format.js says exactly the same.

tests/lib/humanized.json is the table that both must agree with.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

COUNT_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
BYTE_STEPS = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))
BINARY_STEPS = (
    (2.0**50, "PiB"), (2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"),
    (1.0, "B"),
)  # fmt: skip
BIT_STEPS = ((1e12, "Tbit"), (1e9, "Gbit"), (1e6, "Mbit"), (1e3, "kbit"), (1.0, "bit"))
HERTZ_STEPS = ((1e12, "THz"), (1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"), (1.0, "Hz"))
SCALES = {"bytes": BYTE_STEPS, "ibytes": BINARY_STEPS, "bits": BIT_STEPS, "Hz": HERTZ_STEPS}
SUFFIXES = {"": "", "count": "", "plain": "", "per_s": "/s", "per_min": "/min"}
# Below 120 s seconds read best, below 120 min minutes, and so on.
DURATION_STEPS = (
    (172_800.0, 86_400.0, "d"),
    (7_200.0, 3_600.0, "h"),
    (120.0, 60.0, "min"),
    (1.0, 1.0, "s"),
    (1e-3, 1e-3, "ms"),
    (1e-6, 1e-6, "µs"),
    (0.0, 1e-9, "ns"),
)
SECONDS_IN = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "d": 86_400.0}
CURRENCY_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
NOT_A_NUMBER = "\N{EM DASH}"
MINUS = "\N{MINUS SIGN}"


def humanize(value: float | Decimal | None, unit: str = "", decimals: int | None = None) -> str:
    """Return the value with its unit, in three significant digits or so many decimals.

    Units: "" or "count" (12.4k), "plain" (12,400), "bytes" (3.2 GB), "ibytes" (3.2 GiB), "bits",
    each also a second ("bytes/s"), "Hz", "s", "ms", "us", "ns", "min", "h" and "d" (250 ms), "ratio"
    (0.123 is 12.3 %), "percent" (12.3 is 12.3 %), an ISO currency (€12.4k), "per_s" (12.4k/s);
    any other word is put behind the number. None and what is not finite are a dash.
    """
    if value is None or not math.isfinite(value):
        return NOT_A_NUMBER
    number = float(value)
    text = _positive(abs(number), unit, decimals)
    return f"{MINUS}{text}" if number < 0 and any(c in "123456789" for c in text) else text


def _positive(value: float, unit: str, decimals: int | None) -> str:
    if unit in SECONDS_IN:
        return _duration(value * SECONDS_IN[unit], decimals)
    scale = SCALES.get(unit.removesuffix("/s"))
    if scale:
        return _scaled(value, scale, decimals) + ("/s" if unit.endswith("/s") else "")
    if unit in {"ratio", "percent"}:
        return f"{_digits(value * 100 if unit == 'ratio' else value, decimals)} %"
    if len(unit) == 3 and unit.isupper():
        return f"{CURRENCY_SIGNS.get(unit, unit + ' ')}{_money(value, decimals)}"
    whole = grouped(value) if unit == "plain" and decimals is None else ""
    return (whole or _count(value, decimals, unit)) + SUFFIXES.get(unit, f" {unit}")


def _count(value: float, decimals: int | None, unit: str = "") -> str:
    step, letter = (1.0, "") if unit == "plain" else _step(value, COUNT_STEPS)
    return _digits(value / step, decimals) + letter


def _scaled(value: float, steps: tuple[tuple[float, str], ...], decimals: int | None) -> str:
    step, letter = _step(value, steps)
    return f"{_digits(value / step, decimals)} {letter}"


def _digits(value: float, decimals: int | None) -> str:
    return significant(value) if decimals is None else f"{_rounded(value, decimals):,}"


def _step(value: float, steps: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """Return the largest step that leaves at least 1 once rounded: 999,950 is 1M, not 1,000k."""
    for step, letter in steps:
        if value >= step * 0.9995:
            return step, letter
    return 1.0, steps[-1][1] if steps[-1][0] == 1.0 else ""


def _duration(seconds: float, decimals: int | None) -> str:
    if seconds == 0:
        return "0 s"
    for least, step, letter in DURATION_STEPS:
        if seconds >= least * 0.9995:
            return f"{_digits(seconds / step, decimals)} {letter}"
    return f"{_digits(seconds, decimals)} s"


def _money(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{_rounded(value, decimals):,}"
    return _count(value, None) if value >= 999.5 else f"{_rounded(value, 2):,.2f}"


def significant(value: float) -> str:
    """Return three significant digits without trailing zeros; whole from 100 on."""
    if value >= 99.95:
        return f"{_rounded(value, 0):,.0f}"
    places = 1 if value >= 9.995 else 2 if value >= 0.9995 else 3
    text = f"{_rounded(value, places):.{places}f}"
    return text.rstrip("0").rstrip(".")


def _rounded(value: float, places: int) -> Decimal:
    # The shortest decimal form, rounded half up: what people expect, and what JavaScript can do.
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def grouped(value: float | int | None) -> str:
    """Return all digits with thousands separators, for tables: 1,234,567.89."""
    if value is None or not math.isfinite(value):
        return NOT_A_NUMBER
    rounded = _rounded(abs(value), 2)
    text = f"{rounded:,.2f}".removesuffix(".00")
    return f"{MINUS}{text}" if value < 0 and rounded else text


class Moment(NamedTuple):
    """A time for people: "10:42, 3 min ago", and all of it for the title."""

    short: str
    full: str


def moment(at: datetime, now: datetime, zone: str = "UTC") -> Moment:
    """Say when something was, in the zone given."""
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M}"
    if local.year != today.year:
        clock = f"{local.day} {local:%b %Y}, {clock}"
    elif local.date() != today.date():
        clock = f"{local.day} {local:%b}, {clock}"
    seconds = (now - at).total_seconds()
    full = f"{local:%Y-%m-%d %H:%M:%S} {zone}"
    return Moment(f"{clock}, {ago(seconds)}", full)


def ago(seconds: float) -> str:
    """Return "3 min ago", "in 2 h", "just now"."""
    distance = abs(seconds)
    if distance < 5:
        return "just now"
    steps = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    step, letter = next((s, name) for s, name in steps if distance >= s)
    text = f"{int(distance // step)} {letter}"
    return f"{text} ago" if seconds > 0 else f"in {text}"
