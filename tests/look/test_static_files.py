"""Static files over both kinds of handler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client

from portal.lib.static_files import StaticFilesMiddleware

# Every answer ends with the signal at which Django looks after its connections.
pytestmark = pytest.mark.django_db

CSS = "/static/css/tokens.css"
Serve = Callable[[object, HttpRequest], HttpResponse]
BUNDLE = "/static/js/vendor/plotly-4.1.1-portal.min.js"


def content(path: str) -> bytes:
    return (Path(settings.BASE_DIR) / path.lstrip("/")).read_bytes()


def test_a_file_is_answered_with_a_year_to_keep_it(client: Client) -> None:
    answer = client.get(CSS)

    assert answer.getvalue() == content(CSS)
    assert "immutable" in answer["Cache-Control"]


async def test_a_file_is_answered_to_async_servers_alike(async_client: AsyncClient) -> None:
    answer = await async_client.get(CSS)

    assert answer.content == content(CSS)
    assert answer["Content-Type"].startswith("text/css")
    assert "immutable" in answer["Cache-Control"]


async def test_browsers_get_the_packed_bundle(async_client: AsyncClient) -> None:
    packed = await async_client.get(BUNDLE, headers={"accept-encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) < 500_000


async def test_a_file_that_did_not_change_is_not_sent_again(async_client: AsyncClient) -> None:
    first = await async_client.get(CSS)
    again = await async_client.get(CSS, headers={"if-none-match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


async def test_a_file_outside_the_folders_is_not_found(async_client: AsyncClient) -> None:
    for path in ("/static/../portal/settings.py", "/static/%2e%2e/manage.py", "/static/no.css"):
        assert (await async_client.get(path)).status_code == 404


async def test_a_file_that_was_updated_since_the_start_is_sent_whole(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As WhiteNoise would remember a file that was shorter when the portal started.
    served = StaticFilesMiddleware.serve
    monkeypatch.setattr(StaticFilesMiddleware, "serve", staticmethod(measured_as(served, 10)))

    answer = await async_client.get(CSS)

    assert answer["Content-Length"] == str(len(content(CSS)))


def measured_as(serve: Serve, length: int) -> Serve:
    def shorter(file: object, request: HttpRequest) -> HttpResponse:
        answer = serve(file, request)
        answer["Content-Length"] = str(length)
        return answer

    return shorter
