"""Who may call what: every route, with every method, as everybody (tests/permissions.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import Level, User
from portal.accounts.roles import ROLES
from portal.lib import clock
from tests.factories import make_staff, make_token
from tests.objects import (
    NO_OBJECTS,
    PRIVATE,
    RELATIONS,
    ROLE_OF,
    SHARED,
    Cast,
    Values,
    expected,
    fits,
    public_dashboard,
)
from tests.routes import filled, parameters, routes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "store_schema")]

TABLE = tomllib.loads((Path(__file__).parent / "permissions.toml").read_text())
ACCESS: dict[str, list[str]] = TABLE["access"]
ROWS: dict[str, str] = TABLE["routes"]
OBJECTS: dict[str, str] = TABLE["objects"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
EVERYBODY = ("anonymous", "outsider", *ROLES)


@dataclass(frozen=True)
class Row:
    """What the table says about one method of one route. `needs` is the level on its object."""

    access: str
    reads: bool
    needs: Level

    @classmethod
    def of(cls, method: str, route: str) -> Row | None:
        for line, text in ROWS.items():
            if line == f"{method} {route}" or fnmatchcase(f"{method} {route}", line):
                access, *flags = text.split()
                reads = method == "GET" or "reads" in flags
                usual = Level.VIEW if reads else Level.EDIT
                named = (level for level in Level if level.label in flags)
                return cls(access, reads, next(named, usual))
        return None


def object_of(route: str) -> str:
    """Return what kind of object a route's parameters name, by the table; "" for none there."""
    named = (kind for line, kind in OBJECTS.items() if fnmatchcase(route, line))
    return next(named, "") if parameters(route) else ""


def made_for_all(method: str, route: str, owner: User) -> Values | None:
    """Make what all may see that a route is about; None where there is no such thing."""
    kind = object_of(route)
    if kind == "dashboard" and method == "GET":
        return public_dashboard(owner)
    return SHARED[kind](owner) if kind in SHARED else None


class Caller:
    """Tries paths as one person after another, undoing whatever a try changed."""

    def __init__(self) -> None:
        self.people: dict[str, User] = {}
        self.sessions: dict[User, str] = {}
        self.tokens: dict[User, str] = {}

    def person(self, who: str) -> User:
        if who not in self.people:
            self.people[who] = make_staff(*({who} & ROLES.keys()))
        return self.people[who]

    def session(self, user: User) -> str:
        if user not in self.sessions:
            client = Client()
            client.force_login(user)
            self.sessions[user] = client.cookies[settings.SESSION_COOKIE_NAME].value
        return self.sessions[user]

    def token(self, user: User) -> str:
        if user not in self.tokens:
            self.tokens[user] = make_token(user)[1]
        return self.tokens[user]

    def know(self, people: Iterable[str], route: str) -> None:
        """Sign people in, so that undoing a try does not undo them."""
        for who in people:
            if who != "anonymous":
                (self.token if is_api(route) else self.session)(self.person(who))

    def status(self, who: str, method: str, path: str, *, token: str = "") -> int:
        """Return the status; 401 also where an anonymous visitor is sent to the login page."""
        client = Client(raise_request_exception=False)
        if who != "anonymous" and not token and not is_api(path):
            client.cookies[settings.SESSION_COOKIE_NAME] = self.session(self.person(who))
        elif who != "anonymous":
            token = token or self.token(self.person(who))
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
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
    return path.startswith(("/api/", "/prometheus/")) and path != "/api/docs/"  # which is a page


@pytest.fixture
def caller(db: None) -> Caller:
    return Caller()


ROUTES = routes()
OBJECT_ROUTES = [route for route in ROUTES if object_of(route) in PRIVATE]
API_ROUTES = [route for route in ROUTES if is_api(route)]


def methods_of(route: str) -> tuple[str, ...]:
    # Django's admin treats the other methods as one of these two.
    return ("GET", "POST") if route.startswith("/admin/") else METHODS


