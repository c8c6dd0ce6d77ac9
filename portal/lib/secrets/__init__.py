"""Secrets: random keys kept as a hash, and secrets of others kept encrypted.

What we only have to recognize (ingest keys, API tokens) is kept as a hash: `new_secret`. What we have
to say to somebody else (a provider's client secret) is kept encrypted: `SecretField` on a model, or
`encrypt` and `decrypt` where no field of ours holds it.
"""

from __future__ import annotations

from portal.lib.secrets.encryption import Undecryptable, decrypt, encrypt, is_encrypted
from portal.lib.secrets.fields import Secret, SecretField
from portal.lib.secrets.random_keys import NewSecret, digest_of, is_shaped_like, masked, new_secret

__all__ = [
    "NewSecret",
    "Secret",
    "SecretField",
    "Undecryptable",
    "decrypt",
    "digest_of",
    "encrypt",
    "is_encrypted",
    "is_shaped_like",
    "masked",
    "new_secret",
]
