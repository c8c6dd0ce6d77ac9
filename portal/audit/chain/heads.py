"""Signed heads: the chain's end, signed by a key that the database does not have.

They stand in the database and, a line each, in `audit/heads.ndjson` under the data directory, so that
a chain that was cut or rebuilt contradicts them. Public keys stay in `audit/keys/` for good.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings

from portal.audit.models import Head


class BadKey(Exception):
    """The key file is no Ed25519 key; the text says which file."""


class BadHeads(Exception):
    """A file of heads cannot be read; the text says where."""


@dataclass(frozen=True)
class SignedHead:
    """`hash` is the chain's at `position`; `signature` is over `statement`, in hexadecimal."""

    position: int
    hash: str
    at: str
    key_id: str
    signature: str

    @property
    def statement(self) -> bytes:
        return statement(self.position, self.hash, self.at, self.key_id)


def statement(position: int, digest: str, at: str, key_id: str) -> bytes:
    """Return the bytes that are signed."""
    return f"portal audit head 1\n{position}\n{digest}\n{at}\n{key_id}".encode()


def sign(position: int, digest: str, now: datetime) -> SignedHead:
    """Sign the chain's end with the key of PORTAL_AUDIT_KEY_FILE. Raises BadKey."""
    key = private_key()
    key_id = id_of(key.public_key())
    at = now.astimezone(UTC).isoformat(timespec="microseconds")
    signature = key.sign(statement(position, digest, at, key_id)).hex()
    return SignedHead(position, digest, at, key_id, signature)


def signed(head: Head) -> SignedHead:
    """Return a head of the database as it was signed."""
    at = head.at.astimezone(UTC).isoformat(timespec="microseconds")
    return SignedHead(head.position, head.hash, at, head.key_id, head.signature)


def is_genuine(head: SignedHead, keys: dict[str, Ed25519PublicKey]) -> bool:
    """Tell whether one of our keys signed this head."""
    key = keys.get(head.key_id)
    if key is None:
        return False
    try:
        key.verify(bytes.fromhex(head.signature), head.statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def private_key() -> Ed25519PrivateKey:
    """Return the signing key; make it, and keep its public half, on the first call."""
    file: Path = settings.AUDIT_KEY_FILE
    if not file.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        write_once(file, pem, mode=0o600)
    key = load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{file} is not an Ed25519 key in PEM: openssl genpkey -algorithm ed25519")
    public = key.public_key()
    kept = keys_folder() / f"{id_of(public)}.pem"
    if not kept.exists():
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_once(kept, pem, mode=0o644)
    return key


def public_keys() -> dict[str, Ed25519PublicKey]:
    """Return every key that ever signed here, by its id."""
    read = (load_pem_public_key(file.read_bytes()) for file in keys_folder().glob("*.pem"))
    return {id_of(key): key for key in read if isinstance(key, Ed25519PublicKey)}


def id_of(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def keys_folder() -> Path:
    return Path(settings.AUDIT_DIR) / "keys"


def heads_file() -> Path:
    return Path(settings.AUDIT_DIR) / "heads.ndjson"


def append(head: SignedHead, file: Path) -> None:
    """Add a line, on disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as opened:
        opened.write(orjson.dumps(asdict(head)) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())


def read(file: Path) -> Iterator[SignedHead]:
    """Read a file of heads, as it was kept or posted elsewhere. Raises BadHeads."""
    if not file.exists():
        return
    with file.open("rb") as lines:
        yield from _read(lines, file)


def _read(lines: Iterable[bytes], file: Path) -> Iterator[SignedHead]:
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return  # cut by a crash: the entry it was for is covered by the next head
        try:
            found = orjson.loads(line)
            yield SignedHead(
                int(found["position"]), str(found["hash"]), str(found["at"]),
                str(found["key_id"]), str(found["signature"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise BadHeads(f"{file}, line {number}: not a head") from error


def write_once(file: Path, content: bytes, *, mode: int) -> None:
    """Write a new file; whoever comes first of two processes wins."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=mode)
    draft.write_bytes(content)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
