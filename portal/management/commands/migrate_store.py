from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.store import migrate, nodes


class Command(BaseCommand):
    help = "Apply the engine's numbered DDL files that are not applied yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again",
            action="store_true",
            help="apply all files: makes the tables on nodes that joined the cluster since",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            waiting = migrate.pending()
        except nodes.NoSuchCluster as problem:
            raise CommandError(str(problem)) from problem
        for file in migrate.files() if options["again"] else waiting:
            migrate.apply(file)
            self.stdout.write(f"Applied {file.stem}.")
