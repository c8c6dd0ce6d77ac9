"""The API keeps what its OpenAPI schema says, whatever is sent: no 5xx, answers of the described shape.

Schemathesis makes requests up from the schema, right and wrong ones. EXAMPLES=50 tries more of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.accounts.models import User
from portal.api_docs import INTAKES, METHODS
from portal.lib import clock
from tests.factories import make_annotation, make_cohort, make_dashboard, make_staff, make_token
from tests.insights.events import Event, load
from tests.test_permissions import undone

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.usefixtures("empty_cache", "store_schema"),
]
EXAMPLES = int(os.environ.get("EXAMPLES", "3"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Described for clients, but answered before Django (tests/ingest).
BEFORE_DJANGO = [
    f"{method.upper()} {path}"
    for path, operations in INTAKES.items()
    for method in operations
    if method in METHODS
]


def described() -> Any:
    generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]  # untyped upstream
    raw = generator.get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(raw)
    schema.app = get_wsgi_application()
    return schema


SCHEMA = described()
OPERATIONS = [
    operation
    for operation in (found.ok() for found in SCHEMA.get_all_operations())
    if operation.label not in BEFORE_DJANGO
]


@pytest.fixture(scope="module")
def some_events(store_schema: None) -> None:
    """Put a little of everything into the engine, so that answers have something in them."""
    now = clock.now()
    load(
        Event(
            name, now - timedelta(hours=7 * turn + person), user=f"user-{person}", platform="Web",
            session=f"s-{turn}", properties={"plan": "pro", "amount": turn, "flag": None},
        )
        for turn in range(8)
        for person in range(4)
        for name in ("page_view", "buy")[: 1 + turn % 2]
    )  # fmt: skip


@pytest.fixture
def admin(some_events: None) -> User:
    owner = make_staff("admin")
    make_dashboard("board", is_public=True, created_by=owner)
    make_cohort(owner)
    make_annotation(owner)
    return owner


@pytest.fixture(autouse=True)
def without_limit(settings: Any) -> None:
    settings.API_PER_MINUTE = 0


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Let requests share the test's connection, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_an_operation_answers_as_the_schema_says(operation: Any, mode: Any, admin: User) -> None:
    headers = {"Authorization": f"Bearer {make_token(admin)[1]}"}

    @hypothesis_settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        with undone():
            response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)

    answers()
