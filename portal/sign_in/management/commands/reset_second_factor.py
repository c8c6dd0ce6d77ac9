from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import User
from portal.sign_in.actions import reset_second_factor


class Command(BaseCommand):
    help = "Take somebody's second factors away, when phone and recovery codes are lost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {options['email']}.")
        removed = reset_second_factor(None, user)
        self.stdout.write(f"Took {removed} away. {user.email} signs in with the password alone.")
