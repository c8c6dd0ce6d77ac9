"""Import files of events: `manage.py import_events history.ndjson.gz --source history`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from analytics.ingest import actions, imports, spool
from analytics.ingest.files import UnknownFormat
from analytics.ingest.imports import Counts, Importer, NotWritten
from analytics.ingest.models import Source
from portal.lib.api import FieldError

BAR = 30


class Command(BaseCommand):
    help = (
        "Import events from NDJSON, CSV (each also .gz) or Parquet. An event that is there already"
        " counts as a duplicate, so importing again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--source", default="import", help="made when it does not exist")
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=FIELD", dest="mapping",
            help="for CSV and Parquet; may be repeated. FIELD is id, name, userId, anonymousId,"
            " sessionId, timestamp, platform, version, properties or properties.NAME[:TYPE]."
            " Columns that are not mapped and not named like a field become properties.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if not imports.writer_runs():
            raise CommandError(
                f"The portal does not run on {settings.DATA_DIR}; start it with: manage.py up"
            )
        try:
            importer = Importer(
                spool.Spool(spool.path()), source_named(options["source"]), Bar().show
            )
            mapping = imports.mapping_of(options["mapping"])
            for file in options["files"]:
                importer.import_file(file, mapping)
                self._tell_rejected(importer)
        except DatabaseError as error:
            raise CommandError(
                f"PostgreSQL does not answer: {str(error).splitlines()[0]}"
            ) from error
        except FieldError as error:
            raise CommandError(error.message) from error
        except (UnknownFormat, NotWritten, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        self._tell(importer.counts)

    def _tell_rejected(self, importer: Importer) -> None:
        if importer.rejected_file is not None:
            self.stderr.write(f"Rejected lines with reasons: {importer.rejected_file}")

    def _tell(self, counts: Counts) -> None:
        self.stdout.write(f"accepted {counts.accepted}")
        self.stdout.write(f"duplicate {counts.duplicate}")
        self.stdout.write(f"rejected {counts.rejected}")


def source_named(name: str) -> Source:
    found = Source.objects.filter(name=name.strip()).first()
    return found or actions.create_source(None, name=name)


class Bar:
    """A progress bar on a terminal's standard error; nothing elsewhere."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._is_shown = sys.stderr.isatty()

    def show(self, share: float, counts: Counts) -> None:
        if not self._is_shown:
            return
        filled = round(share * BAR)
        rate = counts.read / max(time.monotonic() - self._began, 0.001)
        line = f"\r[{'█' * filled}{'░' * (BAR - filled)}] {share:4.0%} {counts.read:,} events"
        sys.stderr.write(f"{line}, {rate:,.0f}/s \033[K")
        sys.stderr.flush()
        if share == 1.0 and counts.read:
            self._end()

    def _end(self) -> None:
        sys.stderr.write("\r\033[K")
