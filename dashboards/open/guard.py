"""What every page for strangers has: a limit, no cookies, no indexing, and who may frame it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from dashboards.open import actions
from dashboards.open.links import Ended, Opened, Unknown, open_link
from portal.lib import clock, csp
from portal.lib.counting import WINDOW_S, second, strangers_call_is_too_many
from portal.lib.requests import came_by, current_origin

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Opened, P], HttpResponse]
Guarded = Callable[Concatenate[HttpRequest, str, P], HttpResponse]
# One address is on record once an hour for each link: who reloads is no news.
NEWS_EVERY_S = 3600
REFUSALS = {
    404: ("There is nothing here", "This address opens nothing. Check that it is whole."),
    410: (
        "This link no longer works",
        "It expired, was revoked, or whoever made it may no longer share this. Ask them for a new one.",
    ),
    429: ("Too many tries", "Wait a minute, then load the page again."),
}


def open_page(page: Page[P]) -> Guarded[P]:
    """Open the link of an address for a page; answer 404, 410 or 429 where it opens nothing."""

    @wraps(page)
    def guarded(
        request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if strangers_call_is_too_many(current_origin.get().address or "unknown"):
            answer = refused(429)
            answer["Retry-After"] = str(WINDOW_S - second() % WINDOW_S)
            return closed(answer)
        try:
            opened = open_link(token, clock.now(), turn_in(request))
        except (Unknown, Ended) as problem:
            return closed(refused(404 if isinstance(problem, Unknown) else 410))
        came_by(f"public link {opened.link}")
        return framed(request, closed(page(request, opened, *args, **kwargs)), opened)

    return cast("Guarded[P]", guarded)


def turn_in(request: HttpRequest) -> int:
    text = request.GET.get("at", "")
    return int(text) if text.isdecimal() and len(text) < 4 else 0


def refused(status: int) -> HttpResponse:
    title, text = REFUSALS[status]
    # Without the request: a page for strangers reads no session and no account.
    html = render_to_string("dashboards/open/refused.html", {"title": title, "text": text})
    return HttpResponse(html, status=status)


def closed(answer: HttpResponse) -> HttpResponse:
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "no-referrer"  # the address is a secret
    answer["Cache-Control"] = "no-store"
    return answer


def framed(request: HttpRequest, answer: HttpResponse, opened: Opened) -> HttpResponse:
    """Let the pages of a link's hosts frame an answer, as far as the setting still allows them."""
    hosts = [host for host in opened.link.hosts if host in settings.EMBED_HOSTS]
    if hosts:
        nonce = str(getattr(request, "csp_nonce", ""))
        answer[csp.HEADER] = csp.policy(nonce, framed_by=" ".join(hosts))
        answer.xframe_options_exempt = True
    return answer


def note(opened: Opened) -> None:
    """Count an opening."""
    address = current_origin.get().address
    is_news = cache.add(f"opened:{opened.link.pk}:{address}", 1, NEWS_EVERY_S)
    actions.note_opening(opened.link, clock.now(), is_news=is_news)
