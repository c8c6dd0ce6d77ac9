"""What every page carries: policy, assets, navigation, error pages in our look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import Client, RequestFactory

from portal import navigation
from portal.lib import assets
from tests.conftest import PageClient
from tests.people import People

pytestmark = pytest.mark.django_db

TEMPLATES = Path(settings.BASE_DIR) / "templates"


def nonce_of(policy: str) -> str:
    found = re.search(r"script-src 'nonce-([^']+)'", policy)
    return found[1] if found else ""


def test_every_answer_names_its_own_nonce(client: Client) -> None:
    policies = [client.get("/accounts/login/")["Content-Security-Policy"] for _ in range(2)]

    assert len({nonce_of(policy) for policy in policies}) == 2
    for policy in policies:
        assert "unsafe-eval" not in policy
        assert "default-src 'none'" in policy


def test_every_script_of_a_page_carries_the_nonce(browse: PageClient, people: People) -> None:
    answer = browse(people.admin).get("/design/")
    page = answer.content.decode()
    nonce = nonce_of(answer["Content-Security-Policy"])
    scripts = re.findall(r"<script\b[^>]*>", page)

    assert all(f'nonce="{nonce}"' in one or "application/json" in one for one in scripts)
    assert not re.search(r"<[^>]+\son\w+=", page), "an inline handler"


def test_the_import_map_names_files_that_exist(browse: PageClient, people: People) -> None:
    client = browse(people.admin)
    mapped = assets.import_map()["imports"]

    assert "portal/components/chart.js" in mapped
    for address in mapped.values():
        answer = client.get(address)
        answer.close()  # a file that nobody reads stays open
        assert answer.status_code == 200, address


def test_an_address_changes_with_the_content_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "a.css"
    file.write_text("a")
    before = assets.digest(file)

    file.write_text("ab")

    assert assets.digest(file) != before


def test_a_missing_file_is_named() -> None:
    with pytest.raises(assets.MissingAsset, match="no static file"):
        assets.asset("nothing.css")


def test_an_unknown_address_gets_the_portals_own_page(client: Client) -> None:
    answer = client.get("/no-such-page/", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_error_pages_need_no_context(status: int) -> None:
    # Django renders 500.html without request, user or context processors.
    page = Template((TEMPLATES / f"{status}.html").read_text()).render(Context())

    assert "<h1>" in page
    assert "<script" not in page


def test_the_sidebar_lists_only_what_exists_and_marks_where_one_is(people: People) -> None:
    request = RequestFactory().get("/design/")
    request.user = people.viewer
    shown = [item["url"] for section in navigation.sections(request) for item in section["items"]]

    assert all(shown)
    assert navigation.item(navigation.Entry("A", "list", "a"), "/a/", "/a/b/")["active"]
    assert not navigation.item(navigation.Entry("Home", "house", "home"), "/", "/a/")["active"]


def test_strangers_see_no_navigation(client: Client) -> None:
    assert 'id="nav-entries"' not in client.get("/accounts/login/").content.decode()


def test_the_theme_of_the_cookie_is_in_the_page_from_the_first_byte(client: Client) -> None:
    client.cookies["theme"] = "dark"
    dark = client.get("/accounts/login/").content.decode()
    client.cookies["theme"] = '"><script>'
    forged = client.get("/accounts/login/").content.decode()

    assert 'data-theme="dark"' in dark
    assert "data-theme" not in forged


def test_texts_of_events_cannot_leave_their_element() -> None:
    text = Template("{% load ui %}{% icon name %}{{ number|humanize }}")
    drawn = text.render(Context({"name": '"><script>', "number": 12_400}))

    assert "<script>" not in drawn
    assert drawn.endswith("12.4k")
