"""Real doors, writers and stores for what is done about personal data."""

from __future__ import annotations

from tests.ingest.conftest import data_dir, door, engine, key, source, writer

__all__ = ["data_dir", "door", "engine", "key", "source", "writer"]
