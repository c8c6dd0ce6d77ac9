"""Pictures and pages of other hosts are shown only where the settings list the host."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.template.loader import render_to_string

from dashboards.widgets import CannotDraw, Drawing, widgets
from portal.lib.csp import policy
from portal.store.frame import Frame, Meta

KINDS = ("image", "iframe")


def draw(kind: str, url: str, **options: Any) -> Drawing:
    frame = Frame((), (), Meta(as_of=datetime(2026, 3, 1, tzinfo=UTC)), {"text": url})
    return widgets.get(kind).draw(frame, options)


@pytest.fixture
def listed(settings: Any) -> None:
    settings.SHOWN_HOSTS = (
        "https://status.example.com",
        "https://*.maps.example",
        "http://wall:8080",
    )


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "url", ["https://status.example.com/a?b=c", " https://a.b.maps.example/x ", "http://wall:8080/"]
)
def test_a_listed_host_is_shown(kind: str, url: str) -> None:
    drawing = draw(kind, url)

    assert f'src="{url.strip()}"' in render_to_string(drawing.template, dict(drawing.context))


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/", "http://status.example.com/", "https://status.example.com.evil.example/",
        "https://evil.example/https://status.example.com/", "javascript:alert(1)", "data:text/html,x",
        "//status.example.com/", "https://status.example.com@evil.example/", "https://maps.example/",
        "https://user@status.example.com/", "https://[", "http://wall:8081/", "/accounts/logout/",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_with_what_to_do(kind: str, url: str) -> None:
    with pytest.raises(CannotDraw):
        draw(kind, url)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_list_nothing_of_outside_is_shown(kind: str) -> None:
    with pytest.raises(CannotDraw, match="PORTAL_SHOWN_HOSTS"):
        draw(kind, "https://status.example.com/")


@pytest.mark.usefixtures("listed")
def test_the_policy_of_pages_follows_the_list() -> None:
    found = dict(one.split(" ", 1) for one in policy("n").split("; "))

    assert (
        found["frame-src"] == "https://status.example.com https://*.maps.example http://wall:8080"
    )
    assert found["img-src"].endswith(
        "blob: https://status.example.com https://*.maps.example http://wall:8080"
    )


@pytest.mark.usefixtures("listed")
def test_a_page_of_outside_never_acts_as_this_one() -> None:
    for options in ({}, {"scripts": True}):
        drawing = draw("iframe", "https://status.example.com/", **options)
        assert "allow-same-origin" not in render_to_string(drawing.template, dict(drawing.context))
