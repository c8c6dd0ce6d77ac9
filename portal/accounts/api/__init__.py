"""The API of teams, folders and grants, one module a subject."""

from __future__ import annotations
