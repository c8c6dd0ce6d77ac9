"""Take the sample company out again."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analytics.collect.demo import removing
from portal.lib import clock
from portal.store.client import EngineUnavailable, QueryFailed


class Command(BaseCommand):
    help = "Remove all sample data: events, persons, ingest keys, staff. Nothing else is touched."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = removing.remove(settings.DATA_DIR, clock.now(), pause=time.sleep)
        except (removing.WriterAway, EngineUnavailable, QueryFailed) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"Removed {found.events:,} events of {found.persons:,} persons,"
            f" {found.person_properties:,} person properties, {found.identities:,} joined ids,"
            f" {found.sources} source(s) and {found.staff} member(s) of staff."
        )
