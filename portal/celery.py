"""The Celery application and THE table of periodic jobs."""

from __future__ import annotations

import os
from datetime import timedelta

from celery import Celery
from celery.schedules import schedule
from django.conf import settings

from portal.lib.beat import BeatStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")  # noqa: TID251  # Celery's entry

app = Celery("portal")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 3600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    },
    beat_schedule_filename=str(settings.DATA_DIR / "run" / "beat-schedule"),
    beat_schedule={
        "collect own metrics": {
            "task": "analytics.collect.tasks.collect_own_metrics",
            # Relative: rounded to whole seconds, or the phase would drift over a slot's edge.
            "schedule": schedule(timedelta(seconds=10), relative=True),
            "options": {"expires": 9},  # a late one would only repeat the next slot's work
        },
        "give columns to properties that are asked for": {
            "task": "analytics.insights.tasks.add_property_columns",
            "schedule": schedule(timedelta(minutes=1), relative=True),
            "options": {"expires": 59},
        },
        "make room for kept rows": {
            "task": "analytics.insights.tasks.make_room_for_kept_rows",
            "schedule": schedule(timedelta(hours=1), relative=True),
            "options": {"expires": 3599},
        },
        "note cohorts' sizes": {
            "task": "analytics.insights.tasks.note_cohort_sizes",
            "schedule": schedule(timedelta(minutes=10), relative=True),
            "options": {"expires": 599},
        },
        # From two o'clock on, a few each time, until the night's sample is done.
        "check saved insights": {
            "task": "analytics.insights.tasks.check_saved_insights",
            "schedule": schedule(timedelta(minutes=5), relative=True),
            "options": {"expires": 299},
        },
    },
)
app.steps["worker"].add(BeatStep)
app.autodiscover_tasks()
