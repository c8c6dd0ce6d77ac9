"""Asking trends in the tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.insights.definitions.window import parse_asked
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.conftest import TokenClient
from tests.people import People

Ask = Callable[..., Frame]
Post = Callable[..., dict[str, Any]]
JANUARY = {"from": "2026-01-01", "to": "2026-02-01"}


@pytest.fixture
def trend(db: None, store_schema: None, empty_cache: None) -> Ask:
    """Ask a trend as the API does, as of a given moment."""

    def asked(as_of: datetime | None = None, **body: Any) -> Frame:
        moment = as_of or datetime(2030, 1, 1, tzinfo=UTC)
        found = parse_asked(body, moment, "UTC")
        return ask("trend", Question(found.params, found.window, moment), refresh=True)

    return asked


@pytest.fixture
def post(people: People, call: TokenClient) -> Post:
    """Ask an insight through the API, over January unless the body says otherwise."""
    api = call(people.viewer, ["read"])

    def posted(insight: str, /, **body: Any) -> dict[str, Any]:
        answer = api.post(f"/api/v1/insights/{insight}", JANUARY | body, format="json")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    return posted


def at(text: str, zone: str = "UTC") -> datetime:
    """Return a zone's wall clock time as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
