"""Forms of the pages about signing in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from portal.accounts import forms as accounts
from portal.accounts.models import User
from portal.accounts.roles import ROLES
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.sign_in.actions import ProviderDraft
from portal.sign_in.certificates import read_metadata
from portal.sign_in.models import OIDC, SAML, IdentityProvider, Policy
from portal.sign_in.passwords import may_use_password
from portal.sign_in.sessions import about
from portal.sign_in.started import limit, policy

ONLY = {
    OIDC: ("client_id", "client_secret", "scopes"),
    SAML: ("metadata", "sso_url", "certificate"),
}
ROLE_MAP_HELP = "One a line: what the claim says = role. Roles: " + ", ".join(ROLES) + "."


class LoginForm(accounts.LoginForm):
    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """Sign in; the session lasts as our rules say, not for allauth's fortnight."""
        answer: HttpResponse = super().login(request, redirect_url)
        if about(request.session):
            limit(request.session, policy(), clock.now())
        return answer


class ResetPasswordForm(accounts.ResetPasswordForm):
    """Sends links only to those whose password would open something; nobody learns who that is."""

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users: list[User] = [user for user in self.users if may_use_password(user)]
        return email


class PolicyForm(forms.Form):
    sso_only = forms.BooleanField(
        label="SSO only",
        required=False,
        help_text="Passwords open nothing but the break-glass account.",
    )
    break_glass = forms.ModelChoiceField(
        label="Break-glass account",
        queryset=User.objects.none(),
        required=False,
        empty_label="none",
        help_text="A local admin who can sign in with a password when no provider answers.",
    )
    mfa_for_admins = forms.BooleanField(
        label="Admins need a second factor",
        required=False,
        help_text="Those who come with a password; a provider asks for its own.",
    )
    idle_minutes = forms.IntegerField(
        label="Signed out after minutes without use", min_value=1, max_value=100_000
    )
    longest_hours = forms.IntegerField(
        label="Signed out after hours at the latest", min_value=1, max_value=10_000
    )

    def __init__(self, *args: Any, rules: Policy, **kwargs: Any) -> None:
        names = ("sso_only", "break_glass", "mfa_for_admins", "idle_minutes", "longest_hours")
        initial = {name: getattr(rules, name) for name in names}
        super().__init__(*args, **{"initial": initial, **kwargs})
        admins = User.objects.filter(is_active=True, groups__name="admin").order_by("email")
        self.fields["break_glass"].queryset = admins  # type: ignore[attr-defined]  # a choice of rows

    def wanted(self) -> Policy:
        return Policy(**self.cleaned_data)


class ProviderForm(forms.Form):
    name = forms.CharField(max_length=40, help_text="The button reads “Sign in with …”.")
    slug = forms.SlugField(
        label="Short name",
        max_length=40,
        help_text="Part of the addresses that the provider is told; it stays.",
    )
    metadata = forms.CharField(
        label="Metadata of the provider",
        max_length=200_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="XML, as the provider shows it; it fills the three fields below.",
    )
    issuer = forms.CharField(max_length=500, required=False)
    client_id = forms.CharField(label="Client id", max_length=300, required=False)
    client_secret = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.CharField(max_length=300, required=False, initial="openid profile email")
    sso_url = forms.CharField(label="Sign-on address", max_length=500, required=False)
    certificate = forms.CharField(
        max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    is_enabled = forms.BooleanField(label="Offered on the sign-in page", required=False)
    allowed_domains = forms.CharField(
        max_length=2_000,
        required=False,
        help_text="Addresses at these domains only, separated by blanks; empty: at any.",
    )
    trusts_addresses = forms.BooleanField(
        label="Its addresses are verified even where it does not say so",
        required=False,
        help_text="Only if nobody can set their own address at the provider.",
    )
    creates_accounts = forms.BooleanField(
        label="Makes an account at the first sign-in", required=False
    )
    links_accounts = forms.BooleanField(
        label="Opens accounts that exist with the same address",
        required=False,
        help_text="In the domains above. Their passwords end; the break-glass account is left out.",
    )
    email_claim = forms.CharField(label="E-mail claim", max_length=200)
    name_claim = forms.CharField(max_length=200)
    role_claim = forms.CharField(
        max_length=200,
        required=False,
        help_text="Such as groups. Read at every sign-in: who lost a group loses the role."
        " Empty: roles are given here.",
    )
    role_map = forms.CharField(
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=ROLE_MAP_HELP,
    )
    default_role = forms.ChoiceField(
        label="Role of everybody else",
        required=False,
        choices=[("", "none"), *((role, role) for role in ROLES)],
    )
    team_claim = forms.CharField(
        max_length=200, required=False, help_text="Matched with the teams' names at the provider."
    )

    def __init__(
        self, *args: Any, protocol: str, provider: IdentityProvider | None = None, **kwargs: Any
    ) -> None:
        initial = initial_of(provider or IdentityProvider(protocol=protocol))
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.protocol = protocol
        for name in {*ONLY[OIDC], *ONLY[SAML]} - {*ONLY[protocol]}:
            del self.fields[name]
        if provider is not None:
            del self.fields["slug"]
        if protocol == OIDC:
            self.fields["issuer"].help_text = "https://…; the rest is found there."
            self.fields["client_secret"].help_text = (
                "One is kept, encrypted; type another to replace it." if provider else ""
            )
        else:
            self.fields["issuer"].label = "Entity id of the provider"

    def clean_metadata(self) -> dict[str, str]:
        text = self.cleaned_data["metadata"]
        try:
            return read_metadata(text) if text.strip() else {}
        except FieldError as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        told = found.pop("metadata", None) or {}
        return {**found, **told}

    def clean_role_map(self) -> tuple[tuple[str, str], ...]:
        lines = [line for line in self.cleaned_data["role_map"].splitlines() if line.strip()]
        pairs = [line.rpartition("=") for line in lines]
        if any(not value.strip() or not role.strip() for value, _, role in pairs):
            raise forms.ValidationError("Each line reads: value = role.")
        return tuple((value.strip(), role.strip()) for value, _, role in pairs)

    def clean_allowed_domains(self) -> tuple[str, ...]:
        words = self.cleaned_data["allowed_domains"].replace(",", " ").split()
        return tuple(word.lstrip("@").lower() for word in words)

    def draft(self) -> ProviderDraft:
        values = {name: value for name, value in self.cleaned_data.items() if name != "slug"}
        return ProviderDraft(protocol=self.protocol, **values)

    def refuse(self, error: FieldError) -> None:
        self.add_error(error.field if error.field in self.fields else None, error.message)


def initial_of(provider: IdentityProvider) -> dict[str, Any]:
    names = ProviderForm.base_fields.keys() - {"client_secret", "slug", "metadata"}
    found = {name: getattr(provider, name) for name in names}
    found["allowed_domains"] = " ".join(provider.allowed_domains)
    found["role_map"] = "\n".join(f"{value} = {role}" for value, role in provider.role_map.items())
    return found
