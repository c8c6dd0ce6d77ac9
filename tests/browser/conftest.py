"""One demo portal and one Chromium for all browser tests of a run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.modules import module_page
from tests.running import RunningPortal, eventually, running_portal

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    "",
)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Start a portal as `make demo` does on a fresh machine, with the sample company."""
    with running_portal(tmp_path_factory.mktemp("demo"), within_s=300) as portal:
        # It is ready before the sample company is loaded; the trickle begins after that.
        eventually(lambda: "trickle" in portal.processes(), within_s=300, what="the demo is loaded")
        yield portal


# By package, not by session: Playwright's event loop counts as running as long as it is open, and
# would break other packages' async tests that follow on the same worker.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine; `.ci/run` installs Debian's")
    os.environ.setdefault("NODE_OPTIONS", "--no-warnings")
    expect.set_options(timeout=20_000)  # what is there in a second may take ten on a busy machine
    # For the same loop Django would refuse to touch the database in this thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """Return a page for one module of `static/js`; see tests.browser.modules."""
    with module_page(browser) as page:
        yield page


@pytest.fixture(scope="package")
def session_state(demo: RunningPortal, browser: Browser) -> dict[str, object]:
    """Log in once through the form, as the demo's admin; tests start from its cookies."""
    context = browser.new_context(base_url=demo.url)
    log_in(context.new_page(), *demo.login("admin"))
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def page(demo: RunningPortal, browser: Browser, session_state: dict[str, object]) -> Iterator[Page]:
    """Open a logged-in page; any script error or refused resource fails the test.

    Nothing in it fades or slides: what is on its way is too pale for axe and not where it is clicked.
    """
    context = browser.new_context(
        base_url=demo.url,
        storage_state=session_state,  # type: ignore[arg-type]  # as returned
        reduced_motion="reduce",
    )
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    opened.on(
        "console",
        lambda message: problems.append(said(message)) if is_problem(message) else None,
    )
    yield opened
    context.close()
    assert problems == []


def said(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location.get('url', '')}"


def is_problem(message: ConsoleMessage) -> bool:
    """Chromium reports the page that is meant to be missing, too, a conflict that is decided, and a
    preview of what cannot be.
    """
    is_meant = (
        message.location["url"].endswith(("/no-such-page/", "/preview"))
        or "409 (Conflict)" in message.text
    )
    return message.type == "error" and not is_meant


def log_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
