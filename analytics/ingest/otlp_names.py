"""How OpenTelemetry's names become Prometheus's, as Prometheus 3 does by default. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

NO_NAME_CHARACTER = re.compile(r"[^a-zA-Z0-9:]+")
NO_LABEL_CHARACTER = re.compile(r"[^a-zA-Z0-9_]")
UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
    "us": "microseconds", "ns": "nanoseconds",
    "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "TiBy": "tebibytes", "kBy": "kilobytes", "KBy": "kilobytes", "MBy": "megabytes",
    "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams",
    "Cel": "celsius", "Hz": "hertz", "1": "", "%": "percent",
}  # fmt: skip
PER = {
    "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year",
}  # fmt: skip


def metric_name(name: str, unit: str, kind: str) -> str:
    """Return a metric's name with its unit and, for a counter, `total`; empty: there is none.

    `kind` is a type as analytics.series.metadata has it, "updown" for a sum that may fall.
    """
    words = [word for word in NO_NAME_CHARACTER.split(name) if word]
    words += [word for word in unit_words(unit) if word not in words]
    if kind == "counter":
        words = [*(word for word in words if word != "total"), "total"]
    if unit == "1" and kind == "gauge":
        words = [*(word for word in words if word != "ratio"), "ratio"]
    joined = "_".join(words)
    return f"_{joined}" if joined[:1].isdigit() else joined


def unit_words(unit: str) -> list[str]:
    """Return what a unit adds to a name: "By/s" is `bytes` and `per_second`.

    Words in braces are annotations and add nothing.
    """
    main, _, per = unit.partition("/")
    return [word for word in (_main(main.strip()), _per(per.strip())) if word]


def _main(unit: str) -> str:
    return "" if "{" in unit or "}" in unit else _cleaned(UNITS.get(unit, unit))


def _per(unit: str) -> str:
    word = "" if "{" in unit or "}" in unit else _cleaned(PER.get(unit, unit))
    return f"per_{word}" if word else ""


def _cleaned(unit: str) -> str:
    return NO_NAME_CHARACTER.sub("_", unit).strip("_")


def label_name(name: str) -> str:
    """Return a label's name; empty when nothing of it can stay."""
    cleaned = NO_LABEL_CHARACTER.sub("_", name)
    if not cleaned.strip("_") and cleaned != name:
        return ""
    if cleaned[:1].isdigit():
        return f"key_{cleaned}"
    if cleaned.startswith("_") and not cleaned.startswith("__"):
        return f"key{cleaned}"
    return cleaned


def plain_number(value: float) -> str:
    """Write a float with its shortest digits and without an exponent, as bucket bounds are."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")
