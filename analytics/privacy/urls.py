from __future__ import annotations

from django.urls import path

from analytics.privacy import api
from analytics.privacy.views import requests, retention, rules

urlpatterns = [
    path("settings/privacy/", requests.requests, name="privacy"),
    path("settings/privacy/person/", requests.person, name="privacy-person"),
    path("settings/privacy/person/state/", requests.state_of_person, name="privacy-person-state"),
    path("settings/privacy/person/export/", requests.export, name="privacy-export"),
    path("settings/privacy/person/erase/", requests.erase, name="privacy-erase"),
    path("settings/privacy/requests/<int:request_id>/", requests.one, name="privacy-request"),
    path("settings/privacy/requests/<int:request_id>/file/", requests.file, name="privacy-file"),
    path("settings/privacy/retention/", retention.rules, name="privacy-retention"),
    path(
        "settings/privacy/retention/<int:rule_id>/",
        retention.rule,
        name="privacy-retention-rule",
    ),
    path(
        "settings/privacy/retention/<int:rule_id>/switch/",
        retention.switch,
        name="privacy-retention-switch",
    ),
    path(
        "settings/privacy/retention/<int:rule_id>/delete/",
        retention.delete,
        name="privacy-retention-delete",
    ),
    path("settings/privacy/rules/", rules.rules, name="privacy-rules"),
    path("settings/privacy/rules/new/", rules.new, name="privacy-rule-new"),
    path("settings/privacy/rules/<int:rule_id>/", rules.rule, name="privacy-rule"),
    path("settings/privacy/rules/<int:rule_id>/switch/", rules.switch, name="privacy-rule-switch"),
    path("settings/privacy/rules/<int:rule_id>/delete/", rules.delete, name="privacy-rule-delete"),
    path(
        "settings/privacy/requests/<int:request_id>/certificate/",
        requests.certificate,
        name="privacy-certificate",
    ),
    path(
        "settings/privacy/requests/<int:request_id>/delete/",
        requests.delete_export,
        name="privacy-delete-export",
    ),
    path("settings/privacy/requests/<int:request_id>/admit/", requests.admit, name="privacy-admit"),
    # Before the person's own address, which takes any text.
    path(
        "api/v1/people/<path:person_id>/export",
        api.ExportPerson.as_view(),
        name="api-person-export",
    ),
    path(
        "api/v1/people/<path:person_id>/erase", api.ErasePerson.as_view(), name="api-person-erase"
    ),
    path("api/v1/privacy/requests", api.Requests.as_view(), name="api-privacy-requests"),
    path(
        "api/v1/privacy/requests/<int:request_id>",
        api.OneRequest.as_view(),
        name="api-privacy-request",
    ),
    path(
        "api/v1/privacy/requests/<int:request_id>/file",
        api.RequestFile.as_view(),
        name="api-privacy-file",
    ),
]
