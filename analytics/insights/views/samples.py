"""Sample values for the filter form."""

from __future__ import annotations

from django.http import HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from analytics.insights.forms.shared import LISTS, RAW_TEXT, Range, text, value_as_typed
from analytics.insights.views.shared import EXPLORE, PROBLEMS, question, window_of
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.sources import ask


@require_safe
@staff_page(EXPLORE)
def values(request: StaffRequest) -> HttpResponseBase:
    """Answer a property's frequent values as JSON: `values` of `text`, `type` and `found`.

    Takes `property`, `of`, `event`, `q` (what they contain), `op` and the page's range. `text` is
    what one would type into the form for this operation.
    """
    now = clock.now()
    body = {
        name: request.GET[name] for name in ("property", "of", "event") if request.GET.get(name)
    }
    if text(request.GET, "q").strip():
        body["matching"] = text(request.GET, "q").strip()
    try:
        window = window_of(Range.read(request.GET), now)
        frame = ask("samples", question(request, body, window, now))
    except PROBLEMS as problem:
        status = 400 if isinstance(problem, FieldError) else 503
        return JsonResponse(
            {"error": {"code": "no_values", "message": str(problem)}}, status=status
        )
    op = text(request.GET, "op")
    is_raw = body["property"].startswith("$") or op in RAW_TEXT
    shown = [
        {
            "text": value_as_typed(one["value"], is_raw=is_raw, is_listed=op in LISTS),
            "type": one["type"],
            "found": one["found"],
        }
        for one in frame.extra["values"]
    ]
    return JsonResponse(
        {"values": shown, "of": "people" if body.get("of") == "person" else "events"}
    )
