"""The form of another Prometheus server."""

from __future__ import annotations

from typing import Any

from django import forms

from analytics.promql.drafts import Draft, draft_of
from analytics.promql.models import BASIC, BEARER, NO_AUTHENTICATION, PrometheusServer
from portal.lib.field_error import FieldError

WAYS = (
    (NO_AUTHENTICATION, "nothing"),
    (BEARER, "bearer token"),
    (BASIC, "user name and password"),
)
KEPT = "One is kept, encrypted; type another to replace it."
HIDDEN = {"autocomplete": "off"}


class ServerForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="Widgets and questions choose it by this.")
    url = forms.CharField(
        label="URL",
        max_length=500,
        help_text="What stands before /api/v1; for Mimir it ends with /prometheus. An address"
        " inside your network has to be named in PORTAL_INTERNAL_HOSTS.",
    )
    authentication = forms.ChoiceField(label="It asks for", choices=WAYS)
    user_name = forms.CharField(max_length=200, required=False)
    secret = forms.CharField(
        label="Token or password",
        max_length=10_000,
        required=False,
        widget=forms.PasswordInput(attrs=HIDDEN),
    )
    tenant = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs=HIDDEN),
        help_text="Sent as X-Scope-OrgID, for Mimir, Cortex and Thanos; empty where there is none.",
    )
    forgets = forms.BooleanField(
        label="Remove the token, password and tenant that are kept", required=False
    )

    def __init__(self, *args: Any, server: PrometheusServer | None = None, **kwargs: Any) -> None:
        initial = initial_of(server) if server else {}
        super().__init__(*args, **{"initial": initial, **kwargs})
        if server is None or not (server.secret or server.tenant):
            del self.fields["forgets"]
        if server is not None and server.secret:
            self.fields["secret"].help_text = KEPT
        if server is not None and server.tenant:
            self.fields["tenant"].help_text = KEPT

    def draft(self) -> Draft:
        given = self.cleaned_data
        otherwise = "" if given.get("forgets") else None
        return Draft(
            given["name"], given["url"], given["authentication"], given["user_name"],
            given["secret"] or otherwise, given["tenant"] or otherwise,
        )  # fmt: skip

    def refuse(self, error: FieldError) -> None:
        self.add_error(error.field if error.field in self.fields else None, error.message)


def initial_of(server: PrometheusServer) -> dict[str, Any]:
    draft = draft_of(server)
    return {
        "name": draft.name,
        "url": draft.url,
        "authentication": draft.authentication,
        "user_name": draft.user_name,
    }


class SeriesLimitForm(forms.Form):
    """How many live series a source may have; empty: as many as any other."""

    source = forms.CharField(max_length=250)
    most = forms.IntegerField(required=False)

    def given(self) -> tuple[str, int | None]:
        """Return source and limit. Raises FieldError."""
        if not self.is_valid():
            field, problems = next(iter(self.errors.items()))
            raise FieldError(str(field), str(problems[0]))
        return self.cleaned_data["source"], self.cleaned_data["most"]
