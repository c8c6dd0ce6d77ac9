"""Forms of the privacy pages."""

from __future__ import annotations

from django import forms

from analytics.ingest.models import PrivacySettings, RetentionRule, ScrubRule, Source
from analytics.ingest.scrub import KINDS


class SettingsForm(forms.Form):
    """What was decided about personal data."""

    after_erasure = forms.ChoiceField(
        label="After an erasure",
        choices=[
            (value, label[0].upper() + label[1:])
            for value, label in PrivacySettings.AfterErasure.choices
        ],
    )
    export_days = forms.IntegerField(
        label="Keep exports for",
        min_value=1,
        max_value=3650,
        help_text="Days; then the file is deleted.",
    )
    backup_days = forms.IntegerField(
        label="Back-ups are kept for",
        min_value=1,
        max_value=3650,
        required=False,
        help_text="Days, as your operators say. It stands in certificates: so long a back-up may"
        " still hold who was erased.",
    )


class RuleForm(forms.Form):
    """What is looked for, in whose events, and what becomes of it."""

    kind = forms.ChoiceField(
        label="Look for", choices=[(kind, found.label) for kind, found in KINDS.items()]
    )
    pattern = forms.CharField(
        label="Names or pattern",
        max_length=500,
        required=False,
        help_text="For properties by name: parts of names, separated by commas, such as password,"
        " token. For a pattern of your own: a regular expression (RE2), such as cust-[0-9]{6}.",
    )
    source = forms.ModelChoiceField(
        label="In events of",
        queryset=Source.objects.all(),
        required=False,
        empty_label="all sources",
    )
    action = forms.ChoiceField(
        label="Then",
        choices=[(one, label[0].upper() + label[1:]) for one, label in ScrubRule.Action.choices],
    )


class RetentionForm(forms.Form):
    """What is kept how long."""

    data_set = forms.ChoiceField(
        label="What",
        choices=[
            (one, label[0].upper() + label[1:]) for one, label in RetentionRule.DataSet.choices
        ],
    )
    source = forms.ModelChoiceField(
        label="Of",
        queryset=Source.objects.all(),
        required=False,
        empty_label="all sources without a rule of their own",
    )
    days = forms.IntegerField(
        label="Keep for",
        min_value=1,
        max_value=36_500,
        help_text="Days, by the time of the event. What is older is deleted once a day, for good.",
    )
