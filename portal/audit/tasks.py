"""Periodic jobs of the audit trail; each may run twice, and does nothing when nothing is due."""

from __future__ import annotations

import logging

from celery import shared_task

from portal.audit import actions
from portal.audit.chain import posting, sealing
from portal.lib import clock

log = logging.getLogger(__name__)


@shared_task
def seal_audit() -> None:
    """Give new entries their place in the chain."""
    sealing.seal_new(clock.now())


@shared_task
def post_audit_head() -> None:
    """Send the chain's newest head outside, where that is set up."""
    posting.post_new()


@shared_task
def verify_audit() -> None:
    """Follow the whole chain, and say so loudly when it is not as it was sealed."""
    verdict = actions.verify_chain(None, now=clock.now())
    for finding in verdict.findings:
        log.error("The audit trail is not as it was sealed.", extra={"finding": str(finding)})
