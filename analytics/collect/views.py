from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.collect import exposition, pulse
from analytics.collect.admission import may_read_metrics
from portal.lib.api import error_response


@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the portal's own metrics, over all its processes."""
    if not await sync_to_async(may_read_metrics)(request):
        return error_response(401, "not_authenticated", "Send an API token with read scope.")
    pulse.watch()
    body, content_type = await asyncio.to_thread(
        exposition.page,
        request.headers.get("Accept", ""),
        without=request.GET.getlist("without"),
    )
    return HttpResponse(body, content_type=content_type)
