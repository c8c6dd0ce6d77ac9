"""Who there is: staff, service tokens, and the roles that carry permissions."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from portal.accounts.roles import ROLES

SCOPES = ("read", "write", "admin")


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
        """One's own; those of everybody for who may administer them."""
        return self if user.has_perm("accounts.view_apitoken") else self.filter(user=user)

    def editable_by(self, user: User) -> TokenQuerySet:
        return self if user.has_perm("accounts.delete_apitoken") else self.filter(user=user)


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
