"""The Celery application and THE table of periodic jobs."""

from __future__ import annotations

import os
from datetime import timedelta

from celery import Celery
from celery.schedules import schedule
from django.conf import settings

from portal.lib.beat import BeatStep
from portal.lib.ticking import TicksStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")  # noqa: TID251  # Celery's entry

app = Celery("portal", task_cls="portal.lib.jobs:Job")
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
        # Only wakes: slots are rows (analytics.collect.scraping), and the scraper keeps their time.
        "wake the scraper": {
            "task": "analytics.collect.tasks.wake_scraper",
            "schedule": schedule(timedelta(seconds=2), relative=True),
            "options": {"expires": 2},
        },
        "refresh scrape targets": {
            "task": "analytics.collect.tasks.refresh_scrape_targets",
            "schedule": schedule(timedelta(seconds=5), relative=True),
            "options": {"expires": 5},
        },
        "downsample": {
            "task": "analytics.series.tasks.downsample",
            "schedule": schedule(timedelta(minutes=1), relative=True),
            "options": {"expires": 59},
        },
        "collect business metrics": {
            "task": "analytics.collect.tasks.collect_business_metrics",
            "schedule": schedule(timedelta(seconds=5), relative=True),
            "options": {"expires": 5},
        },
        "give columns to properties that are asked for": {
            "task": "analytics.insights.tasks.add_property_columns",
            "schedule": schedule(timedelta(minutes=1), relative=True),
            "options": {"expires": 59},
        },
        "seal the audit trail": {
            "task": "portal.audit.tasks.seal_audit",
            "schedule": schedule(timedelta(seconds=2), relative=True),
            "options": {"expires": 2},
        },
        "post the audit trail's head": {
            "task": "portal.audit.tasks.post_audit_head",
            "schedule": schedule(timedelta(minutes=1), relative=True),
            "options": {"expires": 59},
        },
        "verify the audit trail": {
            "task": "portal.audit.tasks.verify_audit",
            "schedule": schedule(timedelta(hours=1), relative=True),
            "options": {"expires": 3599},
        },
        "forget sessions that ended": {
            "task": "portal.sign_in.tasks.forget_expired",
            "schedule": schedule(timedelta(hours=1), relative=True),
            "options": {"expires": 3599},
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
        "carry on exports and erasures of persons": {
            "task": "analytics.privacy.tasks.carry_on_requests",
            "schedule": schedule(timedelta(seconds=5), relative=True),
            "options": {"expires": 5},
        },
        "delete what is older than it is kept": {
            "task": "analytics.privacy.tasks.apply_retention",
            "schedule": schedule(timedelta(minutes=1), relative=True),
            "options": {"expires": 59},
        },
        "delete old snapshots": {
            "task": "dashboards.tasks.delete_old_snapshots",
            "schedule": schedule(timedelta(hours=1), relative=True),
            "options": {"expires": 3599},
        },
        "delete old exports": {
            "task": "analytics.privacy.tasks.expire_exports",
            "schedule": schedule(timedelta(hours=1), relative=True),
            "options": {"expires": 3599},
        },
        # From two o'clock on, a few each time, until the night's sample is done.
        "check saved insights": {
            "task": "analytics.insights.tasks.check_saved_insights",
            "schedule": schedule(timedelta(minutes=5), relative=True),
            "options": {"expires": 299},
        },
    },
)
app.conf.update(
    # In a thread of the worker and past the broker: a check of Valkey must not wait for Valkey.
    portal_ticks={
        "check health": {"job": "analytics.collect.health.checking.check_all", "every_s": 30},
    },
)
app.steps["worker"].add(BeatStep)
app.steps["worker"].add(TicksStep)
app.autodiscover_tasks()
