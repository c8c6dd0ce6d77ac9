"""Which entries of the trail somebody wants to see; the whole state stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, QuerySet

from portal.audit.models import AuditEntry, Seal
from portal.lib import time_range
from portal.lib.field_error import FieldError
from portal.lib.time_range import BadRange, Chosen

FIELDS = ("actor", "action", "object", "from", "to", "tz")
LARGEST_ID = 2**63 - 1
LONGEST = 200


@dataclass(frozen=True)
class Filters:
    """`actor`: part of a name, or an e-mail address; `action`: `user.login` or `user`; `object`: part
    of its name, its kind (`dashboards.dashboard`), or kind and number (`dashboards.dashboard:7`).
    """

    given: dict[str, str]
    chosen: Chosen

    @classmethod
    def read(cls, query: Mapping[str, str], now: datetime, *, default: str) -> Filters:
        """Read them from an address. Raises FieldError."""
        given = {name: (query.get(name) or "").strip() for name in FIELDS}
        for name, value in given.items():
            if "\0" in value or len(value) > LONGEST:
                raise FieldError(name, f"This must be at most {LONGEST} characters.")
        try:
            chosen = time_range.read(given, now, default=default, zone=settings.PORTAL_TIME_ZONE)
        except BadRange as error:
            field = next(
                (name for name in ("from", "to", "tz") if f"`{name}`" in str(error)), "from"
            )
            raise FieldError(field, str(error)) from error
        return cls({name: value for name, value in given.items() if value}, chosen)

    @property
    def narrows(self) -> bool:
        """Tell whether anything but the time is asked for."""
        return any(self.given.get(name) for name in ("actor", "action", "object"))

    def address(self, **changes: str) -> str:
        pairs = {**self.given, **changes}
        return f"?{urlencode({name: value for name, value in pairs.items() if value})}"

    def rows(self) -> QuerySet[AuditEntry]:
        """Return the entries, newest first."""
        rows = AuditEntry.objects.filter(at__gte=self.chosen.start, at__lt=self.chosen.end)
        rows = rows.select_related("actor").order_by("-id")
        return rows.filter(self._actor(), self._action(), self._object())

    def _actor(self) -> Q:
        wanted = self.given.get("actor", "")
        if not wanted:
            return Q()
        return Q(actor_label__icontains=wanted) | Q(actor__email__iexact=wanted)

    def _action(self) -> Q:
        wanted = self.given.get("action", "").removesuffix("*").removesuffix(".")
        return Q(action=wanted) | Q(action__startswith=f"{wanted}.") if wanted else Q()

    def _object(self) -> Q:
        wanted = self.given.get("object", "")
        kind, _, number = wanted.rpartition(":")
        if kind:
            exact = Q(object_type=kind.lower(), object_id=number)
            return exact | Q(object_label__icontains=wanted)
        if not wanted:
            return Q()
        return Q(object_type=wanted.lower()) | Q(object_label__icontains=wanted)


def page_of(
    rows: QuerySet[AuditEntry], cursor: str, most: int
) -> tuple[list[AuditEntry], str]:  # fmt: skip
    """Return entries from a cursor on, and the next cursor; empty at the end. Raises FieldError."""
    if cursor:
        if not (cursor.isascii() and cursor.isdecimal() and int(cursor) <= LARGEST_ID):
            raise FieldError("cursor", "This is no cursor of an answer of before.")
        rows = rows.filter(id__lt=int(cursor))
    found = list(rows[: most + 1])
    following = str(found[most - 1].pk) if len(found) > most else ""
    return found[:most], following


def seals_of(entries: list[AuditEntry]) -> dict[int, Seal]:
    """Return the seals of entries by their number; what is not sealed yet has none."""
    seals = Seal.objects.filter(entry_id__in=[entry.pk for entry in entries])
    return {seal.entry_id: seal for seal in seals}
