"""The engine's process: owns one chDB path and speaks ClickHouse's HTTP protocol over it.

Started as `python -m portal.store.server`; imports neither Django nor the rest of the portal.
"""

from __future__ import annotations
