"""The OpenAPI schema and its page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from analytics.ingest.protocols import protocols
from portal.api_docs import INTAKES, METHODS, groups, outline
from tests.conftest import PageClient, TokenClient
from tests.people import People

ROOT = Path(__file__).resolve().parent.parent


def test_the_schema_is_made_without_a_warning(tmp_path: Path) -> None:
    words = ["manage.py", "spectacular", "--validate", "--fail-on-warn"]
    done = subprocess.run(
        [sys.executable, *words, "--file", str(tmp_path / "schema.yaml")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.django_db
def test_the_page_lists_every_operation_of_the_schema(
    people: People, browse: PageClient, call: TokenClient
) -> None:
    schema = call(people.viewer).get("/api/schema/").json()

    page = browse(people.viewer).get("/api/docs/")

    assert [path for path in schema["paths"] if path not in page.text] == []
    assert settings.PUBLIC_URL in page.text


def test_every_way_in_is_described() -> None:
    described = {
        (method.upper(), path.replace("{job}", "*"))
        for path, operations in INTAKES.items()
        for method in operations
        if method in METHODS
    }
    other_spellings = {"/metrics/job@base64/*", "/prometheus/api/v1/otlp/v1/metrics"}

    assert described == {
        (method, route)
        for protocol in protocols
        for route in protocol.routes
        for method in protocol.methods
        if route not in other_spellings
    }


@pytest.mark.django_db
def test_the_page_runs_no_script_of_others(people: People, browse: PageClient) -> None:
    page = browse(people.viewer).get("/api/docs/")

    assert "cdn" not in page.text
    assert "unsafe-eval" not in page.headers["Content-Security-Policy"]


def test_operations_are_named_by_their_part_of_the_api() -> None:
    assert all(group for group in groups())


def test_an_outline_ends_where_a_schema_repeats_itself() -> None:
    node = {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Node"}}}
    schema = {"components": {"schemas": {"Node": node}}}

    assert "inner" in outline({"$ref": "#/components/schemas/Node"}, schema)


def test_an_outline_says_the_type_of_each_leaf() -> None:
    spec = {
        "type": "object",
        "properties": {
            "op": {"enum": ["=", "!="]},
            "steps": {"type": "array", "items": {"type": "integer"}},
            "at": {"type": "string", "format": "date-time"},
        },
    }

    assert outline(spec, {}) == {"op": "= | !=", "steps": ["integer"], "at": "date-time"}
