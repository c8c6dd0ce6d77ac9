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
# Below 120 s seconds read best, below 120 min minutes, and so on.
DURATION_STEPS = (
    (172_800.0, 86_400.0, "d"),
    (7_200.0, 3_600.0, "h"),
    (120.0, 60.0, "min"),
    (1.0, 1.0, "s"),
    (1e-3, 1e-3, "ms"),
    (0.0, 1e-6, "µs"),
)
CURRENCY_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
NOT_A_NUMBER = "\N{EM DASH}"
MINUS = "\N{MINUS SIGN}"


def humanize(value: float | Decimal | None, unit: str = "") -> str:
    """Return the value in three significant digits with its unit.

    Units: "" or "count" (12.4k), "bytes" (3.2 GB), "s" and "ms" (250 ms), "ratio" (0.123 is
    12.3 %), "percent" (12.3 is 12.3 %), an ISO currency (€12.4k), "per_s" (12.4k/s); any other
    word is put behind the number. None and what is not finite are a dash.
    """
    if value is None or not math.isfinite(value):
        return NOT_A_NUMBER
    number = float(value)
    text = _positive(abs(number), unit)
    return f"{MINUS}{text}" if number < 0 and any(c in "123456789" for c in text) else text


def _positive(value: float, unit: str) -> str:
    if unit in {"s", "ms"}:
        return _duration(value / 1000 if unit == "ms" else value)
    if unit == "bytes":
        return _bytes(value)
    if unit in {"ratio", "percent"}:
        return f"{significant(value * 100 if unit == 'ratio' else value)} %"
    if len(unit) == 3 and unit.isupper():
        return f"{CURRENCY_SIGNS.get(unit, unit + ' ')}{_money(value)}"
    return _count(value) + _suffix(unit)


def _suffix(unit: str) -> str:
    return {"": "", "count": "", "per_s": "/s"}.get(unit, f" {unit}")


def _count(value: float) -> str:
    step, letter = _step(value, COUNT_STEPS)
    return significant(value / step) + letter


def _bytes(value: float) -> str:
    step, letter = _step(value, BYTE_STEPS)
    return f"{significant(value / step)} {letter}"


def _step(value: float, steps: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """Return the largest step that leaves at least 1 once rounded: 999,950 is 1M, not 1,000k."""
    for step, letter in steps:
        if value >= step * 0.9995:
            return step, letter
    return 1.0, steps[-1][1] if steps[-1][0] == 1.0 else ""


def _duration(seconds: float) -> str:
    if seconds == 0:
        return "0 s"
    for least, step, letter in DURATION_STEPS:
        if seconds >= least * 0.9995:
            return f"{significant(seconds / step)} {letter}"
    return f"{significant(seconds)} s"


def _money(value: float) -> str:
    return _count(value) if value >= 999.5 else f"{_rounded(value, 2):,.2f}"


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
