"""Make the sample company: six members of staff and 90 days of its customers' events."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.collect.business import past
from analytics.collect.demo import loading, note, people
from analytics.collect.demo.history import DAYS
from analytics.collect.demo.sending import NotTaken
from analytics.collect.management.progress import Bar
from portal.lib import clock
from portal.store.client import EngineUnavailable, QueryFailed

AWAY = (EngineUnavailable, QueryFailed)


class Command(BaseCommand):
    help = (
        "Load the sample company into the running portal. Run again, it finishes what was"
        " interrupted and adds nothing; manage.py remove_demo takes all of it out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=local_url(), help="the portal's address")
        parser.add_argument("--days", type=int, default=DAYS, help="only so many of the 90")

    def handle(self, *args: Any, **options: Any) -> None:
        data_dir, now, began = settings.DATA_DIR, clock.now(), time.monotonic()
        if settings.CLICKHOUSE_CLUSTER:
            raise CommandError("The sample company is for one engine: it cannot leave a cluster.")
        note.removed_marker(data_dir).unlink(missing_ok=True)
        people.hire(data_dir)
        started = loading.prepare(data_dir, options["url"], now.date(), days=options["days"])
        if started.is_complete:
            self.stdout.write("The sample company is loaded already.")
            return
        bar = Bar(self.stdout)
        try:
            found = loading.load(data_dir, started, now, bar.of("Sample events sent"))
            loading.finish(data_dir, pause=time.sleep, progress=bar.of("Batches written"))
            past.rewrite(clock.now())
        except (NotTaken, loading.NotWritten, *AWAY) as problem:
            raise CommandError(f"{problem} Run manage.py load_demo again to go on.") from problem
        except KeyboardInterrupt:
            raise CommandError("Stopped. Run manage.py load_demo again to go on.") from None
        finally:
            bar.close()
        self.stdout.write(
            f"Sample company loaded in {time.monotonic() - began:.0f} s:"
            f" {found.accepted:,} events accepted, {found.duplicates:,} known already,"
            f" {found.rejected:,} rejected."
        )


def local_url() -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104
    return f"http://{host}:{settings.PORT}"
