"""Requests as the API and the pages show them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from analytics.ingest.models import PersonRequest
from portal.audit.personal import holders

Json = dict[str, Any]


def request_json(row: PersonRequest) -> Json:
    """Return a request with how far it has come."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "state": row.state,
        "references": row.references,
        "requested_by": str(row.requested_by) if row.requested_by else None,
        "requested_at": row.requested_at,
        "done_at": row.done_at,
        "after_erasure": row.after_erasure or None,
        "stores": stores(row),
        "trouble": row.trouble,
        "certificate": row.certificate,
        "expires_at": row.expires_at,
        "size_bytes": row.size_bytes,
        "file": reverse("api-privacy-file", args=[row.pk]) if row.file else None,
        "url": reverse("api-privacy-request", args=[row.pk]),
    }


def stores(row: PersonRequest) -> list[Json]:
    """Return what was counted, store by store."""
    return [
        {"kind": one.kind, "label": one.label, "before": None, "after": None}
        | row.counts[one.kind]
        | {"stays": one.stays}
        for one in holders
        if one.kind in row.counts
    ]
