"""Back-ups are made outside of the portal: it can only say until when they hold the person."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.ingest import erased
from portal.audit.personal import remains


@dataclass(frozen=True)
class Backups:
    kind: str = "backups"
    label: str = "Back-ups"

    def clear(self) -> str:
        days = erased.current().backup_days
        again = "After restoring an older one, erase the person again."
        if days is None:
            return f"Back-ups made before hold the person until you delete them. {again}"
        kept = "1 day" if days == 1 else f"{days} days"
        return f"Back-ups are kept for {kept}: those made before hold the person so long. {again}"


remains.add(Backups())
