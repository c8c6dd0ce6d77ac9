"""Everything that changes accounts, roles, teams, folders, grants and tokens."""

from __future__ import annotations

from portal.accounts.actions.folders import (
    change_folder,
    check_may_place,
    create_folder,
    delete_folder,
    folder_at,
    forget,
)
from portal.accounts.actions.people import (
    AlreadyThere,
    check_an_admin_remains,
    create_staff,
    rename,
    set_active,
    set_roles,
    sync_roles,
)
from portal.accounts.actions.services import create_service, set_service_team
from portal.accounts.actions.sharing import (
    move,
    set_inheriting,
    set_protected,
    set_public,
    share,
    unshare,
)
from portal.accounts.actions.teams import (
    add_member,
    change_team,
    create_team,
    delete_team,
    remove_member,
    set_teams,
)
from portal.accounts.actions.tokens import create_token, revoke_token

__all__ = [
    "AlreadyThere",
    "add_member",
    "change_folder",
    "change_team",
    "check_an_admin_remains",
    "check_may_place",
    "create_folder",
    "create_service",
    "create_staff",
    "create_team",
    "create_token",
    "delete_folder",
    "delete_team",
    "folder_at",
    "forget",
    "move",
    "remove_member",
    "rename",
    "revoke_token",
    "set_active",
    "set_inheriting",
    "set_protected",
    "set_public",
    "set_roles",
    "set_service_team",
    "set_teams",
    "share",
    "sync_roles",
    "unshare",
]
