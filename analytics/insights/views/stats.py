"""The few numbers above a chart, beside those of the period before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stat:
    """One number; `unit` is one of humanize, `before` that of the period before."""

    label: str
    value: float | None
    unit: str = ""
    before: float | None = None
    note: str = ""
    more_is_better: bool = True

    @property
    def change(self) -> float | None:
        """Return the difference in points of a share, else as a share of what was before."""
        if self.value is None or self.before is None:
            return None
        if self.unit == "ratio":
            return (self.value - self.before) * 100
        return (self.value - self.before) / self.before if self.before else None

    @property
    def change_unit(self) -> str:
        return "points" if self.unit == "ratio" else "ratio"

    @property
    def is_better(self) -> bool:
        return ((self.change or 0) >= 0) == self.more_is_better
