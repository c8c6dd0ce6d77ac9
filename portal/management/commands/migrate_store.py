from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.store import migrate


class Command(BaseCommand):
    help = "Apply the engine's numbered DDL files that are not applied yet."

    def handle(self, *args: Any, **options: Any) -> None:
        for file in migrate.pending():
            migrate.apply(file)
            self.stdout.write(f"Applied {file.stem}.")
