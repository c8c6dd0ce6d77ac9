"""One's own open sessions, and those of everybody for admins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import User
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.sign_in.actions import end_others, end_session, end_sessions, reset_second_factor
from portal.sign_in.browsers import browser_name
from portal.sign_in.models import Session
from portal.sign_in.second_factor import holders_of_factors
from portal.sign_in.started import policy

MOST, MOST_PEOPLE = 200, 20
ADMINISTER = "accounts.change_user"


@require_safe
@staff_page()
def own(request: StaffRequest) -> HttpResponse:
    """List where one is signed in."""
    rows = visible(request.user, Session).filter(user=request.user)
    context = {
        "rows": listed(rows.open_at(clock.now()), request),  # type: ignore[attr-defined]  # its queryset
        "rules": policy(),
    }
    return render(request, "sign_in/sessions.html", context)


@require_safe
@staff_page(ADMINISTER)
def everybody(request: StaffRequest) -> HttpResponse:
    """List who is signed in, by person, newest first; `?q=` narrows by name or address."""
    typed = request.GET.get("q", "").strip()[:120].replace("\0", "")
    rows = visible(request.user, Session).open_at(clock.now())  # type: ignore[attr-defined]  # its queryset
    if typed:
        rows = rows.filter(user__email__icontains=typed) | rows.filter(user__name__icontains=typed)
    context = {
        "rows": listed(rows, request),
        "with_factor": people_with_factor(typed) if typed else [],
        "typed": typed,
        "most": MOST,
    }
    return render(request, "sign_in/everybody.html", context)


def people_with_factor(typed: str) -> list[User]:
    """Return people with a second factor, which an admin may take away; some, by name or address."""
    rows = User.objects.filter(pk__in=holders_of_factors())
    found = rows.filter(email__icontains=typed) | rows.filter(name__icontains=typed)
    return list(found.order_by("email")[:MOST_PEOPLE])


def listed(rows: object, request: StaffRequest) -> list[dict[str, object]]:
    found = rows.select_related("user").order_by("-seen_at")[:MOST]  # type: ignore[attr-defined]  # a queryset
    return [
        {
            "session": row,
            "browser": browser_name(row.browser),
            "is_this": row.session_key == request.session.session_key,
        }
        for row in found
    ]


@require_POST
@staff_page()
def end(request: StaffRequest, public_id: UUID) -> HttpResponse:
    session = fetch(request.user, Session, edit=True, public_id=public_id)
    end_session(request.user, session)
    messages.success(request, "That browser is signed out.")
    return redirect("own-sessions" if session.user_id == request.user.pk else "sessions-everybody")


@require_POST
@staff_page()
def end_all_others(request: StaffRequest) -> HttpResponse:
    ended = end_others(request.user, request.session.session_key or "")
    messages.success(request, f"Signed out of {ended} other browsers.")
    return redirect("own-sessions")


@require_POST
@staff_page(ADMINISTER)
def end_all_of(request: StaffRequest, user_id: int) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id)
    ended = end_sessions(request.user, user)
    messages.success(request, f"{user} is signed out of {ended} browsers.")
    return redirect("sessions-everybody")


@require_POST
@staff_page(ADMINISTER)
def reset_factor_of(request: StaffRequest, user_id: int) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id)
    reset_second_factor(request.user, user)
    messages.success(request, f"{user} signs in with the password alone now.")
    return redirect("sessions-everybody")
