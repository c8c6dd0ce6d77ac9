"""Numbers, durations and times as PromQL writes them. Pure."""

from __future__ import annotations

import math
import re

UNITS_MS = {
    "y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000,
    "ms": 1,
}  # fmt: skip
DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
MOST_WHOLE = 2**63 - 1  # what Go reads as a whole number
MOST_MS = MOST_WHOLE // 1_000_000
LONGEST = 200  # characters of a duration; Python refuses to read much longer numbers


class NotReadable(ValueError):
    """The text is no number or duration; the message says why."""


def duration_ms(text: str) -> int:
    """Read `1h30m`. Raises NotReadable."""
    match = DURATION.fullmatch(text)
    if not match:
        raise NotReadable(f'not a valid duration string: "{text}"')
    if len(text) > LONGEST:
        raise NotReadable("duration out of range")
    parts = zip(UNITS_MS.values(), match.groups(), strict=True)
    total = sum(unit * int(part) for unit, part in parts if part)
    if total > MOST_MS:
        raise NotReadable("duration out of range")
    return total


def number(text: str) -> float:
    """Read a number literal: decimal, hexadecimal, octal as `010`, `Inf`, `NaN`, or `5m`.

    Raises NotReadable.
    """
    plain = text.replace("_", "").lower()
    base = 16 if plain.startswith("0x") else 8 if re.fullmatch(r"0[0-7]+", plain) else 10
    if base != 10 and (whole := int(plain, base)) <= MOST_WHOLE:
        return float(whole)
    if base == 16:
        raise NotReadable(
            f'error parsing number: strconv.ParseFloat: parsing "{text}": invalid syntax'
        )
    if plain[-1] in "smhdwy":
        return duration_ms(text) / 1000
    value = float(plain)
    if math.isinf(value) and plain != "inf":
        raise NotReadable(
            f'error parsing number: strconv.ParseFloat: parsing "{text}": value out of range'
        )
    return value


def shown_number(value: float) -> str:
    """Write a number as Go's %g does: `1`, `0.5`, `1e+06`, `+Inf`, `NaN`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    exponent = int(f"{value:e}".split("e")[1])
    if -4 <= exponent < 6:
        return shown_plain(value)
    digits = shown_plain(abs(value)).replace(".", "").strip("0")
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{'-' if value < 0 else ''}{mantissa}e{exponent:+03d}"


def shown_plain(value: float) -> str:
    """Write a number without an exponent, as `count_values` labels it."""
    if math.isnan(value) or math.isinf(value):
        return shown_number(value)
    text = repr(float(value))
    return _plain(text) if "e" in text else text.removesuffix(".0")


def _plain(text: str) -> str:
    """`1.5e-07` without the exponent."""
    mantissa, exponent = text.split("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"
