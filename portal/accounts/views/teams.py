"""Teams: who works together; admins put people into them, or the identity provider does."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import actions
from portal.accounts.access import fetch, require, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import CHANGE_TEAM, VIEW_TEAM, Team, User
from portal.accounts.requests import StaffRequest
from portal.lib.field_error import FieldError

MOST_OFFERED = 500


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW_TEAM)
def teams(request: StaffRequest) -> HttpResponse:
    """List all teams; POST makes one."""
    context: dict[str, Any] = {"given": request.POST}
    if request.method == "POST":
        require(request.user, CHANGE_TEAM)
        try:
            made = actions.create_team(request.user, **fields(request))
        except FieldError as problem:
            return teams_page(request, 400, **context, problem=problem)
        messages.success(request, f"The team {made.name} is made; add its members.")
        return redirect("team", pk=made.pk)
    return teams_page(request)


def teams_page(request: StaffRequest, status: int = 200, **context: Any) -> HttpResponse:
    rows = visible(request.user, Team).select_related("group")
    context |= {
        "teams": rows.prefetch_related("memberships__user"),
        "may_change": request.user.has_perm(CHANGE_TEAM),
        "mine": set(Team.objects.filter(group__user=request.user).values_list("pk", flat=True)),
    }
    return render(request, "accounts/teams.html", context, status=status)


def fields(request: StaffRequest) -> dict[str, Any]:
    return {
        "name": request.POST.get("name", ""),
        "description": request.POST.get("description", ""),
        "sso_names": request.POST.get("sso_names", "").splitlines(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW_TEAM)
def team(request: StaffRequest, pk: int) -> HttpResponse:
    """Show who is in a team; POST changes its name and what brings people into it."""
    if request.method != "POST":
        return team_page(request, fetch(request.user, Team, pk=pk))
    found = fetch(request.user, Team, edit=True, pk=pk)
    try:
        actions.change_team(request.user, found, **fields(request))
    except FieldError as problem:
        return team_page(request, found, 400, problem=problem, given=request.POST)
    messages.success(request, "Saved.")
    return redirect("team", pk=pk)


def team_page(request: StaffRequest, team: Team, status: int = 200, **context: Any) -> HttpResponse:
    memberships = team.memberships.select_related("user", "added_by").order_by("user__email")
    inside = {one.user_id for one in memberships}
    others = User.objects.filter(is_active=True).exclude(pk__in=inside).order_by("email")
    context = {
        "team": team,
        "memberships": memberships,
        "services": team.services.filter(is_active=True),
        "others": others[:MOST_OFFERED],
        "may_change": request.user.has_perm(CHANGE_TEAM),
        "given": {
            "name": team.name,
            "description": team.description,
            "sso_names": "\n".join(team.sso_names),
        },
        **context,
    }
    return render(request, "accounts/team.html", context, status=status)


@require_POST
@staff_page(VIEW_TEAM)
def add_member(request: StaffRequest, pk: int) -> HttpResponse:
    found = fetch(request.user, Team, edit=True, pk=pk)
    email = request.POST.get("person", "").replace("\0", "").strip().lower()
    person = User.objects.filter(email=email, is_active=True).first()
    if person is None:
        problem = FieldError("person", f"Nobody here has the address “{email}”.")
        return team_page(request, found, 400, member_problem=problem, person=email)
    actions.add_member(request.user, found, person)
    messages.success(request, f"{person} is in the team.")
    return redirect("team", pk=pk)


@require_POST
@staff_page(VIEW_TEAM)
def remove_member(request: StaffRequest, pk: int, user_id: int) -> HttpResponse:
    found = fetch(request.user, Team, edit=True, pk=pk)
    person = User.objects.filter(pk=user_id, memberships__team=found).first()
    if person is None:
        raise Http404
    actions.remove_member(request.user, found, person)
    messages.success(request, f"{person} is no longer in the team.")
    return redirect("team", pk=pk)


@require_POST
@staff_page(VIEW_TEAM)
def delete_team(request: StaffRequest, pk: int) -> HttpResponse:
    found = fetch(request.user, Team, edit=True, pk=pk)
    name = found.name
    try:
        actions.delete_team(request.user, found)
    except FieldError as problem:
        messages.error(request, problem.message)
        return redirect("team", pk=pk)
    messages.success(request, f"The team {name} is gone, and what was shared with it.")
    return redirect("teams")
