"""The form of a scrape target."""

from __future__ import annotations

from typing import Any

import yaml
from django import forms

from analytics.collect.scraping.drafts import Draft, as_written, has_bearer, parse_draft
from analytics.collect.scraping.lists import NotYaml, loaded
from analytics.collect.scraping.models import ScrapeTarget
from portal.lib.field_error import FieldError

Discovery = ScrapeTarget.Discovery
NOT_ASKED = {
    Discovery.NONE: ("list_files", "scheme", "path"),
    Discovery.FILE: ("url",),
    Discovery.HTTP: ("list_files",),
}
URL_LABEL = {
    Discovery.NONE: ("Address", "Of the page of metrics, such as http://db1:9187/metrics."),
    Discovery.HTTP: ("Address of the list", "It answers JSON as Prometheus's http_sd_configs do."),
}
RULES_HELP = (
    "A YAML list of rules as in Prometheus: keep, drop, replace, labelmap, labeldrop, labelkeep,"
    " hashmod."
)


class TargetForm(forms.Form):
    name = forms.CharField(
        max_length=120, help_text="The label job of everything that is collected here."
    )
    url = forms.CharField(max_length=2_000)
    list_files = forms.CharField(
        label="Files",
        max_length=200,
        help_text="A file or pattern below the folder of lists, such as nodes/*.yml; JSON or YAML as"
        " Prometheus's file_sd_configs have them.",
    )
    scheme = forms.ChoiceField(
        label="Fetched by", choices=[("http", "http"), ("https", "https")], required=False
    )
    path = forms.CharField(max_length=1_000, required=False, help_text="Of each page on the list.")
    interval = forms.CharField(
        max_length=20, label="Every", help_text="Such as 15s or 1m; 5s at the least."
    )
    timeout = forms.CharField(
        max_length=20, required=False, help_text="At most the interval; empty: 10s, or less."
    )
    labels = forms.CharField(
        required=False,
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line, such as team = payments; on all its series.",
    )
    bearer = forms.CharField(
        label="Bearer token",
        required=False,
        max_length=10_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    forgets_bearer = forms.BooleanField(label="Forget the token that is kept", required=False)
    ca = forms.CharField(
        label="Certificates of its authority",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="PEM; empty: those that the system trusts.",
    )
    verify_tls = forms.BooleanField(label="Its certificate is verified", required=False)
    honor_labels = forms.BooleanField(
        label="Labels of the page win over those of the target",
        required=False,
        help_text="For pages that speak for others, such as a Pushgateway's; else a label of the"
        " same name becomes exported_….",
    )
    honor_timestamps = forms.BooleanField(label="Times on the page count", required=False)
    relabel = forms.CharField(
        label="Rules for targets",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=RULES_HELP,
    )
    metric_relabel = forms.CharField(
        label="Rules for samples",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=RULES_HELP,
    )
    sample_limit = forms.IntegerField(
        label="Samples at most",
        min_value=1,
        help_text="A page with more after its rules counts as failed: nothing of it is kept.",
    )

    def __init__(
        self, *args: Any, discovery: str, target: ScrapeTarget | None = None, **kwargs: Any
    ) -> None:
        self.discovery, self.target = discovery, target
        super().__init__(*args, **{"initial": shown(target), **kwargs})
        for name in NOT_ASKED[Discovery(discovery)]:
            del self.fields[name]
        if "url" in self.fields:
            self.fields["url"].label, self.fields["url"].help_text = URL_LABEL[Discovery(discovery)]
        if target is not None and has_bearer(target):
            self.fields["bearer"].help_text = "One is kept, encrypted; empty: it stays."
        else:
            del self.fields["forgets_bearer"]

    def draft(self) -> Draft:
        """Return what is wanted. Raises FieldError."""
        given = dict(self.cleaned_data)
        files = given.pop("list_files", "")
        body = {
            **given,
            "files": files,
            "discovery": self.discovery,
            "timeout": given["timeout"] or None,
            "labels": labels_in(given["labels"]),
            "relabel": rules_in(given["relabel"], "relabel"),
            "metric_relabel": rules_in(given["metric_relabel"], "metric_relabel"),
        }
        if not body["bearer"] and not body.pop("forgets_bearer", False):
            del body["bearer"]
        body.pop("forgets_bearer", None)
        return parse_draft(body, self.target)

    def refuse(self, error: FieldError) -> None:
        """Show what is wrong beside the field that it is about."""
        field = error.field.partition("[")[0].partition(".")[0]
        inside = error.field.removeprefix(field)
        name = "list_files" if field == "files" else field
        words = f"{inside}: {error.message}" if inside else error.message
        self.add_error(name if name in self.fields else None, words)


def shown(target: ScrapeTarget | None) -> dict[str, Any]:
    """Return what the fields show at first."""
    written = as_written(target)
    return {
        **written,
        "list_files": written["files"],
        "interval": f"{written['interval']}s",
        "timeout": f"{written['timeout']:g}s" if written["timeout"] else "",
        "labels": "\n".join(f"{name} = {value}" for name, value in written["labels"].items()),
        "relabel": rules_text(written["relabel"]),
        "metric_relabel": rules_text(written["metric_relabel"]),
    }


def rules_text(rules: list[dict[str, Any]]) -> str:
    return yaml.safe_dump(rules, sort_keys=False, allow_unicode=True) if rules else ""


def labels_in(text: str) -> dict[str, str]:
    """Read `name = value` lines. Raises FieldError."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        if not sign or not name.strip():
            raise FieldError("labels", f"“{line[:60]}” is not name = value.")
        found[name.strip()] = value.strip()
    return found


def rules_in(text: str, field: str) -> Any:
    """Read a YAML list. Raises FieldError."""
    try:
        found = loaded(text)
    except NotYaml as error:
        raise FieldError(field, f"This is no YAML: {error}") from error
    return [] if found is None else found
