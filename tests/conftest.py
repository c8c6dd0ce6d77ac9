"""Fixtures that every part's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.test import APIClient

from analytics.promql.remembering import ANSWERS
from portal.accounts.models import SCOPES, User
from portal.lib.requests import NOWHERE, current_origin
from portal.live.values import MEMORY
from tests.factories import make_token
from tests.people import People, make_people

PageClient = Callable[[User | None], Client]
TokenClient = Callable[..., APIClient]
KEPT = {"django_content_type", "auth_permission"}  # the code says what is in them, no test does


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let transactional tests empty the tables in their faster way, and let go of connections that
    threads behind async tests still hold, so that the database can be dropped.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def empty_tables(_: TransactionTestCase) -> None:
    """Delete what a transactional test left, past the audit trail's refusal and foreign keys.

    Django's flush truncates every table, used or not, and makes all permissions anew.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
        holding = [f"SELECT '{one}' WHERE EXISTS (SELECT FROM {one})" for one in tables]
        cursor.execute(" UNION ALL ".join(holding))
        used = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")  # fires no trigger
        for table in used:
            cursor.execute(f"DELETE FROM {table}")


@pytest.fixture(autouse=True)
def from_nowhere() -> None:
    """Forget where the request of the test before came from."""
    current_origin.set(NOWHERE)


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget what an earlier test's dashboard of the same name showed, or query answered."""
    MEMORY.clear()
    ANSWERS.forget()


@pytest.fixture
def browse() -> PageClient:
    """Return a browser in which this person is logged in; None is an anonymous visitor."""

    def opened(user: User | None = None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return opened


@pytest.fixture
def call() -> TokenClient:
    """Return a program that calls the API with a fresh token of this person."""

    def opened(user: User, scopes: Sequence[str] = SCOPES) -> APIClient:
        _, text = make_token(user, scopes=scopes)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return client

    return opened


@pytest.fixture
def empty_cache() -> None:
    """Forget rate limits and cached answers of other tests."""
    cache.clear()
