"""The buttons of every builder page: save, update, save a copy, add to a dashboard."""

from __future__ import annotations

from typing import Any

from django import template

from analytics.insights.forms.shared import SAVED, number
from analytics.insights.models import SAVE, SavedInsight
from analytics.insights.shapes import check_badge
from portal.accounts.access import visible

register = template.Library()
ADD_TO_DASHBOARD = "widget-new"  # of the dashboards, which know insights, not the other way round
CHANGE_DASHBOARDS = ("dashboards.change_dashboard", "dashboards.administer_dashboards")


@register.inclusion_tag("insights/_keep_add.html", takes_context=True)
def add_saved(context: template.Context, insight: SavedInsight) -> dict[str, Any]:
    """Draw the button that adds a saved insight to a dashboard, with its dialog."""
    user = context["request"].user
    return {
        "insight": insight,
        "may_add": any(user.has_perm(name) for name in CHANGE_DASHBOARDS),
        "add_url_name": ADD_TO_DASHBOARD,
    }


@register.inclusion_tag("insights/_keep.html", takes_context=True)
def keep_tools(context: template.Context, form: str = "") -> dict[str, Any]:
    """Draw the buttons; `form` names a form whose fields say more than the address (SQL)."""
    request = context["request"]
    user, saved = request.user, number(str(request.GET.get(SAVED) or ""))
    insight = visible(user, SavedInsight).filter(pk=saved).first() if saved else None
    editable = SavedInsight.objects.editable_by(user)
    return {
        "request": request,
        "insight": insight,
        "badge": check_badge(insight) if insight else None,
        "form": form,
        "may_save": user.has_perm(SAVE),
        "may_update": insight is not None and editable.filter(pk=insight.pk).exists(),
        "may_add": any(user.has_perm(name) for name in CHANGE_DASHBOARDS),
        "add_url_name": ADD_TO_DASHBOARD,
    }
