"""Roles, and what follows from having one."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from portal.accounts import actions
from portal.accounts.access import MissingPermission, require
from portal.accounts.roles import ROLES, roles_with
from portal.audit.models import AuditEntry
from portal.lib.api import FieldError
from tests.factories import make_staff
from tests.people import People

pytestmark = pytest.mark.django_db


def test_roles_name_only_permissions_that_an_app_declares(people: People) -> None:
    assert actions.sync_roles() == []


def test_every_own_permission_is_in_some_role(people: People) -> None:
    own = ("portal.", "analytics.", "dashboards")
    labels = {app.label for app in apps.get_app_configs() if app.name.startswith(own)}
    custom = {
        f"{permission.content_type.app_label}.{permission.codename}"
        for permission in Permission.objects.filter(content_type__app_label__in=labels)
        if not permission.codename.startswith(("add_", "change_", "delete_", "view_"))
    }

    assert custom == {name for name in custom if roles_with(name)}


def test_syncing_puts_a_tampered_role_right_and_says_so(people: People) -> None:
    Group.objects.get(name="auditor").permissions.clear()

    actions.sync_roles()

    entry = AuditEntry.objects.latest("id")
    assert people.auditor.has_perm("audit.view_auditentry")
    assert (entry.action, entry.object_label) == ("role.sync", "auditor")


def test_an_auditor_reads_the_trail_and_nothing_else(people: People) -> None:
    assert people.auditor.get_all_permissions() == {"audit.view_auditentry"}


def test_who_has_no_role_may_do_nothing(people: People) -> None:
    assert people.outsider.get_all_permissions() == set()


def test_a_missing_permission_says_which(people: People) -> None:
    with pytest.raises(MissingPermission, match=r"audit\.view_auditentry"):
        require(people.viewer, "audit.view_auditentry")


@pytest.mark.parametrize("role", ROLES)
def test_only_the_role_admin_opens_the_administration(role: str) -> None:
    assert make_staff(role).is_staff == (role == "admin")


def test_losing_the_role_admin_closes_the_administration(people: People) -> None:
    actions.set_roles(people.owner, second := make_staff("admin"), ["viewer"])

    second.refresh_from_db()
    assert not second.is_staff
    assert second.roles() == ["viewer"]


def test_the_last_admin_stays_one(people: People) -> None:
    with pytest.raises(FieldError, match="last admin"):
        actions.set_roles(people.admin, people.admin, ["viewer"])
    with pytest.raises(FieldError, match="last admin"):
        actions.set_active(people.admin, people.admin, active=False)


def test_roles_leave_teams_alone(people: People) -> None:
    team = Group.objects.create(name="Payments")
    people.viewer.groups.add(team)

    actions.set_roles(people.admin, people.viewer, ["editor"])

    assert set(people.viewer.groups.values_list("name", flat=True)) == {"Payments", "editor"}


def test_an_unknown_role_is_refused(people: People) -> None:
    with pytest.raises(FieldError, match="known: viewer"):
        actions.set_roles(people.admin, people.viewer, ["boss"])


def test_a_change_of_roles_is_in_the_trail(people: People) -> None:
    actions.set_roles(people.admin, people.viewer, ["analyst"])

    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.actor) == ("user.roles", people.admin)
    assert (entry.before, entry.after) == ({"roles": ["viewer"]}, {"roles": ["analyst"]})
