"""Write the audit trail, in the transaction of the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.crypto import salted_hmac

from portal.audit.models import AuditEntry
from portal.lib.requests import Origin, current_origin

if TYPE_CHECKING:
    from portal.accounts.models import User

# A name that contains one of these holds a secret, or may: `api_token`, `key_digest`, ...
SECRET_WORDS = ("password", "digest", "secret", "token", "api_key", "private_key", "credential")


@dataclass(frozen=True)
class Change:
    """What an object was and is; either side None when it did not or does not exist."""

    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def record(
    actor: User | None,
    action: str,
    subject: models.Model | None = None,
    change: Change | None = None,
) -> AuditEntry:
    """Write one entry. `actor` None means the system, or a stranger by the link they came by;
    `action` reads `noun.verb`.

    Secrets are left out of both sides. Call it inside the transaction of the change.
    """
    change = change or Change()
    origin = current_origin.get()
    return AuditEntry.objects.create(
        actor=actor,
        actor_label=_label(actor, origin),
        action=action,
        object_type=subject._meta.label_lower if subject is not None else "",
        object_id=str(subject.pk) if subject is not None else "",
        object_label=str(subject)[:200] if subject is not None else "",
        before=without_secrets(change.before),
        after=without_secrets(change.after),
        request_id=origin.request_id,
        address=origin.address or None,
    )


def _label(actor: User | None, origin: Origin) -> str:
    if actor is None:
        return origin.program[:200] or "system"
    return f"{actor}, token {origin.program}"[:200] if origin.program else str(actor)[:200]


def reference(value: str) -> str:
    """Return what stands in the trail for personal data, such as a person's id.

    Whoever has the value finds its entries by this; nobody gets from here to the value.
    """
    return salted_hmac("portal.audit.reference", value, algorithm="sha256").hexdigest()[:32]


def without_secrets(value: Any) -> Any:
    """Return the value less every field, at any depth, whose name speaks of a secret."""
    if isinstance(value, dict):
        return {
            name: without_secrets(inner) for name, inner in value.items() if not is_secret(name)
        }
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def is_secret(name: object) -> bool:
    lowered = str(name).lower()
    return lowered == "key" or any(word in lowered for word in SECRET_WORDS)
