"""What people and programs are told when something is refused, missing or broken."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.test import Client, RequestFactory

from portal import errors
from portal.accounts.access import MissingPermission
from portal.store.client import EngineUnavailable
from tests.people import People

pytestmark = pytest.mark.django_db


def test_a_program_gets_the_one_shape_of_errors_for_a_wrong_path() -> None:
    answer = Client().get("/api/v1/nothing-here")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_a_person_gets_a_page_for_a_wrong_path() -> None:
    answer = Client().get("/nothing-here/")

    assert answer.status_code == 404
    assert "<h1>There is nothing here</h1>" in answer.text


def test_who_lacks_a_right_hears_which_and_who_can_grant_it(people: People) -> None:
    request = RequestFactory().get("/explore/trends/")
    request.user = people.auditor

    answer = errors.forbidden(request, MissingPermission("audit.view_auditentry"))

    page = answer.content.decode()
    assert answer.status_code == 403
    assert "audit.view_auditentry" in page
    assert "<strong>admin</strong> or <strong>auditor</strong>" in page
    assert people.admin.email in page


def test_an_address_that_is_not_the_portals_says_what_to_set() -> None:
    page = Client().get("/accounts/login/", headers={"Host": "elsewhere.example"})
    program = Client().get("/api/schema/", headers={"Host": "elsewhere.example"})

    assert (page.status_code, program.status_code) == (400, 400)
    assert "PORTAL_BASE_URL" in page.text
    assert program.json()["error"]["code"] == "unknown_host"


def test_a_broken_page_does_not_ask_what_may_be_broken(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()

    with django_assert_num_queries(0):  # type: ignore[operator]  # pytest-django's fixture
        answer = errors.broken(request)

    assert answer.status_code == 500


@pytest.mark.parametrize("failure", [OperationalError("gone"), EngineUnavailable("gone")])
def test_what_restarts_by_itself_is_503_and_worth_another_try(failure: Exception) -> None:
    try:
        raise failure
    except (OperationalError, EngineUnavailable):
        page = errors.broken(RequestFactory().get("/"))
        program = errors.broken(RequestFactory().get("/api/v1/events"))
    api = errors.api_exception(failure, {})

    assert api is not None
    assert {page.status_code, program.status_code, api.status_code} == {503}
    assert page.headers["Retry-After"] == api.headers["Retry-After"] == "5"
    assert api.data["error"]["code"] == "unavailable"


def test_a_broken_api_answers_json() -> None:
    answer = errors.broken(RequestFactory().get("/api/v1/events"))

    assert b'"code": "error"' in answer.content
