"""What stands in a request of Prometheus's API: moments, durations, limits. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)
DAY = 86_400_000
UNITS = (365 * DAY, 7 * DAY, DAY, 3_600_000, 60_000, 1_000, 1)
LONGEST_MS = (2**63 - 1) // 1_000_000  # Go counts nanoseconds in 64 bits
# Go's earliest and latest moment, which clients send to say "all there is".
EARLIEST, LATEST = "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z"
FIRST_MS, LAST_MS = -(2**62), 2**62
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


class BadParameter(ValueError):
    """A parameter cannot be used; the text says which and why, as Prometheus does."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f'invalid parameter "{name}": {reason}')
        self.name = name


@dataclass(frozen=True)
class Form:
    """The parameters of a request: of its body first, then of its address."""

    values: Mapping[str, Sequence[str]]

    def text(self, name: str) -> str:
        found = self.values.get(name, ())
        return found[0] if found else ""

    def all(self, name: str) -> list[str]:
        return list(self.values.get(name, ()))

    def moment(self, name: str, otherwise: int | None = None) -> int:
        """Return milliseconds since 1970. Raises BadParameter."""
        text = self.text(name)
        if not text and otherwise is not None:
            return otherwise
        try:
            return moment_of(text)
        except ValueError as error:
            known = "" if otherwise is None else f"invalid time value for '{name}': "
            raise BadParameter(name, f"{known}{error}") from None

    def duration(self, name: str) -> int | None:
        """Return milliseconds, None where nothing is given. Raises BadParameter."""
        text = self.text(name)
        try:
            return duration_of(text) if text else None
        except ValueError as error:
            raise BadParameter(name, str(error)) from None

    def limit(self, name: str = "limit") -> int:
        """Return how many at most, 0 for any number. Raises BadParameter."""
        text = self.text(name)
        if not text:
            return 0
        if not WHOLE.fullmatch(text):
            raise BadParameter(name, f"cannot parse {quoted(text)} to a whole number")
        if int(text) < 0:
            raise BadParameter(name, "limit must be non-negative")
        return int(text)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def moment_of(text: str) -> int:
    """Read seconds since 1970 or RFC 3339 as milliseconds. Raises ValueError."""
    if text in {EARLIEST, f"+{LATEST}", LATEST}:
        return FIRST_MS if text == EARLIEST else LAST_MS
    if FLOAT.fullmatch(text):
        seconds = float(text)
        if math.isfinite(seconds) and FIRST_MS <= seconds * 1000 <= LAST_MS:
            return _milliseconds(seconds)
    dated = RFC_3339.fullmatch(text)
    if dated is None:
        raise ValueError(f"cannot parse {quoted(text)} to a valid timestamp")
    second, decimals, zone = dated.groups()
    try:
        whole = datetime.fromisoformat(second + zone).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"cannot parse {quoted(text)} to a valid timestamp") from None
    return int(whole) * 1000 + int((decimals or "0").ljust(3, "0")[:3])


def _milliseconds(seconds: float) -> int:
    part, whole = math.modf(seconds)
    return int(whole) * 1000 + int(math.copysign(math.floor(abs(part) * 1000 + 0.5), part))


def duration_of(text: str) -> int:
    """Read seconds or a duration such as 1h30m as milliseconds. Raises ValueError."""
    if FLOAT.fullmatch(text):
        seconds = float(text)
        if not abs(seconds * 1000) <= LONGEST_MS:
            raise ValueError(f"cannot parse {quoted(text)} to a valid duration. It overflows int64")
        return int(seconds * 1000)
    found = DURATION.fullmatch(text) if text else None
    if found is None:
        raise ValueError(f"cannot parse {quoted(text)} to a valid duration")
    total = sum(int(n) * unit for n, unit in zip(found.groups(), UNITS, strict=True) if n)
    if total > LONGEST_MS:
        raise ValueError(f"cannot parse {quoted(text)} to a valid duration")
    return total
