"""In which resolutions samples are kept, and which of them answers a question. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
# Buckets that a step and a window hold at least, where samples are gone;
FINE_ENOUGH = 5
# and that a range holds at least, where samples are there and buckets only answer sooner.
LONG_ENOUGH = 288


@dataclass(frozen=True)
class Resolution:
    """Samples as they came (`width_ms` 0), or what they come to in buckets of one width."""

    name: str
    title: str
    table: str
    width_ms: int
    default_days: int

    @property
    def is_raw(self) -> bool:
        return self.width_ms == 0

    def end_before(self, ms: int) -> int:
        """Return the last end of a bucket that is not after a moment."""
        return ms // self.width_ms * self.width_ms


RAW = Resolution("raw", "one", "samples", 0, 30)
FIVE_MINUTES = Resolution("5m", "5 minutes", "samples_5m", 5 * MINUTE_MS, 180)
HOUR = Resolution("1h", "hour", "samples_1h", HOUR_MS, 5 * 365 + 1)
COARSE = (FIVE_MINUTES, HOUR)
ALL = (RAW, *COARSE)


@dataclass(frozen=True)
class Need:
    """What a question needs of a selector: samples in (start, end].

    On a grid it asks for what they come to in (t - window, t] for each t from start + window every
    `step_ms` to the end; of a plain selector (`is_plain`) that is the newest one. A window of 0
    asks for the samples themselves, a step of 0 for a single t.
    """

    start_ms: int
    end_ms: int
    step_ms: int = 0
    window_ms: int = 0
    is_plain: bool = False

    def is_union_of(self, width_ms: int) -> bool:
        """Tell whether every window is whole buckets, so that these answer as the samples do."""
        first = self.start_ms + self.window_ms
        edges = (first % width_ms, self.step_ms % width_ms, self.window_ms % width_ms)
        if self.is_plain and self.window_ms != width_ms:
            return False  # a bucket does not say how old its last sample may be
        return self.window_ms > 0 and not any(edges)

    def is_long_for(self, width_ms: int) -> bool:
        return self.end_ms - self.start_ms >= LONG_ENOUGH * width_ms

    def is_met_by(self, width_ms: int) -> bool:
        """Tell whether buckets of a width are fine enough for the step and the window."""
        fine = FINE_ENOUGH * width_ms
        return self.step_ms >= fine and (self.is_plain or self.window_ms >= fine)


def resolution_for(need: Need, since_ms: Mapping[str, int]) -> Resolution:
    """Return the resolution that answers.

    `since_ms` says by resolution up to when its samples are gone; one it does not name has none.
    While the samples are there they answer, or the coarsest buckets of which the windows are whole
    unions, where the range is so long that this pays. Where samples are gone the coarsest buckets
    answer that are fine enough; or the finest that are there; or what reaches back furthest.
    """
    there = [one for one in ALL if one.name in since_ms]
    reaching = [one for one in there if since_ms[one.name] <= need.start_ms]
    if RAW in reaching:
        equal = [one for one in reaching if not one.is_raw and answers_equally(need, one)]
        return equal[-1] if equal else RAW
    fine = [one for one in reaching if need.is_met_by(one.width_ms)]
    if reaching:
        return fine[-1] if fine else reaching[0]
    return min(there, key=lambda one: since_ms[one.name], default=RAW)


def answers_equally(need: Need, resolution: Resolution) -> bool:
    return need.is_union_of(resolution.width_ms) and need.is_long_for(resolution.width_ms)
