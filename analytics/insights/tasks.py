"""Periodic jobs of insights; each may run twice, and does nothing when nothing is due."""

from __future__ import annotations

from celery import shared_task

from analytics.insights import actions, property_columns
from analytics.insights.kept import room
from portal.lib import clock


@shared_task
def add_property_columns() -> None:
    """Give columns to properties that are asked for."""
    property_columns.add_due(clock.now())


@shared_task
def make_room_for_kept_rows() -> None:
    """Delete kept rows that are out of date or too many."""
    room.make_room()


@shared_task
def note_cohort_sizes() -> None:
    """Note how large cohorts were at the last midnight."""
    actions.note_sizes(clock.now())


@shared_task
def check_saved_insights() -> None:
    """Compute some of the night's sample of saved insights a second time, in another way."""
    actions.check_due(clock.now(), most=5)
