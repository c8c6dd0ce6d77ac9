"""Encrypt all secrets in the database with the current key: `manage.py rotate_secrets --new-key`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit import trail
from portal.audit.trail import Change
from portal.lib import clock
from portal.lib.secrets import keys, rotation
from portal.lib.secrets.keys import BadKeyFile
from portal.lib.secrets.rotation import Rotation


class Command(BaseCommand):
    help = (
        "Encrypt every secret in the database anew with the current key. Safe while the portal"
        " runs, and to be repeated after a failure."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key", action="store_true", help="put a fresh key at the head of the key file"
        )
        parser.add_argument(
            "--forget-old",
            action="store_true",
            help="remove keys from the file that no secret uses any more",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["new_key"]:
                added = keys.add_to_file(f"{clock.now():%Y-%m-%d}")
                self.stdout.write(f"New key {added.id} in {keys.file()}: back the file up.")
            found = dict(rotation.rotate_all())
            removed = self._forget_old(found) if options["forget_old"] else []
        except (BadKeyFile, OSError) as error:
            raise CommandError(str(error)) from error
        self._tell(found, removed)
        note(found, removed)
        if any(one.unreadable for one in found.values()):
            raise CommandError("Some secrets can be read by no known key; see above.")

    def _forget_old(self, found: dict[str, Rotation]) -> list[str]:
        used = {key for one in found.values() for key in one.key_ids}
        return keys.keep_in_file({*used, keys.all_keys()[0].id})

    def _tell(self, found: dict[str, Rotation], removed: list[str]) -> None:
        self.stdout.write(f"Current key: {keys.all_keys()[0].id}")
        for place, one in found.items():
            unreadable = f", {one.unreadable} UNREADABLE" if one.unreadable else ""
            self.stdout.write(
                f"{place}: {one.renewed} encrypted anew, {one.current} were current{unreadable}"
            )
        for key in removed:
            self.stdout.write(f"Removed key {key} from the file.")


def note(found: dict[str, Rotation], removed: list[str]) -> None:
    """Leave an entry in the audit trail; ids of keys are no secrets."""
    after = {
        "current_id": keys.all_keys()[0].id,
        "renewed": sum(one.renewed for one in found.values()),
        "unreadable": sum(one.unreadable for one in found.values()),
        "removed_ids": removed,
    }
    trail.record(None, "encryption.rotate", None, Change(after=after))
