"""How staff come in: identity providers, the rules for everybody, and open sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils.module_loading import import_string

from portal.accounts.models import User
from portal.lib.secrets import SecretField

OIDC, SAML = "oidc", "saml"
CHANGE = "sign_in.change_identityprovider"
FROM_SETTINGS = "sso"  # the slug of the provider that the settings OIDC_* describe


class ProviderQuerySet(models.QuerySet["IdentityProvider"]):
    def visible_to(self, user: User) -> ProviderQuerySet:
        return self if user.has_perm(CHANGE) else self.none()

    def editable_by(self, user: User) -> ProviderQuerySet:
        return self.visible_to(user)


class IdentityProvider(models.Model):
    """A company's own place to sign in, which tells the portal who somebody is and what they may."""

    slug = models.SlugField(max_length=40, unique=True)  # in addresses that the provider knows
    name = models.CharField(max_length=40)  # "Sign in with …"
    protocol = models.CharField(max_length=8)
    is_enabled = models.BooleanField(default=True)

    issuer = models.CharField(max_length=500, blank=True)  # SAML: the entity id
    client_id = models.CharField(max_length=300, blank=True)
    client_secret = SecretField(blank=True, default="")
    scopes = models.CharField(max_length=300, default="openid profile email")
    sso_url = models.CharField(max_length=500, blank=True)  # SAML only, as the certificate
    certificate = models.TextField(blank=True)

    allowed_domains = models.JSONField(default=list, blank=True)
    trusts_addresses = models.BooleanField(default=False)  # though it does not call them verified
    creates_accounts = models.BooleanField(default=True)
    links_accounts = models.BooleanField(default=False)  # that exist with the same address

    email_claim = models.CharField(max_length=200, default="email")
    name_claim = models.CharField(max_length=200, default="name")
    role_claim = models.CharField(max_length=200, blank=True)  # empty: roles are given here
    role_map = models.JSONField(default=dict, blank=True)
    default_role = models.CharField(max_length=20, blank=True)
    team_claim = models.CharField(max_length=200, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = ProviderQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        default_permissions = ("change",)

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """Return what its accounts are kept under: with another issuer, the same subject is
        somebody else.
        """
        return f"{self.slug}:{sha256(self.issuer.encode()).hexdigest()[:12]}"

    def secret(self) -> str:
        """Return the client secret's text. Raises Undecryptable."""
        found: Any = self.client_secret
        return found.reveal() if hasattr(found, "reveal") else str(found or "")


class Policy(models.Model):
    """The rules of signing in, for everybody: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sso_only = models.BooleanField(default=False)
    break_glass = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # may use a password even then
    mfa_for_admins = models.BooleanField(default=False)
    idle_minutes = models.PositiveIntegerField(default=12 * 60)
    longest_hours = models.PositiveIntegerField(default=7 * 24)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_policy")]

    def __str__(self) -> str:
        return "the rules of signing in"

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.idle_minutes)

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.longest_hours)


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User) -> SessionQuerySet:
        """One's own; everybody's for who may administer accounts."""
        return self if user.has_perm("accounts.change_user") else self.filter(user=user)

    def editable_by(self, user: User) -> SessionQuerySet:
        return self.visible_to(user)

    def open_at(self, now: datetime) -> SessionQuerySet:
        return self.filter(user__isnull=False, expire_date__gt=now)


class Session(AbstractBaseSession):
    """One browser. The columns repeat what the session itself says, so that it can be found."""

    # Names it in addresses, as the key never may. Twice for an instant while the key is renewed.
    public_id = models.UUIDField(default=uuid4, db_index=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=200, blank=True)  # empty: by password
    provider_session = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = BaseSessionManager.from_queryset(SessionQuerySet)()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user} in {self.browser or 'a browser'}"

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_string("portal.sign_in.sessions.SessionStore")


class ScimToken(models.Model):
    """What a provider shows to make and end accounts here by itself; kept as a digest."""

    provider = models.SlugField(max_length=40, unique=True)  # a provider's slug
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"SCIM token of {self.provider}"


class ScimUser(models.Model):
    """An account that a provider looks after by SCIM. It sees and changes no other."""

    provider = models.CharField(max_length=40)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="scim")
    external_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user} of {self.provider}"


class ScimGroup(models.Model):
    """A provider's group, with those of its members that have an account here."""

    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    external_id = models.CharField(max_length=255, blank=True)
    members = models.ManyToManyField(ScimUser, related_name="groups")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["provider", "name"], name="scim_group_once")]

    def __str__(self) -> str:
        return self.name
