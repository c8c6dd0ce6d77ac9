"""Forms of the account pages; allauth's own, in the portal's words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account import forms as allauth
from django import forms

from portal.accounts.models import SCOPES

WHAT_SCOPES_ALLOW = {
    "read": "read: ask questions, see dashboards",
    "write": "write: change what you may change",
    "admin": "admin: administer, if you are an admin",
}
LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "": "Does not expire"}


def relabel(form: forms.Form, **labels: str) -> None:
    for name, label in labels.items():
        form.fields[name].label = label
        form.fields[name].widget.attrs.pop("placeholder", None)  # a label is enough


class LoginForm(allauth.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        relabel(self, login="E-mail", password="Password")  # noqa: S106  # a label
        self.fields["password"].help_text = ""  # the page itself links to the reset
        self.fields["login"].widget.attrs |= {"autofocus": True, "autocomplete": "username"}


class ResetPasswordForm(allauth.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        relabel(self, email="E-mail")


class ResetPasswordKeyForm(allauth.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        relabel(self, password1="New password", password2="New password, again")


class ChangePasswordForm(allauth.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        relabel(
            self,
            oldpassword="Current password",
            password1="New password",
            password2="New password, again",
        )


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=120, help_text="The program that will use it, such as nightly export."
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=list(WHAT_SCOPES_ALLOW.items()),
        initial=list(SCOPES[:1]),
        widget=forms.CheckboxSelectMultiple,
        help_text="Never more than you may do yourself.",
    )
    lifetime = forms.ChoiceField(
        label="Expires after", choices=list(LIFETIMES.items()), initial="90", required=False
    )

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return now + timedelta(days=int(days)) if days else None


class ProfileForm(forms.Form):
    name = forms.CharField(max_length=120, required=False, help_text="Shown instead of the e-mail.")
