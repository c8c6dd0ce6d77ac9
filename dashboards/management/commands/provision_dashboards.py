from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from dashboards.provision import provision


class Command(BaseCommand):
    help = "Make or update the dashboards that ship with the portal."

    def handle(self, *args: Any, **options: Any) -> None:
        for uid in provision():
            if options["verbosity"]:
                self.stdout.write(f"Brought {uid} up to date.")
