"""Read a JSON object field by field; every complaint names the path of its field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from portal.lib.field_error import FieldError

T = TypeVar("T")
MAX_TEXT = 1_000
NAME_OF = {
    dict: "an object", list: "a list", str: "a string", bool: "a boolean",
    int: "a number", float: "a number", type(None): "null",
}  # fmt: skip


class Reader:
    """One JSON object. Take its fields, then `finish` complains of those nobody asked for."""

    def __init__(self, body: Any, path: str = "", like: str = "") -> None:
        """Take an object; `like` shows one to who sent something else."""
        if not isinstance(body, Mapping):
            such = f" such as {like}" if like else ""
            raise FieldError(path or "body", f"This must be an object{such}, not {name_of(body)}.")
        self.values = body
        self.path = path
        self.known: list[str] = []

    def at(self, name: str) -> str:
        """Return the path of one of this object's fields."""
        return f"{self.path}.{name}" if self.path else name

    def take(self, name: str) -> Any:
        """Return a field as it is; absent and null are None."""
        self.known.append(name)
        return self.values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string; empty ones do not count as given."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise FieldError(self.at(name), f"This must be a string, not {name_of(value)}.")
        if not value:
            raise FieldError(self.at(name), "This must not be empty.")
        if len(value) > MAX_TEXT:
            raise FieldError(self.at(name), f"This has {MAX_TEXT} characters at most.")
        if "\0" in value:
            raise FieldError(self.at(name), "This must not hold a null character.")
        return value

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        value = self.take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise FieldError(self.at(name), f"This must be one of: {', '.join(choices)}.")
        return value

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self.take(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            range_ = f"a whole number from {low} to {high}" if low < high else str(low)
            raise FieldError(self.at(name), f"This must be {range_}.")
        return value

    def flag(self, name: str) -> bool:
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            raise FieldError(self.at(name), f"This must be true or false, not {name_of(value)}.")
        return bool(value)

    def each(self, name: str, parse: Callable[[Any, str], T], *, most: int) -> tuple[T, ...]:
        """Parse every item of a list; absent is the empty list."""
        value = self.take(name)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise FieldError(self.at(name), f"This must be a list, not {name_of(value)}.")
        if len(value) > most:
            raise FieldError(self.at(name), f"This has {most} entries at most.")
        return tuple(parse(item, f"{self.at(name)}[{i}]") for i, item in enumerate(value))

    def finish(self) -> None:
        """Raise FieldError for a field that nobody took: a typo must not change a number."""
        for name in self.values:
            if name not in self.known:
                known = ", ".join(dict.fromkeys(self.known))
                raise FieldError(self.at(str(name)), f"Unknown field; known here: {known}.")


def name_of(value: Any) -> str:
    """Say what JSON type a value has."""
    return NAME_OF.get(type(value), type(value).__name__)
