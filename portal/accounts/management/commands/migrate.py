"""Django's migrate, and then the roles: whoever migrates has roles that are up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as DjangoMigrate

from portal.accounts.actions import sync_roles


class Command(DjangoMigrate):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        brings_everything = not options["app_label"] and not options["plan"]
        if brings_everything and not options["check_unapplied"]:
            self.report(sync_roles())

    def report(self, undeclared: list[str]) -> None:
        for name in undeclared:
            self.stderr.write(f"Roles name {name}, which no app declares; it is left out.")
