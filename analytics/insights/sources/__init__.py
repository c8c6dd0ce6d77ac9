"""The questions about events that everybody may ask."""

from __future__ import annotations
