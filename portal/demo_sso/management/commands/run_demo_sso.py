from __future__ import annotations

from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application

from portal.demo_sso.company import Company
from portal.demo_sso.provision import provision


class Server(ThreadingMixIn, WSGIServer):
    """One thread a request, without uvicorn: lighter, and nobody waits here."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # its name upstream
        """Leave requests out of the log; what breaks is logged by Django."""


class Command(BaseCommand):
    help = "Serve the demo's identity provider on loopback. Settings: portal.demo_sso.settings."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        company: Company = settings.COMPANY  # type: ignore[misc]  # of its own settings
        provision(company)
        where = ("127.0.0.1", company.port)
        with make_server(*where, get_wsgi_application(), Server, QuietHandler) as server:
            server.serve_forever()
