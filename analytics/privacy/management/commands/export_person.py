"""Write all that is held of a person into a zip: `manage.py export_person ada --output ada.zip`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.ingest.models import PersonRequest
from analytics.privacy import actions, carrying, exporting
from analytics.privacy.finding import KINDS, UnknownPerson, find
from portal.lib import clock


class Command(BaseCommand):
    help = "Write all that is held of a person into a zip of JSON files; prints where it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", metavar="ID", help="a user id, else an anonymous id")
        parser.add_argument("--kind", choices=KINDS, default="", help="which id, where both exist")
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="default: person-N.zip here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            one = find(options["id"], options["kind"])
        except UnknownPerson as error:
            raise CommandError("Nothing is held of this id.") from error
        request = actions.request_export(None, one, clock.now())
        claimed = carrying.claimed(clock.now(), pk=request.pk)
        if claimed is not None:
            carrying.carry_out(claimed, clock.now)
        request.refresh_from_db()
        file = exporting.path_of(request)
        if request.state != PersonRequest.State.DONE or file is None:
            raise CommandError(request.trouble or f"It is {request.state}; look at it later.")
        output = options["output"] or Path(f"person-{request.pk}.zip")
        output.touch(mode=0o600)
        shutil.copyfile(file, output)
        self.stdout.write(str(output))
