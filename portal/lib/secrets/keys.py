"""The keys that secrets are encrypted with: of the key file, and those derived from settings.

The file has one key a line, `<id> <base64 of 32 bytes>`; the first one encrypts, all decrypt. Without
a file, the key derived from PORTAL_SECRET_KEY encrypts.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

SIZE = 32
LINE = re.compile(r"(?P<id>[a-z0-9][a-z0-9-]{0,39})\s+(?P<key>[A-Za-z0-9+/_=-]+)")


class BadKeyFile(Exception):
    """The key file cannot be used; the text says which line and why, never the key."""


@dataclass(frozen=True)
class Key:
    """One key, and the id that stands beside what it encrypted."""

    id: str
    value: bytes

    def __repr__(self) -> str:
        return f"Key({self.id})"


def all_keys() -> list[Key]:
    """Return every key, the one that encrypts first. Raises BadKeyFile."""
    derived = [derived_key(text) for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return [*file_keys(), *derived]


def file() -> Path:
    found: Path = settings.SECRET_KEYS_FILE
    return found


def file_keys() -> list[Key]:
    """Return the file's keys; a change of the file is seen at once."""
    try:
        found = file().stat()
    except FileNotFoundError:
        return []
    return list(_read(file(), found.st_mtime_ns, found.st_size, found.st_ino))


@lru_cache(maxsize=4)
def _read(path: Path, *_: int) -> tuple[Key, ...]:
    keys = [
        _parsed(number, line)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    ids = [key.id for key in keys]
    if len(set(ids)) < len(ids):
        raise BadKeyFile(f"{path} names one id twice.")
    return tuple(keys)


def _parsed(number: int, line: str) -> Key:
    match = LINE.fullmatch(line.strip())
    if match is None:
        raise BadKeyFile(f"Line {number} of the key file should read: id, blank, key in base64.")
    try:
        value = base64.b64decode(match["key"], altchars=b"-_", validate=False)
    except binascii.Error as error:
        raise BadKeyFile(f"Line {number} of the key file holds no base64.") from error
    if len(value) != SIZE:
        raise BadKeyFile(f"The key in line {number} of the key file should have {SIZE} bytes.")
    return Key(match["id"], value)


@lru_cache(maxsize=8)
def derived_key(text: str) -> Key:
    """Make a key from a text of the settings; its id tells which text, and nothing about it."""
    return Key(
        f"s-{_derived(text, 'portal.secrets.id', 5).hex()}", _derived(text, "portal.secrets")
    )


def _derived(text: str, purpose: str, size: int = SIZE) -> bytes:
    found: bytes = HKDF(SHA256(), size, salt=None, info=purpose.encode()).derive(text.encode())
    return found


def add_to_file(today: str) -> Key:
    """Put a fresh key at the head of the file, which is made if need be."""
    key = Key(f"{today}-{secrets.token_hex(3)}", secrets.token_bytes(SIZE))
    _write([key, *file_keys()])
    return key


def keep_in_file(ids: Iterable[str]) -> list[str]:
    """Leave only these keys in the file; returns the ids of those removed."""
    kept, found = set(ids), file_keys()
    removed = [key.id for key in found if key.id not in kept]
    if removed:
        _write([key for key in found if key.id in kept])
    return removed


def _write(keys: list[Key]) -> None:
    lines = [f"{key.id} {base64.urlsafe_b64encode(key.value).decode()}\n" for key in keys]
    path = file()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    with draft.open("w") as opened:
        opened.writelines(lines)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(path)
