"""Transformations of answers before they are drawn: one file each.

Their ids and options are those of Grafana's public dashboards, so that these can be brought along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dashboards.options import Option
from dashboards.sheets import Sheet
from portal.lib.registry import Registry


class CannotTransform(Exception):
    """A transformation does not fit the answer; the text says why."""


class Transformation(Protocol):
    """One step. It reads its options leniently: what it does not know it leaves out."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def options(self) -> tuple[Option, ...]:
        """Say what its form has; a name such as `include.names` lies in objects."""
        ...

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        """Return the sheets that follow. Raises CannotTransform."""
        ...


transformations: Registry[Transformation] = Registry("transformation")


def transformed(sheets: Sequence[Sheet], steps: Sequence[Mapping[str, Any]]) -> list[Sheet]:
    """Take every step in turn. Raises UnknownKind, CannotTransform."""
    found = list(sheets)
    for step in steps:
        if not step.get("disabled"):
            found = transformations.get(str(step.get("id"))).apply(found, step.get("options") or {})
    return found


def mapping(options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an option that is an object; an empty one for anything else."""
    found = options.get(name)
    return found if isinstance(found, Mapping) else {}


def listing(options: Mapping[str, Any], name: str) -> list[Any]:
    """Return an option that is a list; an empty one for anything else."""
    found = options.get(name)
    return list(found) if isinstance(found, list | tuple) else []
