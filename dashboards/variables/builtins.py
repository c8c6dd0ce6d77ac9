"""What texts may name without a variable: $__interval, $__range, $__from and the like. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from analytics.promql.steps import SCRAPED_EVERY_MS, USUAL_WIDTH, Window, duration, step_for
from dashboards.variables.references import Reference

# PromQL's source fills these itself: it knows the grid that the picture gets.
OF_THE_GRID = frozenset(
    {"__interval", "__interval_ms", "__rate_interval", "__range", "__range_s", "__range_ms"}
)
NAMES = OF_THE_GRID | {"__from", "__to", "__dashboard", "__timezone"}
# As other systems write a time's parts, and as Python does; longer ones first.
PARTS = (
    ("YYYY", "%Y"), ("YY", "%y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("DD", "%d"),
    ("dddd", "%A"), ("ddd", "%a"), ("HH", "%H"), ("hh", "%I"), ("mm", "%M"), ("ss", "%S"),
)  # fmt: skip


@dataclass(frozen=True)
class BuiltIns:
    """The range that is shown, and what follows from it."""

    start: datetime
    end: datetime
    zone: str = "UTC"
    dashboard: str = ""
    scrape_ms: int = SCRAPED_EVERY_MS
    width: int = USUAL_WIDTH

    @property
    def window(self) -> Window:
        return Window(ms_of(self.start), ms_of(self.end))

    @property
    def interval_ms(self) -> int:
        return step_for(self.window, width=self.width, least_ms=1_000)

    def value(self, one: Reference) -> str | None:
        """Return what a reference stands for; None where it is no built-in name."""
        if one.name in ("__from", "__to"):
            at = self.start if one.name == "__from" else self.end
            return written(at.astimezone(ZoneInfo(self.zone)), one.format)
        return self._plain().get(one.name)

    def _plain(self) -> dict[str, str]:
        step, length = self.interval_ms, max(self.window.length_ms, 1_000)
        return {
            "__interval": duration(step),
            "__interval_ms": str(step),
            "__rate_interval": duration(max(step + self.scrape_ms, 4 * self.scrape_ms)),
            "__range": duration(length // 1_000 * 1_000),
            "__range_s": str(length // 1_000),
            "__range_ms": str(length),
            "__dashboard": self.dashboard,
            "__timezone": self.zone,
        }


def ms_of(at: datetime) -> int:
    return int(at.timestamp() * 1_000)


def written(at: datetime, format_: str) -> str:
    """Write a moment: milliseconds since 1970, or as date, date:seconds, date:YYYY-MM-DD say."""
    kind, _, rest = format_.partition(":")
    if kind != "date":
        return str(ms_of(at))
    if rest in ("", "iso"):
        return at.isoformat(timespec="milliseconds")
    if rest == "seconds":
        return str(ms_of(at) // 1_000)
    return at.strftime(pattern_of(rest.replace("%", "%%")))


def pattern_of(text: str) -> str:
    done = ""
    while text:
        part = next(((ours, theirs) for theirs, ours in PARTS if text.startswith(theirs)), None)
        done += part[0] if part else text[0]
        text = text[len(part[1]) if part else 1 :]
    return done
