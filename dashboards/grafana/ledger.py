"""Who read what of a JSON document, so that nothing of it is lost unsaid. Pure.

A property of what was given is kept (somebody took it), means nothing here (`meaningless`), or stands
in the report with its path and why.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dashboards.grafana.meaningless import is_meaningless

Path = tuple[str | int, ...]
Fate = Literal["lost", "changed"]
NOTHING_LIKE_IT = "There is nothing like it here."
LONGEST_VALUE = 120


@dataclass(frozen=True)
class Line:
    """What became of one property: lost, or changed into something near."""

    path: str
    fate: Fate
    why: str
    value: str = ""

    def as_json(self) -> dict[str, str]:
        return {"path": self.path, "fate": self.fate, "why": self.why, "value": self.value}


@dataclass
class Ledger:
    """What was taken, and what was said of the rest."""

    root: Path = ()  # where the dashboard stands in what was given
    taken: set[Path] = field(default_factory=set)
    told: dict[Path, tuple[Fate, str]] = field(default_factory=dict)

    def lines(self, document: Any) -> list[Line]:
        """Return what became of everything that was not simply kept, in the dashboard's order."""
        return list(self._walk(document, self.root))

    def _walk(self, value: Any, path: Path) -> Iterator[Line]:
        if path in self.told:
            fate, why = self.told[path]
            yield Line(written(path), fate, why, short(value))
            if fate == "lost" or path in self.taken:
                return
        elif path in self.taken or is_meaningless(path[len(self.root) :], value):
            return
        if isinstance(value, Mapping):
            for name, inner in value.items():
                yield from self._walk(inner, (*path, str(name)))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from self._walk(inner, (*path, index))
        elif path not in self.told:
            yield Line(written(path), "lost", NOTHING_LIKE_IT, short(value))


class Given:
    """One object of the document; what is asked of it by name counts as kept.

    What is absent, or of a type that means nothing there, is answered as if it were not there.
    """

    def __init__(self, value: Any, path: Path, ledger: Ledger) -> None:
        self.values: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        self.path = path
        self.ledger = ledger

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) not in (None, "", [], {})

    def peek(self, name: str) -> Any:
        """Return a property without keeping it."""
        return self.values.get(name)

    def keep(self, *names: str) -> None:
        """Say that these properties are kept, with everything in them."""
        for name in names:
            self.ledger.taken.add((*self.path, name))

    def take(self, name: str) -> Any:
        self.keep(name)
        return self.values.get(name)

    def text(self, name: str, otherwise: str = "") -> str:
        """Return text; a number where text belongs is read as text."""
        value = self.values.get(name)
        if isinstance(value, str):
            return str(self.take(name))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(self.take(name))
        return otherwise

    def number(self, name: str) -> float | int | None:
        """Return a number, also where it stands as text."""
        found = number_of(self.values.get(name))
        if found is not None or self.values.get(name) is None:
            self.keep(name)
        return found

    def flag(self, name: str, otherwise: bool = False) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            return otherwise
        return bool(self.take(name))

    def child(self, name: str) -> Given:
        return Given(self.values.get(name), (*self.path, name), self.ledger)

    def children(self, name: str) -> list[Given]:
        """Return the objects in a list; one object where a list belongs is a list of one."""
        value = self.values.get(name)
        if isinstance(value, Mapping):
            return [self.child(name)]
        listed = value if isinstance(value, list) else []
        path = (*self.path, name)
        return [
            Given(one, (*path, index), self.ledger)
            for index, one in enumerate(listed)
            if isinstance(one, Mapping)
        ]

    def texts(self, name: str) -> list[str]:
        value = self.values.get(name)
        if isinstance(value, str):
            return [str(self.take(name))]
        if not isinstance(value, list):
            return []
        self.keep(name)
        return [str(one) for one in value if isinstance(one, str | int | float)]

    def lose(self, name: str, why: str = NOTHING_LIKE_IT) -> None:
        """Say that a property that nobody kept, if it is there, is lost with everything in it."""
        is_kept = (*self.path, name) in self.ledger.taken
        if not is_kept and self.values.get(name) not in (None, "", [], {}):
            self.ledger.told.setdefault((*self.path, name), ("lost", why))

    def change(self, name: str, why: str) -> None:
        """Say that a property was kept as something near."""
        if name in self.values:
            self.keep(name)
            self.ledger.told.setdefault((*self.path, name), ("changed", why))


def number_of(value: Any) -> float | int | None:
    """Return a finite number that JSON or text holds."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) < 40 else None
        except ValueError:
            return None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or abs(value) > 1e300:
        return None
    return (
        int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        else value
    )


def written(path: Path) -> str:
    """Write a path as in `panels[3].targets[0].expr`."""
    found = ""
    for part in path:
        if isinstance(part, int):
            found += f"[{part}]"
        elif part.replace("_", "a").isalnum():
            found += f".{part}" if found else part
        else:
            found += f"[{json.dumps(part, ensure_ascii=False)}]"
    return found


def short(value: Any) -> str:
    """Write a value for people: its beginning, as JSON."""
    if isinstance(value, Mapping | list) and len(value) > 40:
        return f"{len(value)} entries"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
