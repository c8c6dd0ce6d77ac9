"""Service accounts: what programs of a team may do, and their tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import actions
from portal.accounts.access import require, visible
from portal.accounts.decorators import staff_page
from portal.accounts.forms import TokenForm
from portal.accounts.models import VIEW_TEAM, ApiToken, Team, User
from portal.accounts.requests import StaffRequest
from portal.accounts.roles import ROLES
from portal.lib import clock
from portal.lib.field_error import FieldError

CREATE, SEE_ALL = "accounts.add_user", "accounts.view_user"


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW_TEAM)
def services(request: StaffRequest) -> HttpResponse:
    """List the programs of one's teams, and all to admins, who make them."""
    if request.method != "POST":
        return services_page(request)
    require(request.user, CREATE)
    try:
        made = actions.create_service(
            request.user,
            name=request.POST.get("name", ""),
            roles=request.POST.getlist("roles"),
            team=team_named(request, request.POST.get("team", "")),
        )
    except FieldError as problem:
        return services_page(request, 400, problem=problem, given=request.POST)
    messages.success(request, f"{made.name} is made; give it a token.")
    return redirect("service", pk=made.pk)


def services_page(request: StaffRequest, status: int = 200, **context: Any) -> HttpResponse:
    rows = services_of(request.user).select_related("owned_by__group").order_by("name")
    context |= {
        "services": rows.prefetch_related("groups"),
        "may_create": request.user.has_perm(CREATE),
        "teams": visible(request.user, Team).select_related("group"),
        "roles": list(ROLES),
    }
    return render(request, "accounts/services.html", context, status=status)


def services_of(user: User) -> Any:
    """Return the service accounts whose tokens somebody looks after."""
    rows = User.objects.filter(is_service=True)
    if user.has_perm(SEE_ALL):
        return rows
    return rows.filter(owned_by__in=Team.objects.filter(group__user=user))


def team_named(request: StaffRequest, text: str) -> Team | None:
    """Return the team of an id; None where none is chosen. Raises FieldError."""
    if not text:
        return None
    known = text.isdecimal() and len(text) < 19
    found = visible(request.user, Team).filter(pk=int(text)).first() if known else None
    if found is None:
        raise FieldError("team", "There is no such team.")
    return found


def service_or_404(request: StaffRequest, pk: int) -> User:
    found: User | None = services_of(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW_TEAM)
@never_cache
def service(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a program's roles, teams and tokens; POST makes a token, shown in this answer only."""
    found = service_or_404(request, pk)
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made, text = actions.create_token(
            request.user,
            found,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(clock.now()),
        )
        return service_page(request, found, form=TokenForm(), made=made, text=text)
    return service_page(request, found, form=form)


def service_page(request: StaffRequest, found: User, **context: Any) -> HttpResponse:
    context |= {
        "service": found,
        "held_roles": found.roles(),
        "held_teams": Team.objects.filter(group__user=found).select_related("group"),
        "may_change": request.user.has_perm(CREATE),
        "roles": list(ROLES),
        "teams": visible(request.user, Team).select_related("group"),
        "tokens": ApiToken.objects.filter(user=found).order_by("-created_at"),
        "now": clock.now(),
    }
    return render(request, "accounts/service.html", context)


@require_POST
@staff_page(CREATE)
@transaction.atomic
def change_service(request: StaffRequest, pk: int) -> HttpResponse:
    """Give a program other roles, another team, or switch it off."""
    found = service_or_404(request, pk)
    try:
        team = team_named(request, request.POST.get("team", ""))
        actions.set_roles(request.user, found, request.POST.getlist("roles"))
        actions.set_service_team(request.user, found, team)
        actions.set_active(request.user, found, active="is_active" in request.POST)
    except FieldError as problem:
        messages.error(request, problem.message)
        return redirect("service", pk=pk)
    messages.success(request, "Saved.")
    return redirect("service", pk=pk)


@require_POST
@staff_page(VIEW_TEAM)
def revoke_service_token(request: StaffRequest, pk: int, token_id: int) -> HttpResponse:
    found = service_or_404(request, pk)
    token = ApiToken.objects.filter(user=found, pk=token_id).first()
    if token is None:
        raise Http404
    actions.revoke_token(request.user, token, now=clock.now())
    messages.success(request, f"{token.name} can no longer use the API.")
    return redirect("service", pk=pk)
