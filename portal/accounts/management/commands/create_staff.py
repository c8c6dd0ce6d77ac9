"""Make a staff account: `create_staff ada@example.com --role analyst`."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.actions import AlreadyThere, create_staff
from portal.accounts.roles import ROLES
from portal.lib.api import FieldError


class Command(BaseCommand):
    help = "Make a staff account. Prints the generated password once when none is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--role", action="append", choices=list(ROLES), required=True, dest="roles"
        )
        parser.add_argument("--password", help="left out: one is made up and printed")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["password"]
        password = given or secrets.token_urlsafe(12)
        try:
            user = create_staff(
                None,
                email=options["email"],
                roles=options["roles"],
                password=password,
                name=options["name"],
            )
        except AlreadyThere as found:
            held = ", ".join(found.user.roles()) or "none"
            self.stderr.write(f"{found} Roles: {held}. Nothing was changed.")
            return
        except FieldError as error:
            raise CommandError(error.message) from error
        self.stderr.write(f"{user.email} may log in as {', '.join(user.roles())}.")
        if not given:
            self.stderr.write("The password is shown only this once:")
            self.stdout.write(password)
