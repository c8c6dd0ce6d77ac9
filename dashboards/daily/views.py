"""Home, the list of dashboards, stars, and what the palette finds."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.insights.models import Cohort, SavedInsight
from dashboards.adding import may_make
from dashboards.daily import actions, finding
from dashboards.daily.homes import Home, home_of
from dashboards.looking import look_of
from dashboards.models import ADMINISTER, VIEW, Dashboard, HomeDashboard, Playlist, Widget
from dashboards.views.pages import boxes_of, first_tab, placed
from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import Folder, User
from portal.accounts.requests import StaffRequest
from portal.accounts.roles import ROLES
from portal.lib import clock

MOST_FOUND = 20
# What the palette finds by name besides dashboards; rows know their own address.
SEARCHED: dict[str, type[Any]] = {
    "Playlist": Playlist,
    "Saved insight": SavedInsight,
    "Cohort": Cohort,
    "Folder": Folder,
}


@require_safe
@staff_page()
def home(request: StaffRequest) -> HttpResponse:
    """Show one's home dashboard as it moves, and where to go on."""
    user = request.user
    if not user.has_perm(VIEW):
        return render(request, "dashboards/home_without.html")
    chosen = home_of(user)
    context = {
        "starred": finding.starred(user),
        "recent": finding.recent(user),
        "count": visible(user, Dashboard).count(),
        **(shown_at_home(chosen, user) if chosen else {}),
    }
    return render(request, "dashboards/home.html", context)


def shown_at_home(chosen: Home, user: User) -> dict[str, Any]:
    """Return a chosen dashboard as a whole, and of the one that ships with the portal the best."""
    look = look_of(chosen.dashboard, user, {})
    widgets = first_tab(chosen.dashboard)
    boxes = boxes_of(chosen.dashboard, widgets if chosen.why else featured(widgets), look, user)
    return {
        "home": chosen,
        "featured": chosen.dashboard,
        "boxes": placed(boxes),
        "starts": look.default,
    }


def featured(widgets: list[Widget]) -> list[Widget]:
    """Choose what stands on the home page: a row of four figures and one chart."""
    stats = [widget for widget in widgets if widget.kind == "stat"]
    charts = [widget for widget in widgets if widget.kind in {"area", "line", "bar"}]
    return stats[:4] + charts[:1]


@require_safe
@staff_page(VIEW)
def dashboard_list(request: StaffRequest) -> HttpResponse:
    """List the dashboards that fit; asked for by htmx, only what is below the fields."""
    wanted = finding.Wanted.of(request.GET.dict(), request.GET.getlist("tag"))
    is_part = request.headers.get("HX-Request") == "true"
    context = {
        "wanted": wanted,
        "page": finding.page_of(request.user, wanted),
        "around": finding.around(request.user, wanted),
        "sorts": finding.SORTS,
        "may_make": may_make(request.user),
        "playlists": visible(request.user, Playlist).count(),
    }
    template = "dashboards/daily/_found.html" if is_part else "dashboards/list.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request"
    return response


@require_safe
@staff_page()
def search(request: StaffRequest) -> JsonResponse:
    """Answer the command palette: what people named, where the name holds the words; without words
    what one starred and opened lately.
    """
    words = request.GET.get("q", "").replace("\0", "").strip()
    if not words:
        return JsonResponse([listed(row, "Dashboard") for row in at_hand(request.user)], safe=False)
    named = Q()
    for word in words.split()[:5]:
        named &= Q(name__icontains=word)
    boards = finding.called(request.user, words, MOST_FOUND)
    others = [
        listed(row, kind)
        for kind, model in SEARCHED.items()
        for row in visible(request.user, model).filter(named)[:MOST_FOUND]
    ]
    return JsonResponse([*(listed(row, "Dashboard") for row in boards), *others], safe=False)


def at_hand(user: User) -> list[Any]:
    """Return one's favorites, then what one opened lately."""
    starred = finding.starred(user)[:8]
    known = {row.pk for row in starred}
    return starred + [row for row in finding.recent(user) if row.pk not in known]


def listed(row: Any, kind: str) -> dict[str, Any]:
    return {
        "label": row.name,
        "url": row.get_absolute_url(),
        "kind": kind,
        "starred": bool(getattr(row, "is_starred", False)),
    }


@require_POST
@staff_page(VIEW)
def star(request: StaffRequest, uid: str) -> HttpResponse:
    """Star a dashboard, or no longer; the answer to htmx is the button as it is now."""
    dashboard = fetch(request.user, Dashboard, uid=uid)
    is_wanted = request.POST.get("starred") == "1"
    if is_wanted:
        actions.star(request.user, dashboard, clock.now())
    else:
        actions.unstar(request.user, dashboard)
    if request.headers.get("HX-Request") == "true":
        context = {"row": dashboard, "is_starred": is_wanted}
        return render(request, "dashboards/daily/_star.html", context)
    return HttpResponseRedirect(dashboard.get_absolute_url())


@require_POST
@staff_page(VIEW)
def choose_home(request: StaffRequest, uid: str) -> HttpResponse:
    """Make a dashboard one's home, or no longer."""
    dashboard = fetch(request.user, Dashboard, uid=uid)
    is_wanted = request.POST.get("home") == "1"
    actions.choose_home(request.user, dashboard if is_wanted else None)
    messages.success(
        request,
        f"“{dashboard}” is your home now." if is_wanted else "You have the usual home again.",
    )
    return HttpResponseRedirect(reverse("home"))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(ADMINISTER)
def homes(request: StaffRequest) -> HttpResponse:
    """Choose what each role and team finds at home."""
    groups = Group.objects.filter(Q(name__in=ROLES) | Q(team__isnull=False)).order_by("name")
    if request.method == "POST":
        group = groups.filter(pk=number(request.POST.get("group", ""))).first()
        if group is None:
            return HttpResponse("There is no such role or team.", status=400)
        uid = request.POST.get("dashboard", "")
        chosen = fetch(request.user, Dashboard, uid=uid) if uid else None
        actions.choose_home_of(request.user, group, chosen)
        messages.success(request, f"{group} finds {chosen or 'the usual dashboard'} at home now.")
        return HttpResponseRedirect(reverse("homes"))
    chosen_by = {row.group_id: row.dashboard.uid for row in chosen_rows()}
    context = {
        "groups": [
            {"group": one, "is_role": one.name in ROLES, "uid": chosen_by.get(one.pk, "")}
            for one in sorted(groups, key=lambda one: (one.name not in ROLES, one.name))
        ],
        "dashboards": visible(request.user, Dashboard).order_by("name"),
    }
    return render(request, "dashboards/daily/homes.html", context)


def chosen_rows() -> list[HomeDashboard]:
    return list(HomeDashboard.objects.filter(user=None).select_related("dashboard"))


def number(text: str) -> int:
    return int(text) if finding.is_number(text) else 0
