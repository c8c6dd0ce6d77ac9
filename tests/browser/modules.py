"""A page without a portal: its modules come from disk, under the portal's own policy."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route

from portal.lib import csp

STATIC = Path(__file__).parents[2] / "static"
HOST = "http://modules.test"
NONCE = "of-this-test"


def document(module: str) -> str:
    """Return a page under the portal's own policy that puts a module's exports on `window.it`."""
    folders = ("lib", "components", "editor", "pages/board")
    files = [file for name in folders for file in STATIC.glob(f"js/{name}/*")]
    imports = {
        f"portal/{file.relative_to(STATIC / 'js')}": f"/static/{file.relative_to(STATIC)}"
        for file in files
    }
    imports["plotly"] = "/static/js/vendor/plotly-4.1.1-portal.min.js"
    return (
        "<!doctype html><html lang=en data-zone=UTC><body>"
        f'<script type="importmap" nonce="{NONCE}">{json.dumps({"imports": imports})}</script>'
        f'<script type="module" nonce="{NONCE}">import * as it from "{module}"; window.it = it;'
        "document.body.dataset.ready = 1</script></body></html>"
    )


def answer(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if not path.startswith("/static/"):
        headers = {"Content-Security-Policy": csp.policy(NONCE)}
        module = path.strip("/") or "portal/lib/format.js"
        route.fulfill(body=document(module), content_type="text/html", headers=headers)
        return
    file = STATIC / path.removeprefix("/static/")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    route.fulfill(body=file.read_bytes(), content_type=kind)


@contextmanager
def module_page(browser: Browser) -> Iterator[Page]:
    """Open a page that gets its files from disk; script errors and refusals fail the test."""
    context = browser.new_context(base_url=HOST, timezone_id="Asia/Tokyo")
    context.route("**/*", answer)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    yield page
    context.close()
    assert problems == []


def load(page: Page, module: str) -> None:
    page.goto(f"/{module}")
    page.locator("body[data-ready]").wait_for(state="attached", timeout=5_000)
