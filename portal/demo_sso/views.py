"""The provider's one page of its own: who is in which group."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

DESK = "it-desk"


@require_safe
@login_required
def people(request: HttpRequest) -> HttpResponse:
    context = {
        "people": User.objects.prefetch_related("groups").order_by("email"),
        "groups": Group.objects.order_by("name"),
        "may_change": request.user.groups.filter(name=DESK).exists(),
    }
    return render(request, "demo_sso/people.html", context)


@require_POST
@login_required
def set_groups(request: HttpRequest, user_id: int) -> HttpResponse:
    """Put somebody into exactly the ticked groups; the portal hears of it at their next login."""
    if not request.user.groups.filter(name=DESK).exists():
        raise PermissionDenied
    person = get_object_or_404(User, pk=user_id)
    person.groups.set(Group.objects.filter(name__in=request.POST.getlist("group")))
    return redirect("people")
