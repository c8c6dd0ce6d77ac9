"""Send heads outside, so that not even who owns database and data directory can rebuild the chain."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path

from django.conf import settings

from portal.audit.chain import heads
from portal.audit.chain.heads import SignedHead
from portal.audit.models import ChainState, Head
from portal.lib import http

log = logging.getLogger(__name__)


def post_new() -> bool:
    """Post the newest head to PORTAL_AUDIT_HEADS_TO unless it is there; tell whether one was.

    A head covers all entries before it, so only the newest goes out. What fails is said on the audit
    page and tried again with the next call.
    """
    newest, state = Head.objects.last(), ChainState.objects.first()
    if not settings.AUDIT_HEADS_TO or newest is None or state is None:
        return False
    if newest.position <= state.posted_position:
        return False
    try:
        send(heads.signed(newest), settings.AUDIT_HEADS_TO)
    except (OSError, http.Refused, http.Failed) as error:
        log.exception("The audit head could not be posted outside.")
        note(posting_problem=str(error)[:300] or type(error).__name__)
        return False
    note(posted_position=newest.position, posting_problem="")
    return True


def send(head: SignedHead, to: str) -> None:
    """Post a head to a URL as JSON, or append it to a file."""
    if to.startswith(("http://", "https://")):
        http.post_json(to, asdict(head))
    else:
        heads.append(head, Path(to))


def note(**fields: object) -> None:
    ChainState.objects.filter(pk=1).update(**fields)
