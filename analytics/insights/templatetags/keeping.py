"""What every builder page writes: its buttons (save, update, save a copy, add to a dashboard), and
events in fields.
"""

from __future__ import annotations

from typing import Any

from django import template

from analytics.insights.data_rights import row_rights
from analytics.insights.forms.shared import ANY, ANY_SHOWN, SAVED, number
from analytics.insights.models import SAVE, SavedInsight
from analytics.insights.shapes import check_badge
from portal.accounts.access import may, visible
from portal.accounts.models import Level

register = template.Library()
ADD_TO_DASHBOARD = "widget-new"  # of the dashboards, which know insights, not the other way round
CHANGE_DASHBOARDS = ("dashboards.change_dashboard", "dashboards.administer_dashboards")


@register.filter
def event_shown(event: str) -> str:
    """Say an event in a field: any event in words, as `forms.shared.chosen_event` reads it."""
    return ANY_SHOWN if event == ANY else event


@register.inclusion_tag("insights/_keep_add.html", takes_context=True)
def add_saved(context: template.Context, insight: SavedInsight) -> dict[str, Any]:
    """Draw the button that adds a saved insight to a dashboard, with its dialog."""
    user = context["request"].user
    return {
        "insight": insight,
        "may_add": any(user.has_perm(name) for name in CHANGE_DASHBOARDS),
        "add_url_name": ADD_TO_DASHBOARD,
    }


@register.inclusion_tag("insights/_keep_add.html", takes_context=True)
def add_shown(context: template.Context) -> dict[str, Any]:
    """Draw the button that adds what a page shows, by its address, with its dialog."""
    request = context["request"]
    return {
        "at": request.get_full_path(),
        "may_add": any(request.user.has_perm(name) for name in CHANGE_DASHBOARDS),
        "add_url_name": ADD_TO_DASHBOARD,
    }


@register.inclusion_tag("insights/_keep.html", takes_context=True)
def keep_tools(context: template.Context, form: str = "") -> dict[str, Any]:
    """Draw the buttons; `form` names a form whose fields say more than the address (SQL)."""
    request = context["request"]
    user, saved = request.user, number(str(request.GET.get(SAVED) or ""))
    insight = visible(user, SavedInsight).filter(pk=saved).first() if saved else None
    return {
        "request": request,
        "insight": insight,
        "badge": check_badge(insight, reads_all=row_rights(user).is_all) if insight else None,
        "form": form,
        "may_save": user.has_perm(SAVE),
        "may_update": insight is not None and may(user, insight, Level.EDIT),
        "may_add": any(user.has_perm(name) for name in CHANGE_DASHBOARDS),
        "add_url_name": ADD_TO_DASHBOARD,
    }
