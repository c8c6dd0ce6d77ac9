"""The only way from a user to an object, and the guard of pages."""

from __future__ import annotations

from typing import cast

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from portal.accounts.access import (
    MissingPermission,
    fetch,
    is_staff_member,
    require,
    visible,
)
from portal.accounts.decorators import staff_page
from portal.accounts.models import ApiToken, User
from portal.accounts.requests import StaffRequest
from tests.factories import make_staff, make_token
from tests.people import People


@staff_page("audit.view_auditentry")
def trail(request: StaffRequest) -> HttpResponse:
    return HttpResponse(request.user.email)


@staff_page("audit.view_auditentry")
async def async_trail(request: StaffRequest) -> HttpResponse:
    return HttpResponse(request.user.email)


@pytest.mark.django_db
def test_one_knows_of_ones_own_and_an_admin_of_all(people: People) -> None:
    own, _ = make_token(people.viewer)

    assert set(visible(people.viewer, ApiToken)) == {own}
    assert set(visible(people.outsider, ApiToken)) == set()
    assert set(visible(people.admin, ApiToken)) == {own}


@pytest.mark.django_db
def test_what_one_may_not_know_of_is_not_found(people: People) -> None:
    token, _ = make_token(people.viewer)

    with pytest.raises(Http404):
        fetch(people.outsider, ApiToken, pk=token.pk)


@pytest.mark.django_db
def test_what_one_may_only_see_cannot_be_changed(people: People) -> None:
    token, _ = make_token(people.viewer)
    people.auditor.user_permissions.add(permission("view_apitoken"))

    assert fetch(people.auditor, ApiToken, pk=token.pk) == token
    with pytest.raises(PermissionDenied, match="not change it"):
        fetch(people.auditor, ApiToken, edit=True, pk=token.pk)


@pytest.mark.django_db
def test_a_switched_off_account_is_no_staff(people: People) -> None:
    people.viewer.is_active = False

    assert not is_staff_member(people.viewer)
    assert not is_staff_member(AnonymousUser())


@pytest.mark.django_db
def test_a_missing_right_names_itself(people: People) -> None:
    with pytest.raises(MissingPermission) as refusal:
        require(people.viewer, "audit.view_auditentry")

    assert refusal.value.permission == "audit.view_auditentry"


@pytest.mark.django_db
def test_a_page_is_for_who_has_its_permission(people: People, rf: RequestFactory) -> None:
    request = rf.get("/trail/")

    request.user = people.auditor
    assert trail(request).content.decode() == people.auditor.email
    request.user = people.viewer
    with pytest.raises(MissingPermission):
        trail(request)


@pytest.mark.django_db
def test_a_stranger_is_sent_to_the_login_and_back(rf: RequestFactory) -> None:
    request = rf.get("/trail/?page=2")
    request.user = AnonymousUser()

    answer = trail(request)

    assert answer.headers["Location"] == "/accounts/login/?next=/trail/%3Fpage%3D2"


@pytest.mark.django_db
def test_a_fragment_moves_the_whole_page_to_the_login(rf: RequestFactory) -> None:
    request = rf.get(
        "/fragment/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/trail/?page=2"},
    )
    request.user = AnonymousUser()

    answer = trail(request)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/trail/%3Fpage%3D2"


@pytest.mark.django_db(transaction=True)
async def test_an_async_page_is_guarded_alike() -> None:
    auditor, viewer = await staff("auditor"), await staff("viewer")

    shown = await async_trail(request_of(auditor))

    assert shown.content.decode() == auditor.email
    with pytest.raises(MissingPermission):
        await async_trail(request_of(viewer))
    assert (await async_trail(request_of(AnonymousUser()))).status_code == 302


async def staff(role: str) -> User:
    return await sync_to_async(make_staff)(role)


def request_of(user: User | AnonymousUser) -> StaffRequest:
    async def auser() -> User | AnonymousUser:
        return user

    request = AsyncRequestFactory().get("/trail/")
    request.auser = auser
    return cast("StaffRequest", request)


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)
