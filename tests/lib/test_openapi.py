"""How plain API views describe themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.lib.openapi import OBJECT, TEXT, WHOLE, Operation, listed, record


class Silent(APIView):
    """Say nothing.

    More about it.
    """

    def get(self, request: Request) -> Response:
        return Response({})

    def delete(self, request: Request) -> Response:
        return Response(status=204)


class Told(APIView):
    operations = {
        "post": Operation(
            body=record(("name",), name=TEXT), answer=listed(WHOLE), status=201,
            query={"dry": "try only"},
        )
    }  # fmt: skip

    def post(self, request: Request) -> Response:
        """Make one."""
        return Response([], status=201)


@pytest.fixture
def paths() -> dict[str, Any]:
    patterns = [path("api/v1/silent", Silent.as_view()), path("api/v1/told", Told.as_view())]
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator(patterns=patterns).get_schema(request=None, public=True)
    found: dict[str, Any] = schema["paths"]
    return found


def content(answer: dict[str, Any]) -> Any:
    return answer["content"]["application/json"]["schema"]


def test_a_view_that_says_nothing_gives_any_object(paths: dict[str, Any]) -> None:
    operation = paths["/api/v1/silent"]["get"]

    assert content(operation["responses"]["200"]) == OBJECT
    assert operation["tags"] == ["silent"]
    assert operation["description"].startswith("Say nothing.")


def test_deleting_answers_nothing(paths: dict[str, Any]) -> None:
    assert "content" not in paths["/api/v1/silent"]["delete"]["responses"]["204"]


def test_a_view_can_say_what_it_takes_and_gives(paths: dict[str, Any]) -> None:
    operation = paths["/api/v1/told"]["post"]

    assert content(operation["requestBody"]) == record(("name",), name=TEXT)
    assert content(operation["responses"]["201"]) == listed(WHOLE)
    assert [parameter["name"] for parameter in operation["parameters"]] == ["dry"]


def test_every_operation_names_the_shape_of_errors(paths: dict[str, Any]) -> None:
    told = paths["/api/v1/told"]["post"]["responses"]

    assert content(told["400"]) == content(told["401"]) == content(told["403"])
    assert content(told["401"])["$ref"].endswith("/Error")
