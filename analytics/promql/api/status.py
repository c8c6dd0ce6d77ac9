"""What clients ask a Prometheus server about itself, told truthfully of the portal."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from rest_framework.request import Request

from analytics.promql.answers import Answer, plain
from analytics.promql.api.answering import PrometheusView
from analytics.promql.api.described import operation
from analytics.promql.parameters import BadParameter, Form, quoted
from analytics.promql.rules import keepers
from portal.accounts.permissions import staff_of
from portal.lib.openapi import OBJECT

# The Prometheus whose answers these are; Grafana chooses by it what it asks for.
SPOKEN_VERSION = "3.14.0"
RULE_FILTERS = {
    "type": "alert or record; both by default.",
    "rule_name[]": "Of these names alone.",
    "rule_group[]": "Of these groups alone.",
    "file[]": "Of these files alone.",
}


class BuildInfoView(PrometheusView):
    """Say which version of Prometheus's API is spoken here."""

    operations = {"get": operation(OBJECT)}

    def answer(self, form: Form, **path: str) -> Answer:
        return plain(
            {
                "version": SPOKEN_VERSION,
                "revision": "",
                "branch": "portal",
                "buildUser": "",
                "buildDate": "",
                "goVersion": f"none; Python {platform.python_version()}",
            }
        )


class FlagsView(PrometheusView):
    """Say with which of Prometheus's flags the portal answers as if it had been started."""

    operations = {"get": operation(OBJECT)}

    def answer(self, form: Form, **path: str) -> Answer:
        return plain(
            {
                "query.lookback-delta": "5m",
                "query.max-samples": "50000000",
                "web.enable-remote-write-receiver": "true",
                "web.enable-admin-api": "false",
                "web.external-url": settings.PUBLIC_URL,
            }
        )


class ConfigView(PrometheusView):
    """Say that there is no configuration file: everything is set in the portal's pages."""

    operations = {"get": operation(OBJECT)}

    def answer(self, form: Form, **path: str) -> Answer:
        return plain({"yaml": "# This is the portal: its settings are pages, not a file.\n"})


class RulesView(PrometheusView):
    """List the rules that are evaluated, as far as the caller may see them."""

    operations = {"get": operation(OBJECT, **RULE_FILTERS)}
    request: Request

    def answer(self, form: Form, **path: str) -> Answer:
        wanted = form.text("type")
        if wanted not in {"", "alert", "record"}:
            raise BadParameter("type", f"not supported value {quoted(wanted)}")
        groups = [
            {**group, "rules": [one for one in group["rules"] if is_wanted(one, form)]}
            for keeper in keepers
            for group in keeper.groups(staff_of(self.request))
            if among(group["name"], form.all("rule_group[]"))
            and among(group["file"], form.all("file[]"))
        ]
        return plain({"groups": [group for group in groups if group["rules"]]})


def is_wanted(rule: Mapping[str, Any], form: Form) -> bool:
    kind = {"alert": "alerting", "record": "recording"}.get(form.text("type"), rule["type"])
    return bool(rule["type"] == kind) and among(rule["name"], form.all("rule_name[]"))


def among(name: str, wanted: Sequence[str]) -> bool:
    """Tell whether a name is asked for: any is, where none is named."""
    return not wanted or name in wanted


class AlertsView(PrometheusView):
    """List the alerts that are pending or firing, as far as the caller may see them."""

    operations = {"get": operation(OBJECT)}
    request: Request

    def answer(self, form: Form, **path: str) -> Answer:
        alerts = [one for keeper in keepers for one in keeper.alerts(staff_of(self.request))]
        return plain({"alerts": alerts})
