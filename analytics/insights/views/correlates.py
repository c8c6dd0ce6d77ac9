"""What converters of a funnel did more: a part of the funnels page that is loaded when asked for."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from analytics.insights.figures.trend import value_text
from analytics.insights.forms.funnel import FunnelForm
from analytics.insights.forms.shared import as_of_in
from analytics.insights.views.shared import (
    EXPLORE,
    PROBLEMS,
    Json,
    is_partial,
    problem_of,
    question,
    window_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.store.sources import ask

MOST_SHOWN = 25
WORDS = {"$platform": "platform", "$version": "version", "$service": "service",
         "$environment": "environment"}  # fmt: skip


@require_safe
@staff_page(EXPLORE)
def correlates(request: StaffRequest) -> HttpResponseBase:
    """Compare what converters and drop-offs of a funnel did."""
    form, as_of = FunnelForm.read(request.GET), as_of_in(request.GET, clock.now())
    context: Json = {"back_url": f"{reverse('funnels')}{form.address()}"}
    try:
        window = window_of(form.range, as_of)
        frame = ask("correlates", question(request, form.body(window), window, as_of))
    except PROBLEMS as problem:
        context["problem"] = problem_of(problem)
    else:
        context |= {"meta": frame.meta, **shown(frame.extra)}
    name = "_correlates" if is_partial(request) else "correlates"
    return render(request, f"insights/{name}.html", context)


def shown(answer: Json) -> Json:
    """Return what the part shows: the strongest first, and what was not compared."""
    tables = (("events", "Events", "Event"), ("values", "Values of properties", "Value"))
    return {
        "converters": answer["converters"],
        "drop_offs": answer["drop_offs"],
        "too_rare": answer["too_rare"],
        "left_out": answer["left_out"],
        "tables": [
            {
                "key": key,
                "title": title,
                "head": head,
                "rows": [row(one) for one in answer[key][:MOST_SHOWN]],
                "of": len(answer[key]),
            }
            for key, title, head in tables
        ],
    }


def row(one: Json) -> Json:
    low, high = one["interval"]
    name = one["event"] if "event" in one else value_text(one["value"]) or "“” (empty text)"
    of = one.get("property", "")
    return one | {"name": name, "of": WORDS.get(of, of), "low": low, "high": high}
