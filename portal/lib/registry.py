"""Plug points: a registry per kind of thing, filled by importing one package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Entry(Protocol):
    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...


E = TypeVar("E", bound=Entry)


class UnknownKind(LookupError):
    """No entry has this kind; the text lists those that exist."""


class Registry(Generic[E]):
    """Hold the entries of one plug point by their `kind`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: dict[str, E] = {}

    def add(self, entry: E) -> E:
        """Register an instance. Raises ValueError when its kind is taken."""
        if entry.kind in self._entries:
            raise ValueError(f"{self.name} {entry.kind!r} is registered twice")
        self._entries[entry.kind] = entry
        return entry

    def get(self, kind: str) -> E:
        """Return the entry of this kind. Raises UnknownKind."""
        try:
            return self._entries[kind]
        except KeyError:
            known = ", ".join(sorted(self._entries)) or "none"
            raise UnknownKind(f"Unknown {self.name} {kind!r}; known: {known}.") from None

    def __iter__(self) -> Iterator[E]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.kind))

    def __contains__(self, kind: object) -> bool:
        return kind in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def discover(package: str) -> None:
    """Import every module of a package, so that its entries register themselves."""
    module = importlib.import_module(package)
    for found in pkgutil.iter_modules(module.__path__, prefix=f"{package}."):
        importlib.import_module(found.name)
