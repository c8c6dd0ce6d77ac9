"""Pure builders: (definition, window, person expression) -> Query."""

from __future__ import annotations
