"""Answers as plotly figures without colors; the theme gives them. One module a kind, all pure."""

from __future__ import annotations
