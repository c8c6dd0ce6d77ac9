"""Put saved insights in order; sharing and moving folders has a page of its own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from analytics.insights.forms.shared import number
from analytics.insights.models import EXPLORE
from portal.accounts import actions
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import Folder
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError


@require_POST
@staff_page(EXPLORE)
def make_folder(request: StaffRequest) -> HttpResponse:
    """Make a folder; inside another one it has the rights of that."""
    wanted = number(request.POST.get("parent", ""))
    parent = visible(request.user, Folder).filter(pk=wanted).first() if wanted else None
    name = request.POST.get("name", "")
    try:
        made = actions.create_folder(request.user, name=name, parent=parent, now=clock.now())
    except FieldError as problem:
        messages.error(request, problem.message)
        return redirect("saved")
    return redirect(f"{reverse('saved')}?folder={made.pk}")


@require_POST
@staff_page(EXPLORE)
def rename_folder(request: StaffRequest, pk: int) -> HttpResponse:
    folder = fetch(request.user, Folder, edit=True, pk=pk)
    name = request.POST.get("name", "")
    try:
        actions.change_folder(request.user, folder, name=name, parent=folder.parent)
    except FieldError as problem:
        messages.error(request, problem.message)
    return redirect(f"{reverse('saved')}?folder={pk}")


@require_POST
@staff_page(EXPLORE)
def delete_folder(request: StaffRequest, pk: int) -> HttpResponse:
    folder = fetch(request.user, Folder, edit=True, pk=pk)
    try:
        actions.delete_folder(request.user, folder)
    except FieldError as problem:
        messages.error(request, problem.message)
        return redirect(f"{reverse('saved')}?folder={pk}")
    messages.success(request, f"The folder “{folder.name}” is deleted.")
    return redirect("saved")
