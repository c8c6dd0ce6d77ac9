"""What is done with the trail itself, and stands in it too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

from portal.audit import trail
from portal.audit.chain import heads
from portal.audit.chain.verifying import Verdict, verify
from portal.audit.models import ChainState
from portal.audit.trail import Change

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def verify_chain(actor: User | None, *, now: datetime, copies: Sequence[Path] = ()) -> Verdict:
    """Follow the chain, and note when it was followed, how far, and what was found.

    The portal's own hourly verification leaves an entry only when it finds something new.
    Raises BadHeads.
    """
    verdict = verify(copies)
    state, _ = ChainState.objects.get_or_create(pk=1)
    before, state.finding = state.finding, "\n".join(map(str, verdict.findings))
    state.verified_at, state.verified_position = now, verdict.sealed
    state.save(update_fields=["verified_at", "verified_position", "finding"])
    if actor is not None or before != state.finding:
        after = {"position": verdict.sealed, "findings": [str(one) for one in verdict.findings]}
        trail.record(actor, "audit.verify", None, Change(after=after))
    return verdict


@transaction.atomic
def begin_anew(actor: User | None, *, reason: str, now: datetime) -> Path | None:
    """Put the heads kept outside aside, after a restored backup which they contradict.

    Return where they are now. What was found before is kept in the entry.
    """
    verdict, file = verify(), heads.heads_file()
    aside = file.with_name(f"heads-until-{now:%Y%m%dT%H%M%S}.ndjson")
    after = {
        "reason": reason,
        "position": verdict.sealed,
        "signed": verdict.signed,
        "findings": [str(one) for one in verdict.findings],
        "aside": aside.name,
    }
    trail.record(actor, "audit.begin_anew", None, Change(after=after))
    if not file.exists():
        return None
    file.rename(aside)
    return aside
