"""The access rule against a plain-Python reading of docs/access.md, over random trees of folders,
grants, teams and flags.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import Group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.insights.models import Cohort, DataSet, SavedInsight
from dashboards.daily.models import Playlist
from dashboards.models import Dashboard
from portal.accounts import actions
from portal.accounts.access import at_level, may, visible
from portal.accounts.folders import write_paths
from portal.accounts.models import Folder, Grant, Level, Team, User
from portal.accounts.reasons import read_book, why_can
from portal.accounts.shareables import shareables
from portal.lib import clock
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
CASES = int(os.environ.get("CASES", "20"))
CAST = ("viewer", "analyst", "editor", "responder", "admin", "auditor", "nobody")
TEAMS = ("Payments", "Growth")
KINDS: dict[str, Any] = {
    "folder": Folder,
    "dashboard": Dashboard,
    "insight": SavedInsight,
    "cohort": Cohort,
    "data_set": DataSet,
    "playlist": Playlist,
}
# What the roles of the cast allow: see such things, change one's own, administer all.
SEES = {"viewer", "analyst", "editor", "responder", "admin"}
CHANGES = {
    "folder": {"analyst", "editor", "admin"},
    "insight": {"analyst", "editor", "admin"},
    "dashboard": {"editor"},
    "playlist": {"editor"},
    "cohort": {"analyst", "editor", "admin"},
}


@dataclass
class Thing:
    """A folder, dashboard, insight or data set; `place` is the number of the folder that it stands in."""

    kind: str
    owner: str
    place: int | None
    stops: bool
    is_public: bool
    grants: list[tuple[str, int]] = field(default_factory=list)  # to whom, level


@dataclass
class World:
    folders: list[Thing]
    things: list[Thing]
    members: dict[str, list[str]]


def subjects(person: str, world: World) -> set[str]:
    teams = {team for team, people in world.members.items() if person in people}
    return {person, f"role {person}"} | {f"team {team}" for team in teams}


def oracle(person: str, thing: Thing, world: World) -> int:
    """Return the level that somebody has: 0 for none."""
    if person == "admin":
        return 3
    if person not in SEES:
        return 0
    mine = subjects(person, world)
    found = [level for to, level in thing.grants if to in mine]
    if thing.kind == "data_set":  # stands nowhere, and whoever made it need not read it
        return max(found, default=0)
    if thing.owner == person:
        found.append(3 if person in CHANGES[thing.kind] else 1)
    if thing.kind in {"dashboard", "playlist", "folder"} and thing.is_public:
        found.append(1)
    if thing.kind == "insight" and thing.place is None and not thing.stops:
        found.append(1)
    if thing.kind == "cohort":  # `stops` stands for its protection
        return max([*found, 2 if person in CHANGES["cohort"] and not thing.stops else 1])
    here, stops = thing.place, thing.stops
    while here is not None and not stops:
        folder = world.folders[here]
        found += [level for to, level in folder.grants if to in mine] + [1] * folder.is_public
        here, stops = folder.place, folder.stops
    return max(found, default=0)


TO = st.sampled_from(
    [*CAST, *(f"team {team}" for team in TEAMS), *(f"role {one}" for one in CAST[:-1])]
)
GRANTS = st.lists(st.tuples(TO, st.integers(1, 3)), max_size=3, unique_by=lambda grant: grant[0])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    def thing(kind: str, places: int) -> Thing:
        place = draw(st.none() | st.integers(0, places - 1)) if places else None
        flags = draw(st.booleans()), draw(st.integers(0, 4)) == 0
        return Thing(kind, draw(st.sampled_from(CAST)), place, *flags, draw(GRANTS))

    folders = [thing("folder", number) for number in range(draw(st.integers(0, 5)))]
    kinds = draw(
        st.lists(
            st.sampled_from(["dashboard", "insight", "cohort", "data_set", "playlist"]),
            min_size=1,
            max_size=4,
        )
    )
    things = [thing(kind, len(folders)) for kind in kinds]
    people = st.lists(st.sampled_from(CAST), max_size=3, unique=True)
    return World(folders, things, {team: draw(people) for team in TEAMS})


@pytest.fixture
def cast(db: None) -> dict[str, User]:
    return {who: make_staff(*({who} - {"nobody"}), name=who) for who in CAST}


@pytest.fixture
def teams(db: None) -> dict[str, Team]:
    return {name: actions.create_team(None, name=name) for name in TEAMS}


def build(world: World, cast: dict[str, User], teams: dict[str, Team]) -> list[tuple[Thing, Any]]:
    """Write a world into the emptied database; return its things with their rows."""
    Grant.objects.all().delete()
    SavedInsight.objects.all().delete()
    Cohort.objects.all().delete()
    Dashboard.objects.all().delete()
    Playlist.objects.all().delete()
    DataSet.objects.all().delete()
    Folder.objects.update(parent=None)
    Folder.objects.all().delete()
    for name, team in teams.items():
        people = [cast[who] for who in world.members[name]]
        for user in cast.values():
            if user in people:
                actions.add_member(None, team, user)
            else:
                actions.remove_member(None, team, user)
    folders: list[Folder] = []
    for number, thing in enumerate(world.folders):
        folders.append(
            Folder.objects.create(
                name=f"f{number}", parent=place_of(thing, folders), created_at=clock.now(),
                is_public=thing.is_public, stop_inheriting=thing.stops,
                created_by=cast[thing.owner],
            )
        )  # fmt: skip
    write_paths()
    rows = [made(thing, number, folders, cast) for number, thing in enumerate(world.things)]
    found = [*zip(world.folders, folders, strict=True), *zip(world.things, rows, strict=True)]
    for thing, row in found:
        for to, level in thing.grants:
            actions.share(cast["admin"], row, subject_of(to, cast), Level(level))
    return found


def place_of(thing: Thing, folders: list[Folder]) -> Folder | None:
    return None if thing.place is None else folders[thing.place]


def made(thing: Thing, number: int, folders: list[Folder], cast: dict[str, User]) -> Any:
    times = {"created_at": clock.now(), "updated_at": clock.now()}
    if thing.kind == "data_set":
        return DataSet.objects.create(name=f"t{number}", created_by=cast[thing.owner], **times)
    if thing.kind == "cohort":
        now, owner = clock.now(), cast[thing.owner]
        return Cohort.objects.create(
            name=f"t{number}", definition={"did": "buy"}, is_protected=thing.stops,
            created_by=owner, created_at=now, updated_at=now,
        )  # fmt: skip
    shared = {
        "name": f"t{number}",
        "created_by": cast[thing.owner],
        "folder": place_of(thing, folders),
    }
    flags = {"is_public": thing.is_public, "stop_inheriting": thing.stops}
    if thing.kind == "playlist":
        return Playlist.objects.create(**shared, **flags, **times)
    if thing.kind == "dashboard":
        return Dashboard.objects.create(uid=f"t{number}", **shared, **flags)
    return SavedInsight.objects.create(
        kind="trend", definition={}, is_shared=not thing.stops, **shared, **times
    )


def subject_of(to: str, cast: dict[str, User]) -> User | Group:
    return Group.objects.get(name=to.split()[1]) if " " in to else cast[to]


@settings(
    max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(world=worlds())
def test_the_rule_is_what_the_page_says(
    world: World, cast: dict[str, User], teams: dict[str, Team]
) -> None:
    rows = build(world, cast, teams)
    people = {who: User.objects.get(pk=user.pk) for who, user in cast.items()}
    book = read_book([row for _, row in rows])
    in_book = {user.pk: user for user in book.people}

    for who, user in people.items():
        expected = {(thing.kind, row.pk): oracle(who, thing, world) for thing, row in rows}
        for level in Level:
            reached = {
                (kind, pk)
                for kind, model in KINDS.items()
                for pk in at_level(user, model, level).values_list("pk", flat=True)
            }
            assert reached == {key for key, found in expected.items() if found >= level}, who
        for thing, row in rows:
            in_words = book.level(in_book[user.pk], row) or 0
            assert in_words == expected[thing.kind, row.pk], (who, thing)


def test_the_predicate_and_the_words_agree_with_the_list(cast: dict[str, User]) -> None:
    board = Dashboard.objects.create(uid="x", name="X", created_by=cast["editor"])
    actions.share(cast["editor"], board, cast["viewer"], Level.EDIT)

    assert may(cast["viewer"], board, Level.EDIT)
    assert not may(cast["viewer"], board, Level.ADMIN)
    assert list(visible(cast["viewer"], Dashboard)) == [board]
    assert why_can(cast["viewer"], board) == ["viewer may edit this dashboard."]
    assert why_can(cast["nobody"], board) == ["nobody has no role that shows dashboards."]
    assert why_can(cast["analyst"], board) == [
        "Nothing is shared with analyst that leads to this dashboard."
    ]


def test_one_query_finds_what_somebody_may_see(
    cast: dict[str, User], django_assert_num_queries: Any
) -> None:
    user = cast["viewer"]
    user.get_all_permissions()

    with django_assert_num_queries(1):
        list(visible(user, Dashboard))


def test_every_kind_is_in_the_rule_s_test() -> None:
    assert {entry.kind for entry in shareables} == set(KINDS)
