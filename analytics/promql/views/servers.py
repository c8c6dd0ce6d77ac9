"""The admin's pages of other Prometheus servers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.promql import actions
from analytics.promql.forms import ServerForm
from analytics.promql.models import CHANGE, PrometheusServer
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError


@require_safe
@staff_page(CHANGE)
def servers(request: StaffRequest) -> HttpResponse:
    """List the servers that questions can be asked of."""
    context = {
        "rows": visible(request.user, PrometheusServer),
        "own": request.build_absolute_uri("/prometheus"),
    }
    return render(request, "promql/servers.html", context)


@require_http_methods(["GET", "POST"])
@staff_page(CHANGE)
def add(request: StaffRequest) -> HttpResponse:
    form = ServerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_server(request.user, form.draft(), clock.now())
        except FieldError as error:
            form.refuse(error)
        else:
            say_tested(request, made)
            return redirect("prometheus-server", made.pk)
    return form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@staff_page(CHANGE)
def change(request: StaffRequest, server_id: int) -> HttpResponse:
    server = fetch(request.user, PrometheusServer, edit=True, pk=server_id)
    form = ServerForm(request.POST or None, server=server)
    if request.method == "POST" and form.is_valid():
        try:
            changed = actions.change_server(request.user, server, form.draft(), clock.now())
        except FieldError as error:
            form.refuse(error)
        else:
            say_tested(request, changed)
            return redirect("prometheus-server", server.pk)
    return form_page(request, form, server)


@require_POST
@staff_page(CHANGE)
def test(request: StaffRequest, server_id: int) -> HttpResponse:
    """Ask a server a first question and say what came of it."""
    say_tested(request, fetch(request.user, PrometheusServer, edit=True, pk=server_id))
    return redirect("prometheus-server", server_id)


@require_POST
@staff_page(CHANGE)
def remove(request: StaffRequest, server_id: int) -> HttpResponse:
    server = fetch(request.user, PrometheusServer, edit=True, pk=server_id)
    actions.remove_server(request.user, server)
    messages.success(request, f"{server} is removed; widgets that ask it say so.")
    return redirect("prometheus-servers")


def say_tested(request: StaffRequest, server: PrometheusServer) -> None:
    found = actions.test_server(request.user, server)
    (messages.success if found.is_ok else messages.error)(request, found.message)


def form_page(
    request: StaffRequest, form: ServerForm, server: PrometheusServer | None
) -> HttpResponse:
    status = 400 if form.errors else 200
    context = {"form": form, "server": server}
    return render(request, "promql/server.html", context, status=status)
