from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connections

from analytics.collect.demo import note
from analytics.collect.demo.history import DAYS
from portal.demo_sso.company import Company, founded, settings_of
from portal.embedded.engine import Engine
from portal.embedded.lock import AlreadyHeld, held
from portal.embedded.log import MergedLog
from portal.embedded.postgres import Postgres
from portal.embedded.server import EmbeddedServer, free_port
from portal.embedded.supervisor import (
    Plan,
    StartFailed,
    Supervisor,
    bound_listener,
    web_words,
    worker_words,
)
from portal.embedded.valkey import Valkey
from portal.lib import clock
from portal.settings import database, redis_location

LINE = "─" * 72


class Command(BaseCommand):
    help = "Run the whole portal: servers, web, writer and worker, until Ctrl-C."
    requires_system_checks: Sequence[str] = []  # type: ignore[assignment]  # it may be empty

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--no-demo", action="store_true", help="start without sample data")
        parser.add_argument(
            "--demo-days", type=int, default=DAYS, help="sample data of so many days"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        data_dir: Path = settings.DATA_DIR
        address = f"http://{loopback_of(settings.HOST)}:{options['port']}"
        os.environ["PORTAL_PORT"] = str(options["port"])  # children name cookies and /metrics by it
        try:
            with held(data_dir, address, clock.now()), compiled_passes() as passes:
                listener = bound_listener(settings.HOST, options["port"])
                with closing(listener):
                    log = MergedLog(
                        data_dir / "log" / "portal.log", as_json=settings.LOG_FORMAT == "json"
                    )
                    days = 0 if options["no_demo"] else options["demo_days"]
                    demo = Demo(data_dir, address, passes, days=days)
                    demo.offer_sso(options["port"])
                    plan = Plan(
                        data_dir=data_dir,
                        listener=listener,
                        address=address,
                        servers=embedded_servers(data_dir),
                        programs=programs(web_words(listener)),
                        migrate=migrate,
                        ready=demo.begin,
                    )
                    asyncio.run(Supervisor(plan, log).run())
        except (AlreadyHeld, StartFailed) as problem:
            raise CommandError(str(problem)) from problem


@contextmanager
def compiled_passes() -> Iterator[subprocess.Popen[bytes]]:
    """Compile the passes of insights beside the start: twenty seconds the first time, then one."""
    words = ["nice", sys.executable, "-m", "analytics.insights.passes"]
    with subprocess.Popen(words, cwd=settings.BASE_DIR) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()


def loopback_of(host: str) -> str:
    """Return an address under which this machine reaches what listens on `host`."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
    return everywhere.get(host, f"[{host}]" if ":" in host else host)


def embedded_servers(data_dir: Path) -> list[EmbeddedServer]:
    """Return the servers whose URL is not given from outside."""
    given = {
        "DATABASE_URL": settings.DATABASE_URL,
        "REDIS_URL": settings.REDIS_URL,
        "CLICKHOUSE_URL": settings.CLICKHOUSE_URL,
    }
    servers: list[EmbeddedServer] = [
        Engine(data_dir, free_port(), settings.METRIC_PREFIX),
        Postgres(data_dir),
        Valkey(data_dir),
    ]
    return [server for server in servers if not given[server.setting]]


def programs(web: list[str]) -> dict[str, list[str]]:
    return {"web": web, "writer": manage("run_writer"), "worker": worker_words()}


def manage(*words: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]


def migrate(urls: dict[str, str]) -> None:
    """Bring both stores to this version, in this process: a second Django would cost seconds."""
    point_to(urls)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("migrate_store", verbosity=0)
    for command in ("sync_roles", "provision_dashboards"):
        if command in get_commands():
            call_command(command, verbosity=0)
    for connection in connections.all(initialized_only=True):
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it


def point_to(urls: dict[str, str]) -> None:
    """Use servers that were started after the settings were read."""
    if url := urls.get("DATABASE_URL"):
        connections.settings["default"].update(database(url))
    if url := urls.get("REDIS_URL"):
        settings.CACHES["default"]["LOCATION"] = redis_location(url)
    if url := urls.get("CLICKHOUSE_URL"):
        settings.CLICKHOUSE_URL = url


def demo_sso_words() -> list[str]:
    command = ["-m", "django", "run_demo_sso", "--settings", "portal.demo_sso.settings"]
    return [sys.executable, *command]


class Demo:
    """The sample company: loaded on the first start, kept moving on every later one."""

    def __init__(
        self, data_dir: Path, address: str, passes: subprocess.Popen[bytes], *, days: int
    ) -> None:
        self.passes = passes
        self.data_dir = data_dir
        self.logins = note.logins_file(data_dir)
        self.address = address
        # It can be taken out of one engine only.
        is_possible = not (settings.CLICKHOUSE_CLUSTER or note.removed_marker(data_dir).exists())
        self.days = days
        self.wanted = days > 0 and is_possible
        self.company: Company | None = None

    def offer_sso(self, port: int) -> None:
        """Give the portal the demo's own identity provider, which browsers on this machine reach,
        unless it has one of its own.
        """
        is_local = settings.HOST in {"127.0.0.1", "localhost"} and not settings.BASE_URL
        if self.wanted and is_local and not settings.OIDC_ISSUER:
            self.company = founded(self.data_dir, port=free_port(), portal_port=port)
            os.environ.update(settings_of(self.company))

    def begin(self) -> list[tuple[str, list[str]]]:
        """Load what is missing, say where to go, and name the program that keeps it moving."""
        found = note.read(self.data_dir)
        if self.wanted and not (found and found.is_complete):
            load = manage("load_demo", "--url", self.address, "--days", str(self.days))
            subprocess.run(load, check=False)  # noqa: S603
            self.passes.wait()  # whoever comes now wants to see it all at once
        sys.stdout.write(self._welcome())
        sys.stdout.flush()
        # Without Django, in 20 MB instead of 70.
        trickle = [sys.executable, "-m", "analytics.collect.demo.trickle"]
        where = ["--data-dir", str(self.data_dir), "--url", self.address]
        trickling = [("trickle", [*trickle, *where])] if self.wanted else []
        return [*trickling, *([("demo-sso", demo_sso_words())] if self.company else [])]

    def _sso_lines(self) -> list[str]:
        if self.company is None:
            return []
        people = [f"  {'sso':<10} {one.email:<36} {one.password}" for one in self.company.people]
        return ["", "  Or “Sign in with demo SSO”:", *people]

    def _welcome(self) -> str:
        lines = ["", LINE, f"  The portal is ready: {self.address}/", ""]
        if self.wanted and self.logins.exists():
            rows = [line.split() for line in self.logins.read_text().splitlines() if line.strip()]
            lines += [f"  {role:<10} {email:<36} {password}" for role, email, password in rows]
            lines += self._sso_lines()
        else:
            lines += ["  Make an account: manage.py create_staff you@example.com --role admin"]
        return "\n".join([*lines, "", "  Ctrl-C stops everything.", LINE, "", ""])
