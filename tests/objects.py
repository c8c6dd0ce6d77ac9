"""What routes with parameters are tried on, and the people who have something to do with it.

`PRIVATE` objects belong to somebody: who they are not shared with must not learn that they exist.
`SHARED` ones are words that all who may see such things use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client

from analytics.insights.models import DataSet, SavedInsight
from dashboards.models import Dashboard
from portal.accounts import actions
from portal.accounts.models import Level, Team, User
from portal.accounts.reasons import VERBS
from portal.lib import clock
from portal.sign_in.models import Session
from tests.factories import (
    make_annotation,
    make_business_metric,
    make_cohort,
    make_dashboard,
    make_deploy,
    make_library_widget,
    make_playlist,
    make_public_link,
    make_snapshot,
    make_staff,
    make_token,
    make_widget,
)

Values = dict[str, object]  # of a route's parameters
FORBIDDEN, UNKNOWN = 403, 404
TREND = '{"series": [{"event": "visit"}]}'


@dataclass(frozen=True)
class Cast:
    """Those who differ in what they have to do with an object, the mightiest first. Where a grant
    lifts a role, the role alone allows less than the grant.
    """

    owner: User  # an editor: made it
    administrator: User  # a viewer: may share it
    co_editor: User  # a viewer: may change it
    teammate: User  # a viewer, in a team that may see it
    stranger: User  # an editor with whom nothing is shared
    team: Team

    @classmethod
    def make(cls) -> Cast:
        people = {who: make_staff(role, name=who) for who, role in ROLE_OF.items()}
        team = actions.create_team(None, name="Payments")
        actions.add_member(None, team, people["teammate"])
        return cls(team=team, **people)

    def share(self, row: Any) -> None:
        """Share an object as the comments above say."""
        actions.share(self.owner, row, self.administrator, Level.ADMIN)
        actions.share(self.owner, row, self.co_editor, Level.EDIT)
        actions.share(self.owner, row, self.team.group, Level.VIEW)


RELATIONS = ("owner", "administrator", "co_editor", "teammate", "stranger")
ROLE_OF = dict.fromkeys(RELATIONS, "viewer") | {"owner": "editor", "stranger": "editor"}
GRANTED: Mapping[str, Level | None] = {
    "owner": Level.ADMIN, "administrator": Level.ADMIN, "co_editor": Level.EDIT,
    "teammate": Level.VIEW, "stranger": None,
}  # fmt: skip
ONLY_OWNER: Mapping[str, Level | None] = dict.fromkeys(RELATIONS) | {"owner": Level.ADMIN}
ONLY_SHARERS: Mapping[str, Level | None] = {
    who: level if level == Level.ADMIN else None for who, level in GRANTED.items()
}
ONLY_TEAM: Mapping[str, Level | None] = dict.fromkeys(RELATIONS) | {"teammate": Level.ADMIN}


@dataclass(frozen=True)
class Private:
    """How to make an object, and what each of the cast may do with it; `levels` without a level for
    somebody: they must not learn of it.
    """

    make: Callable[[Cast], Values]
    levels: Mapping[str, Level | None]


def with_visits(made: Dashboard) -> Dashboard:
    make_widget(
        made, "visits", kind="line", source="insight", query=TREND, config={"kind": "trend"}
    )
    return made


def board(cast: Cast) -> Dashboard:
    made = with_visits(make_dashboard(created_by=cast.owner))
    cast.share(made)
    return made


def dashboard(cast: Cast) -> Values:
    return {"uid": board(cast).uid, "key": "visits"}


def shared_dashboard(cast: Cast) -> Values:
    made = board(cast)
    grant = actions.share(cast.owner, made, make_staff("viewer"), Level.VIEW)
    return {"kind": "dashboard", "pk": made.pk, "grant_id": grant.pk}


def grant(cast: Cast) -> Values:
    return {"pk": shared_dashboard(cast)["grant_id"]}


def insight(cast: Cast) -> Values:
    now = clock.now()
    definition = {"series": [{"event": "visit"}]}
    made = SavedInsight.objects.create(
        name="Visits", kind="trend", definition=definition, is_shared=False,
        created_by=cast.owner, created_at=now, updated_at=now,
    )  # fmt: skip
    cast.share(made)
    return {"pk": made.pk}


def folder(cast: Cast) -> Values:
    made = actions.create_folder(
        cast.owner, name="Private", parent=None, now=clock.now(), is_public=False
    )
    cast.share(made)
    return {"pk": made.pk}


def data_set(cast: Cast) -> Values:
    now = clock.now()
    shop = [{"property": "$service", "op": "=", "value": "shop"}]
    made = DataSet.objects.create(
        name="Shop", filters=shop, created_by=cast.owner, created_at=now, updated_at=now
    )
    cast.share(made)
    return {"pk": made.pk}


def playlist(cast: Cast) -> Values:
    made = make_playlist(board(cast), created_by=cast.owner)
    cast.share(made)
    return {"pk": made.pk}


def public_link(cast: Cast) -> Values:
    return {"pk": make_public_link(board(cast), cast.owner)[0].pk}


def snapshot(cast: Cast) -> Values:
    return {"pk": make_snapshot(board(cast), cast.owner).pk}


def token(cast: Cast) -> Values:
    return {"token_id": make_token(cast.owner)[0].pk}


def session(cast: Cast) -> Values:
    Client().force_login(cast.owner)
    return {"public_id": Session.objects.filter(user=cast.owner).latest("started_at").public_id}


def service(cast: Cast) -> Values:
    made = actions.create_service(None, name="Nightly export", roles=["viewer"], team=cast.team)
    return {"pk": made.pk, "token_id": make_token(made)[0].pk}


PRIVATE: dict[str, Private] = {
    "dashboard": Private(dashboard, GRANTED),
    "own_dashboard": Private(dashboard, GRANTED),  # for what nobody may do with an open one
    "sharing": Private(shared_dashboard, GRANTED),
    "grant": Private(grant, GRANTED),
    "insight": Private(insight, GRANTED),
    "folder": Private(folder, GRANTED),
    "data_set": Private(
        data_set, {**GRANTED, "owner": None}
    ),  # made by somebody who reads it no more
    "playlist": Private(playlist, GRANTED),
    "public_link": Private(public_link, ONLY_SHARERS),
    "snapshot": Private(snapshot, GRANTED),
    "token": Private(token, ONLY_OWNER),
    "service": Private(service, ONLY_TEAM),
    "session": Private(session, ONLY_OWNER),
}


def cohort(owner: User) -> Values:
    return {"cohort_id": make_cohort(owner).pk}


def annotation(owner: User) -> Values:
    return {"annotation_id": make_annotation(owner).pk}


def deploy(owner: User) -> Values:
    return {"deploy_id": make_deploy(owner).pk}


def business_metric(owner: User) -> Values:
    return {"pk": make_business_metric(owner).pk}


def public_dashboard(_: User) -> Values:
    return {"uid": with_visits(make_dashboard(is_public=True)).uid, "key": "visits"}


def team(owner: User) -> Values:
    made = actions.create_team(owner, name="Payments")
    actions.add_member(owner, made, owner)
    return {"pk": made.pk, "user_id": owner.pk}


def library_widget(owner: User) -> Values:
    return {"uid": make_library_widget(owner).uid}


SHARED: dict[str, Callable[[User], Values]] = {
    "annotation": annotation,
    "deploy": deploy,
    "business_metric": business_metric,
    "cohort": cohort,
    "library_widget": library_widget,
    "team": team,
}
# Parameters that name no object with rights: measured data and people in it, kinds, links in mails
# and of providers, what providers keep (tried in tests/sign_in), what asks for the password again
# before it looks, and what only admins reach, who see all of it.
NO_OBJECTS = {"administered", "data", "kind", "link", "password"}


def expected(level: Level | None, needed: Level) -> str:
    """Say what somebody at a level gets from a route that needs one, as `fits` reads it."""
    if level is None:
        return "404"
    return f"may {VERBS[needed]}" if level >= needed else "403"


def fits(status: int, wanted: str) -> bool:
    if wanted.isdecimal():
        return status == int(wanted)
    return status < 500 and status not in {401, FORBIDDEN, UNKNOWN}
