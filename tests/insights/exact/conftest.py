"""What every exact test needs; `form` is the way in which the portal computes the answers."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["raw"])
def form(request: pytest.FixtureRequest, db: None, store_schema: None, empty_cache: None) -> str:
    """Switch the portal to one of its forms; each must give the same answers."""
    name: str = request.param
    return name
