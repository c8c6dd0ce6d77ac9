"""Adding, changing, testing and removing other Prometheus servers."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from analytics.promql import servers
from analytics.promql.drafts import Draft, check, described
from analytics.promql.models import PrometheusServer
from analytics.promql.servers import Tested
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError


@transaction.atomic
def add_server(actor: User | None, draft: Draft, now: datetime) -> PrometheusServer:
    """Let questions be asked of one more server. Raises FieldError."""
    check(draft)
    check_name(draft.name)
    server = written(PrometheusServer(created_by=actor, created_at=now), draft, now)
    trail.record(actor, "prometheus_server.create", server, Change(after=described(server)))
    return server


@transaction.atomic
def change_server(
    actor: User | None, server: PrometheusServer, draft: Draft, now: datetime
) -> PrometheusServer:
    """Write a server anew; the same again changes nothing. Raises FieldError."""
    row = PrometheusServer.objects.select_for_update().get(pk=server.pk)
    check(draft, row)
    check_name(draft.name, row.pk)
    before, renewed = described(row), renewed_in(draft)
    written(row, draft, now)
    after = described(row)
    if after != before or renewed:
        change = Change(before, after | {"renewed": renewed})
        trail.record(actor, "prometheus_server.change", row, change)
    return row


@transaction.atomic
def remove_server(actor: User | None, server: PrometheusServer) -> None:
    """Take a server away: questions to it say that it is gone."""
    trail.record(actor, "prometheus_server.delete", server, Change(before=described(server)))
    server.delete()


def test_server(actor: User | None, server: PrometheusServer) -> Tested:
    """Ask a server whether it answers us, and keep in the trail that somebody did."""
    found = servers.tested(server)
    change = Change(after={"is_ok": found.is_ok})
    with transaction.atomic():
        trail.record(actor, "prometheus_server.test", server, change)
    return found


def written(server: PrometheusServer, draft: Draft, now: datetime) -> PrometheusServer:
    """Put a checked draft into the fields and keep them."""
    server.name, server.url = draft.name.strip(), draft.url.rstrip("/")
    server.authentication, server.user_name = draft.authentication, draft.user_name
    if draft.secret is not None:
        server.secret = draft.secret
    if draft.tenant is not None:
        server.tenant = draft.tenant
    server.updated_at = now
    server.save()
    return server


def renewed_in(draft: Draft) -> list[str]:
    """Return which of the kept texts a draft replaces or removes."""
    return [name for name in ("secret", "tenant") if getattr(draft, name) is not None]


def check_name(name: str, own: int = 0) -> None:
    if PrometheusServer.objects.filter(name__iexact=name.strip()).exclude(pk=own).exists():
        raise FieldError("name", f"There is a server named “{name.strip()}” already.")
