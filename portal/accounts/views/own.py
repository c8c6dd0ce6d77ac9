"""Pages where members of staff look after their own account."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import actions
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.forms import ProfileForm, TokenForm
from portal.accounts.models import ApiToken
from portal.accounts.requests import StaffRequest
from portal.lib import clock


@require_http_methods(["GET", "POST"])
@staff_page()
@never_cache
def tokens(request: StaffRequest) -> HttpResponse:
    """List one's tokens, and make one: its text is in this answer and nowhere else."""
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made, text = actions.create_token(
            request.user,
            request.user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(clock.now()),
        )
        return tokens_page(request, form=TokenForm(), made=made, text=text)
    return tokens_page(request, form=form)


def tokens_page(request: StaffRequest, **context: Any) -> HttpResponse:
    rows = visible(request.user, ApiToken).filter(user=request.user).order_by("-created_at")
    context |= {"tokens": rows, "now": clock.now()}
    return render(request, "accounts/tokens.html", context)


@require_POST
@staff_page()
def revoke_token(request: StaffRequest, token_id: int) -> HttpResponse:
    token = fetch(request.user, ApiToken, edit=True, pk=token_id)
    actions.revoke_token(request.user, token, now=clock.now())
    messages.success(request, f"{token.name} can no longer use the API.")
    return redirect("tokens")


@require_http_methods(["GET", "POST"])
@staff_page()
def profile(request: StaffRequest) -> HttpResponse:
    """Show who one is here, and what the roles allow."""
    form = ProfileForm(request.POST or None, initial={"name": request.user.name})
    if request.method == "POST" and form.is_valid():
        actions.rename(request.user, request.user, name=form.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form, "roles": request.user.roles()})