@pytest.mark.parametrize("route", ROUTES)
def test_everybody_gets_what_the_table_says(route: str, caller: Caller) -> None:
    caller.know(EVERYBODY, route)
    for method in methods_of(route):
        with undone():
            made = made_for_all(method, route, caller.person("admin"))
            path = filled(route, made or {})
            if caller.status("admin", method, path) == 405:
                continue
            found = {who: caller.status(who, method, path) for who in EVERYBODY}
        row = Row.of(method, route)
        assert row is not None, line_to_add(method, route, found)

        is_real = not parameters(route) or made is not None
        wrong = {
            who: status
            for who, status in found.items()
            if not as_expected(status, who, may=who in ACCESS[row.access], is_real=is_real)
        }

        assert wrong == {}, f"{method} {route} is for {row.access!r}, but answered {wrong}"


@pytest.mark.parametrize("route", API_ROUTES)
def test_tokens_narrow_what_an_admin_may(route: str, caller: Caller) -> None:
    admin = caller.person("admin")
    revoked, text = make_token(admin)
    actions.revoke_token(admin, revoked, now=clock.now())
    only_reading = make_token(admin, scopes=["read"])[1]
    only_writing = make_token(admin, scopes=["write"])[1]

    for method, row in rows_of(route):
        if row.access == "public":
            continue
        with undone():
            path = filled(route, made_for_all(method, route, admin) or {})
            after_revoking = caller.status("admin", method, path, token=text)
            reading = caller.status("admin", method, path, token=only_reading)
            writing = caller.status("admin", method, path, token=only_writing)

        assert after_revoking == 401, method
        if row.access != "source":
            assert (reading == 403) == (not row.reads), method
            assert (writing == 403) == row.reads, method


def rows_of(route: str) -> list[tuple[str, Row]]:
    """Return the methods that the table names; a missing line fails above."""
    found = ((method, Row.of(method, route)) for method in methods_of(route))
    return [(method, row) for method, row in found if row is not None]


@pytest.mark.parametrize("route", OBJECT_ROUTES)
def test_an_object_is_for_those_it_is_shared_with(route: str, caller: Caller) -> None:
    kind, cast = PRIVATE[object_of(route)], Cast.make()
    caller.people |= {who: getattr(cast, who) for who in RELATIONS}

    caller.know((*RELATIONS, "outsider"), route)

    for method, row in rows_of(route):
        with undone():
            path = filled(route, kind.make(cast))
            found = {who: caller.status(who, method, path) for who in RELATIONS}
            strangers = [caller.status(who, method, path) for who in ("anonymous", "outsider")]
            if is_api(path):
                check_tokens(caller, method, path, row)

        wanted = {who: expected(level, row.needs) for who, level in kind.levels.items()}
        wrong = {
            who: (found[who], wanted[who])
            for who in found
            # Whom the route is not for by role may be told that, whatever the object.
            if not (fits(found[who], wanted[who]) or (found[who] == 403 and not may(who, row)))
        }
        assert wrong == {}, f"{method} {route}: (answered, expected)"
        assert strangers in ([401, 403], [401, 404]), method


def may(who: str, row: Row) -> bool:
    return ROLE_OF[who] in ACCESS[row.access]


def check_tokens(caller: Caller, method: str, path: str, row: Row) -> None:
    """Check that the owner's token opens nothing once revoked, and only reads when made to read."""
    owner = caller.person("owner")
    revoked, text = make_token(owner)
    actions.revoke_token(owner, revoked, now=clock.now())
    assert caller.status("owner", method, path, token=text) == 401
    reading = caller.status("owner", method, path, token=make_token(owner, scopes=["read"])[1])
    assert (reading == 403) == (not row.reads)


def test_every_parameter_names_an_object_or_says_why_not() -> None:
    known = {*PRIVATE, *SHARED, *NO_OBJECTS}
    named = {route: object_of(route) for route in routes() if parameters(route)}

    unnamed = [
        f'"{route}" = "..."'
        for route, kind in named.items()
        if kind not in known and not route.startswith("/admin/")
    ]

    assert unnamed == [], "tests/permissions.toml, [objects], does not say what these are about"


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
    assert [line for line in OBJECTS if not any(fnmatchcase(one, line) for one in routes())] == []
