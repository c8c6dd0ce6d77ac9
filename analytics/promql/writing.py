"""How Prometheus writes numbers, moments and series in its answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import orjson

from analytics.promql.outcome import Labels
from analytics.series.identity import Series

# Between these Go writes a float without an exponent.
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-6, 1e21


def value_text(value: float) -> str:
    """Write a float as Go does: the shortest digits that read back as the same float."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    if "e" not in text and "n" not in text:
        return text
    if value != value:
        return "NaN"
    if text.endswith("inf"):
        return "+Inf" if value > 0 else "-Inf"
    if SMALLEST_PLAIN <= abs(value) < LARGEST_PLAIN:
        return format(Decimal(text), "f")
    return text


def moment_text(ms: int) -> str:
    """Write milliseconds since 1970 as seconds, with three decimals where there are any."""
    seconds, rest = divmod(abs(ms), 1000)
    sign = "-" if ms < 0 else ""
    return f"{sign}{seconds}.{rest:03d}" if rest else f"{sign}{seconds}"


def labels_of(series: Series) -> Labels:
    """Return a series's labels in order, the metric's name among them."""
    return tuple(sorted((("__name__", series.name), *series.labels)))


def json_of(value: Any) -> bytes:
    """Write JSON; what is no Unicode in a text (a query may make any bytes) becomes U+FFFD."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(cleaned(value))


def cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {cleaned(name): cleaned(inner) for name, inner in value.items()}
    return [cleaned(one) for one in value] if isinstance(value, list | tuple) else value


def metric(labels: Labels) -> bytes:
    """Write a series's labels as JSON."""
    return json_of(dict(labels))


def pair(ms: int, value: float) -> bytes:
    """Write one sample: [seconds, "value"]."""
    return f'[{moment_text(ms)},"{value_text(value)}"]'.encode()


def pairs(moments: Sequence[str], values: Iterable[float]) -> bytes:
    """Write the samples of one series, whose moments are written already."""
    written = (f'[{t},"{value_text(v)}"]' for t, v in zip(moments, values, strict=True))
    return f"[{','.join(written)}]".encode()
