"""The certificate of an erasure: what was there before and after, signed (Ed25519).

`statement` is what is signed, in its canonical form: JSON, keys sorted, no blanks.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from analytics.ingest import erased
from analytics.ingest.models import PersonRequest
from portal.audit.personal import holders

Json = dict[str, Any]


def statement(request: PersonRequest, cleared: Mapping[str, Json], now: datetime) -> Json:
    """Say what was erased. It names nobody: the references are keyed, as in the audit trail."""
    return {
        "what": "erasure of a person",
        "request": request.pk,
        "references": request.references,
        "requested_at": request.requested_at.isoformat(),
        "requested_by": str(request.requested_by or "a command on the server"),
        "erased_at": request.deleting_at.isoformat() if request.deleting_at else None,
        "done_at": now.isoformat(),
        "new_events": request.get_after_erasure_display(),
        "stores": [
            {"kind": one.kind, "label": one.label, **request.counts[one.kind], "stays": one.stays}
            for one in holders
            if one.kind in request.counts
        ],
        "files": [{"kind": kind, **one} for kind, one in sorted(cleared.items())],
    }


def signed(told: Json) -> Json:
    """Return the statement with a signature that anybody can check."""
    text = erased.current().signing_key.reveal()
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    return {
        "statement": told,
        "signature": base64.b64encode(key.sign(canonical(told))).decode(),
        "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
    }


def is_genuine(certificate: Json) -> bool:
    """Tell whether a certificate is ours and says what we signed."""
    text = erased.current().signing_key.reveal()
    public: Ed25519PublicKey = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex(text)
    ).public_key()
    try:
        signature = base64.b64decode(str(certificate.get("signature", "")))
        public.verify(signature, canonical(certificate.get("statement")))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def canonical(told: Any) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
