"""What every exact test needs; `form` is the way in which the portal computes the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analytics.insights import fast, property_columns
from analytics.insights.models import PropertyColumn

# So that a difference is told.
KINDS = ("activities", "funnels", "memberships", "retentions", "trends", "visits", "walks")
pytest.register_assert_rewrite(*(f"tests.insights.exact.{kind}" for kind in KINDS))
Form = fast.Form | None


@pytest.fixture(params=[None, *fast.FORMS], ids=lambda form: form or "raw")
def form(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    db: None,
    store_schema: None,
    empty_cache: None,
) -> Iterator[Form]:
    """Let the portal use one fast form alone, or none; each must give the same answers."""
    chosen: Form = request.param
    monkeypatch.setattr(property_columns, "WORTHWHILE_EVENTS", 1)
    PropertyColumn.objects.all().delete()
    with fast.only(*([chosen] if chosen else [])):
        yield chosen
