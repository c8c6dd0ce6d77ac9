"""Make a source and a key for it: `KEY=$(manage.py create_source shop --service web)`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from analytics.ingest.actions import create_key, create_source
from analytics.ingest.models import Source
from portal.lib.api import FieldError


class Command(BaseCommand):
    help = (
        "Make a source, or another key for one that exists. Standard output is the ingest key"
        " alone; it is shown only this once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--service", default="", help="service of events that name none")
        parser.add_argument("--environment", default="", help="environment of such events")
        parser.add_argument("--quota", type=int, metavar="N", help="events per minute at most")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                source = Source.objects.filter(name=options["name"].strip()).first()
                if source is None:
                    source = create_source(
                        None, name=options["name"], service=options["service"],
                        environment=options["environment"], events_per_minute=options["quota"],
                    )  # fmt: skip
                else:
                    self.stderr.write(f"Source {source.name} exists; this is another key for it.")
                key, text = create_key(None, source)
        except FieldError as error:
            raise CommandError(error.message) from error
        self.stderr.write(f"Key {key.prefix} of source {source.name}:")
        self.stdout.write(text)
