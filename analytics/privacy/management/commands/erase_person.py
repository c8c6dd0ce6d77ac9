"""Erase a person from every store: `manage.py erase_person ada`; the certificate is printed."""

from __future__ import annotations

import time
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.ingest import imports
from analytics.ingest.models import PersonRequest, PrivacySettings
from analytics.privacy import actions, carrying
from analytics.privacy.finding import KINDS, UnknownPerson, find
from portal.lib import clock

POLL_S = 0.5


class Command(BaseCommand):
    help = "Erase a person from every store, and print the signed certificate as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", metavar="ID", help="a user id, else an anonymous id")
        parser.add_argument("--kind", choices=KINDS, default="", help="which id, where both exist")
        parser.add_argument(
            "--after",
            choices=PrivacySettings.AfterErasure.values,
            default="",
            help="what becomes of new events; the privacy page decides unless told",
        )
        parser.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        if not imports.writer_runs():
            raise CommandError(
                f"The portal does not run on {settings.DATA_DIR}; start it with: manage.py up"
            )
        try:
            one = find(options["id"], options["kind"])
        except UnknownPerson as error:
            raise CommandError("Nothing is held of this id.") from error
        request = actions.request_erasure(
            None, one, clock.now(), confirmed=one.value, after=options["after"]
        )
        self._wait(request, options["timeout"])
        shown = orjson.dumps(request.certificate, option=orjson.OPT_INDENT_2)
        self.stdout.write(shown.decode())

    def _wait(self, request: PersonRequest, timeout_s: float) -> None:
        """Do what is due, or wait for whoever does it."""
        deadline, told = time.monotonic() + timeout_s, ""
        while not request.is_over:
            claimed = carrying.claimed(clock.now(), pk=request.pk)
            if claimed is not None:
                carrying.carry_out(claimed, clock.now)
            request.refresh_from_db()
            if request.state != told:
                told = request.state
                self.stderr.write(f"{told} {request.trouble}".rstrip())
            if time.monotonic() > deadline:
                raise CommandError(f"It is {told} and goes on by itself: see the privacy page.")
            if not request.is_over:
                time.sleep(POLL_S)
