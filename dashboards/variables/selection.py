"""What is chosen of a variable, as queries and texts need to know it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ALL = "$__all"  # as a value: every option
ALL_WORD = "All"
AUTO = "auto"  # an interval that fits the picture


class CannotFill(ValueError):
    """A text uses a variable in a way that cannot be; the text says what to write instead."""


@dataclass(frozen=True)
class Selected:
    """The chosen values of one variable with the texts that people read.

    With `is_all` and no `all_value` the values are all options. `is_exact`: values are meant
    literally, so that a regular expression has them escaped; what people type is not.
    `is_unbounded`: all options are all values there are, so that a filter for All filters nothing.
    """

    name: str
    values: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    is_all: bool = False
    all_value: str = ""
    is_exact: bool = True
    is_unbounded: bool = False

    @property
    def is_wildcard(self) -> bool:
        """Tell whether All stands for an expression of its own."""
        return self.is_all and bool(self.all_value)

    @property
    def words(self) -> tuple[str, ...]:
        """Return what people read for it."""
        return (ALL_WORD,) if self.is_all else (self.texts or self.values)


Values = Mapping[str, Selected]


def only(selected: Selected, place: str) -> str:
    """Return the one value. Raises CannotFill where there are several."""
    if selected.is_wildcard:
        return selected.all_value
    if len(selected.values) > 1:
        message = f"“{selected.name}” has {len(selected.values)} values, but {place} takes one."
        raise CannotFill(message)
    return selected.values[0] if selected.values else ""
