"""Ids of erased persons whose events are refused: known by a keyed hash only.

The door refuses their events, and the writer drops what had passed the door before.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db.models import Count, Max

from analytics.ingest.events import ALIAS, TEXTS, Rejection, Rows
from analytics.ingest.models import ErasedId, PrivacySettings
from portal.lib.secrets import Secret, Undecryptable

log = logging.getLogger(__name__)
REMEMBERED_FINE = 200_000  # ids that were looked at and are not erased
MESSAGE = "This person was erased; their events are not taken."
USER, ANONYMOUS = TEXTS.index("userId"), TEXTS.index("anonymousId")


def current() -> PrivacySettings:
    """Return the settings; the first call makes them, with fresh keys."""
    found = PrivacySettings.objects.filter(id=1).first()
    if found is None:
        signing = Ed25519PrivateKey.generate().private_bytes_raw().hex()
        fresh = {"erased_key": secrets.token_hex(32), "signing_key": signing}
        PrivacySettings.objects.get_or_create(id=1, defaults=fresh)
        found = PrivacySettings.objects.get(id=1)
    if not found.scrub_key:
        found.scrub_key = secrets.token_hex(32)
        PrivacySettings.objects.filter(id=1, scrub_key="").update(scrub_key=found.scrub_key)
        found = PrivacySettings.objects.get(id=1)
    return found


def digest_of(key: bytes, value: str, *, is_user: bool) -> str:
    """Return what is kept of an erased id."""
    kind = b"u:" if is_user else b"a:"
    return blake2b(kind + value.encode(), key=key, digest_size=16).hexdigest()


def key_of(row: PrivacySettings) -> bytes:
    """Return the key of the hashes. Raises Undecryptable."""
    return bytes.fromhex(row.erased_key.reveal())


class ErasedIds:
    """All of them, in memory; `load` brings it up to date, and is cheap when nothing changed."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._version: tuple[int, int | None] = (0, None)
        self._digests: frozenset[str] = frozenset()
        self._key = b""
        self._fine: dict[bool, set[str]] = {True: set(), False: set()}
        if file is not None and file.exists():
            self._remembered(file)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def load(self) -> None:
        """Read what PostgreSQL knows. Raises DatabaseError."""
        found = ErasedId.objects.aggregate(count=Count("pk"), last=Max("pk"))
        version = (int(found["count"]), found["last"])
        if version == self._version:
            return
        row = current()
        digests = frozenset(ErasedId.objects.values_list("digest", flat=True))
        try:
            self._take(key_of(row), digests)
        except Undecryptable:
            log.exception("The key of erased ids cannot be read: erased persons are not refused.")
            return
        self._version = version
        if self._file is not None:
            remember(self._file, row.erased_key.encrypted, digests)

    def _take(self, key: bytes, digests: frozenset[str]) -> None:
        self._key, self._digests = key, digests
        self._fine = {True: set(), False: set()}

    def _remembered(self, file: Path) -> None:
        """Take what an earlier process wrote down, for a start without database."""
        try:
            stored = json.loads(file.read_text())
            key = Secret(stored["key"], PURPOSE).reveal()
            self._take(bytes.fromhex(key), frozenset(stored["digests"]))
        except (OSError, ValueError, KeyError, Undecryptable):
            log.warning("The list of erased ids cannot be read from its file.")

    def among(self, ids: Iterable[str | None], *, is_user: bool) -> set[str]:
        """Return those of the ids that are erased."""
        fine = self._fine[is_user]
        if len(fine) > REMEMBERED_FINE:
            fine.clear()
        unknown = {one for one in ids if one} - fine
        found = {
            one for one in unknown if digest_of(self._key, one, is_user=is_user) in self._digests
        }
        fine |= unknown - found
        return found

    def refuse(self, rows: Rows) -> dict[int, Rejection]:
        """Find the events of erased persons among rows that were read: by their place, why.

        Whoever uses the device of an erased person counts without its anonymous id.
        """
        if not self:
            return {}
        users, others = rows.texts[USER], rows.texts[ANONYMOUS]
        erased_users = self.among(users, is_user=True)
        erased_others = self.among(others, is_user=False)
        found = {}
        for place, (user, other) in enumerate(zip(users, others, strict=True)):
            field = ""
            if user in erased_users:
                field = "userId"
            elif rows.name[place] == ALIAS and self._is_erased_alias(rows.properties[place]):
                field = "properties.alias"
            elif other in erased_others and not user:
                field = "anonymousId"
            elif other in erased_others:
                others[place] = ""
            if field:
                found[place] = Rejection(int(rows.position[place]), field, MESSAGE)
        return found

    def _is_erased_alias(self, properties: bytes | str) -> bool:
        alias = orjson.loads(properties).get("alias")
        return type(alias) is str and any(
            self.among([alias], is_user=is_user) for is_user in (True, False)
        )

    def is_about(self, event: Any) -> bool:
        """Tell whether an event, which may be any JSON, carries an erased id."""
        if not self or type(event) is not dict:
            return False
        return any(
            type(value := event.get(field)) is str and bool(self.among([value], is_user=is_user))
            for field, is_user in (("userId", True), ("anonymousId", False))
        )

    def kept(self, rows: Any, kept: bytes) -> bytes:
        """Drop erased persons' rows from those that the writer is about to keep."""
        if not self:
            return kept
        users, others = self._mask(rows["user_id"], True), self._mask(rows["anonymous_id"], False)
        nameless = pc.equal(rows["user_id"], "").to_numpy(zero_copy_only=False)
        dropped = users | (others & nameless)
        aliases = pc.equal(rows["name"], ALIAS).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(aliases):
            dropped[place] |= self._is_erased_alias(rows["properties"][int(place)].as_py())
        return bytes((np.frombuffer(kept, np.uint8) & ~dropped).astype(np.uint8).tobytes())

    def without_devices(self, rows: Any) -> Any:
        """Blank erased anonymous ids of rows that stay: they are other persons'."""
        if not self or not (mask := self._mask(rows["anonymous_id"], False)).any():
            return rows
        place = rows.schema.get_field_index("anonymous_id")
        blank = pc.if_else(pa.array(mask), "", rows["anonymous_id"])
        return rows.set_column(place, "anonymous_id", blank)

    def _mask(self, ids: Any, is_user: bool) -> Any:  # private
        erased = self.among(pc.unique(ids).to_pylist(), is_user=is_user)
        found = pc.is_in(ids, pa.array(sorted(erased), pa.string()))
        return found.to_numpy(zero_copy_only=False)


PURPOSE = "ingest.privacysettings.erased_key"


def remember(file: Path, key: str, digests: frozenset[str]) -> None:
    """Write the hashes down for a start without database; the key stands there encrypted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({"key": key, "digests": sorted(digests)}))
    draft.replace(file)


def file() -> Path:
    found: Path = settings.DATA_DIR / "run" / "erased-ids.json"
    return found
