"""Who there is: staff, programs and teams; and what is shared with them: folders and grants."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from portal.accounts.roles import ROLES

SCOPES = ("read", "write", "admin")
VIEW_TEAM, CHANGE_TEAM = "accounts.view_team", "accounts.change_team"
VIEW_FOLDER, CHANGE_FOLDER = "accounts.view_folder", "accounts.change_folder"
ADMINISTER_FOLDERS = "accounts.administer_folders"


class UserManager(BaseUserManager["User"]):
    """What Django's own commands ask of a custom user model."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A member of staff. Logs in with the e-mail address; roles are groups."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)  # may open Django's admin
    is_sample = models.BooleanField(default=False)  # made by the demo, removable with it
    is_service = models.BooleanField(default=False)  # a program: has tokens, never logs in
    owned_by = models.ForeignKey(
        "Team", null=True, blank=True, on_delete=models.PROTECT, related_name="services"
    )  # of a service account: whose members look after its tokens; null: admins only
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email

    def roles(self) -> list[str]:
        """Return the names of this person's roles, in the order of ROLES."""
        held = {group.name for group in self.groups.all()}
        return [role for role in ROLES if role in held]


class TokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User) -> TokenQuerySet:
        """One's own and one's teams' programs'; those of everybody for who may administer them."""
        return self if user.has_perm("accounts.view_apitoken") else self.looked_after_by(user)

    def editable_by(self, user: User) -> TokenQuerySet:
        return self if user.has_perm("accounts.delete_apitoken") else self.looked_after_by(user)

    def looked_after_by(self, user: User) -> TokenQuerySet:
        teams = Team.objects.filter(group__user=user)
        return self.filter(Q(user=user) | Q(user__owned_by__in=teams))


class ApiToken(models.Model):
    """A program's key to the API. It has its owner's rights, never more."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_valid(self, now: datetime) -> bool:
        expired = self.expires_at is not None and self.expires_at <= now
        return not expired and self.revoked_at is None and self.user.is_active


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: User) -> TeamQuerySet:
        """Return all teams: whoever shares something may name any of them."""
        return self if user.has_perm(VIEW_TEAM) else self.none()

    def editable_by(self, user: User) -> TeamQuerySet:
        return self if user.has_perm(CHANGE_TEAM) else self.none()


class Team(models.Model):
    """People who work together: a Django group without permissions of its own, for grants."""

    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="team")
    description = models.CharField(max_length=200, blank=True)
    # Names at the identity provider: whoever comes in with one of them is in the team.
    sso_names = models.JSONField(default=list, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["group__name"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("team", args=[self.pk])

    @property
    def name(self) -> str:
        return self.group.name


class Membership(models.Model):
    """Who put whom into a team, and when. That they are in it is said by the user's groups."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    added_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )  # null: the portal
    added_at = models.DateTimeField(auto_now_add=True)
    is_from_sso = models.BooleanField(default=False)  # comes and goes with the provider's claim

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Folder(models.Model):
    """A place for dashboards and saved insights, inside another or at the top. What one may do with
    a folder, one may do with what is inside, down to where something stops inheriting.
    """

    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="folders")
    is_public = models.BooleanField(default=False)  # all staff may see what is inside
    stop_inheriting = models.BooleanField(default=False)  # of the folders around it
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        default_permissions = ("view", "change")
        permissions: ClassVar = [("administer_folders", "See and change every folder")]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), "parent", name="folder_name_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("sharing", args=["folder", self.pk])


class FolderPath(models.Model):
    """The closure of the tree: each folder with itself and each that it stands in."""

    ancestor = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="paths_down")
    descendant = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="paths_up")
    inherits = models.BooleanField()  # nothing on the way down stops inheriting

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["descendant", "ancestor"], name="folder_path_once")
        ]

    def __str__(self) -> str:
        return f"{self.ancestor_id} > {self.descendant_id}"


class Level(models.IntegerChoices):
    """What a grant gives; each includes those before it."""

    VIEW = 1, "view"
    EDIT = 2, "edit"
    ADMIN = 3, "admin"  # share, move


class Grant(models.Model):
    """One person, team or role may view, edit or administer one object.

    `object_type` is a kind of portal.accounts.shareables; a folder's grants reach what is inside.
    """

    object_type = models.CharField(max_length=32)
    object_id = models.BigIntegerField()
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="grants")
    group = models.ForeignKey(Group, null=True, on_delete=models.CASCADE, related_name="grants")
    level = models.PositiveSmallIntegerField(choices=Level)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-level", "id"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["object_type", "object_id"], name="grant_object")]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(group__isnull=True), name="grant_to_one"
            ),
            models.UniqueConstraint(
                fields=["object_type", "object_id", "user", "group"],
                name="grant_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_level_display()} of {self.object_type} {self.object_id} to {self.subject}"
        )

    @property
    def subject(self) -> User | Group:
        """Return the person, or the group that is a team or a role."""
        found = self.user if self.user is not None else self.group
        assert found is not None  # noqa: S101  # grant_to_one
        return found
