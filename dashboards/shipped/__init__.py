"""The dashboards that ship with the portal: one file each, `SHIPPED` in `dashboards.provision`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Box:
    """A widget as shipped; `at` is x, y, width, height on 24 columns."""

    key: str
    kind: str
    title: str
    at: tuple[int, int, int, int]
    source: str
    query: str
    description: str = ""
    refresh_s: int = 5
    config: dict[str, Any] = field(default_factory=dict)

    def as_widget(self) -> dict[str, Any]:
        """Return the widget as a document holds it."""
        x, y, w, h = self.at
        return {
            "id": self.key,
            "title": self.title,
            "description": self.description,
            "source": self.source,
            "query": self.query,
            "refresh_interval": self.refresh_s * 1000,
            "position": {"x": x, "y": y, "w": w, "h": h},
            "config": {**self.config, "kind": self.kind},
        }


@dataclass(frozen=True)
class Shipped:
    uid: str
    name: str
    description: str
    tags: list[str]
    starts: str
    boxes: tuple[Box, ...]
    is_public: bool = True  # every logged-in member of staff may see it
