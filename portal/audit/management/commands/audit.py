"""`manage.py audit verify`: is the trail as it was sealed? Exit code 0: yes, 1: no, 2: unreadable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit import actions
from portal.audit.chain import sealing
from portal.audit.chain.heads import BadHeads, BadKey
from portal.lib import clock


class Command(BaseCommand):
    help = "Verify the audit trail, seal what waits, or begin anew after a restored backup."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="follow the chain and name the first bad row")
        verify.add_argument(
            "--heads", type=Path, action="append", default=[], metavar="FILE",
            help="heads that were kept elsewhere; may be given several times",
        )  # fmt: skip
        verbs.add_parser("seal", help="seal new entries now; the portal does so by itself")
        anew = verbs.add_parser(
            "begin-anew", help="put heads aside that a restored backup contradicts"
        )
        anew.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["verb"].replace("-", "_"))(options)
        except (BadHeads, BadKey) as error:
            raise CommandError(str(error), returncode=2) from error

    def verify(self, options: dict[str, Any]) -> None:
        verdict = actions.verify_chain(None, now=clock.now(), copies=options["heads"])
        self.stdout.write(
            f"{verdict.sealed} entries sealed, {verdict.waiting} wait for their seal, signed up to"
            f" position {verdict.signed}."
        )
        for finding in verdict.findings:
            self.stdout.write(f"  {finding}")
        if not verdict.is_sound:
            raise CommandError("The audit trail is NOT as it was sealed; see above.", returncode=1)
        self.stdout.write("The audit trail is as it was sealed.")

    def seal(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{sealing.seal_new(clock.now())} entries sealed.")

    def begin_anew(self, options: dict[str, Any]) -> None:
        aside = actions.begin_anew(None, reason=options["reason"], now=clock.now())
        self.stdout.write(f"Kept as {aside}." if aside else "There were no heads to put aside.")
