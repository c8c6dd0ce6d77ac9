from __future__ import annotations

import asyncio
from dataclasses import asdict

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.collect import exposition, figures, pulse, scrape
from analytics.collect import status as portal_status
from analytics.collect.admission import may_read_metrics
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.api import error_response


@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the portal's own metrics, over all its processes."""
    if not await sync_to_async(may_read_metrics)(request):
        return error_response(401, "not_authenticated", "Send an API token with read scope.")
    pulse.watch()
    is_own = scrape.OWN_SCRAPE_HEADER in request.headers
    body, content_type = await asyncio.to_thread(
        exposition.page,
        request.headers.get("Accept", ""),
        without=[*request.GET.getlist("without"), *(figures.OWN_SERIES if is_own else ())],
    )
    return HttpResponse(body, content_type=content_type)


@require_safe
@never_cache
@staff_page()
def status(request: StaffRequest) -> HttpResponse:
    """Answer the status line, a fragment that every page renews every few seconds."""
    found = portal_status.current(clock.now())
    return render(request, "_status_line.html", asdict(found))
