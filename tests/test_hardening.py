"""What holds on every route, whoever adds one: scripts, cookies, forgery, limits."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from pytest_django import Settings

from portal.lib import api, counting
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_staff
from tests.live.test_socket import Talk
from tests.people import People
from tests.routes import filled, routes

ROOT = Path(__file__).resolve().parent.parent
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
# Nobody is known there by a cookie: an identity provider posts something that it signed.
BY_SIGNATURE = re.compile(r"^/accounts/(saml/.*/(acs|sls)/|sso/.*/back-channel/)")


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_cache", "store_schema")
def test_nothing_that_a_cookie_authenticates_is_changed_without_a_token_of_the_page(
    people: People,
) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(people.admin)

    taken = {
        f"{method} {route}": answer.status_code
        for route in routes()
        if not BY_SIGNATURE.match(route)
        for method in UNSAFE
        if (answer := browser.generic(method, filled(route, {}))).status_code
        not in {401, 403, 405}  # 401: the cookie says nothing there, a token is asked for
    }

    assert taken == {}


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("empty_cache", "store_schema")
def test_every_page_lets_scripts_run_by_nonce_only_and_evaluates_no_text(
    people: People, browse: PageClient
) -> None:
    admin = browse(people.admin)
    board = make_dashboard(is_public=True)

    faults = {}
    for route in routes():
        answer: Any = admin.get(filled(route, {"uid": board.uid, "key": "note"}))
        found = faults_of(route, answer)
        if found:
            faults[route] = found

    assert faults == {}


def faults_of(route: str, answer: Any) -> list[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    scripts = next((part for part in policy.split("; ") if part.startswith("script-src")), "none")
    found = [word for word in ("unsafe-eval", "unsafe-inline", "http:", "*") if word in scripts]
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
        found.append("no policy")
    if not answer.headers.get("Content-Type", "").startswith("text/html") or answer.streaming:
        return found
    nonce = re.search(r"'nonce-([^']+)'", scripts)
    mark = f'nonce="{nonce[1]}"' if nonce else "src="
    return found + [
        one
        for one in re.findall(r"<script[^>]*>", answer.text)
        if mark not in one and "application/json" not in one
    ] + re.findall(r"<[a-z][^<>]*?\son[a-z]+=\"[^\"]*\"", answer.text)  # fmt: skip


def test_behind_https_cookies_are_bound_to_the_host_and_browsers_stay_on_https(
    tmp_path: Path,
) -> None:
    found = settings_behind("https://portal.example.com", tmp_path)

    assert found == {
        "SESSION_COOKIE_NAME": "__Host-portal-session", "CSRF_COOKIE_NAME": "__Host-portal-csrf",
        "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True, "CSRF_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_PATH": "/", "CSRF_COOKIE_PATH": "/",
        "SESSION_COOKIE_DOMAIN": None, "CSRF_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_SAMESITE": "Lax", "CSRF_COOKIE_SAMESITE": "Lax",
        "SECURE_HSTS_SECONDS": 31_536_000, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_SSL_REDIRECT": True, "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin", "X_FRAME_OPTIONS": "DENY",
    }  # fmt: skip


def settings_behind(url: str, data_dir: Path) -> dict[str, Any]:
    """Return what a portal of that address has set, asked in a process of its own."""
    names = (
        "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_HTTPONLY", "SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH",
        "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "SESSION_COOKIE_SAMESITE",
        "CSRF_COOKIE_SAMESITE", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS",
        "SECURE_SSL_REDIRECT", "SECURE_CONTENT_TYPE_NOSNIFF", "SECURE_REFERRER_POLICY",
        "X_FRAME_OPTIONS",
    )  # fmt: skip
    code = (
        f"from django.conf import settings; print({{n: getattr(settings, n) for n in {names!r}}})"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code], cwd=ROOT, check=True,
        env=os.environ | {"PORTAL_BASE_URL": url, "PORTAL_DATA_DIR": str(data_dir)},
        capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = eval(done.stdout)  # noqa: S307  # what we printed ourselves
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [(b"http://localhost", True), (b"https://evil.example.com", False), (b"null", False)],
)
async def test_a_socket_is_opened_by_the_portals_own_pages_only(
    origin: bytes, is_let_in: bool
) -> None:
    user = await sync_to_async(make_staff)("viewer")
    browser = Client()
    await sync_to_async(browser.force_login)(user)
    cookie = "; ".join(f"{name}={one.value}" for name, one in browser.cookies.items())
    talk = Talk(
        "/ws/dashboards/board/",
        [(b"origin", origin), (b"cookie", cookie.encode()), (b"host", b"localhost")],
    )

    assert await talk.connect() is is_let_in

    await talk.leave()


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_cache")
def test_a_token_that_calls_too_often_is_told_when_to_come_back(
    people: People, call: TokenClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_PER_MINUTE = 3
    monkeypatch.setattr(counting, "second", lambda: 1_795_000_000)  # no minute ends meanwhile
    program, other = call(people.viewer), call(people.viewer)

    statuses = [program.get("/api/v1/dashboards").status_code for _ in range(8)]
    refused = program.get("/api/v1/dashboards")

    assert statuses[:3] == [200, 200, 200]
    assert statuses[-1] == 429
    assert refused.json()["error"]["code"] == "throttled"
    assert 0 < float(refused.headers["Retry-After"]) <= 60
    assert other.get("/api/v1/dashboards").status_code == 200


@pytest.mark.django_db
def test_without_valkey_nobody_is_kept_from_the_api(
    people: People, call: TokenClient, settings: Settings
) -> None:
    settings.API_PER_MINUTE = 1
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }
    program = call(people.viewer)

    assert [program.get("/api/v1/dashboards").status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.django_db
def test_a_body_that_is_too_large_is_refused(
    people: People, call: TokenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LARGEST_BODY", 1_000)

    answer = call(people.editor).post(
        "/api/v1/insights", '{"name": "' + "x" * 1_000 + '"}', content_type="application/json"
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
