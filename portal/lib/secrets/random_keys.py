"""Random keys that are shown once and kept as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

SHAPE = re.compile(r"^(?P<label>p[a-z]{2})_(?P<prefix>[0-9a-z]{8})_(?P<secret>[0-9A-Za-z_-]{43})$")
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class NewSecret:
    """A fresh key: `text` is shown once, `prefix` and `digest` are kept."""

    text: str
    prefix: str
    digest: str


def new_secret(label: str) -> NewSecret:
    """Make a key `<label>_<prefix>_<secret>` with 256 bits of randomness."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(8))
    text = f"{label}_{prefix}_{secrets.token_urlsafe(32)}"
    return NewSecret(text=text, prefix=prefix, digest=digest_of(text))


def digest_of(text: str) -> str:
    """Hash a key for storage and look-up.

    A plain SHA-256 is enough: the key has 256 random bits, so there is nothing to guess.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def masked(text: str) -> str:
    """Return a text for the log: of what begins as a key only the visible start."""
    match = re.match(r"p[a-z]{2}_[0-9a-z]{8}_", text)
    return f"{match[0]}…" if match else text


def is_shaped_like(text: str, label: str) -> bool:
    match = SHAPE.match(text)
    return match is not None and match["label"] == label
