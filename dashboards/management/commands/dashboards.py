from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboards import actions
from dashboards.actions import origins
from dashboards.exporting import file_of
from dashboards.importing import read_text
from dashboards.models import Dashboard
from dashboards.shapes import document_of
from dashboards.sides import Standing
from dashboards.syncing import Entry, check_address, entries_of, patch_of, text_for
from portal.accounts.access import MissingPermission
from portal.accounts.models import User
from portal.lib import clock
from portal.lib.field_error import FieldError

CHOOSE = "both sides changed the same: choose with --take-here or --take-there"
WIDTH = max(len(one) for one in Standing)


class Command(BaseCommand):
    help = "Keep dashboards in step with files: sync a folder, export, import."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        sync = commands.add_parser(
            "sync", help="Say how each file stands; change nothing unless asked."
        )
        sync.add_argument("folder", type=Path)
        sync.add_argument(
            "--apply",
            action="store_true",
            help="Take what files changed; join both sides' changes.",
        )
        sync.add_argument(
            "--take-there", action="store_true", help="Where both changed, take the file."
        )
        sync.add_argument(
            "--take-here", action="store_true", help="Write what was changed here into the files."
        )
        sync.add_argument(
            "--patch", help="Write a diff of what was changed here to this file; - prints it."
        )
        sync.add_argument(
            "--check", action="store_true", help="Exit with 1 unless everything is in sync."
        )
        sync.add_argument(
            "--public", action="store_true", help="Let all staff see dashboards that are new."
        )
        sync.add_argument("--owner", help="E-mail address of whoever owns dashboards that are new.")
        export = commands.add_parser("export", help="Write dashboards into a folder.")
        export.add_argument("folder", type=Path)
        export.add_argument("uids", nargs="*", help="All, when none is named.")
        export.add_argument("--as", dest="form", choices=("yaml", "json"), default="yaml")
        bring = commands.add_parser(
            "import", help="Make dashboards of files: the portal's or Grafana's."
        )
        bring.add_argument("files", nargs="+", type=Path)
        bring.add_argument("--owner", required=True, help="E-mail address of whoever owns them.")

    def handle(self, *args: Any, **options: Any) -> None:
        {"sync": self.sync, "export": self.export, "import": self.bring_in}[options["what"]](
            options
        )

    def export(self, options: dict[str, Any]) -> None:
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        rows = Dashboard.objects.order_by("uid")
        if options["uids"]:
            rows = rows.filter(uid__in=options["uids"])
            missing = set(options["uids"]) - {row.uid for row in rows}
            if missing:
                raise CommandError(f"There is no dashboard {', '.join(sorted(missing))}.")
        for row in rows:
            file = file_of(row, "portal", options["form"])
            path = folder / file.name
            path.write_text(file.text, encoding="utf-8")
            origin = origins.origin_of("files", row.uid, file.name)
            origins.agree(origin, row, document_of(row), clock.now())
            self.stdout.write(f"{path}")

    def bring_in(self, options: dict[str, Any]) -> None:
        owner = owner_of(options["owner"])
        for path in options["files"]:
            try:
                read = read_text(path.read_bytes())
                made = actions.import_dashboard(owner, read, clock.now())
            except (FieldError, MissingPermission, OSError) as problem:
                raise CommandError(f"{path}: {told(problem)}") from problem
            lost, changed = read.count("lost"), read.count("changed")
            self.stdout.write(
                f"{path}: {made.get_absolute_url()} ({lost} not kept, {changed} changed)"
            )
            for line in read.lines if options["verbosity"] > 1 else ():
                self.stdout.write(f"  {line.fate}: {line.path}: {line.why}")

    def sync(self, options: dict[str, Any]) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        entries = entries_of(folder)
        for entry in entries:
            done = self.settled(entry, options)
            state = "cannot be read" if entry.problem else entry.standing
            self.stdout.write(f"{state:<{WIDTH}}  {entry.path}{done and f': {done}'}")
        if options["patch"]:
            self.write_patch(patch_of(entries), options["patch"])
        is_off = [one for one in entries if one.problem or one.standing is not Standing.IN_SYNC]
        if options["check"] and is_off:
            sys.exit(1)

    def write_patch(self, text: str, target: str) -> None:
        if target == "-":
            self.stdout.write(text, ending="")
        else:
            Path(target).write_text(text, encoding="utf-8")

    def settled(self, entry: Entry, options: dict[str, Any]) -> str:
        """Do what the options ask of one entry; returns what was done, or why nothing was."""
        if entry.problem:
            return entry.problem
        found = entry.standing
        if found is Standing.IN_SYNC and entry.here is not None:
            held = Dashboard.objects.get(uid=entry.uid)
            if entry.origin.base != entry.here or entry.origin.pk is None:
                origins.agree(entry.origin, held, entry.here, clock.now())
            return ""
        if options["take_here"]:
            return take_here(entry, options["folder"])
        if options["apply"] or options["take_there"]:
            return take_there(entry, options)
        return ""


def take_here(entry: Entry, folder: Path) -> str:
    """Write what stands here into the file. A dashboard that was removed here leaves its file."""
    if entry.form != "portal":
        return "Grafana's files are only read"
    if entry.here is None or entry.standing in (Standing.CHANGED_THERE, Standing.NEW):
        return ""
    path = folder / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_for(entry, entry.here), encoding="utf-8")
    held = Dashboard.objects.get(uid=entry.uid)
    origins.agree(entry.origin, held, entry.here, clock.now())
    return "written into the file"


def take_there(entry: Entry, options: dict[str, Any]) -> str:
    """Bring what the file says here; what only a person can decide is left, unless they did."""
    now, found, there = clock.now(), entry.standing, entry.there
    if there is None:
        return "its file is gone; the dashboard stays" if found is Standing.GONE_THERE else ""
    if entry.here is None:
        is_wanted = found is Standing.NEW or options["take_there"]
        return made_here(entry, there, options) if is_wanted else ""
    if found is Standing.CHANGED_THERE or (found is Standing.BOTH and options["take_there"]):
        origins.take_from(None, entry.origin, there, there, now)
        return "taken from the file"
    if found is Standing.BOTH and entry.joined is not None:
        origins.take_from(None, entry.origin, entry.joined, there, now)
        return "both sides' changes joined"
    return CHOOSE if found is Standing.BOTH else ""


def made_here(entry: Entry, there: dict[str, Any], options: dict[str, Any]) -> str:
    try:
        check_address(entry.uid)
    except FieldError as problem:
        return told(problem)
    owner = owner_of(options["owner"]) if options["owner"] else None
    origins.make_from(owner, entry.origin, there, clock.now(), is_public=options["public"])
    return "made here"


def owner_of(email: str) -> User:
    found = User.objects.filter(email=email.lower(), is_active=True).first()
    if found is None:
        raise CommandError(f"There is no active account {email}.")
    return found


def told(problem: Exception) -> str:
    return (
        f"{problem.field}: {problem.message}" if isinstance(problem, FieldError) else str(problem)
    )
