"""Periodic jobs of signing in; each may run twice."""

from __future__ import annotations

from celery import shared_task

from portal.lib import clock
from portal.sign_in.actions import forget_expired_sessions


@shared_task
def forget_expired() -> None:
    """Delete sessions that ended by time."""
    forget_expired_sessions(clock.now())
