"""What is counted about series."""

from __future__ import annotations

from portal.lib import instruments

refused_series = instruments.counter(
    "series_refused_total",
    "New series that were refused because their source, or all together, have too many;"
    " one that is sent on counts again each minute",
    ("source",),
)
