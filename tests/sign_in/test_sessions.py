"""Open sessions: seen by their owner and by admins, ended by either and by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.sign_in.actions import change_policy
from portal.sign_in.models import Policy, Session
from portal.sign_in.tasks import forget_expired
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
A_PAGE = "/settings/profile/"


@pytest.fixture
def ada() -> User:
    return make_staff("analyst", name="ada", password=PASSWORD)


def logged_in(user: User, password: str = PASSWORD) -> Client:
    client = Client(headers={"User-Agent": FIREFOX})
    client.post("/accounts/login/", {"login": user.email, "password": password})
    assert "_auth_user_id" in client.session
    return client


def is_in(client: Client) -> bool:
    return client.get(A_PAGE).status_code == 200


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return what moves the portal's clock forward."""
    real, moved = clock.now, timedelta()

    def move(by: timedelta) -> None:
        nonlocal moved
        moved += by
        monkeypatch.setattr(clock, "now", lambda: real() + moved)

    return move


def test_one_sees_where_one_is_signed_in(ada: User) -> None:
    client = logged_in(ada)

    page = client.get("/settings/sessions/").content.decode()

    assert "Firefox on Linux" in page
    assert "127.0.0.1" in page
    assert "this one" in page


def test_a_session_can_be_ended_from_another(ada: User) -> None:
    lost, here = logged_in(ada), logged_in(ada)
    row = Session.objects.get(session_key=lost.session.session_key)

    here.post(f"/settings/sessions/{row.public_id}/end/")

    assert not is_in(lost)
    assert is_in(here)
    assert AuditEntry.objects.filter(action="user.end_session", object_id=ada.pk).exists()


def test_all_others_can_be_ended_at_once(ada: User) -> None:
    others, here = [logged_in(ada), logged_in(ada)], logged_in(ada)

    here.post("/settings/sessions/end-others/")

    assert [is_in(client) for client in (*others, here)] == [False, False, True]


def test_sessions_of_others_are_not_found(ada: User, people: People, browse: PageClient) -> None:
    client = logged_in(ada)
    row = Session.objects.get(session_key=client.session.session_key)

    answer = browse(people.viewer).post(f"/settings/sessions/{row.public_id}/end/")

    assert answer.status_code == 404
    assert is_in(client)


def test_an_admin_signs_somebody_out_everywhere(
    ada: User, people: People, browse: PageClient
) -> None:
    clients = [logged_in(ada), logged_in(ada)]
    admin = browse(people.admin)
    assert ada.email in admin.get("/settings/sign-in/sessions/").content.decode()

    admin.post(f"/settings/sign-in/people/{ada.pk}/sign-out/")

    assert [is_in(client) for client in clients] == [False, False]
    entry = AuditEntry.objects.get(action="user.end_sessions")
    assert (entry.actor, entry.object_id) == (people.admin, str(ada.pk))


def test_an_admin_finds_sessions_by_name(ada: User, people: People, browse: PageClient) -> None:
    logged_in(ada)
    admin = browse(people.admin)

    assert ada.email in admin.get("/settings/sign-in/sessions/?q=ADA").content.decode()
    assert ada.email not in admin.get("/settings/sign-in/sessions/?q=zoe").content.decode()


def test_a_session_left_alone_ends(ada: User, later: Callable[[timedelta], None]) -> None:
    change_policy(None, Policy(idle_minutes=30))
    client = logged_in(ada)

    later(timedelta(minutes=29))
    assert is_in(client)
    later(timedelta(minutes=31))

    assert not is_in(client)


def test_a_session_in_use_ends_at_the_latest(ada: User, later: Callable[[timedelta], None]) -> None:
    change_policy(None, Policy(idle_minutes=30, longest_hours=1))
    client = logged_in(ada)

    for _ in range(2):
        later(timedelta(minutes=25))
        assert is_in(client)
    later(timedelta(minutes=15))

    assert not is_in(client)


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(
    ada: User, later: Callable[[timedelta], None]
) -> None:
    change_policy(None, Policy(idle_minutes=30))
    client = logged_in(ada)

    for _ in range(2):
        later(timedelta(minutes=20))
        client.get(A_PAGE, headers={"HX-Source": "status-line"})

    assert not is_in(client)


def test_limits_hold_for_sockets_too(ada: User) -> None:
    change_policy(None, Policy(idle_minutes=30))
    client = logged_in(ada)

    row = Session.objects.get(session_key=client.session.session_key)

    assert row.expire_date - clock.now() <= timedelta(minutes=30)


def test_a_new_password_keeps_this_session_and_ends_the_others(ada: User) -> None:
    other, here = logged_in(ada), logged_in(ada)

    fresh = {"password1": "staple battery horse", "password2": "staple battery horse"}
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, **fresh})

    assert is_in(here)
    assert not is_in(other)


def test_sessions_that_ended_are_forgotten(ada: User) -> None:
    logged_in(ada)
    kept = logged_in(ada)
    Session.objects.exclude(session_key=kept.session.session_key).update(
        expire_date=clock.now() - timedelta(seconds=1)
    )

    forget_expired()

    assert list(Session.objects.values_list("pk", flat=True)) == [kept.session.session_key]
