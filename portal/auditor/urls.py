from __future__ import annotations

from django.urls import path

from portal.auditor.api import AuditList
from portal.auditor.views import audit_csv, page, verify_now

urlpatterns = [
    path("audit/", page, name="audit"),
    path("audit/csv/", audit_csv, name="audit-csv"),
    path("audit/verify/", verify_now, name="audit-verify"),
    path("api/v1/audit", AuditList.as_view(), name="api-audit"),
]
