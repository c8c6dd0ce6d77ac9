"""Signing in through the demo's identity provider, with a real browser all the way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.demo_sso import company
from portal.demo_sso.company import Person
from tests.running import RunningPortal, eventually
from tests.sign_in.conftest import answers

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INES, IDA = "Ines Insight", "Ida Desk"


def person(demo: RunningPortal, name: str) -> Person:
    return next(one for one in company.read(demo.data_dir).people if one.name == name)


def provider_url(demo: RunningPortal) -> str:
    return company.read(demo.data_dir).issuer


def wait_for_provider(issuer: str) -> None:
    """Wait until it answers: it begins when the portal is ready, and takes two seconds more."""
    address = f"{issuer}/.well-known/openid-configuration"
    eventually(lambda: answers(address), within_s=60, what="the provider answers")


def sign_in_by_sso(demo: RunningPortal, page: Page, who: Person) -> None:
    wait_for_provider(provider_url(demo))
    page.goto("/accounts/login/?next=/settings/profile/")
    page.get_by_role("link", name="Sign in with demo SSO").click()
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/settings/profile/")


def roles_shown(page: Page) -> list[str]:
    return page.locator("dd .badge").all_inner_texts()


def set_groups(demo: RunningPortal, browser: Browser, name: str, groups: set[str]) -> None:
    """Let the desk change somebody's groups on the provider's own page."""
    desk = person(demo, IDA)
    context = browser.new_context(base_url=provider_url(demo))
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(desk.email)
    page.get_by_label("Password").fill(desk.password)
    page.get_by_role("button", name="Continue").click()
    row = page.get_by_role("group", name=name)
    for group in company.GROUPS:
        row.get_by_role("checkbox", name=group).set_checked(group in groups)
    row.get_by_role("button", name=f"Save {name}").click()
    page.wait_for_load_state()
    context.close()


def test_the_whole_way_lands_with_the_mapped_role_and_a_lost_group_is_lost_here(
    demo: RunningPortal, browser: Browser
) -> None:
    context = browser.new_context(base_url=demo.url)
    page = context.new_page()

    sign_in_by_sso(demo, page, person(demo, INES))
    first = roles_shown(page)
    context.close()

    set_groups(demo, browser, INES, {"everyone"})
    context = browser.new_context(base_url=demo.url)
    page = context.new_page()
    sign_in_by_sso(demo, page, person(demo, INES))
    second = roles_shown(page)
    context.close()
    set_groups(demo, browser, INES, {"everyone", "analysts"})

    assert first == ["viewer", "analyst"]
    assert second == ["viewer"]


def test_both_sessions_live_side_by_side_in_one_browser(
    demo: RunningPortal, browser: Browser
) -> None:
    context = browser.new_context(base_url=demo.url)
    page = context.new_page()
    sign_in_by_sso(demo, page, person(demo, INES))

    page.goto(provider_url(demo))
    expect(page.get_by_role("heading", name="People and groups")).to_be_visible()
    page.goto("/settings/sessions/")

    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    context.close()
