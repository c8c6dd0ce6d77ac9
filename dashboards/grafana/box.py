"""A widget while a panel is read into it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana.ledger import Given, number_of

Json = dict[str, Any]
# What an option that is left out means.
USUAL = {
    "scale": "linear", "curve": "linear", "hover": "all", "shown_text": "auto", "calc": "last", "stack_all": "none",
}  # fmt: skip
NOT_IN_THIS_PICTURE = "This kind of widget has no such option."


def everything(kind: str, option: str, value: Any) -> bool:
    return True


@dataclass(frozen=True)
class Fits:
    """Whether a kind of widget takes a value for an option, and whether an override does."""

    option: Callable[[str, str, Any], bool] = everything
    override: Callable[[str, Any], bool] = lambda name, value: True
    usual: Callable[[str, str], Any] = lambda kind, option: None
    kind: Callable[[str], bool] = lambda kind: True
    transformation: Callable[[str], bool] = lambda name: True


@dataclass
class Box:
    """What becomes of a panel; `put` keeps a property only where the kind has an option for it."""

    kind: str
    fits: Fits
    config: Json = field(default_factory=dict)

    def put(self, given: Given, name: str, option: str, value: Any, nearly: str = "") -> None:
        """Keep a property as an option; `nearly` says what is not as it was.

        No value at all means that the property says nothing that could be kept.
        """
        if name not in given and not isinstance(given.peek(name), bool | int | float):
            return
        if value is None:
            return
        if self.is_usual(option, value) and not nearly:
            given.keep(name)
        elif not self.fits.option(self.kind, option, value):
            given.lose(name, NOT_IN_THIS_PICTURE)
        elif nearly:
            self.config[option] = value
            given.change(name, nearly)
        else:
            self.config[option] = value
            given.keep(name)

    def is_usual(self, option: str, value: Any) -> bool:
        """Tell whether this is what the option means when it is left out."""
        usual = self.fits.usual(self.kind, option)
        if value == "":
            return True
        if usual is None:
            usual = USUAL.get(option, False)
        return bool(value == usual and type(value) is type(usual))

    def add(self, option: str, value: Any) -> bool:
        """Set an option that no single property says; tell whether the kind has it."""
        fits = self.fits.option(self.kind, option, value)
        if fits:
            self.config[option] = value
        return fits


@dataclass(frozen=True)
class Way:
    """How a value is written here, and there; None where it cannot be said."""

    here: Callable[[Any], Any]
    there: Callable[[Any], Any]


# Where a property stands in a panel, the option it becomes, and how its value is written.
Rule = tuple[str, str, Way]


def apply(box: Box, panel: Given, rules: tuple[Rule, ...]) -> None:
    """Keep what the rules name; a value that cannot be said here is left to the report."""
    for path, option, way in rules:
        *parents, name = path.split(".")
        given = panel
        for parent in parents:
            given = given.child(parent)
        value = given.peek(name)
        if value is not None:
            box.put(given, name, option, way.here(value))


def chosen(values: Mapping[Any, Any]) -> Way:
    """Return a way by a table of their values and ours; the first of theirs is written back."""

    def here(value: Any) -> Any:
        return values.get(value) if isinstance(value, str | int | float | bool) else None

    def there(value: Any) -> Any:
        return next(
            (key for key, one in values.items() if one == value and type(one) is type(value)), None
        )

    return Way(here, there)


def as_it_is(value: Any) -> Any:
    return value


FLAG = Way(lambda value: value if isinstance(value, bool) else None, as_it_is)
NUMBER = Way(number_of, as_it_is)
WORDS = Way(lambda value: value[:200] if isinstance(value, str) and value else None, as_it_is)


def between(low: float, high: float) -> Way:
    """Return a way for numbers that are brought within limits."""

    def here(value: Any) -> float | int | None:
        found = number_of(value)
        return None if found is None else min(max(found, low), high)

    return Way(here, as_it_is)
