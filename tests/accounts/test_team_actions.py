"""Teams: who is in them by hand, and who by what the identity provider says."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from portal.accounts import actions
from portal.accounts.models import Membership, Team, User
from portal.audit.models import AuditEntry
from portal.lib.field_error import FieldError
from tests.people import People

pytestmark = pytest.mark.django_db


def members(team: Team) -> set[User]:
    return set(User.objects.filter(groups=team.group))


class TestSetTeams:
    def test_a_login_brings_the_teams_that_the_provider_names(self, people: People) -> None:
        payments = actions.create_team(people.admin, name="Payments", sso_names=["pay-eng", "pay"])
        actions.create_team(people.admin, name="Growth", sso_names=["growth"])

        held = actions.set_teams(people.viewer, ["PAY-ENG", "everybody"])

        assert held == ["Payments"]
        assert members(payments) == {people.viewer}
        assert Membership.objects.get().is_from_sso

    def test_a_group_lost_at_the_provider_is_lost_here(self, people: People) -> None:
        payments = actions.create_team(people.admin, name="Payments", sso_names=["pay"])
        actions.set_teams(people.viewer, ["pay"])

        assert actions.set_teams(people.viewer, []) == []

        assert members(payments) == set()
        assert AuditEntry.objects.latest("id").action == "team.remove_member"

    def test_whom_somebody_added_by_hand_stays(self, people: People) -> None:
        payments = actions.create_team(people.admin, name="Payments", sso_names=["pay"])
        actions.set_teams(people.viewer, ["pay"])
        actions.add_member(people.admin, payments, people.viewer)

        assert actions.set_teams(people.viewer, []) == ["Payments"]

        assert Membership.objects.get().added_by == people.admin

    def test_the_same_again_leaves_no_trace(self, people: People) -> None:
        actions.create_team(people.admin, name="Payments", sso_names=["pay"])
        actions.set_teams(people.viewer, ["pay"])
        before = AuditEntry.objects.count()

        actions.set_teams(people.viewer, ["pay"])

        assert AuditEntry.objects.count() == before

    def test_a_name_of_a_role_brings_no_role(self, people: People) -> None:
        actions.set_teams(people.viewer, ["admin"])

        assert people.viewer.roles() == ["viewer"]


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "a\0b", "Admin", "payments"])
def test_a_team_needs_a_name_of_its_own(people: People, name: str) -> None:
    actions.create_team(people.admin, name="Payments")

    with pytest.raises(FieldError) as problem:
        actions.create_team(people.admin, name=name)

    assert problem.value.field == "name"


def test_a_team_that_goes_takes_its_members_and_its_group(people: People) -> None:
    team = actions.create_team(people.admin, name="Payments")
    actions.add_member(people.admin, team, people.viewer)

    actions.delete_team(people.admin, team)

    entry = AuditEntry.objects.latest("id")
    assert not Group.objects.filter(name="Payments").exists()
    assert entry.action == "team.delete"
    assert entry.before
    assert entry.before["members"] == [people.viewer.email]


def test_nobody_is_added_or_removed_twice(people: People) -> None:
    team = actions.create_team(people.admin, name="Payments")

    assert actions.add_member(people.admin, team, people.viewer)
    assert not actions.add_member(people.admin, team, people.viewer)
    assert actions.remove_member(people.admin, team, people.viewer)
    assert not actions.remove_member(people.admin, team, people.viewer)
