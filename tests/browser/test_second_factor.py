"""Second factors in a real browser: an authenticator app, and a security key over CDP."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import log_in
from tests.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "correct horse battery staple"
STEP_S = 30


def new_viewer(demo: RunningPortal, email: str) -> tuple[str, str]:
    demo.command("create_staff", email, "--role", "viewer", "--password", PASSWORD)
    return email, PASSWORD


def code_at(secret: str, step: int) -> str:
    return str(format_hotp_value(hotp_value(secret, step)))


def confirm_password(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def start_login(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()


def at_localhost(demo: RunningPortal, browser: Browser) -> BrowserContext:
    """Open the portal by name: security keys belong to names, never to addresses."""
    return browser.new_context(base_url=demo.url.replace("127.0.0.1", "localhost"))


def test_an_authenticator_app_is_set_up_and_asked_for(
    demo: RunningPortal, browser: Browser
) -> None:
    email, _ = new_viewer(demo, "tess.totp@example.com")
    context = browser.new_context(base_url=demo.url)
    page = context.new_page()
    log_in(page, email, PASSWORD)

    page.goto("/accounts/second-factor/")
    page.get_by_role("link", name="Set up an app").click()
    confirm_password(page)
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = page.locator("pre code").inner_text()
    step = int(time.time()) // STEP_S
    page.get_by_label("Code").fill(code_at(secret, step))
    page.get_by_role("button", name="Switch on").click()
    codes = page.locator("pre code").inner_text().split()
    context.close()

    context = browser.new_context(base_url=demo.url)
    page = context.new_page()
    start_login(page, email)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()

    page.wait_for_url(f"{demo.url}/")
    context.close()
    assert len(codes) == 10


def test_a_security_key_is_added_and_asked_for(demo: RunningPortal, browser: Browser) -> None:
    email, _ = new_viewer(demo, "kay.key@example.com")
    context = at_localhost(demo, browser)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "usb",
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    log_in(page, email, PASSWORD)

    page.goto("/accounts/second-factor/")
    page.get_by_role("link", name="Add a key").click()
    confirm_password(page)
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    context.clear_cookies()
    start_login(page, email)
    page.get_by_role("button", name="Use a security key").click()

    page.wait_for_url("**/")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    context.close()
