"""Who may call what: every route, with every method, as everybody (tests/permissions.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import User
from portal.accounts.roles import ROLES
from portal.lib import clock
from tests.factories import make_annotation, make_cohort, make_dashboard, make_staff, make_token
from tests.routes import filled, parameters, routes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "store_schema")]

TABLE = tomllib.loads((Path(__file__).parent / "permissions.toml").read_text())
ACCESS: dict[str, list[str]] = TABLE["access"]
ROWS: dict[str, str] = TABLE["routes"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
EVERYBODY = ("anonymous", "outsider", *ROLES)


# Objects that routes with parameters are tried on. A route that is not named here is tried on
# something that does not exist; then 404 stands for both "may" and "may not".
def public_dashboard(_: User) -> dict[str, object]:
    return {"uid": make_dashboard(is_public=True).uid, "key": "note"}


def cohort(owner: User) -> dict[str, object]:
    return {"cohort_id": make_cohort(owner).pk}


def annotation(owner: User) -> dict[str, object]:
    return {"annotation_id": make_annotation(owner).pk}


OBJECTS: dict[str, Callable[[User], dict[str, object]]] = {
    "/dashboards/<slug:uid>/": public_dashboard,
    "/dashboards/<slug:uid>/widgets/<slug:key>.csv": public_dashboard,
    "/api/v1/dashboards/<slug:uid>": public_dashboard,
    "/api/v1/dashboards/<slug:uid>/data": public_dashboard,
    "/explore/annotations/<int:annotation_id>/": annotation,
    "/explore/annotations/<int:annotation_id>/delete/": annotation,
    "/api/v1/annotations/<int:annotation_id>": annotation,
    "/explore/cohorts/<int:cohort_id>/": cohort,
    "/explore/cohorts/<int:cohort_id>/edit/": cohort,
    "/explore/cohorts/<int:cohort_id>/delete/": cohort,
    "/api/v1/cohorts/<int:cohort_id>": cohort,
    "/api/v1/cohorts/<int:cohort_id>/members": cohort,
    "/api/v1/cohorts/<int:cohort_id>/sizes": cohort,
}


@dataclass(frozen=True)
class Row:
    """What the table says about one method of one route."""

    access: str
    reads: bool

    @classmethod
    def of(cls, method: str, route: str) -> Row | None:
        for line, text in ROWS.items():
            if line == f"{method} {route}" or fnmatchcase(f"{method} {route}", line):
                access, *flags = text.split()
                return cls(access, reads=method == "GET" or "reads" in flags)
        return None


class Caller:
    """Tries paths as one person after another, undoing whatever a try changed."""

    def __init__(self) -> None:
        self.people: dict[str, User] = {}

    def person(self, who: str) -> User:
        if who not in self.people:
            self.people[who] = make_staff(*({who} & ROLES.keys()))
        return self.people[who]

    def status(self, who: str, method: str, path: str, *, token: str = "") -> int:
        """Return the status; 401 also where an anonymous visitor is sent to the login page."""
        if not token and who != "anonymous" and is_api(path):
            token = make_token(self.person(who))[1]
        client = Client(
            raise_request_exception=False,
            headers={"Authorization": f"Bearer {token}"} if token else None,
        )
        if not token and who != "anonymous":
            client.force_login(self.person(who))
        with undone():
            answer: Any = client.generic(method, path, *body(path))
        to_login = "login/?next=" in answer.headers.get("Location", "")
        return 401 if to_login else int(answer.status_code)


def body(path: str) -> tuple[str, str]:
    """Return content and type that the route can at least read, with nothing in it."""
    return ("{}", "application/json") if is_api(path) else ("", "application/x-www-form-urlencoded")


@contextmanager
def undone() -> Iterator[None]:
    """Roll back at the end, whatever happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def is_api(path: str) -> bool:
    return path.startswith("/api/") and path != "/api/docs/"  # which is a page


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller()


CASES = [
    pytest.param(method, route, id=f"{method} {route}")
    for route in routes()
    for method in (("GET",) if route.startswith("/admin/") else METHODS)
]
API_CASES = [case for case in CASES if is_api(str(case.values[1]))]


@pytest.mark.parametrize(("method", "route"), CASES)
def test_everybody_gets_what_the_table_says(method: str, route: str, caller: Caller) -> None:
    make = OBJECTS.get(route)
    path = filled(route, make(caller.person("admin")) if make else {})
    if caller.status("admin", method, path) == 405:
        return
    found = {who: caller.status(who, method, path) for who in EVERYBODY}
    row = Row.of(method, route)
    assert row is not None, line_to_add(method, route, found)

    is_real = not parameters(route) or make is not None
    wrong = {
        who: status
        for who, status in found.items()
        if not as_expected(status, who, may=who in ACCESS[row.access], is_real=is_real)
    }

    assert wrong == {}, f"{method} {route} is for {row.access!r}, but answered {wrong}"


@pytest.mark.parametrize(("method", "route"), API_CASES)
def test_tokens_narrow_what_an_admin_may(method: str, route: str, caller: Caller) -> None:
    row = Row.of(method, route)
    if row is None or row.access == "public":
        return  # a missing line fails above
    make = OBJECTS.get(route)
    admin = caller.person("admin")
    path = filled(route, make(admin) if make else {})

    revoked, text = make_token(admin)
    actions.revoke_token(admin, revoked, now=clock.now())
    after_revoking = caller.status("admin", method, path, token=text)
    reading = caller.status("admin", method, path, token=make_token(admin, scopes=["read"])[1])
    writing = caller.status("admin", method, path, token=make_token(admin, scopes=["write"])[1])

    assert after_revoking == 401
    if row.access != "source":
        assert (reading == 403) == (not row.reads)
        assert (writing == 403) == row.reads


def as_expected(status: int, who: str, *, may: bool, is_real: bool) -> bool:
    """Tell whether an answer fits: 401 for a stranger, 403 (or 404) for who may not."""
    if status >= 500:
        return False
    if may:
        return status not in {401, 403} and (status != 404 or not is_real)
    if who == "anonymous":
        return status == 401
    return status in {401, 403, 404}


def line_to_add(method: str, route: str, found: dict[str, int]) -> str:
    """Say which line is missing, with the access that the route grants now."""
    may = [who for who in EVERYBODY if found[who] not in {401, 403} and found[who] < 500]
    granted = next((name for name, people in ACCESS.items() if sorted(people) == sorted(may)), "?")
    return (
        f"tests/permissions.toml has no line for this route. If this is what you mean, add:\n\n"
        f'"{method} {route}" = "{granted}"\n\nAnswers now: {found}. '
        f"If the route is not meant for {method}, let the view refuse it (require_safe)."
    )


def test_the_table_names_no_route_that_is_gone() -> None:
    existing = [f"{method} {route}" for route in routes() for method in METHODS]

    stale = [
        line
        for line in ROWS
        if not line.startswith("WS ")  # tests/live/test_who_may_watch.py
        and not any(fnmatchcase(name, line) or name == line for name in existing)
    ]

    assert stale == []
