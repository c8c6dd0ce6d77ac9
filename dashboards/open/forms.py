"""The forms of links and snapshots."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings

from dashboards.open.actions import NewLink
from dashboards.open.models import LINK, SCREEN, Snapshot

UNTIL_REVOKED = "0"
LIFETIMES = {"24": "1 day", "168": "1 week", "720": "30 days", "2160": "90 days", "8760": "1 year"}
KINDS = {
    LINK: "Link: opens in any browser until it ends",
    SCREEN: "Screen: a TV shows it full screen",
}


class LinkForm(forms.Form):
    name = forms.CharField(
        label="For whom", max_length=120, help_text="A customer, a TV: so that you know it again."
    )
    kind = forms.ChoiceField(label="What it is", choices=list(KINDS.items()))
    lifetime = forms.ChoiceField(
        label="Ends after",
        choices=[*LIFETIMES.items(), (UNTIL_REVOKED, "Until revoked (screens only)")],
        initial="720",
    )
    may_choose_range = forms.BooleanField(label="They may choose another range", required=False)
    may_download = forms.BooleanField(label="They may download CSV", required=False)
    hosts = forms.MultipleChoiceField(
        label="May be framed by pages of",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    look = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_screen_only: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hosts"].choices = [(host, host) for host in settings.EMBED_HOSTS]  # type: ignore[attr-defined]  # a choice field
        if not settings.EMBED_HOSTS:
            del self.fields["hosts"]
        if is_screen_only:
            self.fields["kind"].choices = [(SCREEN, KINDS[SCREEN])]  # type: ignore[attr-defined]  # a choice field
            self.initial.setdefault("lifetime", UNTIL_REVOKED)
            for name in ("may_choose_range", "may_download", "hosts", "look"):
                self.fields.pop(name, None)

    def new_link(
        self, look: dict[str, list[str]], now: datetime, snapshot: Snapshot | None = None
    ) -> NewLink:
        given = self.cleaned_data
        hours = int(given["lifetime"])
        return NewLink(
            name=given["name"],
            kind=given["kind"],
            expires_at=now + timedelta(hours=hours) if hours else None,
            look=look,
            may_choose_range=given.get("may_choose_range", False),
            may_download=given.get("may_download", False),
            hosts=given.get("hosts", []),
            snapshot=snapshot,
        )


class SnapshotForm(forms.Form):
    name = forms.CharField(
        max_length=120, required=False, help_text="Empty: its name and the time."
    )
    lifetime = forms.ChoiceField(label="Kept for", choices=list(LIFETIMES.items()), initial="2160")
    look = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def expires_at(self, now: datetime) -> datetime:
        return now + timedelta(hours=int(self.cleaned_data["lifetime"]))
