"""An entry as programs and files get it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from portal.audit.models import AuditEntry, ChainState, Head, Seal
from portal.auditor.filters import seals_of

COLUMNS = (
    "id", "at", "actor", "actor_email", "action", "object_type", "object_id", "object_label", "before",
    "after", "address", "request_id", "position", "hash",
)  # fmt: skip
CHUNK = 2_000


def as_json(entry: AuditEntry, seal: Seal | None) -> dict[str, Any]:
    """Return an entry; `position` and `hash` are null until it is sealed."""
    return {
        "id": entry.pk,
        "at": entry.at,
        "actor": entry.actor_label,
        "actor_email": entry.actor.email if entry.actor else None,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "object_label": entry.object_label,
        "before": entry.before,
        "after": entry.after,
        "address": entry.address,
        "request_id": entry.request_id,
        "position": seal.position if seal else None,
        "hash": seal.hash if seal else None,
    }


def all_as_json(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    seals = seals_of(entries)
    return [as_json(entry, seals.get(entry.pk)) for entry in entries]


def rows(entries: list[AuditEntry]) -> Iterator[list[Any]]:
    """Give rows of a file, in the order of COLUMNS."""
    for one in all_as_json(entries):
        yield [_cell(one[name]) for name in COLUMNS]


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if hasattr(value, "isoformat") else value


def chain_as_json() -> dict[str, Any]:
    """Say how far the chain reaches, and what the last verification found."""
    state, last, head = ChainState.objects.first(), Seal.objects.last(), Head.objects.last()
    return {
        "sealed_position": last.position if last else 0,
        "sealed_entry": last.entry_id if last else None,
        "sealed_at": last.sealed_at if last else None,
        "signed_position": head.position if head else 0,
        "key_id": head.key_id if head else None,
        "verified_at": state.verified_at if state else None,
        "verified_position": state.verified_position if state else 0,
        "findings": state.finding.splitlines() if state else [],
        "posted_position": state.posted_position if state else 0,
        "posting_problem": state.posting_problem if state else "",
    }
