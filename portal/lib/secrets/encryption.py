"""Encrypt what must be said to others later: AES-256-GCM, with the key's id beside it.

An encrypted text reads `enc1:<key id>:<base64>`. It can be read only for the purpose that it was
written for, so that nobody gains by copying one column's value into another.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.lib.secrets import keys

MARK = "enc1"
NONCE = 12


class Undecryptable(Exception):
    """An encrypted secret cannot be read; the text says why, never what."""


def encrypt(text: str, purpose: str) -> str:
    """Encrypt a text with the current key. `purpose` names the place, such as `sso.client_secret`."""
    key, nonce = keys.all_keys()[0], secrets.token_bytes(NONCE)
    sealed = AESGCM(key.value).encrypt(nonce, text.encode(), _bound(key.id, purpose))
    return f"{MARK}:{key.id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(encrypted: str, purpose: str) -> str:
    """Return the text of what `encrypt` wrote for the same purpose. Raises Undecryptable."""
    key_id, packed = _parts(encrypted)
    key = next((one for one in keys.all_keys() if one.id == key_id), None)
    if key is None:
        raise Undecryptable(
            f"The key {key_id} is not known any more: put it back into the key file, or give the"
            " old secret key in PORTAL_OLD_SECRET_KEYS."
        )
    try:
        found = AESGCM(key.value).decrypt(packed[:NONCE], packed[NONCE:], _bound(key_id, purpose))
    except (InvalidTag, ValueError) as error:
        raise Undecryptable("The secret was altered, or belongs to another place.") from error
    return found.decode()


def is_encrypted(text: str) -> bool:
    return text.startswith(f"{MARK}:") and text.count(":") == 2


def key_id_of(encrypted: str) -> str:
    """Return the id of the key that encrypted this. Raises Undecryptable."""
    return _parts(encrypted)[0]


def is_current(encrypted: str) -> bool:
    """Tell whether the key that encrypts today encrypted this."""
    return key_id_of(encrypted) == keys.all_keys()[0].id


def _parts(encrypted: str) -> tuple[str, bytes]:
    if not is_encrypted(encrypted):
        raise Undecryptable("This is no encrypted secret.")
    _, key_id, packed = encrypted.split(":")
    try:
        return key_id, base64.urlsafe_b64decode(packed)
    except binascii.Error as error:
        raise Undecryptable("The secret was cut or altered.") from error


def _bound(key_id: str, purpose: str) -> bytes:
    return f"{MARK}:{key_id}:{purpose}".encode()
