"""Make an API token: `TOKEN=$(manage.py create_token ada@example.com --name nightly)`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.actions import create_token
from portal.accounts.models import SCOPES, User
from portal.lib import clock
from portal.lib.api import FieldError


class Command(BaseCommand):
    help = "Make an API token. Standard output is the token alone; it is shown only this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="e-mail address of the token's owner")
        parser.add_argument("--name", default="made by create_token")
        parser.add_argument(
            "--scope", action="append", choices=SCOPES, dest="scopes",
            help="may be repeated; left out: all that the owner may do",
        )  # fmt: skip
        parser.add_argument("--expires-days", type=int, help="left out: it does not expire")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.filter(email=options["user"].lower(), is_active=True).first()
        if owner is None:
            raise CommandError(f"Nobody active has the e-mail address {options['user']}.")
        days = options["expires_days"]
        if days is not None and days < 1:
            raise CommandError("--expires-days should be at least 1.")
        try:
            token, text = create_token(
                None,
                owner,
                name=options["name"],
                scopes=options["scopes"] or SCOPES,
                expires_at=clock.now() + timedelta(days=days) if days else None,
            )
        except FieldError as error:
            raise CommandError(error.message) from error
        self.stderr.write(f"Token {token.prefix} of {owner.email} for {', '.join(token.scopes)}:")
        self.stdout.write(text)
